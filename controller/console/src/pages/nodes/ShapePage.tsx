/* The outline of a zone: drawn corner by corner on the map, or taken from a GeoJSON file. */
import { useMemo, useRef, useState } from 'preact/hooks';

import { getWithEtag, patch, type Schema } from '../../api/client';
import { useDraft } from '../../api/drafts';
import { refresh, useApi } from '../../api/useApi';
import { useNodes } from '../../fleet/useNodes';
import { CORNERS_MAX, cornersOf, isPolygon, polygonOf, readOutline } from '../../fleet/shape';
import { StationMap } from '../../fleet/StationMap';
import type { Place } from '../../fleet/glance';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import { Async, Badge, Button, confirm, LinkButton, Note, PageHead, Problem, toast, useAction, useZones } from '../../ui';

type Zone = Schema<'Zone'>;

const NONE: Schema<'Node'>[] = [];
const FEWEST = 3;
const BACK = '/nodes/zones';

function Editor({ zone, etag, zones, reload }: { zone: Zone; etag: string | undefined; zones: readonly Zone[]; reload: () => void }) {
  const t = useT('nodes');
  const common = useT('common');
  const nodes = useNodes();
  const file = useRef<HTMLInputElement>(null);
  const draft = useDraft<{ corners: Place[] }>(`zone.${zone.id}.shape`, { corners: cornersOf(zone.polygon) }, etag);
  const [problem, setProblem] = useState('');
  const { corners } = draft.value;
  // Taps come faster than pages are drawn.
  const latest = useRef(corners);
  const others = useMemo(() => zones.filter((z) => z.id !== zone.id), [zones, zone.id]);
  const set = (to: Place[]) => {
    setProblem('');
    latest.current = to;
    draft.set({ corners: to });
  };
  const store = useAction(async (polygon: Zone['polygon'], said: string) => {
    await patch('/api/v1/zones/{id}', { polygon: polygon ?? null }, { params: { id: zone.id }, etag: draft.seen });
    draft.drop();
    toast(said);
    refresh('zones');
    go(BACK);
  });
  const save = () => {
    if (corners.length < FEWEST) return setProblem(t('shape.few'));
    if (corners.length > CORNERS_MAX) return setProblem(t('shape.many', { max: CORNERS_MAX }));
    void store.run(polygonOf(corners) as unknown as Zone['polygon'], t('shape.saved', { name: zone.name }));
  };
  const read = async (chosen: File) => {
    const outline = readOutline(await chosen.text());
    if (outline) set(outline);
    else setProblem(t('shape.file.wrong'));
  };
  const drop = async () => {
    if (await confirm({ title: t('shape.remove'), text: t('shape.remove.text'), action: common('action.delete'), danger: true })) void store.run(null, t('shape.removed', { name: zone.name }));
  };
  return (
    <div class="stack">
      <PageHead title={t('zone.shape', { name: zone.name })} lead={t('shape.lead')} actions={<LinkButton to={BACK} icon="chevronLeft">{t('tab.zones')}</LinkButton>} />
      <StationMap label={t('shape.map')} zones={others} nodes={nodes.data ?? NONE} ring={corners}
        onTap={(place) => set([...latest.current, place])} onCorner={(index, place) => set(latest.current.map((c, i) => (i === index ? place : c)))} />
      <div class="row">
        <Badge tone={corners.length >= FEWEST ? 'good' : 'neutral'}>{t('shape.corners', { count: corners.length })}</Badge>
        <Button icon="undo" disabled={corners.length === 0} onClick={() => set(corners.slice(0, -1))}>{t('shape.undo')}</Button>
        <Button icon="trash" disabled={corners.length === 0} onClick={() => set([])}>{t('shape.clear')}</Button>
        <input ref={file} hidden type="file" accept=".geojson,.json,application/geo+json"
          onChange={(e) => { const chosen = e.currentTarget.files?.[0]; e.currentTarget.value = ''; if (chosen) void read(chosen); }} />
        <Button icon="upload" onClick={() => file.current?.click()}>{t('shape.file')}</Button>
      </div>
      {problem ? <Note>{problem}</Note> : <Problem error={store.error} reload={() => { draft.drop(); reload(); }} />}
      <div class="row end">
        {isPolygon(zone.polygon) && <Button kind="quiet" icon="trash" onClick={() => void drop()}>{t('shape.remove')}</Button>}
        <Button kind="primary" large busy={store.busy} onClick={save}>{common('action.save')}</Button>
      </div>
    </div>
  );
}

export function ShapePage({ id }: { id: number }) {
  const zones = useZones();
  const [round, setRound] = useState(0);
  const loaded = useApi('zone-shape', (signal) => getWithEtag('/api/v1/zones/{id}', { params: { id }, signal }), [id]);
  return (
    <Async from={loaded}>
      {({ data, etag }) => <Editor key={`${etag}.${round}`} zone={data} etag={etag ?? undefined} zones={zones.data ?? []} reload={() => { setRound(round + 1); loaded.reload(); }} />}
    </Async>
  );
}
