/* Small tools of the checklist's items. Each ends by ticking its item. */
import { useState } from 'preact/hooks';

import { patch, type Schema } from '../../api/client';
import { refresh } from '../../api/useApi';
import { Photo } from '../../fleet/Photo';
import { ToneTest } from '../../fleet/ToneTest';
import { number } from '../../format';
import { useT } from '../../i18n';
import { Button, Note, SelectField, TextField, useAction, zoneTree } from '../../ui';

export interface StepProps {
  node: Schema<'Node'>;
  zones: readonly Schema<'Zone'>[];
  tick: () => Promise<void>;
}

/** A clock this sure is good enough to sound together. */
const SURE_US = 5000;

export function Link({ node }: StepProps) {
  const t = useT('commission');
  const us = node.status?.clock_uncertainty_us;
  if (!node.online) return <Note tone="warn">{t('item.link.off')}</Note>;
  if (us === undefined || us > SURE_US) return <Note tone="info">{t('item.link.syncing')}</Note>;
  return <Note tone="good">{t('item.link.on', { ms: number(us / 1000, 2) })}</Note>;
}

export function Label({ node, zones, tick }: StepProps) {
  const t = useT('commission');
  const common = useT('common');
  const [name, setName] = useState(node.name ?? '');
  const [zone, setZone] = useState(node.zone ?? 0);
  const missing = name.trim() === '';
  const save = useAction(async () => {
    if (missing) return;
    if (name.trim() !== node.name || zone !== node.zone) {
      await patch('/api/v1/nodes/{id}', { name: name.trim(), ...(zone ? { zone } : {}) }, { params: { id: node.id ?? 0 } });
      refresh('node', 'nodes');
    }
    await tick();
  });
  return (
    <form class="stack" noValidate onSubmit={(e) => { e.preventDefault(); void save.run(); }}>
      {save.error && <Note>{save.error.message}</Note>}
      {node.serial && <p class="hint">{t('item.label.serial', { serial: node.serial })}</p>}
      <TextField label={t('new.name')} value={name} onChange={setName} error={missing ? common('form.missing') : undefined} maxLength={127} required />
      <SelectField label={t('new.zone')} value={zone} onChange={setZone} choices={zoneTree(zones).map(({ zone: z, depth }) => ({ value: z.id, label: `${'\u2003'.repeat(depth)}${z.name}` }))} />
      <Button type="submit" kind="primary" busy={save.busy}>{t('name.save')}</Button>
    </form>
  );
}

export function Power({ node }: StepProps) {
  const t = useT('commission');
  const nodes = useT('nodes');
  const s = node.status;
  const measured = [
    s?.supply_mv ? `${number(s.supply_mv / 1000, 1)} V` : '',
    s?.mains_ok === undefined ? '' : s.mains_ok ? nodes('device.mains.ok') : nodes('device.mains.lost'),
  ].filter(Boolean).join(', ');
  return measured ? <Note tone="info">{t('item.power.now', { what: measured })}</Note> : null;
}

export function Tone({ node, tick }: StepProps) {
  const t = useT('commission');
  const [unheard, setUnheard] = useState(false);
  const heard = useAction(tick, { toastErrors: true });
  return (
    <div class="stack">
      <ToneTest node={node} disabled={!node.online} />
      {node.test && node.test.state !== 'waiting' && (
        <div class="row">
          <Button kind="primary" icon="check" busy={heard.busy} onClick={() => void heard.run()}>{t('tone.heard')}</Button>
          <Button icon="muted" onClick={() => setUnheard(true)}>{t('tone.unheard')}</Button>
        </div>
      )}
      {unheard && <Note tone="warn">{t('tone.advice')}</Note>}
    </div>
  );
}

export function Picture({ node, tick }: StepProps) {
  return <Photo node={node} canChange onSaved={() => void tick()} />;
}
