/* The area of a message on a plain ground, with the station's nodes where their places are known. */
import type { Map as LeafletMap } from 'leaflet';
import 'leaflet/dist/leaflet.css';
import { useEffect, useRef } from 'preact/hooks';

import { getAll } from '../../api/client';
import { useT } from '../../i18n';

export interface Area {
  desc?: string;
  /** Rings of [longitude, latitude]. */
  polygons?: [number, number][][];
  circles?: { centre: [number, number]; radius_km: number }[];
}

const EDGE_PX = 24;

export function AreaMap({ areas }: { areas: readonly Area[] }) {
  const t = useT('alerts');
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let map: LeafletMap | undefined;
    let gone = false;
    void Promise.all([import('leaflet'), getAll('/api/v1/nodes')]).then(([{ default: L }, nodes]) => {
      if (gone || !element.current) return;
      map = L.map(element.current, { attributionControl: false, zoomSnap: 0.25 });
      // A circle knows its bounds on a map that has a view, so that comes first.
      const bounds = L.latLngBounds([]);
      for (const area of areas) {
        for (const ring of area.polygons ?? []) for (const [lon, lat] of ring) bounds.extend([lat, lon]);
        for (const c of area.circles ?? []) bounds.extend(L.latLng(c.centre[1], c.centre[0]).toBounds(c.radius_km * 2000));
      }
      if (bounds.isValid()) map.fitBounds(bounds, { padding: [EDGE_PX, EDGE_PX], animate: false });
      for (const area of areas) {
        for (const ring of area.polygons ?? []) L.polygon(ring.map(([lon, lat]) => [lat, lon]), { className: 'alert-area' }).addTo(map);
        for (const c of area.circles ?? []) L.circle([c.centre[1], c.centre[0]], { radius: c.radius_km * 1000, className: 'alert-area' }).addTo(map);
      }
      for (const node of nodes) {
        const at = node as { lat?: number | null; lon?: number | null; name?: string };
        if (typeof at.lat === 'number' && typeof at.lon === 'number') L.circleMarker([at.lat, at.lon], { radius: 5, className: 'alert-node' }).bindTooltip(at.name ?? '').addTo(map);
      }
    });
    return () => {
      gone = true;
      map?.remove();
    };
  }, [areas]);
  return <div class="area-map" ref={element} role="region" aria-label={t('area.map')} />;
}
