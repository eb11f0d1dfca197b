/* Messages from upper levels and other services that a person has to judge. */
import { useMemo, useState } from 'preact/hooks';

import { get, getAll, post } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { dateTime } from '../../format';
import { useT, word } from '../../i18n';
import { may } from '../../state/session';
import { Async, Badge, Button, Card, confirm, Empty, LinkButton, Note, PageHead, Segments, Table, toast, useAction, type Tone } from '../../ui';
import { AreaMap, type Area } from './AreaMap';

interface Finding { code: string; grade: 'note' | 'hold' | 'reject'; text: string }
interface Info { language?: string; event?: string; headline?: string; description?: string; instruction?: string; senderName?: string; urgency?: string; severity?: string; certainty?: string; areas?: Area[] }
interface Verdict { verdict?: string; signature?: string; signers?: string[]; zones?: string[]; findings?: Finding[]; infos?: Info[]; status?: string; msgType?: string; level?: string; releasable?: boolean }

const LEVELS: Record<string, Tone> = { emergency: 'bad', priority: 'info' };
const SIGNATURES: Record<string, Tone> = { good: 'good', bad: 'bad', stranger: 'warn', none: 'warn' };

export function Inbox() {
  const t = useT('alerts');
  const [which, setWhich] = useState<'waiting' | 'all'>('waiting');
  const list = useApi('alerts', () => getAll('/api/v1/alert-messages', { query: { order: 'newest', waiting: which === 'waiting' ? 'yes' : undefined } }, 200), [which], 10_000);
  return (
    <>
      <Segments label={t('inbox.which')} value={which} onChange={setWhich} choices={[{ value: 'waiting', label: t('inbox.waiting') }, { value: 'all', label: t('inbox.all') }]} />
      <Card flush>
        <Async from={list}>
          {(all) => all.length === 0 ? <Empty icon="bell" title={t('inbox.empty')}>{t('inbox.empty.text')}</Empty> : (
            <Table label={t('tab.inbox')} rows={all} keyOf={(m) => m.id ?? 0} to={(m) => `/alerts/inbox/${m.id}`} columns={[
              { title: t('col.title'), main: true, cell: (m) => m.title || m.identifier },
              { title: t('col.level'), cell: (m) => <Badge tone={LEVELS[m.level ?? ''] ?? 'neutral'}>{m.level === 'none' ? t('level.none') : word('priority', m.level)}</Badge> },
              { title: t('col.sender'), cell: (m) => m.sender },
              { title: t('col.received'), cell: (m) => dateTime(m.received_us) },
              { title: t('col.state'), cell: (m) => t(`came.${(m.state ?? 'waiting') as 'waiting'}`) },
            ]} />
          )}
        </Async>
      </Card>
    </>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  const t = useT('alerts');
  if (findings.length === 0) return null;
  return (
    <details class="more">
      <summary>{t('findings', { count: findings.length })}</summary>
      <ul>
        {findings.map((f, i) => {
          const group = `finding.${f.code.split('.')[0]}`;
          const text = t(group as 'finding.xml');
          return <li key={i}><Badge tone={f.grade === 'reject' ? 'bad' : f.grade === 'hold' ? 'warn' : 'neutral'}>{t(`grade.${f.grade}`)}</Badge> {text === group ? '' : text} <code>{f.code}</code></li>;
        })}
      </ul>
    </details>
  );
}

export function MessagePage({ id }: { id: number }) {
  const t = useT('alerts');
  const loaded = useApi('alerts', (signal) => get('/api/v1/alert-messages/{id}', { params: { id }, signal }), [id]);
  const message = loaded.data;
  const verdict = (message?.verdict ?? {}) as Verdict;
  const decide = useAction(async (release: boolean) => {
    if (!(await confirm(release
      ? { title: t('release.title'), text: t('release.text'), action: t('release'), danger: true }
      : { title: t('dismiss.title'), text: t('dismiss.text'), action: t('dismiss') }))) return;
    await (release ? post('/api/v1/alert-messages/{id}/release', undefined, { params: { id } }) : post('/api/v1/alert-messages/{id}/dismiss', undefined, { params: { id } }));
    refresh('alerts', 'broadcasts');
    toast(t(release ? 'release.done' : 'dismiss.done'));
  }, { toastErrors: true });
  const infos = verdict.infos;
  const areas = useMemo(() => (infos ?? []).flatMap((info) => info.areas ?? []), [infos]);
  const mayDecide = may('district', 'admin');
  // Messages that an older station judged do not say; then the station refuses what may not be.
  const releasable = verdict.releasable !== false;
  return (
    <>
      <PageHead title={message?.title || message?.identifier || t('message.one')} actions={
        <>
          <LinkButton to="/alerts/inbox" icon="chevronLeft">{t('tab.inbox')}</LinkButton>
          {message?.state === 'waiting' && mayDecide && (
            <>
              <Button icon="close" busy={decide.busy} onClick={() => void decide.run(false)}>{t('dismiss')}</Button>
              {releasable && <Button kind="danger" icon="megaphone" busy={decide.busy} onClick={() => void decide.run(true)}>{t('release')}</Button>}
            </>
          )}
        </>
      } />
      <Async from={loaded}>
        {(m) => (
          <div class="columns">
            <Card>
              <p class="badges">
                <Badge tone={LEVELS[m?.level ?? ''] ?? 'neutral'}>{m?.level === 'none' ? t('level.none') : word('priority', m?.level)}</Badge>
                <Badge tone={SIGNATURES[verdict.signature ?? ''] ?? 'neutral'} icon="shield">{t(`signature.${(verdict.signature ?? 'unchecked') as 'good'}`, { names: (verdict.signers ?? []).join(', ') })}</Badge>
                <Badge tone="neutral">{t(`came.${(m?.state ?? 'waiting') as 'waiting'}`)}</Badge>
              </p>
              {(verdict.infos ?? []).map((info, i) => (
                <article key={i} class="cap-info" lang={info.language}>
                  <h2>{info.headline || info.event}</h2>
                  {info.senderName && <p class="hint">{info.senderName}</p>}
                  {info.description && <p>{info.description}</p>}
                  {info.instruction && <p><strong>{info.instruction}</strong></p>}
                </article>
              ))}
              <dl class="facts">
                <dt>{t('col.sender')}</dt><dd>{m?.sender}</dd>
                <dt>{t('source')}</dt><dd>{m?.source}</dd>
                <dt>{t('col.received')}</dt><dd>{dateTime(m?.received_us)}</dd>
                <dt>{t('col.expires')}</dt><dd>{dateTime(m?.expires_us)}</dd>
                <dt>{t('zones')}</dt><dd>{(verdict.zones ?? []).join(', ') || t('zones.none')}</dd>
              </dl>
              {(m?.alert ?? 0) > 0 && <p><a href={`#/alerts/${m!.alert}`}>{t('toAlert')}</a></p>}
              <Findings findings={verdict.findings ?? []} />
            </Card>
            <Card title={t('area')}>{areas.some((a) => (a.polygons ?? []).length + (a.circles ?? []).length > 0) ? <AreaMap areas={areas} /> : <Empty icon="map" title={t('area.none')} />}
              <p class="hint">{areas.map((a) => a.desc).filter(Boolean).join('; ')}</p>
            </Card>
            {m?.state === 'waiting' && !releasable && <Note tone="info">{t('inbox.onlyRead')}</Note>}
            {m?.state === 'waiting' && !mayDecide && <Note tone="info">{t('inbox.notYours')}</Note>}
          </div>
        )}
      </Async>
    </>
  );
}
