"""Random rules of RFC 5545, expanded here by python3-dateutil and there by schedules/: both agree.

Left out is what dateutil does otherwise than the RFC: BYWEEKNO without BYDAY takes the weekday of DTSTART (dateutil:
the whole week), BYDAY with and without numbers in one list names both (dateutil: what is in both), and the weeks
counted from the end of the next year do not begin in this one. Weeks 52 and 53 are named by -1 only
(dateutil misses some of them in January).

    test_oracle.py EXPAND_LINES [RULES]

SEED=n replays a run."""
import datetime as dt
import itertools
import os
import random
import subprocess
import sys
import time
import zoneinfo

from dateutil import rrule

FREQS = {'DAILY': rrule.DAILY, 'WEEKLY': rrule.WEEKLY, 'MONTHLY': rrule.MONTHLY, 'YEARLY': rrule.YEARLY}
DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
ZONES = ['Asia/Ho_Chi_Minh'] * 3 + ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Sydney',
         'Australia/Lord_Howe', 'America/St_Johns']
SPAN_DAYS = {'DAILY': 80, 'WEEKLY': 250, 'MONTHLY': 800, 'YEARLY': 2600}
STARTS_MAX = 40
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)


class Bounded:
    """The datetime module with an early last year: dateutil goes on to it when a rule names nothing."""
    MAXYEAR = 2100

    def __getattr__(self, name):
        return getattr(dt, name)


rrule.datetime = Bounded()


def some(rng, values, most):
    return sorted(rng.sample(list(values), rng.randint(1, most)))


def signed(rng, top, most):
    return some(rng, [n for n in range(-top, top + 1) if n != 0], most)


def make_parts(rng):
    """The parts of one rule, by RFC 5545 3.3.10: what it forbids with a FREQ is left out."""
    freq = rng.choice(list(FREQS))
    parts = {'FREQ': [freq]}
    if rng.random() < 0.4:
        parts['INTERVAL'] = [rng.randint(2, 6)]
    if rng.random() < 0.3:
        parts['BYMONTH'] = some(rng, range(1, 13), 4)
    if freq == 'YEARLY' and rng.random() < 0.25:
        parts['BYWEEKNO'] = some(rng, [n for n in range(-50, 52) if n], 3)
    if freq == 'YEARLY' and rng.random() < 0.2:
        parts['BYYEARDAY'] = signed(rng, 366, 4)
    if freq != 'WEEKLY' and rng.random() < 0.35:
        parts['BYMONTHDAY'] = signed(rng, 31, 4)
    if 'BYWEEKNO' in parts or rng.random() < 0.45:
        days = some(rng, DAYS, 3)
        ordinals = freq == 'MONTHLY' or (freq == 'YEARLY' and 'BYWEEKNO' not in parts)
        if ordinals and rng.random() < 0.6:
            top = 5 if freq == 'MONTHLY' or 'BYMONTH' in parts else 53
            days = sorted({f'{rng.choice([n for n in range(-top, top + 1) if n])}{d}' for d in days})
        parts['BYDAY'] = days
    if rng.random() < 0.15:
        parts['BYHOUR'] = some(rng, range(24), 3)
    if rng.random() < 0.1:
        parts['BYMINUTE'] = some(rng, range(60), 2)
    if rng.random() < 0.05:
        parts['BYSECOND'] = some(rng, range(60), 2)
    if len(parts) > 1 + ('INTERVAL' in parts) and rng.random() < 0.2:
        parts['BYSETPOS'] = signed(rng, 4, 2)
    if rng.random() < 0.25:
        parts['WKST'] = [rng.choice(DAYS)]
    if rng.random() < 0.3:
        parts['COUNT'] = [rng.randint(1, 60)]
    return parts


def text_of(parts):
    return ';'.join(f'{k}={",".join(map(str, v))}' for k, v in parts.items())


def weekday(text):
    n = text[:-2]
    return rrule.weekday(DAYS.index(text[-2:]), int(n) if n else None)


def oracle(parts, start, to, count=None):
    names = {'BYMONTH': 'bymonth', 'BYWEEKNO': 'byweekno', 'BYYEARDAY': 'byyearday', 'BYMONTHDAY': 'bymonthday',
             'BYHOUR': 'byhour', 'BYMINUTE': 'byminute', 'BYSECOND': 'bysecond', 'BYSETPOS': 'bysetpos'}
    args = {names[k]: v for k, v in parts.items() if k in names}
    if 'BYDAY' in parts:
        args['byweekday'] = [weekday(d) for d in parts['BYDAY']]
    begin = start
    if 'WEEKLY' in parts['FREQ']:
        # dateutil cuts the first week at the start before it counts BYSETPOS in it.
        args.setdefault('byweekday', [rrule.weekday(start.weekday())])
        begin -= dt.timedelta(days=(start.weekday() - weekday(parts.get('WKST', ['MO'])[0]).weekday) % 7)
    Bounded.MAXYEAR = to.year
    rule = rrule.rrule(FREQS[parts['FREQ'][0]], dtstart=begin, interval=parts.get('INTERVAL', [1])[0],
                       wkst=weekday(parts.get('WKST', ['MO'])[0]), until=to, **args)
    return itertools.islice(itertools.dropwhile(lambda t: t < start, rule), count)


