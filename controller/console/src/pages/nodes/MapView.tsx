/* The station seen from above; whatever is on the map is also in a list, for those who cannot use one. */
import { useState } from 'preact/hooks';

import type { Schema } from '../../api/client';
import { alarms } from '../../api/updates';
import { byGlance, glanceOf, GLANCES, LOOKS, placeOf } from '../../fleet/glance';
import { isPolygon } from '../../fleet/shape';
import { StateBadge } from '../../fleet/StateBadge';
import { StationMap } from '../../fleet/StationMap';
import { zonePath } from '../../fleet/useNodes';
import { age } from '../../format';
import { useT } from '../../i18n';
import { may } from '../../state/session';
import { Card, Icon, LinkButton, Note } from '../../ui';

type Node = Schema<'Node'>;

function Chosen({ node, zones }: { node: Node; zones: readonly Schema<'Zone'>[] }) {
  const t = useT('nodes');
  return (
    <div class="stack tight" aria-live="polite">
      <strong>{node.name}</strong>
      <div class="row"><StateBadge node={node} /><span class="hint">{age(node.last_heard_us)}</span></div>
      <span class="hint">{zonePath(zones, node.zone) || t('noZone')}</span>
      <div class="row"><LinkButton to={`/nodes/${node.id}`} kind="primary">{t('map.open')}</LinkButton></div>
    </div>
  );
}

export function MapView({ nodes, zones }: { nodes: readonly Node[]; zones: readonly Schema<'Zone'>[] }) {
  const t = useT('nodes');
  const [chosen, setChosen] = useState(0);
  const active = nodes.filter((n) => n.state === 'active').sort((a, b) => byGlance(glanceOf(a, alarms.value), glanceOf(b, alarms.value)));
  const node = active.find((n) => n.id === chosen);
  const without = active.filter((n) => !placeOf(n));
  const empty = without.length === active.length && !zones.some((z) => isPolygon(z.polygon));
  const seen = GLANCES.filter((g) => active.some((n) => glanceOf(n, alarms.value) === g));
  return (
    <div class="map-view">
      <div class="stack">
        {empty && <Note tone="info">{t('map.empty')}</Note>}
        <StationMap label={t('map')} nodes={active} zones={zones} chosenNode={chosen} onNode={setChosen} />
        <ul class="legend" aria-label={t('map.legend')}>
          {seen.map((g) => <li key={g}><span class={`map-pin ${LOOKS[g].tone}`}><Icon name={LOOKS[g].icon} size={14} /></span>{t(`state.${g}`)}</li>)}
        </ul>
      </div>
      <div class="stack">
        <Card title={t('map.chosen')}>{node ? <Chosen node={node} zones={zones} /> : <p class="hint">{t('map.choose')}</p>}</Card>
        <Card flush>
          <ul class="pick">
            {active.filter(placeOf).map((n) => (
              <li key={n.id}>
                <button type="button" aria-pressed={n.id === chosen} onClick={() => setChosen(n.id ?? 0)}><span>{n.name}</span><StateBadge node={n} /></button>
              </li>
            ))}
          </ul>
        </Card>
        {without.length > 0 && (
          <Card title={t('map.without', { count: without.length })}>
            <div class="stack tight">
              <p class="hint">{t('map.without.text')}</p>
              <ul class="plain">{without.map((n) => <li key={n.id}><a class="touch" href={may('technician', 'admin') ? `#/commission/${n.id}` : `#/nodes/${n.id}`}>{n.name}</a></li>)}</ul>
            </div>
          </Card>
        )}
      </div>
    </div>
  );
}
