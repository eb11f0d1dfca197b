/* All nodes, trouble first; chips count and filter by state. */
import { useState } from 'preact/hooks';

import type { Schema } from '../../api/client';
import { alarms } from '../../api/updates';
import { byGlance, faultsOf, glanceOf, GLANCES, LOOKS, type Glance } from '../../fleet/glance';
import { StateBadge } from '../../fleet/StateBadge';
import { zonePath, zonesBelow } from '../../fleet/useNodes';
import { age, decibel } from '../../format';
import { useT, word } from '../../i18n';
import { Badge, Card, Empty, Icon, SelectField, Table, TextField, zoneTree } from '../../ui';

type Node = Schema<'Node'>;
type Zone = Schema<'Zone'>;

/** Without case and without the marks of Vietnamese letters. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[\u0110\u0111]/g, 'd').toLowerCase();
}

function Chip({ label, count, chosen, glance, onClick }: { label: string; count: number; chosen: boolean; glance?: Glance; onClick: () => void }) {
  return (
    <button type="button" class={`chip ${glance ? LOOKS[glance].tone : ''}`} aria-pressed={chosen} onClick={onClick}>
      {glance && <Icon name={LOOKS[glance].icon} size={16} />}
      <span>{label}</span>
      <strong>{count}</strong>
    </button>
  );
}

function Name({ node }: { node: Node }) {
  const faults = faultsOf(node, alarms.value);
  return (
    <>
      {node.name}
      {faults.length > 0 && <span class="badges faults">{faults.map((kind) => <Badge key={kind} tone="warn">{word('alarm', kind)}</Badge>)}</span>}
    </>
  );
}

export function NodeList({ nodes, zones, zone: first }: { nodes: readonly Node[]; zones: readonly Zone[]; zone: number }) {
  const t = useT('nodes');
  const [glance, setGlance] = useState<Glance>();
  const [text, setText] = useState('');
  const [zone, setZone] = useState(first);
  const of = (n: Node) => glanceOf(n, alarms.value);
  const within = zone ? zonesBelow(zones, zone) : undefined;
  const here = nodes.filter((n) => (!within || within.has(n.zone ?? 0)) && plain(n.name ?? '').includes(plain(text.trim())));
  const inUse = here.filter((n) => n.state === 'active');
  const shown = (glance ? here.filter((n) => of(n) === glance) : inUse).sort((a, b) => byGlance(of(a), of(b)) || (a.name ?? '').localeCompare(b.name ?? '', 'vi', { numeric: true }));

  if (nodes.length === 0) return <Card><Empty icon="speaker" title={t('empty')}>{t('empty.text')}</Empty></Card>;
  return (
    <>
      <div class="chips" role="group" aria-label={t('state.filter')}>
        <Chip label={t('state.all')} count={inUse.length} chosen={!glance} onClick={() => setGlance(undefined)} />
        {GLANCES.map((g) => ({ g, count: here.filter((n) => of(n) === g).length })).filter(({ g, count }) => count > 0 || g === glance).map(({ g, count }) => (
          <Chip key={g} glance={g} label={t(`state.${g}`)} count={count} chosen={glance === g} onClick={() => setGlance(glance === g ? undefined : g)} />
        ))}
      </div>
      <div class="filters">
        <TextField label={t('search')} type="search" value={text} onChange={setText} maxLength={127} />
        <SelectField label={t('search.zone')} value={zone} onChange={setZone}
          choices={[{ value: 0, label: t('search.everywhere') }, ...zoneTree(zones).map(({ zone: z, depth }) => ({ value: z.id, label: `${'\u2003'.repeat(depth)}${z.name}` }))]} />
      </div>
      <Card flush>
        {shown.length === 0 ? <Empty icon="filter" title={t('none')}>{t('none.text')}</Empty> : (
          <Table label={t('tab.list')} rows={shown} keyOf={(n) => n.id ?? 0} to={(n) => `/nodes/${n.id}`} columns={[
            { title: t('col.name'), main: true, cell: (n) => <Name node={n} /> },
            { title: t('col.state'), cell: (n) => <StateBadge node={n} /> },
            { title: t('col.zone'), cell: (n) => zonePath(zones, n.zone) || '–' },
            { title: t('col.volume'), numeric: true, cell: (n) => decibel(n.volume_mdb) },
            { title: t('col.heard'), cell: (n) => age(n.last_heard_us) },
          ]} />
        )}
      </Card>
    </>
  );
}
