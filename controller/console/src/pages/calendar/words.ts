/* A rule as a person would say it. */
import type { useT } from '../../i18n';
import { EXCEPTIONS, WEEKDAYS, type Times } from './times';

type T = ReturnType<typeof useT<'calendar'>>;

function date(day: string): string {
  return day.split('-').reverse().join('/');
}

export function inWords(times: Times, t: T): string {
  if (times.mode === 'other') return t('words.other');
  const days = WEEKDAYS.filter((d) => times.weekdays.includes(d)).map((d) => t(`day.${d}.long`));
  const values = {
    time: times.time || '…',
    date: times.date ? date(times.date) : '…',
    days: days.join(', ') || '…',
    monthdays: [...times.monthdays].sort((a, b) => a - b).join(', ') || '…',
    day: times.date ? date(times.date).slice(0, 5) : '…',
  };
  const main = t(`words.${times.mode}`, values);
  if (times.mode === 'once') return `${main}.`;
  const from = t('words.from', values);
  const until = times.until ? t('words.until', { until: date(times.until) }) : '';
  const except = times.except.filter((name) => EXCEPTIONS.has(name)).map((name) => t(name === 'tet' ? 'words.tet' : 'words.le'));
  return `${[main, from, until].filter(Boolean).join(' ')}${except.length > 0 ? `, ${t('words.except', { sets: except.join(', ') })}` : ''}.`;
}
