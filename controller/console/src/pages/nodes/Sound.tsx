/* How loud, how late, and when it may sound at all. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { getWithEtag, patch } from '../../api/client';
import { refresh } from '../../api/useApi';
import type { SeenNode } from '../../fleet/useNodes';
import { decibel } from '../../format';
import { useT } from '../../i18n';
import { may, station } from '../../state/session';
import { Badge, Button, Card, Field, LinkButton, NumberField, Problem, toast, useAction } from '../../ui';

const QUIETEST_DB = -40;
const DELAY_MAX_MS = 1000;
const DAY_MIN = 1440;

function Volume({ label, hint, value, onChange, disabled = false }: { label: string; hint: string; value: number; onChange: (mdb: number) => void; disabled?: boolean }) {
  return (
    <Field label={label} hint={hint}>
      {(wires) => (
        <div class="volume">
          <input {...wires} type="range" min={QUIETEST_DB} max={0} step={1} value={Math.max(QUIETEST_DB, value / 1000)} disabled={disabled} aria-valuetext={decibel(value)}
            onInput={(e) => onChange(e.currentTarget.valueAsNumber * 1000)} />
          <output>{decibel(value)}</output>
        </div>
      )}
    </Field>
  );
}

function soundOf(node: SeenNode) {
  return { volume_mdb: node.volume_mdb ?? 0, emergency_volume_mdb: node.emergency_volume_mdb ?? 0, delay_us: node.delay_us ?? 0 };
}

export function SoundCard({ node }: { node: SeenNode }) {
  const t = useT('nodes');
  const common = useT('common');
  const [seen, setSeen] = useState(node);
  const [form, setForm] = useState(soundOf(node));
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const technician = may('technician', 'admin');
  const canChange = technician || may('operator');
  const changed = form.volume_mdb !== seen.volume_mdb || form.emergency_volume_mdb !== seen.emergency_volume_mdb || form.delay_us !== seen.delay_us;
  const latest = useRef(node);
  latest.current = node;
  const past = useRef(node);
  useEffect(() => {
    // What others changed comes in while nothing is being changed here; just after saving `node` is still what it was before.
    if (changed || node === past.current) return;
    past.current = node;
    setSeen(node);
    setForm(soundOf(node));
  }, [changed, node]);
  const save = useAction(async () => {
    const params = { id: node.id ?? 0 };
    await patch('/api/v1/nodes/{id}', technician ? form : { volume_mdb: form.volume_mdb }, { params, etag: seen.etag });
    const now = await getWithEtag('/api/v1/nodes/{id}', { params });
    past.current = latest.current;
    setSeen({ ...now.data, etag: now.etag ?? undefined });
    toast(t('sound.saved'));
    refresh('node', 'nodes');
  });
  return (
    <Card title={t('sound')}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void save.run(); }}>
        <Problem error={save.error} reload={() => { setForm(soundOf(node)); setSeen(node); refresh('node', 'nodes'); }} />
        <Volume label={t('sound.volume')} hint={t('sound.volume.hint')} value={form.volume_mdb} disabled={!canChange} onChange={(volume_mdb) => set({ volume_mdb })} />
        <Volume label={t('sound.emergency')} hint={t('sound.emergency.hint')} value={form.emergency_volume_mdb} disabled={!technician} onChange={(emergency_volume_mdb) => set({ emergency_volume_mdb })} />
        <NumberField label={t('sound.delay')} hint={t('sound.delay.hint')} unit="ms" min={0} max={DELAY_MAX_MS} step={1} value={Math.round(form.delay_us / 1000)} disabled={!technician} onChange={(ms) => set({ delay_us: ms * 1000 })} />
        {canChange && !technician && <p class="hint">{t('sound.operator')}</p>}
        {canChange && <div class="row"><Button type="submit" kind="primary" busy={save.busy} disabled={!changed}>{common('action.save')}</Button></div>}
      </form>
    </Card>
  );
}

function hour(min: number): string {
  return `${String(Math.floor(min / 60)).padStart(2, '0')}:${String(min % 60).padStart(2, '0')}`;
}

/** Of a span of the day that may go over midnight; equal ends: the whole day. */
export function isWithin(min: number, from: number, to: number): boolean {
  return from < to ? min >= from && min < to : min >= from || min < to;
}

export function HoursCard() {
  const t = useT('nodes');
  const s = station.value;
  if (!s) return null;
  const canChange = may('admin');
  const [from, to] = [s.allowed_from_min ?? 0, s.allowed_to_min ?? DAY_MIN];
  const [quietFrom, quietTo] = [s.quiet_from_min ?? 0, s.quiet_to_min ?? 0];
  const always = from % DAY_MIN === to % DAY_MIN;
  const now = Math.floor(Date.now() / 60_000 + (s.utc_offset_min ?? 0)) % DAY_MIN;
  const open = always || isWithin(now, from, to);
  return (
    <Card title={t('hours')} actions={<Badge tone={open ? 'good' : 'warn'} icon="clock">{open ? t('hours.now') : t('hours.notNow')}</Badge>}>
      <div class="stack">
        <dl class="facts">
          <dt>{t('hours.allowed')}</dt>
          <dd>{always ? t('hours.always') : t('hours.span', { from: hour(from), to: hour(to) })}</dd>
          <dt>{t('hours.quiet')}</dt>
          <dd>{quietFrom === quietTo ? t('hours.none') : t('hours.span', { from: hour(quietFrom), to: hour(quietTo) })}</dd>
        </dl>
        <p class="hint">{t('hours.text')}</p>
        {canChange && <div class="row"><LinkButton to="/admin" icon="settings">{t('hours.change')}</LinkButton></div>}
      </div>
    </Card>
  );
}
