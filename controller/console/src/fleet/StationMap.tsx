/* The map of the station: hamlets, nodes with their state, a pin or an outline that is being set. */
import { render } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import type { Schema } from '../api/client';
import { alarms } from '../api/updates';
import { useT } from '../i18n';
import { station } from '../state/session';
import { Button, Icon, Skeleton } from '../ui';
import { glanceOf, LOOKS, placeOf, type Place } from './glance';
import type { NodeMap, Outline, Pin } from './leaflet';
import { isPolygon } from './shape';
import './fleet.css';

interface Props {
  label: string;
  zones?: readonly Schema<'Zone'>[];
  nodes?: readonly Schema<'Node'>[];
  chosenNode?: number;
  chosenZone?: number;
  /** One place, without a node: where a person stands. */
  here?: Place | undefined;
  /** The outline that is being drawn; undefined: none. */
  ring?: readonly Place[];
  onNode?: (id: number) => void;
  onTap?: (place: Place) => void;
  onCorner?: (index: number, place: Place) => void;
  size?: 'large' | 'small';
}

function drawn(node: Schema<'Node'>, chosen: boolean): HTMLElement {
  const element = document.createElement('span');
  const { tone, icon } = LOOKS[glanceOf(node, alarms.value)];
  element.className = `map-pin ${tone} ${chosen ? 'chosen' : ''}`;
  render(<Icon name={icon} size={16} />, element);
  return element;
}

function hereElement(): HTMLElement {
  const element = document.createElement('span');
  element.className = 'map-pin info chosen';
  render(<Icon name="location" size={18} />, element);
  return element;
}

export function StationMap({ label, zones = [], nodes = [], chosenNode, chosenZone, here, ring, onNode, onTap, onCorner, size = 'large' }: Props) {
  const t = useT('nodes');
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<NodeMap>();
  const hooks = useRef({ onNode, onTap, onCorner });
  hooks.current = { onNode, onTap, onCorner };
  const words = { zoomIn: t('map.zoomIn'), zoomOut: t('map.zoomOut') };
  const tiles = station.value?.tiles ?? '';

  useEffect(() => {
    let made: NodeMap | undefined;
    let gone = false;
    void import('./leaflet').then(({ NodeMap: Made }) => {
      if (gone || !box.current) return;
      made = new Made(box.current, words, tiles, {
        onPin: (id) => hooks.current.onNode?.(id),
        onTap: (place) => hooks.current.onTap?.(place),
        onCorner: (index, place) => hooks.current.onCorner?.(index, place),
      });
      setMap(made);
    });
    const watch = new ResizeObserver(() => made?.resized());
    if (box.current) watch.observe(box.current);
    return () => {
      gone = true;
      watch.disconnect();
      made?.end();
    };
    // Its words are those of the language in which it was opened.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [tiles]);

  useEffect(() => {
    if (!map) return;
    const outlines: Outline[] = zones.flatMap((z) => (isPolygon(z.polygon) ? [{ id: z.id, name: z.name, polygon: z.polygon, chosen: z.id === chosenZone }] : []));
    const pins: Pin[] = nodes.flatMap((n) => {
      const place = placeOf(n);
      const state = t(`state.${glanceOf(n, alarms.value)}`);
      return place ? [{ id: n.id ?? 0, place, label: `${n.name ?? ''}: ${state}`, element: drawn(n, n.id === chosenNode) }] : [];
    });
    if (here) pins.push({ id: 0, place: here, label: t('map.here'), element: hereElement() });
    map.show(outlines, pins, ring);
    // `t` is another function at each drawing.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [map, zones, nodes, chosenNode, chosenZone, here, ring, alarms.value]);

  useEffect(() => {
    if (map && here) map.centre(here);
  }, [map, here]);

  return (
    <div class={`station-map ${size} ${onTap ? 'tapping' : ''}`} role="region" aria-label={label}>
      <div ref={box} class="map-ground" />
      {!map && <div class="map-wait"><Skeleton rows={3} /></div>}
      {map && <Button kind="secondary" class="map-fit" icon="map" aria-label={t('map.fit')} onClick={() => map.fit()} />}
    </div>
  );
}
