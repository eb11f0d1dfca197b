/* Name, hours, quotas and how long things are kept. */
import { useState } from 'preact/hooks';

import { patch, type Schema } from '../../api/client';
import { useT } from '../../i18n';
import { loadStation, may, station, stationEtag } from '../../state/session';
import { Button, Card, CheckField, NumberField, Problem, SelectField, TextField, toast, useAction } from '../../ui';

type Station = Schema<'Station'>;
const DAY_MIN = 1440;

/** Minutes after midnight <-> 05:30; the end of a day is shown as 00:00. */
export function timeOf(minutes: number): string {
  const m = minutes % DAY_MIN;
  return `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;
}

export function minutesOf(time: string, isEnd: boolean): number {
  const [h = 0, m = 0] = time.split(':').map(Number);
  return h * 60 + m === 0 && isEnd ? DAY_MIN : h * 60 + m;
}

const EDITED = ['name', 'profile', 'timezone', 'author_may_approve', 'quiet_from_min', 'quiet_to_min', 'allowed_from_min', 'allowed_to_min', 'max_broadcast_s', 'late_tolerance_s', 'keep_days'] as const;

function Form({ now }: { now: Station }) {
  const t = useT('admin');
  const common = useT('common');
  const [form, setForm] = useState(now);
  const set = (next: Partial<Station>) => setForm((f) => ({ ...f, ...next }));
  const changed = EDITED.filter((key) => form[key] !== now[key]);
  const readOnly = !may('admin');
  const save = useAction(async () => {
    await patch('/api/v1/station', Object.fromEntries(changed.map((key) => [key, form[key]])), { etag: stationEtag.value });
    await loadStation();
    toast(common('form.saved'));
  });
  const time = (key: 'quiet_from_min' | 'quiet_to_min' | 'allowed_from_min' | 'allowed_to_min', isEnd: boolean) => (
    <TextField key={key} label={t(`hours.${key}`)} type="time" disabled={readOnly} value={timeOf(form[key] ?? 0)} onChange={(v) => v && set({ [key]: minutesOf(v, isEnd) })} />
  );
  const allowed = [time('allowed_from_min', false), time('allowed_to_min', true)];
  const quiet = [time('quiet_from_min', false), time('quiet_to_min', true)];
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); void save.run(); }}>
      <Problem error={save.error} reload={() => void loadStation()} />
      <Card title={t('station')}>
        <p class="hint">{t('station.code', { code: now.code ?? '' })}</p>
        <TextField label={t('station.name')} required disabled={readOnly} value={form.name ?? ''} onChange={(name) => set({ name })} />
        <SelectField label={t('station.profile')} hint={t(`profile.${form.profile ?? 'none'}.text`)} disabled={readOnly} value={form.profile ?? 'none'} onChange={(profile) => set({ profile })}
          choices={(['none', 'urban', 'rural'] as const).map((value) => ({ value, label: t(`profile.${value}`) }))} />
        <TextField label={t('station.timezone')} disabled={readOnly} value={form.timezone ?? ''} onChange={(timezone) => set({ timezone })} />
      </Card>
      <Card title={t('hours')}>
        <p class="hint">{t('hours.allowed.text')}</p>
        <div class="form-row">{allowed}</div>
        <p class="hint">{t('hours.quiet.text')}</p>
        <div class="form-row">{quiet}</div>
      </Card>
      <Card title={t('limits')}>
        <div class="form-row">
          <NumberField label={t('limits.longest')} unit={t('unit.minutes')} min={1} max={720} disabled={readOnly} value={Math.round((form.max_broadcast_s ?? 0) / 60)} onChange={(v) => set({ max_broadcast_s: v * 60 })} />
          <NumberField label={t('limits.late')} hint={t('limits.late.hint')} unit={t('unit.seconds')} min={0} max={86400} disabled={readOnly} value={form.late_tolerance_s ?? 0} onChange={(late_tolerance_s) => set({ late_tolerance_s })} />
          <NumberField label={t('limits.keep')} hint={t('limits.keep.hint')} unit={t('unit.days')} min={0} max={36500} disabled={readOnly} value={form.keep_days ?? 0} onChange={(keep_days) => set({ keep_days })} />
        </div>
        <CheckField label={t('limits.author')} hint={t('limits.author.hint')} disabled={readOnly} value={form.author_may_approve ?? false} onChange={(author_may_approve) => set({ author_may_approve })} />
      </Card>
      {!readOnly && <div class="actions"><Button type="submit" kind="primary" icon="check" busy={save.busy} disabled={changed.length === 0}>{common('action.save')}</Button></div>}
    </form>
  );
}

export function StationRules() {
  return station.value ? <Form key={JSON.stringify(station.value)} now={station.value} /> : null;
}
