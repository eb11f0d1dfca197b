/* Ask for a join code: for a new node, or for a new board of one that exists. */
import { useState } from 'preact/hooks';

import { post } from '../../api/client';
import { useDraft } from '../../api/drafts';
import { refresh } from '../../api/useApi';
import { StateBadge } from '../../fleet/StateBadge';
import { useNode, zonePath } from '../../fleet/useNodes';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import { Async, Button, Card, Empty, LinkButton, Note, PageHead, Segments, SelectField, TextField, useAction, useZones, zoneTree } from '../../ui';
import { keepCode } from './secrets';

const VALID_S = { hour: 3600, day: 86_400, week: 604_800 } as const;
type Valid = keyof typeof VALID_S;

function ValidFor({ value, onChange }: { value: Valid; onChange: (valid: Valid) => void }) {
  const t = useT('commission');
  return <Segments label={t('new.valid')} value={value} onChange={onChange} choices={(Object.keys(VALID_S) as Valid[]).map((v) => ({ value: v, label: t(`new.valid.${v}`) }))} />;
}

export function NewNode() {
  const t = useT('commission');
  const common = useT('common');
  const zones = useZones();
  const draft = useDraft('commission.new', { name: '', zone: 0, valid: 'day' as Valid });
  const [tried, setTried] = useState(false);
  const { name, valid } = draft.value;
  const rows = zoneTree(zones.data ?? []);
  const zone = draft.value.zone || (rows[0]?.zone.id ?? 0);
  const make = useAction(async () => {
    setTried(true);
    if (name.trim() === '' || !zone) return;
    const made = await post('/api/v1/join-codes', { name: name.trim(), zone, valid_s: VALID_S[valid] });
    keepCode(made);
    draft.drop();
    refresh('join-codes');
    go(`/commission/code/${made.id}`);
  });
  return (
    <div class="stack narrow">
      <PageHead title={t('new')} lead={t('new.lead')} actions={<LinkButton to="/commission" kind="quiet" icon="chevronLeft">{t('back')}</LinkButton>} />
      <Card>
        <Async from={zones}>
          {() => rows.length === 0 ? <Empty icon="map" title={t('new.zone.none')} action={<LinkButton to="/nodes/zones">{t('new.zone.open')}</LinkButton>} /> : (
            <form class="stack" noValidate onSubmit={(e) => { e.preventDefault(); void make.run(); }}>
              {make.error && <Note>{make.error.message}</Note>}
              <TextField label={t('new.name')} value={name} onChange={(text) => draft.set({ name: text })} placeholder={t('new.name.placeholder')}
                error={tried && name.trim() === '' ? common('form.missing') : undefined} maxLength={127} required />
              <SelectField label={t('new.zone')} value={zone} onChange={(to) => draft.set({ zone: to })} choices={rows.map(({ zone: z, depth }) => ({ value: z.id, label: `${'\u2003'.repeat(depth)}${z.name}` }))} />
              <ValidFor value={valid} onChange={(to) => draft.set({ valid: to })} />
              <Button type="submit" kind="primary" icon="qr" large busy={make.busy}>{t('new.make')}</Button>
            </form>
          )}
        </Async>
      </Card>
    </div>
  );
}

export function ReplaceBoard({ id }: { id: number }) {
  const t = useT('commission');
  const node = useNode(id);
  const zones = useZones();
  const [valid, setValid] = useState<Valid>('day');
  const make = useAction(async () => {
    const made = await post('/api/v1/join-codes', { node: id, valid_s: VALID_S[valid] });
    keepCode(made);
    refresh('join-codes');
    go(`/commission/code/${made.id}`);
  });
  return (
    <div class="stack narrow">
      <PageHead title={t('replace', { name: node.data?.name ?? '' })} lead={t('replace.lead')} actions={<LinkButton to="/commission" kind="quiet" icon="chevronLeft">{t('back')}</LinkButton>} />
      <Async from={node}>
        {(n) => (
          <Card>
            <div class="stack">
              {make.error && <Note>{make.error.message}</Note>}
              <div class="row"><StateBadge node={n} /><span class="hint">{zonePath(zones.data ?? [], n.zone)}</span></div>
              {n.online && <Note tone="warn">{t('replace.online')}</Note>}
              <ol class="how"><li>{t('replace.step1')}</li><li>{t('replace.step2')}</li><li>{t('replace.step3')}</li></ol>
              <ValidFor value={valid} onChange={setValid} />
              <Button kind="primary" icon="qr" large busy={make.busy} onClick={() => void make.run()}>{t('replace.make')}</Button>
            </div>
          </Card>
        )}
      </Async>
    </div>
  );
}
