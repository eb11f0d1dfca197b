import { describe, expect, it } from 'vitest';

import { addDays, calendarText, civil, EXCEPTIONS, exceptDays, firstDay, instant, repeatsIn, shifted, timesBody, timesOf, timesProblem, type Times } from '../src/pages/calendar/times';

const ZONE = 'Asia/Ho_Chi_Minh';
const times = (more: Partial<Times>): Times => ({ mode: 'once', date: '2026-12-01', time: '05:30', weekdays: [], monthdays: [], until: '', except: [], ...more });

describe('local times', () => {
  it('go to instants and back, in zones with and without clock changes', () => {
    expect(civil(instant('2026-12-01T05:30', ZONE), ZONE)).toBe('2026-12-01T05:30:00');
    expect(instant('2026-12-01T05:30', ZONE)).toBe(Date.parse('2026-11-30T22:30:00Z') * 1000);
    expect(civil(instant('2026-07-01T05:30', 'Europe/Paris'), 'Europe/Paris')).toBe('2026-07-01T05:30:00');
    expect(civil(instant('2026-10-25T04:30', 'Europe/Paris'), 'Europe/Paris')).toBe('2026-10-25T04:30:00');
  });
  it('count days over the end of a month and of February', () => {
    expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
    expect(addDays('2026-01-01', -1)).toBe('2025-12-31');
  });
});

describe('what the API is told', () => {
  it('is a start for one occurrence', () => {
    expect(timesBody(times({}), ZONE, 'u', 't')).toEqual({ start: '2026-12-01T05:30' });
  });
  it('is a week for days of the week, all seven when daily', () => {
    expect(timesBody(times({ mode: 'weekly', weekdays: ['tue', 'thu'], until: '2026-12-31' }), ZONE, 'u', 't')).toEqual({
      weekly: { weekdays: ['tue', 'thu'], time: '05:30', from: '2026-12-01', until: '2026-12-31' },
    });
    expect(timesBody(times({ mode: 'daily' }), ZONE, 'u', 't').weekly?.weekdays).toHaveLength(7);
  });
  it('is a calendar text for days of the month, from the first day that the rule names', () => {
    const text = calendarText(times({ mode: 'monthly', monthdays: [15, 5], until: '2027-03-31' }), ZONE, 'u@x', 'Tin A, B', 0);
    expect(text).toContain('DTSTART;TZID=Asia/Ho_Chi_Minh:20261205T053000\n');
    expect(text).toContain('RRULE:FREQ=MONTHLY;BYMONTHDAY=5,15;UNTIL=20270331T165959Z\n');
    expect(text).toContain('SUMMARY:Tin A\\, B\n');
    expect(firstDay(times({ mode: 'weekly', weekdays: ['mon'] }))).toBe('2026-12-07');
  });
  it('leaves out the days of exception sets on which it would occur', () => {
    const set = EXCEPTIONS.get('tet') ?? [];
    expect(set).toContain('2027-02-06');
    const left = exceptDays(times({ mode: 'weekly', weekdays: ['sat'], except: ['tet'], until: '2027-12-31' }));
    expect(left).toEqual(['2027-02-06']);
    expect(calendarText(times({ mode: 'daily', except: ['tet'], until: '2027-12-31' }), ZONE, 'u', 't')).toMatch(/EXDATE;TZID=Asia\/Ho_Chi_Minh:20270205T053000,/);
    expect(timesBody(times({ mode: 'daily', except: ['tet'], until: '2026-12-31' }), ZONE, 'u', 't').weekly).toBeDefined();
  });
});

describe('a stored event', () => {
  it('comes back as it was written', () => {
    const cases = [
      times({ mode: 'monthly', date: '2026-12-05', monthdays: [5, 15], until: '2027-03-31' }),
      times({ mode: 'weekly', date: '2026-12-05', weekdays: ['sat'], except: ['tet'], until: '2027-12-31' }),
      times({ mode: 'yearly' }),
      times({ mode: 'daily', except: ['tet'] }),
    ];
    for (const t of cases) expect(timesOf({ ics: calendarText(t, ZONE, 'u', 'x') }, '2026-12-05T05:30:00')).toEqual(t);
  });
  it('whose rule the form cannot say stays as it is', () => {
    for (const rule of ['FREQ=MONTHLY;BYDAY=1MO', 'FREQ=DAILY;INTERVAL=2', 'FREQ=WEEKLY;COUNT=4;BYDAY=MO', 'FREQ=MONTHLY;BYMONTHDAY=-1']) {
      const t = timesOf({ ics: `BEGIN:VEVENT\nDTSTART;TZID=${ZONE}:20261207T053000\nRRULE:${rule}\nEND:VEVENT\n` }, '');
      expect([rule, t.mode]).toEqual([rule, 'other']);
      expect(timesBody(t, ZONE, 'u', 'x')).toEqual({});
    }
  });
});

describe('dragging', () => {
  it('moves weekdays along and keeps the others', () => {
    const t = shifted(times({ mode: 'weekly', weekdays: ['tue', 'sun'] }), '2026-12-01T05:30:00', '2026-12-03T06:00');
    expect([t.weekdays, t.date, t.time]).toEqual([['thu', 'tue'], '2026-12-03', '06:00']);
  });
  it('reads plays out of the length of a block', () => {
    expect(repeatsIn(20_000 * 3 + 30_000 * 2, 20_000, 30_000)).toBe(3);
    expect([repeatsIn(0, 20_000, 30_000), repeatsIn(1e9, 20_000, 30_000)]).toEqual([1, 10]);
  });
});

it('says what is missing', () => {
  expect(timesProblem(times({ time: '' }))).toBe('need.time');
  expect(timesProblem(times({ mode: 'weekly' }))).toBe('need.weekday');
  expect(timesProblem(times({ mode: 'daily', until: '2026-11-01' }))).toBe('need.until');
  expect(timesProblem(times({}))).toBeUndefined();
});
