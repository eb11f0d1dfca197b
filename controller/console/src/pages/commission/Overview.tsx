import { useState } from 'preact/hooks';

import { getAll, remove, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { StateBadge } from '../../fleet/StateBadge';
import { useNodes, zonePath } from '../../fleet/useNodes';
import { dateTime } from '../../format';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import { Async, Badge, Button, Card, confirm, Empty, LinkButton, PageHead, SelectField, Table, toast, useAction, useZones } from '../../ui';
import { forgetCode } from './secrets';

const EVERY_MS = 5000;

function CodeActions({ code }: { code: Schema<'JoinCode'> }) {
  const t = useT('commission');
  const name = code.name ?? '';
  const withdraw = useAction(async () => {
    if (!(await confirm({ title: t('code.withdraw.title', { name }), text: t('code.withdraw.text'), action: t('code.withdraw'), danger: true }))) return;
    await remove('/api/v1/join-codes/{id}', { params: { id: code.id ?? 0 } });
    forgetCode(code.id ?? 0);
    toast(t('code.withdrawn', { name }));
    refresh('join-codes');
  }, { toastErrors: true });
  return (
    <div class="row">
      <LinkButton to={`/commission/code/${code.id}`} icon="qr">{t('code.open')}</LinkButton>
      <Button kind="quiet" icon="trash" busy={withdraw.busy} onClick={() => void withdraw.run()}>{t('code.withdraw')}</Button>
    </div>
  );
}

function Replace({ nodes }: { nodes: readonly Schema<'Node'>[] }) {
  const t = useT('commission');
  const dead = [...nodes].sort((a, b) => Number(a.online) - Number(b.online) || (a.name ?? '').localeCompare(b.name ?? '', 'vi'));
  const [chosen, setChosen] = useState(0);
  const node = chosen || (dead[0]?.id ?? 0);
  return (
    <Card title={t('replace.choose')}>
      <div class="stack">
        <p class="hint">{t('replace.choose.text')}</p>
        <SelectField label={t('replace.node')} value={node} onChange={setChosen} choices={dead.map((n) => ({ value: n.id ?? 0, label: n.name ?? '' }))} />
        <div class="row"><Button icon="tool" onClick={() => go(`/commission/${node}/replace`)}>{t('replace.open')}</Button></div>
      </div>
    </Card>
  );
}

export function Overview() {
  const t = useT('commission');
  const common = useT('common');
  const zones = useZones();
  const nodes = useNodes();
  const codes = useApi('join-codes', () => getAll('/api/v1/join-codes', { query: { order: 'newest' } }, 500), [], EVERY_MS);
  const zoneOf = (id: number | undefined) => zonePath(zones.data ?? [], id) || '–';
  return (
    <div class="stack">
      <PageHead title={common('page.commission')} lead={t('lead')} actions={<LinkButton to="/commission/new" kind="primary" icon="plus">{t('add')}</LinkButton>} />
      <Card title={t('codes')} flush>
        <Async from={codes} rows={2}>
          {(all) => {
            const open = all.filter((c) => c.state === 'open');
            return open.length === 0 ? <Empty icon="qr" title={t('codes.empty')}>{t('codes.empty.text')}</Empty> : (
              <Table label={t('codes')} rows={open} keyOf={(c) => c.id ?? 0} columns={[
                { title: t('col.name'), main: true, cell: (c) => <>{c.name} {(c.replaces ?? 0) > 0 && <Badge tone="info">{t('code.replaces')}</Badge>}</> },
                { title: t('col.zone'), cell: (c) => zoneOf(c.zone) },
                { title: t('col.until'), cell: (c) => dateTime(c.expires_us) },
                { title: t('col.action'), cell: (c) => <CodeActions code={c} /> },
              ]} />
            );
          }}
        </Async>
      </Card>
      <Async from={nodes}>
        {(all) => {
          const active = all.filter((n) => n.state === 'active');
          const todo = active.filter((n) => !n.commissioned_us);
          const done = active.filter((n) => n.commissioned_us);
          return (
            <>
              <Card title={t('todo')} flush>
                {todo.length === 0 ? <Empty icon="check" title={t('todo.empty')}>{t('todo.empty.text')}</Empty> : (
                  <Table label={t('todo')} rows={todo} keyOf={(n) => n.id ?? 0} to={(n) => `/commission/${n.id}`} columns={[
                    { title: t('col.name'), main: true, cell: (n) => n.name },
                    { title: t('col.state'), cell: (n) => <StateBadge node={n} /> },
                    { title: t('col.zone'), cell: (n) => zoneOf(n.zone) },
                  ]} />
                )}
              </Card>
              {done.length > 0 && (
                <Card title={t('done')} flush>
                  <Table label={t('done')} rows={done} keyOf={(n) => n.id ?? 0} to={(n) => `/commission/${n.id}`} columns={[
                    { title: t('col.name'), main: true, cell: (n) => n.name },
                    { title: t('col.signed'), cell: (n) => dateTime(n.commissioned_us) },
                    { title: t('col.zone'), cell: (n) => zoneOf(n.zone) },
                  ]} />
                </Card>
              )}
              {active.length > 0 && <Replace nodes={active} />}
            </>
          );
        }}
      </Async>
    </div>
  );
}
