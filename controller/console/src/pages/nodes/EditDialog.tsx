import { useState } from 'preact/hooks';

import { patch, type Schema } from '../../api/client';
import { refresh } from '../../api/useApi';
import type { SeenNode } from '../../fleet/useNodes';
import { useT } from '../../i18n';
import { Button, Dialog, Problem, SelectField, TextField, toast, useAction, zoneTree } from '../../ui';

export function EditDialog({ node, zones, onClose }: { node: SeenNode; zones: readonly Schema<'Zone'>[]; onClose: () => void }) {
  const t = useT('nodes');
  const common = useT('common');
  const [form, setForm] = useState({ name: node.name ?? '', zone: node.zone ?? 0, sim_number: node.sim_number ?? '', sim_due: node.sim_due ?? '' });
  const [etag] = useState(node.etag);
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const save = useAction(async () => {
    if (form.name.trim() === '') return;
    const { zone, ...rest } = form;
    await patch('/api/v1/nodes/{id}', { ...rest, name: form.name.trim(), sim_number: form.sim_number.trim(), ...(zone ? { zone } : {}) }, { params: { id: node.id ?? 0 }, etag });
    toast(t('edit.saved'));
    refresh('node', 'nodes');
    onClose();
  });
  return (
    <Dialog title={t('edit.title')} onClose={onClose} actions={
      <>
        <Button onClick={onClose}>{common('action.cancel')}</Button>
        <Button kind="primary" busy={save.busy} onClick={() => void save.run()}>{common('action.save')}</Button>
      </>
    }>
      <form class="stack" noValidate onSubmit={(e) => { e.preventDefault(); void save.run(); }}>
        <Problem error={save.error} reload={() => { refresh('node', 'nodes'); onClose(); }} />
        <TextField label={t('edit.name')} value={form.name} onChange={(name) => set({ name })} error={form.name.trim() === '' ? common('form.missing') : undefined} maxLength={127} required />
        <SelectField label={t('edit.zone')} value={form.zone} onChange={(zone) => set({ zone })}
          choices={[...(node.zone ? [] : [{ value: 0, label: t('noZone') }]), ...zoneTree(zones).map(({ zone, depth }) => ({ value: zone.id, label: `${'\u2003'.repeat(depth)}${zone.name}` }))]} />
        <TextField label={t('sim.number')} value={form.sim_number} onChange={(sim_number) => set({ sim_number })} inputMode="numeric" maxLength={31} />
        <TextField label={t('sim.due')} hint={t('sim.due.hint')} type="date" value={form.sim_due} onChange={(sim_due) => set({ sim_due })} />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
