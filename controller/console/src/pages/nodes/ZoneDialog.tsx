import { useState } from 'preact/hooks';

import { patch, post, remove, type Schema } from '../../api/client';
import { refresh } from '../../api/useApi';
import { zonesBelow } from '../../fleet/useNodes';
import { useT } from '../../i18n';
import { Button, confirm, Dialog, Problem, SelectField, TextField, toast, useAction, zoneTree } from '../../ui';

type Zone = Schema<'Zone'>;

const LANGUAGE = /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;
const LANGUAGES_MAX = 4;

interface Props {
  zones: readonly Zone[];
  /** undefined: a new one */
  zone?: Zone | undefined;
  etag?: string | undefined;
  /** Where a new one goes. */
  parent: number;
  onClose: () => void;
}

/** T01, T02 … : the first that is free. */
function freeCode(zones: readonly Zone[]): string {
  for (let i = 1; ; i++) {
    const code = `T${String(i).padStart(2, '0')}`;
    if (!zones.some((z) => z.code === code)) return code;
  }
}

export function ZoneDialog({ zones, zone, etag, parent, onClose }: Props) {
  const t = useT('nodes');
  const common = useT('common');
  const [tried, setTried] = useState(false);
  const [form, setForm] = useState({
    name: zone?.name ?? '', code: zone?.code ?? freeCode(zones), parent: zone?.parent ?? parent, languages: (zone?.languages ?? []).join(', '),
  });
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const languages = form.languages.split(/[\s,;]+/).filter(Boolean);
  const wrong = languages.length > LANGUAGES_MAX || !languages.every((l) => LANGUAGE.test(l));
  const missing = (text: string) => (tried && text.trim() === '' ? common('form.missing') : undefined);
  const own = zone ? zonesBelow(zones, zone.id) : new Set<number>();

  const save = useAction(async () => {
    setTried(true);
    const name = form.name.trim();
    const code = form.code.trim();
    if (!name || !code || wrong) return;
    const body = { name, code, parent: form.parent, languages };
    if (zone) await patch('/api/v1/zones/{id}', body, { params: { id: zone.id }, etag });
    else await post('/api/v1/zones', { ...body, rank: zones.filter((z) => z.parent === form.parent).reduce((most, z) => Math.max(most, (z.rank ?? 0) + 1), 0) });
    toast(t('zone.saved', { name }));
    refresh('zones');
    onClose();
  });
  const drop = useAction(async () => {
    if (!zone || !(await confirm({ title: t('zone.delete.title', { name: zone.name }), text: t('zone.delete.text'), action: t('zone.delete'), danger: true }))) return;
    await remove('/api/v1/zones/{id}', { params: { id: zone.id }, etag });
    toast(t('zone.deleted', { name: zone.name }));
    refresh('zones');
    onClose();
  });
  const error = save.error ?? drop.error;

  return (
    <Dialog title={zone ? t('zone.change') : t('zone.new')} onClose={onClose} actions={
      <>
        {zone && <Button kind="quiet" icon="trash" busy={drop.busy} onClick={() => void drop.run()}>{t('zone.delete')}</Button>}
        <span class="grow" />
        <Button onClick={onClose}>{common('action.cancel')}</Button>
        <Button kind="primary" busy={save.busy} onClick={() => void save.run()}>{common('action.save')}</Button>
      </>
    }>
      <form class="stack" noValidate onSubmit={(e) => { e.preventDefault(); void save.run(); }}>
        <Problem error={error} reload={() => { refresh('zones'); onClose(); }} />
        <TextField label={t('zone.name')} value={form.name} onChange={(name) => set({ name })} placeholder={t('zone.name.placeholder')} error={missing(form.name)} maxLength={127} required />
        <TextField label={t('zone.code')} hint={t('zone.code.hint')} value={form.code} onChange={(code) => set({ code })} error={missing(form.code)} maxLength={31} required />
        <SelectField label={t('zone.parent')} value={form.parent} onChange={(to) => set({ parent: to })}
          choices={[{ value: 0, label: t('zone.top') }, ...zoneTree(zones).filter(({ zone: z }) => !own.has(z.id)).map(({ zone: z, depth }) => ({ value: z.id, label: `${'\u2003'.repeat(depth)}${z.name}` }))]} />
        <TextField label={t('zone.languages')} hint={t('zone.languages.hint')} value={form.languages} onChange={(text) => set({ languages: text })} error={tried && wrong ? t('zone.languages.wrong') : undefined} maxLength={80} />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}
