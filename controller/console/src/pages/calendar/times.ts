/* When an event occurs: between what a person fills in, what the API takes and the calendar text of RFC 5545.
 *
 * Dates are local days of the station, '2026-12-01', times of day '05:30'. */
import type { Schema } from '../../api/client';
import templateText from '../../../../../schedules/templates/xa-hang-ngay.ics?raw';

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';
export const WEEKDAYS: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** other: a rule that this form cannot say; it stays as it is. */
export type Mode = 'once' | 'daily' | 'weekly' | 'monthly' | 'yearly' | 'other';

export interface Times {
  mode: Mode;
  date: string;
  time: string;
  weekdays: Weekday[];
  /** 1..31 */
  monthdays: number[];
  /** Last day, inclusive; '' for ever. */
  until: string;
  /** Names of exception sets whose days are left out: tet, le. */
  except: string[];
}

const DAY_MS = 86_400_000;
const RULE_DAYS: Record<Weekday, string> = { mon: 'MO', tue: 'TU', wed: 'WE', thu: 'TH', fri: 'FR', sat: 'SA', sun: 'SU' };

/** The exception sets that come with the station: name to local days. */
export const EXCEPTIONS: ReadonlyMap<string, readonly string[]> = readExceptions(templateText);

export function readExceptions(ics: string): Map<string, string[]> {
  const sets = new Map<string, string[]>();
  for (const [, name, days] of ics.matchAll(/^X-LOA-DATES;X-LOA-SET=([\w-]+):([\d,]+)\r?$/gm))
    sets.set(name!, [...(sets.get(name!) ?? []), ...days!.split(',').map(dashed)]);
  return sets;
}

