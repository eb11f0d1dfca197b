/* Map and nodes: #/nodes, /nodes/map, /nodes/zones, /nodes/zones/3/shape, /nodes/12. */
import { useNodes } from '../../fleet/useNodes';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import { may } from '../../state/session';
import { Async, LinkButton, PageHead, Tabs, useZones } from '../../ui';
import type { PageProps } from '../registry';
import { MapView } from './MapView';
import { NodeList } from './NodeList';
import { NodePage } from './NodePage';
import { ShapePage } from './ShapePage';
import { ZoneTree } from './ZoneTree';
import './nodes.css';

const VIEWS = ['list', 'map', 'zones'] as const;

function Overview({ view, query }: { view: (typeof VIEWS)[number]; query: URLSearchParams }) {
  const t = useT('nodes');
  const common = useT('common');
  const zones = useZones();
  const nodes = useNodes();
  const active = nodes.data?.filter((n) => n.state === 'active') ?? [];
  const lead = nodes.data ? t('lead', { online: active.filter((n) => n.online).length, all: active.length }) : '';
  const add = may('technician', 'admin') && <LinkButton to="/commission/new" kind="primary" icon="plus">{t('add')}</LinkButton>;
  return (
    <div class="stack">
      <PageHead title={common('page.nodes')} lead={lead} actions={add} />
      <Tabs label={t('tab.label')} value={view} onChange={(to) => go(to === 'list' ? '/nodes' : `/nodes/${to}`)} tabs={VIEWS.map((value) => ({ value, label: t(`tab.${value}`) }))} />
      <Async from={zones}>
        {(allZones) => (
          <Async from={nodes}>
            {(all) =>
              view === 'list' ? <NodeList nodes={all} zones={allZones} zone={Number(query.get('zone') ?? 0)} /> :
              view === 'map' ? <MapView nodes={all} zones={allZones} /> :
              <ZoneTree nodes={all} zones={allZones} />
            }
          </Async>
        )}
      </Async>
    </div>
  );
}

export default function Nodes({ rest, query }: PageProps) {
  const [first = '', second = '', third = ''] = rest;
  if (first === 'zones' && third === 'shape') return <ShapePage key={second} id={Number(second)} />;
  if (/^\d+$/.test(first)) return <NodePage key={first} id={Number(first)} />;
  return <Overview view={first === 'map' || first === 'zones' ? first : 'list'} query={query} />;
}
