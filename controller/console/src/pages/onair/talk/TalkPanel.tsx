/* Talk: first what and where, then the microphone. Leaving the page hangs up, so that no microphone stays open unseen. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import { get, post } from '../../../api/client';
import { clock } from '../../../format';
import { useT } from '../../../i18n';
import { MicrophoneRefused } from '../../../sound/microphone';
import { go } from '../../../state/route';
import { Button, Card, CheckField, confirmed, LinkButton, Note, Segments, TextField, useAction, whereBody, ZonePicker } from '../../../ui';
import { beginCall, type Call } from './call';
import { TalkCall } from './TalkCall';
import { openVoice } from './voice';

export type Mode = 'hold' | 'latch';
const LONGEST_S = 30 * 60;

/* Words for what the browser said about the microphone. */
function useVoice() {
  const t = useT('sound');
  return async () => {
    try {
      return await openVoice();
    } catch (problem) {
      throw problem instanceof MicrophoneRefused ? new Error(t(`record.${problem.why}`)) : problem;
    }
  };
}

function SetUp({ onBegun }: { onBegun: (call: Call, title: string, mode: Mode) => void }) {
  const t = useT('onair');
  const common = useT('common');
  const voiceOf = useVoice();
  const [title, setTitle] = useState(() => t('talk.title.default', { time: clock(Date.now() * 1000) }));
  const [where, setWhere] = useState({ everyone: false, zones: [] as number[] });
  const [priority, setPriority] = useState<'normal' | 'priority'>('normal');
  const [tone, setTone] = useState(true);
  const [mode, setMode] = useState<Mode>('hold');
  const nowhere = !where.everyone && where.zones.length === 0;
  const begin = useAction(async () => {
    // First the microphone: without it nothing begins.
    const voice = await voiceOf();
    try {
      const made = await confirmed((extra) => post('/api/v1/live', { title: title.trim(), priority, source: 'stream', duration_s: LONGEST_S, ...whereBody(where), ...extra }));
      if (!made) return await voice.close();
      onBegun(beginCall(made.id ?? 0, voice, { tone, speak: mode === 'latch' }), title.trim(), mode);
    } catch (problem) {
      await voice.close();
      throw problem;
    }
  });
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); void begin.run(); }}>
      {begin.error && <Note>{begin.error.message}</Note>}
      <div class="talk-form">
        <div class="stack">
          <TextField label={t('talk.title')} value={title} onChange={setTitle} maxLength={150} required />
          <Segments label={t('talk.priority')} value={priority} onChange={setPriority} choices={[{ value: 'normal', label: common('priority.normal') }, { value: 'priority', label: common('priority.priority') }]} />
          <Segments label={t('talk.mode')} value={mode} onChange={setMode} choices={[{ value: 'hold', label: t('talk.hold') }, { value: 'latch', label: t('talk.latch') }]} />
          <CheckField label={t('talk.tone')} hint={t('talk.tone.hint')} value={tone} onChange={setTone} />
        </div>
        <ZonePicker value={where} onChange={setWhere} error={nowhere ? t('talk.nowhere') : undefined} />
      </div>
      <div class="row">
        <Button type="submit" kind="primary" large icon="mic" busy={begin.busy} disabled={nowhere || title.trim() === ''}>{t('talk.begin')}</Button>
        <LinkButton to="/onair" large>{common('action.cancel')}</LinkButton>
      </div>
    </form>
  );
}

/* A broadcast that waits for its speaker: made by an alert, or whose page was closed. */
function Attach({ id, onBegun }: { id: number; onBegun: (call: Call, title: string, mode: Mode) => void }) {
  const t = useT('onair');
  const voiceOf = useVoice();
  const join = useAction(async () => {
    const broadcast = await get('/api/v1/broadcasts/{id}', { params: { id } });
    if (broadcast?.state !== 'planned' && broadcast?.state !== 'on_air') throw new Error(t('talk.gone'));
    const voice = await voiceOf();
    if (!voice.flows()) await Promise.race([voice.wake(), new Promise((resolve) => setTimeout(resolve, 300))]);
    if (!voice.flows()) {
      await voice.close();
      throw new Error(t('talk.touch'));
    }
    onBegun(beginCall(id, voice, { tone: false, speak: false }), broadcast.title ?? '', 'hold');
  });
  useEffect(() => {
    void join.run();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  return (
    <div class="stack">
      {join.error && <Note tone="warn">{join.error.message}</Note>}
      <div class="row">
        <Button kind="primary" large icon="mic" busy={join.busy} onClick={() => void join.run()}>{t('talk.join')}</Button>
        <LinkButton to="/onair" large>{t('talk.close')}</LinkButton>
      </div>
    </div>
  );
}

export function TalkPanel({ id }: { id: number | undefined }) {
  const t = useT('onair');
  const now = useSignal<{ call: Call; title: string; mode: Mode } | undefined>(undefined);
  const begun = (call: Call, title: string, mode: Mode) => {
    now.value = { call, title, mode };
    go(`/onair/talk/${call.id}`);
  };
  const current = now.value;
  // Whoever leaves the address of a call, or the page, hangs up; not while the address still becomes the call's.
  useEffect(() => {
    const hangUp = () => void now.value?.call.hangUp().catch(() => undefined);
    return () => {
      if (id !== undefined) hangUp();
    };
  }, [now, id]);
  return (
    <Card title={current ? current.title : t('talk.head')}>
      {current && current.call.id === id ? <TalkCall key={id} call={current.call} first={current.mode} /> : id ? <Attach key={id} id={id} onBegun={begun} /> : <SetUp onBegun={begun} />}
    </Card>
  );
}
