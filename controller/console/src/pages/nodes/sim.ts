import { station } from '../../state/session';

const DAY_MS = 86_400_000;

/** Days from today at the station to a local date such as 2026-12-31; negative: it is past. */
export function daysUntil(date: string, nowMs = Date.now()): number {
  const today = Math.floor((nowMs + (station.value?.utc_offset_min ?? 0) * 60_000) / DAY_MS);
  return Math.round(Date.parse(`${date}T00:00:00Z`) / DAY_MS) - today;
}