function dashed(day: string): string {
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6, 8)}`;
}

/** Local date and time of an instant: '2026-12-01T05:30:00'. */
export function civil(us: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  }).formatToParts(us / 1000);
  const get = (type: string) => parts.find((p) => p.type === type)!.value;
  return `${get('year')}-${get('month')}-${get('day')}T${get('hour')}:${get('minute')}:${get('second')}`;
}

/** The instant of a local date and time; one that clocks skip moves on by the gap. */
export function instant(local: string, timeZone: string): number {
  const asUtc = Date.parse(`${local.length === 16 ? `${local}:00` : local}Z`);
  let guess = asUtc;
  for (let i = 0; i < 2; i++) guess = asUtc - (Date.parse(`${civil(guess * 1000, timeZone)}Z`) - guess);
  return guess * 1000;
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

export function weekdayOf(date: string): Weekday {
  return WEEKDAYS[(new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7]!;
}

function named(times: Times, date: string): boolean {
  const day = Number(date.slice(8, 10));
  if (times.mode === 'weekly') return times.weekdays.includes(weekdayOf(date));
  if (times.mode === 'monthly') return times.monthdays.includes(day);
  return true;
}

/** The first day, from the chosen one on, that the rule names: RFC 5545 leaves open what another DTSTART means. */
export function firstDay(times: Times): string {
  let date = times.date;
  for (let i = 0; i < 400 && !named(times, date); i++) date = addDays(date, 1);
  return date;
}

function rule(times: Times): string {
  switch (times.mode) {
    case 'daily':
      return 'FREQ=DAILY';
    case 'weekly':
      return `FREQ=WEEKLY;BYDAY=${WEEKDAYS.filter((d) => times.weekdays.includes(d)).map((d) => RULE_DAYS[d]).join(',')}`;
    case 'monthly':
      return `FREQ=MONTHLY;BYMONTHDAY=${[...times.monthdays].sort((a, b) => a - b).join(',')}`;
    default:
      return 'FREQ=YEARLY';
  }
}

const plain = (text: string) => text.replace(/[-:]/g, '');

/** Excluded days on which it would occur, from the first on. */
export function exceptDays(times: Times): string[] {
  const first = firstDay(times);
  return times.except
    .flatMap((name) => EXCEPTIONS.get(name) ?? [])
    .filter((day) => day >= first && (times.until === '' || day <= times.until) && named(times, day))
    .sort();
}

/** VEVENT of RFC 5545 for what `weekly` of the API cannot say. */
export function calendarText(times: Times, timeZone: string, uid: string, title: string, nowMs = Date.now()): string {
  const at = (day: string) => `${plain(day)}T${plain(times.time)}00`;
  const stamp = (us: number) => `${plain(new Date(us / 1000).toISOString().slice(0, 19))}Z`;
  const until = times.until && `;UNTIL=${stamp(instant(`${times.until}T23:59:59`, timeZone))}`;
  const except = exceptDays(times);
  return [
    'BEGIN:VEVENT',
    `UID:${uid}`,
    `DTSTAMP:${stamp(nowMs * 1000)}`,
    `SUMMARY:${title.replace(/([\\;,])/g, '\\$1').replace(/\s+/g, ' ')}`,
    `DTSTART;TZID=${timeZone}:${at(firstDay(times))}`,
    `RRULE:${rule(times)}${until}`,
    ...(except.length > 0 ? [`EXDATE;TZID=${timeZone}:${except.map(at).join(',')}`] : []),
    'END:VEVENT',
    '',
  ].join('\n');
}

type Body = Pick<Schema<'EventNew'>, 'start' | 'weekly' | 'ics'>;

/** What the API is told. Nothing for a rule that the form cannot say. */
export function timesBody(times: Times, timeZone: string, uid: string, title: string): Body {
  if (times.mode === 'other') return {};
  if (times.mode === 'once') return { start: `${times.date}T${times.time}` };
  const byWeek = times.mode === 'daily' || times.mode === 'weekly';
  if (!byWeek || exceptDays(times).length > 0) return { ics: calendarText(times, timeZone, uid, title) };
  return {
    weekly: {
      weekdays: times.mode === 'daily' ? [...WEEKDAYS] : times.weekdays,
      time: times.time,
      from: times.date,
      ...(times.until ? { until: times.until } : {}),
    },
  };
}

/** What of the form is missing; the catalogue's key of the sentence. */
export function timesProblem(times: Times): 'need.date' | 'need.time' | 'need.weekday' | 'need.monthday' | 'need.until' | undefined {
  if (times.mode === 'other') return undefined;
  if (!/^\d{4}-\d\d-\d\d$/.test(times.date)) return 'need.date';
  if (!/^\d\d:\d\d$/.test(times.time)) return 'need.time';
  if (times.mode === 'weekly' && times.weekdays.length === 0) return 'need.weekday';
  if (times.mode === 'monthly' && times.monthdays.length === 0) return 'need.monthday';
  return times.until !== '' && times.until < times.date ? 'need.until' : undefined;
}

/** What the form shows of a stored event. `occurrence` is the local start of the one that was chosen. */
export function timesOf(event: Schema<'Event'>, occurrence: string): Times {
  const ics = (event.ics ?? '').replace(/\r?\n[ \t]/g, '');
  const start = /^DTSTART[^:]*:(\d{8})T(\d{4})/m.exec(ics);
  const text = /^RRULE:(.*)$/m.exec(ics)?.[1]?.trim() ?? '';
  const parts = new Map(text.split(';').filter(Boolean).map((p) => p.split('=', 2) as [string, string]));
  const until = parts.get('UNTIL');
  const left = [...parts.keys()].filter((name) => !['FREQ', 'UNTIL', 'BYDAY', 'BYMONTHDAY', 'WKST'].includes(name));
  const times: Times = {
    mode: 'other',
    date: start ? dashed(start[1]!) : occurrence.slice(0, 10),
    time: start ? `${start[2]!.slice(0, 2)}:${start[2]!.slice(2)}` : occurrence.slice(11, 16),
    weekdays: [],
    monthdays: [],
    until: event.until?.slice(0, 10) || (until ? dashed(until) : ''),
    except: [],
  };
  const days = parts.get('BYDAY')?.split(',') ?? [];
  const byWeekday = WEEKDAYS.filter((d) => days.includes(RULE_DAYS[d]));
  if (text === '' && !/^RDATE/m.test(ics)) times.mode = 'once';
  else if (left.length > 0 || byWeekday.length !== days.length || /^RDATE/m.test(ics)) return times;
  else if (parts.get('FREQ') === 'DAILY' && !parts.has('BYDAY') && !parts.has('BYMONTHDAY')) times.mode = 'daily';
  else if (parts.get('FREQ') === 'WEEKLY' && !parts.has('BYMONTHDAY')) {
    times.weekdays = byWeekday.length > 0 ? byWeekday : [weekdayOf(times.date)];
    times.mode = times.weekdays.length === 7 ? 'daily' : 'weekly';
  } else if (parts.get('FREQ') === 'MONTHLY' && !parts.has('BYDAY')) {
    times.monthdays = parts.get('BYMONTHDAY')?.split(',').map(Number) ?? [Number(times.date.slice(8, 10))];
    if (times.monthdays.every((d) => d >= 1)) times.mode = 'monthly';
  } else if (parts.get('FREQ') === 'YEARLY' && parts.size <= 2 && !parts.has('BYDAY') && !parts.has('BYMONTHDAY')) times.mode = 'yearly';
  const gone = new Set([...ics.matchAll(/^EXDATE[^:]*:(.*)$/gm)].flatMap((m) => m[1]!.split(',').map((d) => dashed(d.trim()))));
  for (const [name] of EXCEPTIONS) {
    const days2 = exceptDays({ ...times, except: [name] });
    if (days2.length > 0 && days2.every((d) => gone.has(d))) times.except.push(name);
  }
  return times;
}

/** The same event moved by a drag: from one local start to another. */
export function shifted(times: Times, from: string, to: string): Times {
  const days = Math.round((Date.parse(`${to.slice(0, 10)}T00:00:00Z`) - Date.parse(`${from.slice(0, 10)}T00:00:00Z`)) / DAY_MS);
  const turn = (d: Weekday) => WEEKDAYS[(((WEEKDAYS.indexOf(d) + days) % 7) + 7) % 7]!;
  return {
    ...times,
    time: to.slice(11, 16),
    date: addDays(times.date, days),
    weekdays: times.weekdays.map(turn),
    monthdays: times.mode === 'monthly' && times.monthdays.length === 1 && days !== 0 ? [Number(to.slice(8, 10))] : times.monthdays,
  };
}

/** Plays that fit into a block of so many ms: what dragging its lower edge means. 1..10 */
export function repeatsIn(blockMs: number, durationMs: number, pauseMs: number): number {
  return Math.min(10, Math.max(1, Math.round((blockMs + pauseMs) / Math.max(1, durationMs + pauseMs))));
}
