/* Each broadcast, and what every node says of it: its receipt, or the reason why there is none. */
import { useState } from 'preact/hooks';

import { get, post, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { clock, dateTime, decibel, duration, number } from '../../format';
import { useT, word } from '../../i18n';
import { mayStop } from '../../state/session';
import { Async, Badge, Button, Card, confirm, Empty, LinkButton, Note, PageHead, SelectField, Table, toast, useAction, type Tone } from '../../ui';

type Target = Schema<'Target'>;
const STATES = ['', 'planned', 'on_air', 'ended', 'closed', 'missed', 'cancelled'] as const;
const TONES: Record<string, Tone> = { on_air: 'live', closed: 'good', ended: 'good', missed: 'bad', cancelled: 'neutral', planned: 'info' };
const PAGE = 50;

export function Broadcasts() {
  const t = useT('reports');
  const [state, setState] = useState<(typeof STATES)[number]>('');
  const [after, setAfter] = useState<(number | undefined)[]>([undefined]);
  const list = useApi('broadcasts', (signal) => get('/api/v1/broadcasts', { query: { order: 'newest', limit: PAGE, after: after.at(-1), state: state || undefined }, signal }), [state, after.length], 10_000);
  return (
    <>
      <SelectField label={t('state')} value={state} onChange={(to) => {
        setState(to);
        setAfter([undefined]);
      }} choices={STATES.map((value) => ({ value, label: value ? word('broadcast', value) : t('state.all') }))} />
      <Card flush>
        <Async from={list}>
          {(page) => (page?.items ?? []).length === 0 ? <Empty icon="antenna" title={t('broadcasts.empty')} /> : (
            <Table label={t('tab.broadcasts')} rows={page?.items ?? []} keyOf={(b) => b.id ?? 0} to={(b) => `/reports/broadcasts/${b.id}`} columns={[
              { title: t('col.title'), main: true, cell: (b) => b.title },
              { title: t('col.start'), cell: (b) => dateTime(b.start_us) },
              { title: t('col.level'), cell: (b) => word('priority', b.priority) },
              { title: t('col.state'), cell: (b) => <Badge tone={TONES[b.state ?? ''] ?? 'neutral'}>{word('broadcast', b.state)}</Badge> },
              { title: t('col.nodes'), numeric: true, cell: (b) => `${number(b.targets?.sounded ?? 0)} / ${number(b.targets?.all ?? 0)}` },
            ]} />
          )}
        </Async>
      </Card>
      <div class="actions">
        {after.length > 1 && <Button icon="chevronLeft" onClick={() => setAfter(after.slice(0, -1))}>{t('newer')}</Button>}
        {list.data?.next && <Button icon="chevronRight" onClick={() => setAfter([...after, list.data!.next!])}>{t('older')}</Button>}
      </div>
    </>
  );
}

function outcome(target: Target): { tone: Tone; text: string } {
  const receipt = target.receipt as Schema<'Receipt'> | null | undefined;
  if (receipt) {
    const tone = receipt.outcome === 'sounded' ? 'good' : receipt.outcome === 'partly' ? 'warn' : 'bad';
    const reason = receipt.reason && receipt.reason !== 'none' ? `: ${word('reason', receipt.reason)}` : '';
    return { tone, text: `${word('outcome', receipt.outcome)}${reason}` };
  }
  if (target.state === 'refused') return { tone: 'bad', text: `${word('target', 'refused')}: ${word('reason', target.verdict)}` };
  return { tone: target.state === 'silent' ? 'bad' : 'neutral', text: word('target', target.state) };
}

export function BroadcastPage({ id }: { id: number }) {
  const t = useT('reports');
  const loaded = useApi('broadcasts', (signal) => get('/api/v1/broadcasts/{id}', { params: { id }, signal }), [id], 5000);
  const b = loaded.data;
  const stop = useAction(async () => {
    if (!(await confirm({ title: t('stop.title'), text: t('stop.text', { title: b?.title ?? '' }), action: t('stop.action'), danger: true }))) return;
    await post('/api/v1/broadcasts/{id}/stop', undefined, { params: { id } });
    refresh('broadcasts');
    toast(t('stop.done'));
  }, { toastErrors: true });
  const stoppable = b?.state === 'on_air' || b?.state === 'planned';
  return (
    <>
      <PageHead title={b?.title ?? t('broadcast')} actions={
        <>
          <LinkButton to="/reports/broadcasts" icon="chevronLeft">{t('tab.broadcasts')}</LinkButton>
          {stoppable && mayStop.value && <Button kind="danger" icon="stop" busy={stop.busy} onClick={() => void stop.run()}>{t('stop.action')}</Button>}
        </>
      } />
      <Async from={loaded}>
        {(full) => (
          <>
            <p class="badges">
              <Badge tone={TONES[full?.state ?? ''] ?? 'neutral'}>{word('broadcast', full?.state)}</Badge>
              <Badge tone={full?.priority === 'emergency' ? 'bad' : full?.priority === 'priority' ? 'info' : 'neutral'}>{word('priority', full?.priority)}</Badge>
            </p>
            <p>{t('broadcast.when', { from: dateTime(full?.start_us), to: clock(full?.end_us), length: duration(full?.duration_ms), count: full?.repeats ?? 1 })}</p>
            {full?.state === 'missed' && <Note>{t('broadcast.missed')}</Note>}
            <Card title={t('receipts')} flush>
              {(full?.targets ?? []).length === 0 ? <Empty icon="speaker" title={t('receipts.empty')} /> : (
                <Table label={t('receipts')} rows={full?.targets ?? []} keyOf={(target) => target.node ?? 0} to={(target) => `/nodes/${target.node}`} columns={[
                  { title: t('col.node'), main: true, cell: (target) => target.name },
                  { title: t('col.outcome'), cell: (target) => <Badge tone={outcome(target).tone}>{outcome(target).text}</Badge> },
                  { title: t('col.began'), cell: (target) => clock(target.receipt?.actual_start_us) },
                  { title: t('col.played'), numeric: true, cell: (target) => duration(target.receipt?.played_ms) },
                  { title: t('col.level.sound'), numeric: true, cell: (target) => decibel(target.receipt?.rms_mdb) },
                  { title: t('col.gaps'), numeric: true, cell: (target) => (target.receipt ? number(target.receipt.gaps) : '–') },
                  { title: t('col.heard'), cell: (target) => <Badge tone={target.receipt?.heard === 'yes' ? 'good' : target.receipt?.heard === 'no' ? 'bad' : 'neutral'}>{word('heard', target.receipt?.heard)}</Badge> },
                  { title: t('col.carrier'), cell: (target) => word('carrier', target.receipt?.carrier) },
                ]} />
              )}
            </Card>
          </>
        )}
      </Async>
    </>
  );
}
