/* The tree of zones: who lies in whom, in which order, with what outline. */
import { useState } from 'preact/hooks';

import { getWithEtag, patch, type Schema } from '../../api/client';
import { refresh } from '../../api/useApi';
import { isPolygon } from '../../fleet/shape';
import { zonesBelow } from '../../fleet/useNodes';
import { useT } from '../../i18n';
import { may } from '../../state/session';
import { Badge, Button, Card, Empty, LinkButton, useAction, zoneTree } from '../../ui';
import { ZoneDialog } from './ZoneDialog';

type Zone = Schema<'Zone'>;

export function ZoneTree({ zones, nodes }: { zones: readonly Zone[]; nodes: readonly Schema<'Node'>[] }) {
  const t = useT('nodes');
  const [edited, setEdited] = useState<{ zone?: Zone; etag?: string | undefined; parent: number }>();
  const canChange = may('technician', 'admin');
  const siblings = (zone: Zone) => zoneTree(zones, zone.parent).filter((row) => row.depth === 0).map((row) => row.zone);

  const move = useAction(async (zone: Zone, by: number) => {
    const order = siblings(zone);
    const from = order.findIndex((z) => z.id === zone.id);
    const [moved] = order.splice(from, 1);
    order.splice(from + by, 0, moved!);
    for (const [rank, z] of order.entries()) if (z.rank !== rank) await patch('/api/v1/zones/{id}', { rank }, { params: { id: z.id } });
    refresh('zones');
  }, { toastErrors: true });

  const edit = useAction(async (id: number) => {
    const { data, etag } = await getWithEtag('/api/v1/zones/{id}', { params: { id } });
    setEdited({ zone: data, etag: etag ?? undefined, parent: data.parent });
  }, { toastErrors: true });

  const add = canChange && <Button icon="plus" onClick={() => setEdited({ parent: 0 })}>{t('zone.add')}</Button>;
  return (
    <>
      <Card title={t('zones')} actions={add} flush>
        {zones.length === 0 ? <Empty icon="map" title={t('zones.empty')}>{t('zones.empty.text')}</Empty> : (
          <ul class="zone-tree">
            {zoneTree(zones).map(({ zone, depth }) => {
              const below = zonesBelow(zones, zone.id);
              const count = nodes.filter((n) => n.state === 'active' && below.has(n.zone ?? 0)).length;
              const order = siblings(zone);
              const at = order.findIndex((z) => z.id === zone.id);
              return (
                <li key={zone.id} style={{ '--depth': depth }}>
                  <div class="zone-text">
                    <a class="touch" href={`#/nodes?zone=${zone.id}`}>{zone.name}</a>
                    <span class="hint">{zone.code}</span>
                    <span class="badges">
                      <Badge tone={count > 0 ? 'info' : 'neutral'} icon="speaker">{t('zone.nodes', { count })}</Badge>
                      {isPolygon(zone.polygon) && <Badge tone="good" icon="map">{t('zone.hasShape')}</Badge>}
                    </span>
                  </div>
                  {canChange && (
                    <div class="zone-tools">
                      <Button kind="quiet" icon="arrowUp" aria-label={t('zone.up', { name: zone.name })} disabled={at === 0 || move.busy} onClick={() => void move.run(zone, -1)} />
                      <Button kind="quiet" icon="arrowDown" aria-label={t('zone.down', { name: zone.name })} disabled={at === order.length - 1 || move.busy} onClick={() => void move.run(zone, 1)} />
                      <Button kind="quiet" icon="plus" aria-label={t('zone.addBelow', { name: zone.name })} onClick={() => setEdited({ parent: zone.id })} />
                      <Button kind="quiet" icon="edit" aria-label={t('zone.edit', { name: zone.name })} busy={edit.busy} onClick={() => void edit.run(zone.id)} />
                      <LinkButton to={`/nodes/zones/${zone.id}/shape`} kind="quiet" icon="map"><span class="sr-only">{t('zone.shape', { name: zone.name })}</span></LinkButton>
                    </div>
                  )}
                </li>
              );
            })}
          </ul>
        )}
      </Card>
      <p class="hint">{t('zones.text')}</p>
      {edited && <ZoneDialog zones={zones} zone={edited.zone} etag={edited.etag} parent={edited.parent} onClose={() => setEdited(undefined)} />}
    </>
  );
}
