/* One occurrence: what it is, and what can be done with it, for itself, this and following ones, or all. */
import { useState } from 'preact/hooks';

import { getWithEtag, patch, post, remove, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { clock, dateTime, duration } from '../../format';
import { useT, word } from '../../i18n';
import { may } from '../../state/session';
import { Async, Badge, Button, confirm, confirmed, Dialog, Note, Segments, toast, useAction } from '../../ui';
import type { Occurrence } from './Grid';
import { timesOf, type Times } from './times';
import { inWords } from './words';
import type { Scope } from './EventDialog';

type Event = Schema<'Event'>;
export const SCOPES: readonly Scope[] = ['one', 'following', 'all'];

/** Ask to which occurrences a change is to apply. A single event has one answer. */
export function ScopeDialog({ title, scopes, onChoose, onClose }: { title: string; scopes: readonly Scope[]; onChoose: (scope: Scope) => void; onClose: () => void }) {
  const t = useT('calendar');
  const common = useT('common');
  const [scope, setScope] = useState<Scope>(scopes[0]!);
  return (
    <Dialog title={title} onClose={onClose} actions={
      <>
        <Button onClick={onClose}>{common('action.cancel')}</Button>
        <Button kind="primary" onClick={() => onChoose(scope)}>{common('action.continue')}</Button>
      </>
    }>
      <Segments label={t('scope.legend')} value={scope} onChange={setScope} choices={scopes.map((value) => ({ value, label: t(`scope.${value}`) }))} />
      <p>{t(`scope.${scope}.text`)}</p>
    </Dialog>
  );
}

interface Props {
  occurrence: Occurrence;
  where: string;
  /** Local start. */
  local: string;
  onEdit: (event: Event, scope: Scope, times: Times) => void;
  onClose: () => void;
}

export function OccurrenceDialog({ occurrence, where, local, onEdit, onClose }: Props) {
  const t = useT('calendar');
  const common = useT('common');
  const [asking, setAsking] = useState(false);
  const id = occurrence.event ?? 0;
  const loaded = useApi(`event:${id}`, (signal) => getWithEtag('/api/v1/events/{id}', { params: { id }, signal }), [id]);
  const event = loaded.data?.data;
  const times = event && timesOf(event, local);
  const over = (occurrence.end_us ?? 0) < Date.now() * 1000;

  const done = (text: string) => {
    refresh('schedule', 'events', 'preview');
    toast(text);
    onClose();
  };
  const skip = useAction(async () => {
    if (!(await confirm({ title: t('skip.title'), text: t('skip.text', { title: occurrence.title ?? '', when: dateTime(occurrence.start_us) }), action: t('skip.action'), danger: true }))) return;
    await post('/api/v1/events/{id}/skip', { occurrence_us: occurrence.occurrence_us ?? 0 }, { params: { id }, etag: loaded.data?.etag ?? undefined });
    done(t('skip.done'));
  });
  const cancel = useAction(async () => {
    if (!(await confirm({ title: t('cancel.title'), text: t('cancel.text', { title: occurrence.title ?? '' }), action: t('cancel.action'), danger: true }))) return;
    await remove('/api/v1/events/{id}', { params: { id }, etag: loaded.data?.etag ?? undefined });
    done(t('cancel.done'));
  });
  const error = skip.error ?? cancel.error;
  const edit = (scope: Scope) => event && times && onEdit(event, scope, scope === 'one' ? { ...times, mode: 'once', date: local.slice(0, 10), time: local.slice(11, 16) } : times);

  if (asking) return <ScopeDialog title={t('edit')} scopes={SCOPES} onChoose={edit} onClose={() => setAsking(false)} />;
  return (
    <Dialog title={occurrence.title ?? ''} onClose={onClose} actions={may('operator') && !over && (
      <>
        {times && times.mode !== 'once' && <Button icon="minus" busy={skip.busy} onClick={() => void skip.run()}>{t('skip.action')}</Button>}
        <Button icon="trash" kind="danger" busy={cancel.busy} onClick={() => void cancel.run()}>{t('cancel.action')}</Button>
        <Button icon="edit" kind="primary" disabled={!event} onClick={() => (times?.mode === 'once' ? edit('all') : setAsking(true))}>{common('action.edit')}</Button>
      </>
    )}>
      {error && <Note>{error.message}</Note>}
      <p class="badges">
        <Badge tone={occurrence.priority === 'priority' ? 'info' : 'neutral'}>{word('priority', occurrence.priority)}</Badge>
        {occurrence.quiet && <Badge tone="warn" icon="clock">{t('quiet')}</Badge>}
        {occurrence.bulletin_state !== 'approved' && <Badge tone="bad">{t('notApproved')}</Badge>}
      </p>
      <dl class="facts">
        <dt>{t('col.when')}</dt><dd>{dateTime(occurrence.start_us)} – {clock(occurrence.end_us)}</dd>
        <dt>{t('col.length')}</dt><dd>{duration(((occurrence.end_us ?? 0) - (occurrence.start_us ?? 0)) / 1000)}</dd>
        <dt>{t('col.where')}</dt><dd>{where}</dd>
      </dl>
      <Async from={loaded} rows={2}>
        {({ data }) => (
          <>
            <p class="in-words">{times && inWords(times, t)}</p>
            <p class="hint">{t('repeats.text', { count: data?.repeats ?? 1, pause: Math.round((data?.pause_ms ?? 0) / 1000) })}</p>
          </>
        )}
      </Async>
      <p class="badges">
        {(occurrence.broadcast ?? 0) > 0 && <a href={`#/reports/broadcasts/${occurrence.broadcast}`}>{t('toBroadcast')}</a>}
        <a href={`#/calendar/why/${occurrence.start_us}`} onClick={onClose}>{t('why')}</a>
      </p>
    </Dialog>
  );
}

/** Move one occurrence, or shift the event with the others. */
export async function moveOccurrence(occurrence: Occurrence, event: Event, scope: Scope, body: Partial<Schema<'EventChange'>>, local: string): Promise<boolean> {
  const options = { params: { id: event.id ?? 0 }, etag: `"${event.revision}"` };
  const at = { occurrence_us: occurrence.occurrence_us ?? 0 };
  const result = await confirmed((extra) =>
    scope === 'one'
      ? post('/api/v1/events/{id}/move', { ...at, start: local, ...extra }, options)
      : patch('/api/v1/events/{id}', { ...body, ...(scope === 'following' ? { scope, ...at } : {}), ...extra }, options),
  );
  return result !== undefined;
}
