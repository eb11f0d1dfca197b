"""Every recurrence example that RFC 5545 prints in section 3.8.5.3, with the dates that it prints.

    test_rfc5545.py EXPAND_LINES

Where the RFC ends a list with an ellipsis, `more` stands here and later dates are not looked at. Rules finer than a
day are refused."""
import datetime as dt
import re
import subprocess
import sys
import zoneinfo

NY = zoneinfo.ZoneInfo('America/New_York')
START = '19970902T090000'
MONTHS = {m: i + 1 for i, m in enumerate('Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split())}

# name, DTSTART, lines, "YEAR Mon d,d-d; Mon d ... more" at 9:00 unless "@h:mm,h:mm" follows; None: refused
CASES = [
    ('daily for 10 occurrences', START, 'RRULE:FREQ=DAILY;COUNT=10', '1997 Sep 2-11'),
    ('daily until December 24, 1997', START, 'RRULE:FREQ=DAILY;UNTIL=19971224T000000Z',
     '1997 Sep 2-30; Oct 1-31; Nov 1-30; Dec 1-23'),
    ('every other day, forever', START, 'RRULE:FREQ=DAILY;INTERVAL=2',
     '1997 Sep 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30; Oct 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30; '
     'Nov 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29; Dec 1,3 more'),
    ('every 10 days, 5 occurrences', START, 'RRULE:FREQ=DAILY;INTERVAL=10;COUNT=5', '1997 Sep 2,12,22; Oct 2,12'),
    ('every day in January for 3 years', '19980101T090000',
     'RRULE:FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA',
     '1998 Jan 1-31 1999 Jan 1-31 2000 Jan 1-31'),
    ('every day in January for 3 years, daily', '19980101T090000',
     'RRULE:FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1', '1998 Jan 1-31 1999 Jan 1-31 2000 Jan 1-31'),
    ('weekly for 10 occurrences', START, 'RRULE:FREQ=WEEKLY;COUNT=10',
     '1997 Sep 2,9,16,23,30; Oct 7,14,21,28; Nov 4'),
    ('weekly until December 24, 1997', START, 'RRULE:FREQ=WEEKLY;UNTIL=19971224T000000Z',
     '1997 Sep 2,9,16,23,30; Oct 7,14,21,28; Nov 4,11,18,25; Dec 2,9,16,23'),
    ('every other week, forever', START, 'RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU',
     '1997 Sep 2,16,30; Oct 14,28; Nov 11,25; Dec 9,23 1998 Jan 6,20; Feb 3,17 more'),
    ('weekly on Tuesday and Thursday for five weeks, until', START,
     'RRULE:FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH', '1997 Sep 2,4,9,11,16,18,23,25,30; Oct 2'),
    ('weekly on Tuesday and Thursday for five weeks, count', START,
     'RRULE:FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH', '1997 Sep 2,4,9,11,16,18,23,25,30; Oct 2'),
    ('every other week on three days until December 24, 1997', '19970901T090000',
     'RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR',
     '1997 Sep 1,3,5,15,17,19,29; Oct 1,3,13,15,17,27,29,31; Nov 10,12,14,24,26,28; Dec 8,10,12,22'),
    ('every other week on Tuesday and Thursday, 8 occurrences', START,
     'RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH', '1997 Sep 2,4,16,18,30; Oct 2,14,16'),
    ('monthly on the first Friday, 10 occurrences', '19970905T090000', 'RRULE:FREQ=MONTHLY;COUNT=10;BYDAY=1FR',
     '1997 Sep 5; Oct 3; Nov 7; Dec 5 1998 Jan 2; Feb 6; Mar 6; Apr 3; May 1; Jun 5'),
    ('monthly on the first Friday until December 24, 1997', '19970905T090000',
     'RRULE:FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR', '1997 Sep 5; Oct 3; Nov 7; Dec 5'),
    ('every other month on the first and last Sunday, 10 occurrences', '19970907T090000',
     'RRULE:FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU',
     '1997 Sep 7,28; Nov 2,30 1998 Jan 4,25; Mar 1,29; May 3,31'),
    ('monthly on the second-to-last Monday for 6 months', '19970922T090000', 'RRULE:FREQ=MONTHLY;COUNT=6;BYDAY=-2MO',
     '1997 Sep 22; Oct 20; Nov 17; Dec 22 1998 Jan 19; Feb 16'),
    ('monthly on the third-to-the-last day, forever', '19970928T090000', 'RRULE:FREQ=MONTHLY;BYMONTHDAY=-3',
     '1997 Sep 28; Oct 29; Nov 28; Dec 29 1998 Jan 29; Feb 26 more'),
    ('monthly on the 2nd and 15th, 10 occurrences', START, 'RRULE:FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15',
     '1997 Sep 2,15; Oct 2,15; Nov 2,15; Dec 2,15 1998 Jan 2,15'),
    ('monthly on the first and last day, 10 occurrences', '19970930T090000',
     'RRULE:FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1',
     '1997 Sep 30; Oct 1,31; Nov 1,30; Dec 1,31 1998 Jan 1,31; Feb 1'),
    ('every 18 months on the 10th thru 15th, 10 occurrences', '19970910T090000',
     'RRULE:FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15',
     '1997 Sep 10,11,12,13,14,15 1999 Mar 10,11,12,13'),
    ('every Tuesday, every other month', START, 'RRULE:FREQ=MONTHLY;INTERVAL=2;BYDAY=TU',
     '1997 Sep 2,9,16,23,30; Nov 4,11,18,25 1998 Jan 6,13,20,27; Mar 3,10,17,24,31 more'),
    ('yearly in June and July, 10 occurrences', '19970610T090000', 'RRULE:FREQ=YEARLY;COUNT=10;BYMONTH=6,7',
     '1997 Jun 10; Jul 10 1998 Jun 10; Jul 10 1999 Jun 10; Jul 10 2000 Jun 10; Jul 10 2001 Jun 10; Jul 10'),
    ('every other year on January, February, and March, 10 occurrences', '19970310T090000',
     'RRULE:FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3',
     '1997 Mar 10 1999 Jan 10; Feb 10; Mar 10 2001 Jan 10; Feb 10; Mar 10 2003 Jan 10; Feb 10; Mar 10'),
    ('every third year on the 1st, 100th, and 200th day, 10 occurrences', '19970101T090000',
     'RRULE:FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200',
     '1997 Jan 1; Apr 10; Jul 19 2000 Jan 1; Apr 9; Jul 18 2003 Jan 1; Apr 10; Jul 19 2006 Jan 1'),
    ('every 20th Monday of the year, forever', '19970519T090000', 'RRULE:FREQ=YEARLY;BYDAY=20MO',
     '1997 May 19 1998 May 18 1999 May 17 more'),
    ('Monday of week number 20, forever', '19970512T090000', 'RRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO',
     '1997 May 12 1998 May 11 1999 May 17 more'),
    ('every Thursday in March, forever', '19970313T090000', 'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=TH',
     '1997 Mar 13,20,27 1998 Mar 5,12,19,26 1999 Mar 4,11,18,25 more'),
    ('every Thursday, but only in summer, forever', '19970605T090000', 'RRULE:FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8',
     '1997 Jun 5,12,19,26; Jul 3,10,17,24,31; Aug 7,14,21,28 1998 Jun 4,11,18,25; Jul 2,9,16,23,30; Aug 6,13,20,27 '
     '1999 Jun 3,10,17,24; Jul 1,8,15,22,29; Aug 5,12,19,26 more'),
    ('every Friday the 13th, forever', START,
     'EXDATE;TZID=America/New_York:19970902T090000\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13',
     '1998 Feb 13; Mar 13; Nov 13 1999 Aug 13 2000 Oct 13 more'),
    ('the first Saturday after the first Sunday, forever', '19970913T090000',
     'RRULE:FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13',
     '1997 Sep 13; Oct 11; Nov 8; Dec 13 1998 Jan 10; Feb 7; Mar 7; Apr 11; May 9; Jun 13 more'),
    ('US presidential election day, forever', '19961105T090000',
     'RRULE:FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8',
     '1996 Nov 5 2000 Nov 7 2004 Nov 2 more'),
    ('the third Tuesday, Wednesday or Thursday, for 3 months', '19970904T090000',
     'RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3', '1997 Sep 4; Oct 7; Nov 6'),
    ('the second-to-last weekday of the month', '19970929T090000',
     'RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2',
     '1997 Sep 29; Oct 30; Nov 27; Dec 30 1998 Jan 29; Feb 26; Mar 30 more'),
    ('every 3 hours from 9:00 to 17:00', START, 'RRULE:FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z', None),
    ('every 15 minutes for 6 occurrences', START, 'RRULE:FREQ=MINUTELY;INTERVAL=15;COUNT=6', None),
    ('every hour and a half for 4 occurrences', START, 'RRULE:FREQ=MINUTELY;INTERVAL=90;COUNT=4', None),
    ('every 20 minutes from 9:00 to 16:40, minutely', START,
     'RRULE:FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16', None),
    ('every 20 minutes from 9:00 to 16:40, daily', START,
     'RRULE:FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40',
     '1997 Sep 2,3 more @' + ','.join(f'{h}:{m:02}' for h in range(9, 17) for m in (0, 20, 40))),
    ('an example where WKST makes a difference: Monday', '19970805T090000',
     'RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO', '1997 Aug 5,10,19,24'),
    ('an example where WKST makes a difference: Sunday', '19970805T090000',
     'RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU', '1997 Aug 5,17,19,31'),
    ('an invalid date is ignored', '20070115T090000', 'RRULE:FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5',
     '2007 Jan 15,30; Feb 15; Mar 15,30'),
]


def dates(text):
    """The instants of a list, and whether the RFC goes on."""
    text, _, times = text.partition('@')
    found, year, month = [], None, None
    for word in re.findall(r'[A-Z][a-z]{2}|[0-9]{4}|[0-9,-]+', text):
        if word in MONTHS:
            month = MONTHS[word]
        elif re.fullmatch('[0-9]{4}', word):
            year = int(word)
        else:
            for span in word.split(','):
                first, _, last = span.partition('-')
                found += [dt.date(year, month, day) for day in range(int(first), int(last or first) + 1)]
    hours = [tuple(map(int, t.split(':'))) for t in (times or '9:00').split(',')]
    return [dt.datetime.combine(d, dt.time(h, m), NY) for d in found for h, m in hours], 'more' in text


def main():
    end_us = 2_000_000_000_000_000
    told = ''.join(f'0 {end_us} BEGIN:VEVENT\nDTSTART;TZID=America/New_York:{start}\n{lines}\nEND:VEVENT'.replace('\n', '\\n')
                   + '\n' for _, start, lines, _ in CASES)
    answers = subprocess.run([sys.argv[1]], input=told, text=True, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    print(f'TAP version 13\n1..{len(CASES)}')
    failed = 0
    for n, ((name, _, _, printed), answer) in enumerate(zip(CASES, answers, strict=True), 1):
        if printed is None:
            good = answer == 'error unsupported'
        else:
            wanted, goes_on = dates(printed)
            seen = [dt.datetime.fromtimestamp(int(a) // 1_000_000, NY) for a in answer.split()] if 'error' not in answer else []
            good = seen[:len(wanted)] == wanted if goes_on else seen == wanted[:100] and len(wanted) >= len(seen)
        failed += not good
        print(f'{"ok" if good else "not ok"} {n} - {name}{"" if printed else " is refused"}')
        if not good:
            print('#', answer)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