def us(instant):
    return (instant - EPOCH) // dt.timedelta(microseconds=1)


def starts(parts, start, zone, until, to):
    """Instants of the rule, in order, each once; what clocks skip or show twice by RFC 5545 3.3.5."""
    seen = []
    for local in itertools.islice(oracle(parts, start, to, parts.get('COUNT', [None])[0]), 3 * STARTS_MAX):
        at = local.replace(tzinfo=zone).astimezone(UTC)
        if until is None or at <= until:
            seen.append(us(at))
    return sorted(set(seen))


def make_case(rng):
    """One event and what it should name; None when the rule names nothing soon after a random day."""
    parts = make_parts(rng)
    zone = zoneinfo.ZoneInfo(rng.choice(ZONES))
    start = dt.datetime(rng.randint(1971, 2060), rng.randint(1, 12), rng.randint(1, 28), rng.choice([0, 2, 5, 17, 23]),
                        rng.choice([0, 30, 59]))
    horizon = start + dt.timedelta(days=SPAN_DAYS[parts['FREQ'][0]])
    lines = []
    skipped = None
    until = None
    for _ in range(4):
        first = next(oracle(parts, start, horizon), None)
        if first is None:
            return None
        if first == start:
            break
        if 'COUNT' not in parts and rng.random() < 0.2:
            skipped = start
            break
        start = first
    else:
        return None
    to = start + dt.timedelta(days=SPAN_DAYS[parts['FREQ'][0]])
    rule = text_of(parts)
    if 'COUNT' not in parts and rng.random() < 0.3:
        until = (start + (to - start) * rng.random()).replace(microsecond=0, tzinfo=zone).astimezone(UTC)
        rule += f';UNTIL={until:%Y%m%dT%H%M%SZ}'
    found = starts(parts, start, zone, until, to)
    if len(found) == 3 * STARTS_MAX:
        to = (EPOCH + dt.timedelta(microseconds=found.pop())).astimezone(zone).replace(tzinfo=None)
    if skipped is None and not found:
        return None
    form = f':{start:%Y%m%dT%H%M%SZ}' if zone.key == 'UTC' else f';TZID={zone.key}:{start:%Y%m%dT%H%M%S}'
    lines = ['BEGIN:VEVENT', 'UID:a', 'DTSTART' + form, 'RRULE:' + rule]
    if skipped is not None:
        lines.append('EXDATE' + form)
    elif rng.random() < 0.2 and len(found) > 2:
        gone = set(rng.sample(found[1:], min(3, len(found) - 1)))
        found = [f for f in found if f not in gone]
        lines.append('EXDATE:' + ','.join(f'{EPOCH + dt.timedelta(microseconds=g):%Y%m%dT%H%M%SZ}' for g in sorted(gone)))
    lines.append('END:VEVENT')
    from_us = 0
    to_us = us(to.replace(tzinfo=zone).astimezone(UTC))
    if rng.random() < 0.3 and len(found) > 1:
        from_us = rng.choice(found) - rng.choice([0, 1])
    found = [f for f in found if from_us <= f < to_us]
    return from_us, to_us, '\\n'.join(lines), found[:STARTS_MAX]


def main():
    seed = int(os.environ.get('SEED', 0)) or random.randrange(1, 2**31)
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    rng = random.Random(seed)
    begun = time.monotonic()
    cases = list(itertools.islice(filter(None, (make_case(rng) for _ in itertools.count())), wanted))
    made = time.monotonic()
    told = ''.join(f'{c[0]} {c[1]} {c[2]}\n' for c in cases)
    answers = subprocess.run([sys.argv[1]], input=told, text=True, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    print('TAP version 13\n1..1')
    print(f'# {len(cases)} rules, seed {seed}: {made - begun:.1f} s to make, {time.monotonic() - made:.1f} s to expand')
    wrong = [(c, a) for c, a in zip(cases, answers, strict=True) if a.split()[:STARTS_MAX] != list(map(str, c[3]))]
    for case, answer in wrong[:int(os.environ.get('SHOW', 5))]:
        ours = answer.split()[:STARTS_MAX] if not answer.startswith('error') else []
        theirs = list(map(str, case[3]))
        odd = sorted(set(ours) ^ set(theirs), key=int)[:4]
        print('#', case[2].replace('\\n', ' | '), answer if not ours else '')
        print('#   only here:', [str(EPOCH + dt.timedelta(microseconds=int(o))) for o in odd if o in theirs],
              'only there:', [str(EPOCH + dt.timedelta(microseconds=int(o))) for o in odd if o in ours])
    print(f'{"not ok" if wrong else "ok"} 1 - {len(cases)} random rules name what dateutil names, {len(wrong)} do not')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
