/* The open line: hold to talk or leave the microphone open, see who hears it, hang up. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { decibel, number } from '../../../format';
import { useT } from '../../../i18n';
import { Badge, Button, Figure, LinkButton, Note, Segments, useAction, useGuard } from '../../../ui';
import { Meter } from '../Meter';
import type { Call } from './call';
import type { Mode } from './TalkPanel';

const DRAW_MS = 80;
const FALL_DB = 1.5;
const FLOOR_DB = -60;

/* Rises at once, falls slowly, as a needle does. */
function OwnLevel({ call }: { call: Call }) {
  const t = useT('onair');
  const [db, setDb] = useState(FLOOR_DB);
  useEffect(() => {
    const timer = setInterval(() => {
      const now = 20 * Math.log10(Math.max(call.voice.level(), 1e-4));
      setDb((before) => Math.max(FLOOR_DB, now, before - FALL_DB));
    }, DRAW_MS);
    return () => clearInterval(timer);
  }, [call]);
  return <Meter large label={t('talk.level')} rms={db} />;
}

function TalkButton({ call, mode }: { call: Call; mode: Mode }) {
  const t = useT('onair');
  const on = call.speaking.value;
  const held = useRef(false);
  const hold = (is: boolean) => {
    if (held.current === is) return;
    held.current = is;
    call.speak(is);
  };
  useEffect(() => {
    if (mode === 'latch') return undefined;
    const release = () => {
      held.current = false;
      call.speak(false);
    };
    // A window that loses the focus never hears of the key that is let go.
    addEventListener('blur', release);
    return () => removeEventListener('blur', release);
  }, [call, mode]);
  const isKey = (e: KeyboardEvent) => e.key === ' ' || e.key === 'Enter';
  const holding = {
    onPointerDown: (e: PointerEvent) => {
      (e.currentTarget as Element).setPointerCapture(e.pointerId);
      hold(true);
    },
    onPointerUp: () => hold(false),
    onPointerCancel: () => hold(false),
    onKeyDown: (e: KeyboardEvent) => {
      if (!isKey(e)) return;
      e.preventDefault();
      if (!e.repeat) hold(true);
    },
    onKeyUp: (e: KeyboardEvent) => isKey(e) && hold(false),
    onBlur: () => hold(false),
    onContextMenu: (e: Event) => e.preventDefault(),
  };
  const says = mode === 'hold' ? (on ? t('talk.release') : t('talk.press')) : on ? t('talk.mute') : t('talk.unmute');
  return (
    <Button kind="primary" large class="talk-button" icon={on ? 'mic' : 'muted'} aria-pressed={on} {...(mode === 'hold' ? holding : { onClick: () => call.speak(!on) })}>
      {says}
    </Button>
  );
}

export function TalkCall({ call, first }: { call: Call; first: Mode }) {
  const t = useT('onair');
  const [mode, setMode] = useState<Mode>(first);
  const hangUp = useAction(() => call.hangUp());
  const phase = call.phase.value;
  const heard = call.heard.value;
  const end = call.end.value;
  useGuard(phase !== 'over');
  if (phase === 'over')
    return (
      <div class="stack">
        <Note tone={end?.why === 'over' ? 'good' : 'bad'}>{t(`talk.end.${end?.why ?? 'over'}`)}</Note>
        <div class="row">
          <LinkButton to="/onair/talk" icon="mic">{t('talk.again')}</LinkButton>
          <LinkButton to="/onair">{t('talk.close')}</LinkButton>
        </div>
      </div>
    );
  const onAir = phase === 'open' && call.speaking.value;
  return (
    <div class="stack talk">
      {hangUp.error && <Note>{hangUp.error.message}</Note>}
      {call.broken.value && <Note>{t('talk.broken')}</Note>}
      <p class="talk-state" role="status">
        <Badge tone={phase === 'lost' ? 'bad' : onAir ? 'live' : 'neutral'} icon={phase === 'lost' ? 'offline' : onAir ? 'mic' : 'muted'}>
          {phase === 'open' ? (onAir ? t('talk.on') : t('talk.off')) : t(`talk.phase.${phase}`)}
        </Badge>
      </p>
      <OwnLevel call={call} />
      <TalkButton call={call} mode={mode} />
      <Segments label={t('talk.mode')} value={mode} onChange={(next) => { call.speak(false); setMode(next); }} choices={[{ value: 'hold', label: t('talk.hold') }, { value: 'latch', label: t('talk.latch') }]} />
      <dl class="figures">
        <Figure label={t('talk.hearing')} value={heard ? `${heard.hearing}/${heard.nodes}` : '–'} tone={heard && heard.hearing === heard.nodes ? 'good' : 'neutral'} />
        <Figure label={t('talk.delay')} value={heard ? `${number(heard.delay_ms)} ms` : '–'} />
        <Figure label={t('talk.arrives')} value={heard && heard.level_mdb > -100_000 ? decibel(heard.level_mdb) : '–'} />
      </dl>
      <div class="row">
        <Button kind="danger" large icon="stop" busy={hangUp.busy || phase === 'ending'} onClick={() => void hangUp.run()}>{t('talk.hangUp')}</Button>
        <span class="hint">{t('talk.hangUp.hint')}</span>
      </div>
    </div>
  );
}
