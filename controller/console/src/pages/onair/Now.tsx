/* Each broadcast that is on air: how far it is, on which nodes it sounds and how loud, stop and listen. */
import { useState } from 'preact/hooks';

import { post } from '../../api/client';
import { levels, nodes, onAir, type LiveBroadcast, type LiveNode } from '../../api/updates';
import { clock, duration } from '../../format';
import { useT, word } from '../../i18n';
import { route } from '../../state/route';
import { may, mayStop } from '../../state/session';
import { Badge, Button, Card, Empty, Icon, LinkButton, Skeleton, toast, useAction, useZones } from '../../ui';
import { Meter } from './Meter';
import { useNow } from './useNow';

const SHOWN = 24;

/* By itself a browser begins only when it has far more than comes in time. */
function begin(audio: HTMLAudioElement | null): void {
  // Refused without a touch: the button of the player is there.
  audio?.play().catch(() => undefined);
}

function Sounding({ node, place }: { node: LiveNode; place: string }) {
  const t = useT('onair');
  const level = levels.value[node.id];
  const troubled = node.muted || node.muted_locally || node.faults.length > 0;
  return (
    <li class="sounding">
      <a href={`#/nodes/${node.id}`}>{node.name}</a>
      <span class="hint">{place}</span>
      <Meter label={t('meter', { name: node.name })} rms={level && level[0] / 1000} peak={level && level[1] / 1000} />
      {troubled && <Badge tone="warn" icon={node.faults.length > 0 ? 'alertTriangle' : 'muted'}>{node.faults[0] ? word('alarm', node.faults[0]) : t('muted')}</Badge>}
    </li>
  );
}

function Progress({ broadcast }: { broadcast: LiveBroadcast }) {
  const t = useT('onair');
  const nowMs = useNow();
  const [from, to] = [broadcast.start_us / 1000, broadcast.end_us / 1000];
  const lasts = Math.max(0, nowMs - from);
  if (nowMs < from) return <p class="hint">{t('soon', { seconds: Math.ceil((from - nowMs) / 1000) })}</p>;
  if (broadcast.source === 'stream' || broadcast.source?.startsWith('microphone')) return <p class="hint">{t('since', { time: duration(lasts) })}</p>;
  return (
    <div class="progress-line">
      <progress max={Math.max(1, to - from)} value={Math.min(lasts, to - from)} aria-label={t('progress', { title: broadcast.title })} />
      <span class="hint">{t('left', { time: duration(Math.max(0, to - nowMs)), end: clock(broadcast.end_us) })}</span>
    </div>
  );
}

function Broadcast({ broadcast, places }: { broadcast: LiveBroadcast; places: Map<number, string> }) {
  const t = useT('onair');
  const [listening, setListening] = useState(false);
  const [all, setAll] = useState(false);
  const sounding = (nodes.value ?? []).filter((n) => n.broadcast === broadcast.id);
  const shown = all ? sounding : sounding.slice(0, SHOWN);
  const stop = useAction(
    async () => {
      await post('/api/v1/broadcasts/{id}/stop', undefined, { params: { id: broadcast.id } });
      toast(t('stop.done', { title: broadcast.title }));
    },
    { toastErrors: true },
  );
  const source = broadcast.source ?? '';
  const [isStream, isStation, isRelay] = [source === 'stream', source.startsWith('microphone'), source.startsWith('http')];
  const mayJoin = isStream && may('operator', 'district') && route.value.rest[1] !== String(broadcast.id);
  const few = broadcast.nodes !== undefined && sounding.length < broadcast.nodes;
  return (
    <article class="broadcast" aria-label={broadcast.title}>
      <header>
        <div>
          <h3>{broadcast.title}</h3>
          <div class="badges">
            <Badge tone={broadcast.priority === 'emergency' ? 'bad' : 'live'} icon={broadcast.priority === 'emergency' ? 'megaphone' : undefined}>{word('priority', broadcast.priority)}</Badge>
            {isStream && <Badge icon="mic">{t('live')}</Badge>}
            {isStation && <Badge icon="mic">{t('live.station')}</Badge>}
            {isRelay && <Badge icon="antenna">{t('relay')}</Badge>}
            <Badge tone={few ? 'warn' : 'good'} icon="speaker">{broadcast.nodes === undefined ? t('on', { count: sounding.length }) : t('on.of', { count: sounding.length, all: broadcast.nodes })}</Badge>
          </div>
        </div>
        <div class="actions">
          {mayJoin && <LinkButton to={`/onair/talk/${broadcast.id}`} icon="mic">{t('talk.join')}</LinkButton>}
          <Button icon="headphones" aria-pressed={listening} onClick={() => setListening(!listening)}>{listening ? t('listen.off') : t('listen')}</Button>
          {mayStop.value && <Button icon="stop" class="stop-all" busy={stop.busy} onClick={() => void stop.run()} aria-label={t('stop.one', { title: broadcast.title })}>{t('stop')}</Button>}
        </div>
      </header>
      <Progress broadcast={broadcast} />
      {listening && (
        <div class="listening">
          {/* Live sound; what is said in it stands in the bulletin. */}
          <audio ref={begin} controls preload="auto" src={`/api/v1/broadcasts/${broadcast.id}/listen`} aria-label={t('listen.player', { title: broadcast.title })} onError={() => { setListening(false); toast(t('listen.failed'), 'error'); }} />
          <p class="hint">{t('listen.hint')}</p>
        </div>
      )}
      {shown.length > 0 && <ul class="soundings">{shown.map((n) => <Sounding key={n.id} node={n} place={places.get(n.zone) ?? ''} />)}</ul>}
      {sounding.length > SHOWN && <Button kind="quiet" onClick={() => setAll(!all)}>{all ? t('fewer') : t('more', { count: sounding.length - SHOWN })}</Button>}
    </article>
  );
}

export function Now() {
  const t = useT('onair');
  const zones = useZones();
  const places = new Map((zones.data ?? []).map((z) => [z.id ?? 0, z.name ?? '']));
  const rank = (b: LiveBroadcast) => ['emergency', 'priority', 'normal'].indexOf(b.priority);
  return (
    <Card title={t('now')} flush>
      {!onAir.value ? <Skeleton rows={3} /> : onAir.value.length === 0 ? (
        <Empty icon="muted" title={t('now.empty')}>{t('now.empty.text')}</Empty>
      ) : (
        [...onAir.value].sort((a, b) => rank(a) - rank(b) || a.start_us - b.start_us).map((b) => <Broadcast key={b.id} broadcast={b} places={places} />)
      )}
      <p class="sr-only" role="status"><Icon name="antenna" />{onAir.value ? t('now.count', { count: onAir.value.length }) : ''}</p>
    </Card>
  );
}
