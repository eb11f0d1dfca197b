/* One alert: what it says, where it stands, and the way back: confirm, update, cancel, all clear. */
import { useState } from 'preact/hooks';

import { get, getAll, post } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { dateTime } from '../../format';
import { useT, word } from '../../i18n';
import { may, mayAlert, me } from '../../state/session';
import { Async, Badge, Button, Card, Dialog, LinkButton, Note, PageHead, prompt, TextField, toast, useAction, useZones } from '../../ui';
import { ALERT_TONES } from './AlertList';

function Confirm({ id, onClose }: { id: number; onClose: () => void }) {
  const t = useT('alerts');
  const common = useT('common');
  const [totp, setTotp] = useState('');
  const yes = useAction(async () => {
    await post('/api/v1/alerts/{id}/confirm', totp.trim() ? { totp: totp.trim() } : {}, { params: { id } });
    refresh('alerts', `alert:${id}`, 'broadcasts');
    toast(t('done'));
    onClose();
  });
  return (
    <Dialog title={t('confirm.title')} onClose={onClose} actions={
      <>
        <Button onClick={onClose}>{common('action.cancel')}</Button>
        <Button kind="danger" icon="megaphone" busy={yes.busy} onClick={() => void yes.run()}>{t('confirm.action')}</Button>
      </>
    }>
      <p>{t('confirm.text')}</p>
      {yes.error && <Note>{yes.error.message}</Note>}
      <TextField label={t('totp')} hint={t('totp.ifAsked')} inputMode="numeric" autoComplete="one-time-code" maxLength={6} value={totp} onChange={setTotp} />
    </Dialog>
  );
}

export function AlertPage({ id }: { id: number }) {
  const t = useT('alerts');
  const [confirming, setConfirming] = useState(false);
  const loaded = useApi(`alert:${id}`, (signal) => get('/api/v1/alerts/{id}', { params: { id }, signal }), [id], 3000);
  const people = useApi('users', async () => (may('admin', 'auditor') ? getAll('/api/v1/users') : []));
  const zones = useZones();
  const alert = loaded.data;
  const name = (user: number | undefined) => people.data?.find((u) => u.id === user)?.name ?? (user === me.value?.id ? (me.value?.name ?? '') : t('person', { id: user ?? 0 }));
  const cancel = useAction(async () => {
    const why = await prompt({ title: t(alert?.state === 'waiting' ? 'withdraw.title' : 'cancel.title'), text: t(alert?.state === 'waiting' ? 'withdraw.text' : 'cancel.text'), action: t(alert?.state === 'waiting' ? 'withdraw' : 'cancel'), danger: true, input: { label: t('why'), required: false } });
    if (why === undefined) return;
    await post('/api/v1/alerts/{id}/cancel', why ? { why } : {}, { params: { id } });
    refresh('alerts', `alert:${id}`, 'broadcasts');
    toast(t('cancel.done'));
  }, { toastErrors: true });
  const mine = alert?.author === me.value?.id;
  return (
    <>
      <PageHead title={alert?.title ?? t('alert')} actions={
        <>
          <LinkButton to="/alerts" icon="chevronLeft">{t('back')}</LinkButton>
          {mayAlert.value && alert?.state === 'waiting' && !mine && <Button kind="danger" icon="check" onClick={() => setConfirming(true)}>{t('confirm.action')}</Button>}
          {mayAlert.value && alert?.state === 'live' && <LinkButton to={`/alerts/${id}/update`} icon="edit">{t('update')}</LinkButton>}
          {mayAlert.value && alert?.state === 'live' && <LinkButton to={`/alerts/${id}/all-clear`} kind="primary" icon="check">{t('allClear')}</LinkButton>}
          {mayAlert.value && (alert?.state === 'live' || alert?.state === 'waiting') && <Button kind="danger" icon="stop" busy={cancel.busy} onClick={() => void cancel.run()}>{t(alert.state === 'waiting' ? 'withdraw' : 'cancel')}</Button>}
        </>
      } />
      <Async from={loaded}>
        {(a) => (
          <Card>
            <p class="badges">
              <Badge tone={ALERT_TONES[a?.state ?? ''] ?? 'neutral'}>{word('alert', a?.state)}</Badge>
              {a?.drill && <Badge tone="info">{t('drill')}</Badge>}
              {a?.signal && <Badge tone="neutral">{t(`signal.${a.signal as 'siren'}`)}</Badge>}
            </p>
            {a?.state === 'waiting' && <Note tone="warn">{mine ? t('waiting.mine', { when: dateTime(a.confirm_us) }) : t('waiting.yours', { when: dateTime(a.confirm_us) })}</Note>}
            {a?.state === 'stopped' && <Note tone="warn">{t('stopped.text')}</Note>}
            {a?.text && <blockquote class="spoken">{a.text}</blockquote>}
            <dl class="facts">
              <dt>{t('where')}</dt><dd>{a?.everyone ? t('everyone') : (zones.data ?? []).filter((z) => (a?.zones ?? []).includes(z.id ?? 0)).map((z) => z.name).join(', ')}</dd>
              <dt>{t('message')}</dt><dd>{t(`message.${(a?.message ?? 'none') as 'none'}`)}</dd>
              <dt>{t('col.created')}</dt><dd>{dateTime(a?.created_us)} · {name(a?.author)}</dd>
              <dt>{t('col.expires')}</dt><dd>{dateTime(a?.expires_us)}</dd>
              {(a?.decided_by ?? 0) > 0 && <><dt>{t('decided')}</dt><dd>{name(a?.decided_by)}</dd></>}
              {a?.why && <><dt>{t('why')}</dt><dd>{a.why}</dd></>}
              <dt>{t('plays')}</dt><dd>{a?.plays ?? 0}</dd>
            </dl>
            <p class="badges">
              {(a?.tone ?? 0) > 0 && <a href={`#/reports/broadcasts/${a!.tone}`}>{t('toTone')}</a>}
              {(a?.broadcast ?? 0) > 0 && <a href={`#/reports/broadcasts/${a!.broadcast}`}>{t('toMessage')}</a>}
              {(a?.replaces ?? 0) > 0 && <a href={`#/alerts/${a!.replaces}`}>{t('replaces')}</a>}
            </p>
          </Card>
        )}
      </Async>
      {confirming && <Confirm id={id} onClose={() => setConfirming(false)} />}
    </>
  );
}
