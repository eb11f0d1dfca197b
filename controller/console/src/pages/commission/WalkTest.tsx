/* The node repeats its test tone while a person walks about and sets the level until it is right everywhere. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { get, patch, post } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { LevelMeter } from '../../fleet/StateBadge';
import { decibel } from '../../format';
import { useT } from '../../i18n';
import { Button, Note, useAction } from '../../ui';
import type { StepProps } from './steps';

const STEP_MDB = 2000;
const QUIETEST_MDB = -40_000;
const EVERY_MS = 1500;
const OVER = ['ended', 'closed', 'cancelled', 'missed'];

export function WalkTest({ node, tick }: StepProps) {
  const t = useT('commission');
  const id = node.id ?? 0;
  const [broadcast, setBroadcast] = useState(0);
  const [volume, setVolume] = useState(node.volume_mdb ?? 0);
  const sent = useRef(volume);
  const shown = useApi('walk-test', async () => (broadcast ? get('/api/v1/broadcasts/{id}', { params: { id: broadcast } }) : undefined), [broadcast], broadcast ? EVERY_MS : 0);
  const over = broadcast > 0 && OVER.includes(shown.data?.state ?? '');
  const on = broadcast > 0 && !over;
  useEffect(() => {
    if (over) refresh('node');
  }, [over]);

  const start = useAction(async () => {
    const made = await post('/api/v1/nodes/{id}/walk-test', { volume_mdb: volume }, { params: { id } });
    sent.current = volume;
    setBroadcast(made.id);
  });
  const stop = useAction(async () => {
    await post('/api/v1/broadcasts/{id}/stop', undefined, { params: { id: broadcast } });
    shown.reload();
  });
  const set = useAction(async (to: number) => {
    const next = Math.max(QUIETEST_MDB, Math.min(0, to));
    setVolume(next);
    await patch('/api/v1/nodes/{id}', { volume_mdb: next }, { params: { id } });
    sent.current = next;
    refresh('node', 'nodes');
  });
  const good = useAction(async () => {
    if (on) await stop.run();
    if (sent.current !== node.volume_mdb) await patch('/api/v1/nodes/{id}', { volume_mdb: sent.current }, { params: { id } });
    await tick();
  });
  const error = start.error ?? stop.error ?? set.error ?? good.error;
  return (
    <div class="stack">
      {error && <Note>{error.message}</Note>}
      {!node.online && <Note tone="warn">{t('walk.offline')}</Note>}
      <div class="level" role="group" aria-label={t('walk.volume')}>
        <Button icon="minus" large aria-label={t('walk.quieter')} disabled={volume <= QUIETEST_MDB || set.busy} onClick={() => void set.run(volume - STEP_MDB)} />
        <output>{decibel(volume)}</output>
        <Button icon="plus" large aria-label={t('walk.louder')} disabled={volume >= 0 || set.busy} onClick={() => void set.run(volume + STEP_MDB)} />
      </div>
      {on && <LevelMeter node={id} />}
      <p role="status">{on ? t('walk.on') : over ? t('walk.over', { volume: decibel(volume) }) : ''}</p>
      <div class="row">
        {on
          ? <Button kind="danger" icon="stop" large busy={stop.busy} onClick={() => void stop.run()}>{t('walk.stop')}</Button>
          : <Button icon="play" large busy={start.busy} disabled={!node.online} onClick={() => void start.run()}>{t('walk.start')}</Button>}
        {broadcast > 0 && <Button kind="primary" icon="check" large busy={good.busy} onClick={() => void good.run()}>{t('walk.good')}</Button>}
      </div>
    </div>
  );
}
