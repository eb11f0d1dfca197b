/* Leaflet as the station uses it, in a chunk of its own: nodes and outlines of hamlets on a plain ground, with tiles
 * below where the station has them. Nothing here is asked of another machine unless the configuration says so. */
import L from 'leaflet';
import 'leaflet/dist/leaflet.css';

import type { Place } from './glance';
import type { Polygon } from './shape';

export interface Pin {
  id: number;
  place: Place;
  /** Read out and shown beside it. */
  label: string;
  /** What the pin looks like; belongs to the map afterwards. */
  element: HTMLElement;
}

export interface Outline {
  id: number;
  name: string;
  polygon: Polygon;
  chosen: boolean;
}

export interface Words {
  zoomIn: string;
  zoomOut: string;
}

interface Hooks {
  onPin: (id: number) => void;
  onTap: (place: Place) => void;
  onCorner: (index: number, place: Place) => void;
}

const PIN_PX = 44;
const CORNER_PX = 24;
const CLOSEST = 17;
const CLOSEST_EVER = 19;

const at = (p: Place): L.LatLngTuple => [p.lat, p.lon];
const from = (p: L.LatLng): Place => ({ lat: p.lat, lon: p.wrap().lng });

export class NodeMap {
  private readonly map: L.Map;
  private readonly outlines = L.layerGroup();
  private readonly pins = L.layerGroup();
  private readonly drawing = L.layerGroup();
  private fitted = false;
  private gone = false;

  constructor(element: HTMLElement, words: Words, tiles: string, private readonly hooks: Hooks) {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.map = L.map(element, { zoomControl: false, attributionControl: false, zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, maxZoom: CLOSEST_EVER, minZoom: 3 });
    L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(this.map);
    L.control.scale({ imperial: false, position: 'bottomright' }).addTo(this.map);
    if (tiles.includes('{z}')) L.tileLayer(tiles, { maxZoom: CLOSEST_EVER }).addTo(this.map);
    else if (tiles !== '') void this.addArchive(tiles);
    for (const layer of [this.outlines, this.drawing, this.pins]) layer.addTo(this.map);
    this.map.setView([16, 107], 5);
    this.map.on('click', (e) => hooks.onTap(from(e.latlng)));
  }

  /* Pictures from one PMTiles file of the station, read in parts. */
  private async addArchive(address: string): Promise<void> {
    const { PMTiles, TileType } = await import('pmtiles');
    const archive = new PMTiles(new URL(address, location.href).href);
    const header = await archive.getHeader().catch(() => undefined);
    if (!header || header.tileType === TileType.Mvt) return;
    const Pictures = L.GridLayer.extend({
      createTile(at: L.Coords, done: L.DoneCallback) {
        const picture = document.createElement('img');
        picture.alt = '';
        archive.getZxy(at.z, at.x, at.y).then(
          (tile) => {
            if (tile) picture.src = URL.createObjectURL(new Blob([tile.data]));
            picture.onload = () => URL.revokeObjectURL(picture.src);
            done(undefined, picture);
          },
          (problem: Error) => done(problem, picture),
        );
        return picture;
      },
    }) as unknown as new (options: L.GridLayerOptions) => L.GridLayer;
    if (this.gone) return;
    new Pictures({ minNativeZoom: header.minZoom, maxNativeZoom: header.maxZoom, maxZoom: CLOSEST_EVER }).addTo(this.map);
  }

  show(outlines: readonly Outline[], pins: readonly Pin[], ring: readonly Place[] | undefined): void {
    this.outlines.clearLayers();
    for (const { name, polygon, chosen } of outlines) {
      const rings = polygon.coordinates.map((r) => r.map(([lon, lat]): L.LatLngTuple => [lat, lon]));
      const shape = L.polygon(rings, { className: `map-shape ${chosen ? 'chosen' : ''}`, interactive: false }).addTo(this.outlines);
      shape.bindTooltip(name, { permanent: true, direction: 'center', className: 'map-name', interactive: false });
    }
    this.pins.clearLayers();
    for (const pin of pins) {
      const icon = L.divIcon({ html: pin.element, className: 'map-pin-box', iconSize: [PIN_PX, PIN_PX] });
      const marker = L.marker(at(pin.place), { icon }).addTo(this.pins);
      marker.bindTooltip(pin.label, { direction: 'top', offset: [0, -14], className: 'map-tip' });
      marker.on('click keypress', (e) => {
        if (e.type === 'click' || (e as unknown as L.LeafletKeyboardEvent).originalEvent.key === 'Enter') this.hooks.onPin(pin.id);
      });
      marker.getElement()?.setAttribute('aria-label', pin.label);
    }
    this.draw(ring);
    if (!this.fitted) this.fit();
  }

  private draw(ring: readonly Place[] | undefined): void {
    this.drawing.clearLayers();
    if (!ring) return;
    if (ring.length > 1) L.polygon(ring.map(at), { className: 'map-shape drawn', interactive: false }).addTo(this.drawing);
    ring.forEach((corner, i) => {
      const icon = L.divIcon({ className: 'map-corner', iconSize: [CORNER_PX, CORNER_PX] });
      const marker = L.marker(at(corner), { icon, draggable: true, keyboard: false }).addTo(this.drawing);
      marker.on('dragend', () => this.hooks.onCorner(i, from(marker.getLatLng())));
    });
  }

  /** Everything in sight. */
  fit(): void {
    const bounds = L.latLngBounds([]);
    for (const group of [this.outlines, this.pins, this.drawing])
      group.eachLayer((layer) => {
        if (layer instanceof L.Polygon) bounds.extend(layer.getBounds());
        else if (layer instanceof L.Marker) bounds.extend(layer.getLatLng());
      });
    if (!bounds.isValid()) return;
    this.fitted = true;
    this.map.fitBounds(bounds, { padding: [36, 36], maxZoom: CLOSEST, animate: false });
  }

  centre(place: Place): void {
    this.fitted = true;
    this.map.setView(at(place), Math.max(this.map.getZoom(), CLOSEST), { animate: false });
  }

  resized(): void {
    this.map.invalidateSize({ animate: false });
  }

  end(): void {
    this.gone = true;
    this.map.remove();
  }
}
