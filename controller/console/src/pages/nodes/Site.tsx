/* Where it hangs: photo, place on the map, signed checklist. */
import type { Schema } from '../../api/client';
import { placeOf, placeText } from '../../fleet/glance';
import { Photo } from '../../fleet/Photo';
import { StationMap } from '../../fleet/StationMap';
import { date } from '../../format';
import { useT } from '../../i18n';
import { Badge, Card, LinkButton } from '../../ui';
import { useMemo } from 'preact/hooks';

export function SiteCard({ node, zones, canChange }: { node: Schema<'Node'>; zones: readonly Schema<'Zone'>[]; canChange: boolean }) {
  const t = useT('nodes');
  const place = placeOf(node);
  const signed = (node.commissioned_us ?? 0) > 0;
  const alone = useMemo(() => [node], [node]);
  const around = useMemo(() => zones.filter((z) => z.id === node.zone), [zones, node.zone]);
  return (
    <Card title={t('place')} actions={<Badge tone={signed ? 'good' : 'warn'} icon={signed ? 'check' : 'tool'}>{signed ? t('accepted.at', { when: date(node.commissioned_us) }) : t('accepted.not')}</Badge>}>
      <div class="stack">
        <Photo node={node} canChange={canChange} />
        {place ? (
          <>
            <StationMap label={t('place.map')} nodes={alone} zones={around} size="small" />
            <div class="row">
              <span class="hint">{placeText(place)}</span>
              <a class="button quiet" href={`geo:${place.lat},${place.lon}?q=${place.lat},${place.lon}`}>{t('place.go')}</a>
            </div>
          </>
        ) : <p class="hint">{t('place.none')}</p>}
        {canChange && <div class="row"><LinkButton to={`/commission/${node.id}`} icon="tool">{t('accepted.open')}</LinkButton></div>}
      </div>
    </Card>
  );
}
