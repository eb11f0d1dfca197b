/* Where the pole stands: from the phone, corrected on the map, or typed. */
import { useMemo, useState } from 'preact/hooks';

import { patch } from '../../api/client';
import { refresh } from '../../api/useApi';
import { placeBody, placeOf, placeText, type Place } from '../../fleet/glance';
import { StationMap } from '../../fleet/StationMap';
import { number } from '../../format';
import { useT } from '../../i18n';
import { Button, Note, TextField, useAction } from '../../ui';
import { readPlace } from './place';
import type { StepProps } from './steps';

const WAIT_MS = 20_000;
const ROUGH_M = 30;

function whereAmI(): Promise<GeolocationPosition> {
  return new Promise((found, failed) => navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: 0 }));
}

export function Position({ node, zones, tick }: StepProps) {
  const t = useT('commission');
  const [place, setPlace] = useState<Place>();
  const [metres, setMetres] = useState<number>();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const stored = placeOf(node);
  const around = useMemo(() => zones.filter((z) => z.id === node.zone), [zones, node.zone]);
  const take = useAction(async () => {
    const found = await whereAmI().catch((problem: GeolocationPositionError) => {
      throw new Error(problem.code === problem.PERMISSION_DENIED ? t('gps.denied') : t('gps.none'));
    });
    setPlace({ lat: found.coords.latitude, lon: found.coords.longitude });
    setMetres(found.coords.accuracy);
  });
  const typed = (value: string) => {
    setText(value);
    const read = readPlace(value);
    setWrong(value.trim() !== '' && !read);
    if (read) {
      setPlace(read);
      setMetres(undefined);
    }
  };
  const save = useAction(async () => {
    if (!place) return;
    await patch('/api/v1/nodes/{id}', placeBody(place), { params: { id: node.id ?? 0 } });
    refresh('node', 'nodes');
    await tick();
    setPlace(undefined);
  });
  const here = place ?? stored;
  const error = take.error ?? save.error;
  return (
    <div class="stack">
      {error && <Note>{error.message}</Note>}
      <div class="row"><Button kind={place ? 'secondary' : 'primary'} icon="location" large busy={take.busy} onClick={() => void take.run()}>{place || stored ? t('gps.again') : t('gps.take')}</Button></div>
      <div role="status">
        {place && metres !== undefined && <p>{t('gps.found', { place: placeText(place), metres: number(metres) })}</p>}
        {!place && stored && <p>{t('gps.saved.at', { place: placeText(stored) })}</p>}
      </div>
      {place && metres !== undefined && metres > ROUGH_M && <Note tone="warn">{t('gps.rough')}</Note>}
      {here && (
        <>
          <StationMap label={t('gps.map')} zones={around} here={here} size="small" onTap={(tapped) => { setPlace(tapped); setMetres(undefined); }} />
          <p class="hint">{t('gps.map.hint')}</p>
        </>
      )}
      <TextField label={t('gps.coordinates')} hint={t('gps.coordinates.hint')} value={text} onChange={typed} error={wrong ? t('gps.coordinates.wrong') : undefined} maxLength={60} />
      {place && <Button kind="primary" icon="check" large busy={save.busy} onClick={() => void save.run()}>{t('gps.save')}</Button>}
    </div>
  );
}
