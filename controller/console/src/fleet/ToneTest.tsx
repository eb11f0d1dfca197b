/* The node plays a tone; where it has a microphone it says whether it heard itself. */
import { useEffect, useState } from 'preact/hooks';

import { post, type Schema } from '../api/client';
import { refresh } from '../api/useApi';
import { dateTime, decibel } from '../format';
import { useT } from '../i18n';
import { Badge, Button, Note, useAction, type Tone } from '../ui';

type Test = NonNullable<Schema<'Node'>['test']>;

const TONES: Record<NonNullable<Test['state']>, Tone> = {
  waiting: 'info', refused: 'warn', heard: 'good', not_heard: 'bad', not_measured: 'neutral', broken_off: 'warn',
};
const WHY: Record<string, 'test.muted' | 'test.quiet' | 'test.busy'> = { muted: 'test.muted', quiet_hours: 'test.quiet', not_ready: 'test.busy' };
const EVERY_MS = 1000;

function Result({ test }: { test: Test }) {
  const t = useT('nodes');
  const state = test.state ?? 'waiting';
  const tries = test.tries ?? 0;
  const said = {
    waiting: () => t('test.waiting'),
    heard: () => [t('test.heard', { margin: decibel(test.margin_mdb) }), tries > 1 ? t('test.heard.tries', { tries }) : ''].join(' '),
    not_heard: () => t('test.not_heard', { tries }),
    not_measured: () => t('test.not_measured'),
    broken_off: () => t('test.broken_off'),
    refused: () => t(WHY[test.verdict ?? ''] ?? 'test.refused'),
  }[state];
  return (
    <div class="stack tight" role="status">
      <div class="row">
        <Badge tone={TONES[state]} icon={state === 'heard' ? 'check' : state === 'not_heard' ? 'alertTriangle' : 'speaker'}>{t(`test.badge.${state}`)}</Badge>
        <span class="hint">{t('test.at', { when: dateTime(test.asked_us) })}</span>
      </div>
      <p>{said()}</p>
    </div>
  );
}

export function ToneTest({ node, disabled }: { node: Schema<'Node'>; disabled?: boolean }) {
  const t = useT('nodes');
  const id = node.id ?? 0;
  const [asked, setAsked] = useState(0);
  const waiting = node.test?.state === 'waiting' || (asked !== 0 && node.test?.order !== asked);
  const start = useAction(async () => {
    const made = await post('/api/v1/nodes/{id}/test', undefined, { params: { id } });
    setAsked(made?.order ?? 0);
    refresh('node');
  });
  useEffect(() => {
    // While a result is to come it is asked for; nothing pushes it.
    if (!waiting) return undefined;
    const timer = setInterval(() => refresh('node'), EVERY_MS);
    return () => clearInterval(timer);
  }, [waiting]);
  return (
    <div class="stack">
      {start.error && <Note>{start.error.message}</Note>}
      {node.test && <Result test={waiting ? { ...node.test, state: 'waiting' } : node.test} />}
      <div class="row">
        <Button icon="speaker" busy={start.busy || waiting} disabled={disabled === true} onClick={() => void start.run()}>{node.test ? t('test.again') : t('test.start')}</Button>
      </div>
    </div>
  );
}
