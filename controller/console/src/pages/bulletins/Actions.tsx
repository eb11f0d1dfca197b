/* What the person who looks may do with a bulletin in its state. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { get, post, remove } from '../../api/client';
import { refresh } from '../../api/useApi';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import { may, me, station } from '../../state/session';
import { Button, confirm, LinkButton, Note, prompt, toast, useAction } from '../../ui';
import type { Bulletin } from './model';
import { PlayNow } from './PlayNow';

async function nextWaiting(but: number): Promise<string> {
  const page = await get('/api/v1/bulletins', { query: { state: 'submitted', limit: 20 } }).catch(() => undefined);
  const next = page?.items?.find((b) => b.id !== but && b.author !== me.value?.id);
  return next ? `/bulletins/${next.id}` : '/bulletins';
}

/* Approver: yes, or no with a reason. Then the next one that waits. */
function Decision({ bulletin }: { bulletin: Bulletin }) {
  const t = useT('bulletins');
  const id = bulletin.id ?? 0;
  const approve = useAction(async () => {
    await post('/api/v1/bulletins/{id}/approve', undefined, { params: { id } });
    toast(t('approve.done', { title: bulletin.title ?? '' }));
    refresh('bulletins', 'schedule');
    go(await nextWaiting(id));
  });
  const reject = useAction(async () => {
    const reason = await prompt({ title: t('reject'), text: t('reject.text'), action: t('reject'), danger: true, input: { label: t('reject.reason'), required: true } });
    if (reason === undefined) return;
    await post('/api/v1/bulletins/{id}/reject', { reason }, { params: { id } });
    toast(t('reject.done'));
    refresh('bulletins', 'schedule');
    go(await nextWaiting(id));
  });
  const error = approve.error ?? reject.error;
  return (
    <Bar error={error?.message}>
      <Button large icon="undo" busy={reject.busy} disabled={approve.busy} onClick={() => void reject.run()}>{t('reject')}</Button>
      <Button large kind="primary" icon="check" busy={approve.busy} disabled={reject.busy} onClick={() => void approve.run()}>{t('approve')}</Button>
    </Bar>
  );
}

function Bar({ error, says, children }: { error?: string | undefined; says?: string; children?: ComponentChildren }) {
  return (
    <div class="action-bar">
      {error && <Note>{error}</Note>}
      {says && <p class="hint">{says}</p>}
      {children && <div class="action-buttons">{children}</div>}
    </div>
  );
}

function useCopy(id: number) {
  const t = useT('bulletins');
  return useAction(async () => {
    const made = await post('/api/v1/bulletins/{id}/copy', {}, { params: { id } });
    toast(t('copy.done'));
    refresh('bulletins');
    go(`/bulletins/${made.id}/edit`);
  });
}

/* Author: go on writing, hand in, throw away. */
function Writing({ bulletin }: { bulletin: Bulletin }) {
  const t = useT('bulletins');
  const common = useT('common');
  const params = { id: bulletin.id ?? 0 };
  const submit = useAction(async () => {
    await post('/api/v1/bulletins/{id}/submit', undefined, { params });
    toast(t('submit.done'));
    refresh('bulletins');
  });
  const drop = useAction(async () => {
    if (!(await confirm({ title: t('delete.title'), text: t('delete.text', { title: bulletin.title ?? '' }), action: common('action.delete'), danger: true }))) return;
    await remove('/api/v1/bulletins/{id}', { params });
    toast(t('delete.done'));
    refresh('bulletins');
    go('/bulletins');
  });
  const copy = useCopy(params.id);
  const busy = submit.busy || drop.busy || copy.busy;
  return (
    <Bar error={(submit.error ?? drop.error ?? copy.error)?.message}>
      <Button large kind="quiet" icon="trash" busy={drop.busy} disabled={busy} aria-label={common('action.delete')} onClick={() => void drop.run()} />
      <LinkButton large to={`/bulletins/${params.id}/edit`} icon="edit">{common('action.edit')}</LinkButton>
      {bulletin.template ? (
        <Button large kind="primary" icon="copy" busy={copy.busy} disabled={busy} onClick={() => void copy.run()}>{t('copy.template')}</Button>
      ) : (
        <Button large kind="primary" icon="send" busy={submit.busy} disabled={busy} onClick={() => void submit.run()}>{t('submit')}</Button>
      )}
    </Bar>
  );
}

/* Approved: sound it, plan it, write another like it, take the approval back. */
function Approved({ bulletin }: { bulletin: Bulletin }) {
  const t = useT('bulletins');
  const params = { id: bulletin.id ?? 0 };
  const [playing, setPlaying] = useState(false);
  const writes = may('operator', 'district');
  const gone = !!bulletin.expires_us && bulletin.expires_us < Date.now() * 1000;
  const copy = useCopy(params.id);
  const revoke = useAction(async () => {
    const reason = await prompt({ title: t('revoke'), text: t('revoke.text'), action: t('revoke'), danger: true, input: { label: t('reject.reason'), required: true } });
    if (reason === undefined) return;
    await post('/api/v1/bulletins/{id}/reject', { reason }, { params });
    toast(t('revoke.done'));
    refresh('bulletins', 'schedule');
  });
  const plays = writes && !bulletin.template && !gone;
  const plans = may('operator');
  const approves = may('approver');
  if (!writes && !approves) return null;
  return (
    <Bar error={(copy.error ?? revoke.error)?.message} {...(gone ? { says: t('expired.text') } : {})}>
      {approves && <Button large kind="quiet" icon="undo" busy={revoke.busy} onClick={() => void revoke.run()}>{t('revoke')}</Button>}
      {writes && <Button large icon="copy" kind={bulletin.template ? 'primary' : 'secondary'} busy={copy.busy} onClick={() => void copy.run()}>{bulletin.template ? t('copy.template') : t('copy')}</Button>}
      {plays && plans && <LinkButton large to={`/calendar?bulletin=${params.id}`} icon="calendar">{t('plan')}</LinkButton>}
      {plays && <Button large kind="primary" icon="play" onClick={() => setPlaying(true)}>{t('play')}</Button>}
      {playing && <PlayNow bulletin={bulletin} onClose={() => setPlaying(false)} />}
    </Bar>
  );
}

export function Actions({ bulletin }: { bulletin: Bulletin }) {
  const t = useT('bulletins');
  const own = bulletin.author === me.value?.id;
  switch (bulletin.state) {
    case 'approved':
      return <Approved bulletin={bulletin} />;
    case 'submitted':
      if (!may('approver')) return <Bar says={t('waiting.text')} />;
      return own && !station.value?.author_may_approve ? <Bar says={t('own.text')} /> : <Decision bulletin={bulletin} />;
    default:
      return may('operator', 'district') ? <Writing bulletin={bulletin} /> : null;
  }
}
