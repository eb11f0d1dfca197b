/* Where something sounds: everywhere, or on chosen hamlets with all below them. Off-line nodes count as well. */
import { useId } from 'preact/hooks';

import { getAll, type Schema } from '../api/client';
import { useApi } from '../api/useApi';
import { useT } from '../i18n';
import { Async, Empty } from './parts';

type Zone = Schema<'Zone'>;
export interface Where {
  everyone: boolean;
  zones: number[];
}

/** Zones in the order of the tree, each with its depth. */
export function zoneTree(zones: readonly Zone[], parent = 0, depth = 0): { zone: Zone; depth: number }[] {
  return zones
    .filter((zone) => zone.parent === parent)
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0) || a.code.localeCompare(b.code))
    .flatMap((zone) => [{ zone, depth }, ...zoneTree(zones, zone.id, depth + 1)]);
}

/** What the API takes: either everyone or zones. */
export function whereBody(where: Where): { everyone: true } | { zones: number[] } {
  return where.everyone ? { everyone: true } : { zones: where.zones };
}

export function useZones() {
  return useApi('zones', () => getAll('/api/v1/zones'));
}

export function ZonePicker({ value, onChange, error }: { value: Where; onChange: (where: Where) => void; error?: string }) {
  const t = useT('common');
  const zones = useZones();
  const id = useId();
  const toggle = (zone: number, on: boolean) => onChange({ everyone: false, zones: on ? [...value.zones, zone] : value.zones.filter((z) => z !== zone) });
  return (
    <fieldset class={`zones ${error ? 'wrong' : ''}`} aria-describedby={error ? `${id}-error` : undefined}>
      <legend>{t('zones.legend')}</legend>
      <label class="zone everyone">
        <input type="checkbox" checked={value.everyone} onChange={(e) => onChange({ everyone: e.currentTarget.checked, zones: [] })} />
        <span>{t('zones.everyone')}</span>
      </label>
      <Async from={zones} rows={3}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon="map" title={t('zones.none')} />
          ) : (
            <div class="zone-list">
              {zoneTree(all).map(({ zone, depth }) => (
                <label key={zone.id} class="zone" style={{ marginInlineStart: `${depth * 20}px` }}>
                  <input type="checkbox" checked={value.everyone || value.zones.includes(zone.id)} disabled={value.everyone} onChange={(e) => toggle(zone.id, e.currentTarget.checked)} />
                  <span>{zone.name}</span>
                </label>
              ))}
            </div>
          )
        }
      </Async>
      {error && <p class="error" id={`${id}-error`}>{error}</p>}
    </fieldset>
  );
}
