/* Numbers and times as people write them, in their language and the station's time zone. */
import { t } from './i18n';
import { lang } from './state/prefs';
import { station } from './state/session';

const LOCALES = { vi: 'vi-VN', en: 'en-GB' };

function when(us: number, options: Intl.DateTimeFormatOptions): string {
  const timeZone = station.value?.timezone || 'Asia/Ho_Chi_Minh';
  return new Intl.DateTimeFormat(LOCALES[lang.value], { timeZone, ...options }).format(us / 1000);
}

/** us: station time, microseconds since 1970; 0 or absent gives a dash. */
export function clock(us: number | undefined): string {
  return us ? when(us, { hour: '2-digit', minute: '2-digit' }) : '–';
}

export function dateTime(us: number | undefined): string {
  return us ? when(us, { day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit' }) : '–';
}

export function date(us: number | undefined): string {
  return us ? when(us, { day: '2-digit', month: '2-digit', year: 'numeric' }) : '–';
}

export function day(us: number | undefined): string {
  return us ? when(us, { weekday: 'short', day: '2-digit', month: '2-digit' }) : '–';
}

const UNITS: [Intl.NumberFormatOptions['unit'] & string, number][] = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];

/** "3 phút trước" */
export function age(us: number | undefined, nowMs = Date.now()): string {
  if (!us) return t('common', 'time.never');
  const seconds = Math.max(0, nowMs / 1000 - us / 1e6);
  for (const [unit, size] of UNITS)
    if (seconds >= size) {
      const style = { style: 'unit', unit, unitDisplay: 'long' } as const;
      return t('common', 'time.ago', { span: new Intl.NumberFormat(LOCALES[lang.value], style).format(Math.floor(seconds / size)) });
    }
  return t('common', 'time.now');
}

/** ms -> 1:05 or 2:00:05 */
export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–';
  const s = Math.round(ms / 1000);
  const two = (n: number) => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  return h > 0 ? `${h}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

export function number(value: number | undefined, digits = 0): string {
  return value === undefined ? '–' : new Intl.NumberFormat(LOCALES[lang.value], { maximumFractionDigits: digits }).format(value);
}

export function megabytes(bytes: number | undefined): string {
  if (bytes === undefined) return '–';
  return bytes < 1e6 ? `${number(Math.ceil(bytes / 1e3))} kB` : `${number(bytes / 1e6, 1)} MB`;
}

/** Thousandths of a decibel. */
export function decibel(mdb: number | undefined): string {
  return mdb === undefined ? '–' : `${number(mdb / 1000, 1)} dB`;
}
