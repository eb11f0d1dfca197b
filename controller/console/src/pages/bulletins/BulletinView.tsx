/* One bulletin as the approver reads and hears it. */
import { get } from '../../api/client';
import { useApi } from '../../api/useApi';
import { onAir } from '../../api/updates';
import { dateTime, duration } from '../../format';
import { useT, word } from '../../i18n';
import { Player } from '../../sound/Player';
import { me } from '../../state/session';
import { Async, Badge, Card, Icon, Note, PageHead } from '../../ui';
import { Actions } from './Actions';
import { languagesOf, type Bulletin, type StoredPart } from './model';
import { languageName, PART_ICONS, partTitle, stateTone } from './names';
import { titlesOf } from './titles';

function Badges({ bulletin: b }: { bulletin: Bulletin }) {
  const t = useT('bulletins');
  const sounding = onAir.value?.some((o) => o.bulletin === b.id);
  return (
    <div class="badges">
      {sounding && <Badge tone="live" icon="speaker">{word('broadcast', 'on_air')}</Badge>}
      <Badge tone={stateTone(b)}>{word('bulletin', b.state)}</Badge>
      <Badge tone={b.priority === 'emergency' ? 'bad' : b.priority === 'priority' ? 'info' : 'neutral'}>{word('priority', b.priority)}</Badge>
      {b.template && <Badge tone="info" icon="copy">{t('template.badge')}</Badge>}
    </div>
  );
}

function Part({ part, title, number }: { part: StoredPart; title: string | undefined; number: number }) {
  const t = useT('bulletins');
  const name = partTitle({ ...part, title });
  return (
    <li class="part shown">
      <span class="part-icon"><Icon name={PART_ICONS[part.kind ?? 'media'] ?? 'file'} /></span>
      <div class="part-body">
        <p class="part-kind">{t('part.of', { number, kind: word('part', part.kind) })}{part.language && <Badge tone="info" icon="users">{languageName(part.language)}</Badge>}</p>
        {part.kind === 'text' && part.text ? <blockquote class="part-text">{part.text}</blockquote> : name !== word('part', part.kind) && <p class="part-title">{name}</p>}
        {part.media ? <Player sound={part.media} title={name} durationMs={part.duration_ms} /> : <p class="hint">{part.duration_ms ? duration(part.duration_ms) : t('chime.none')}</p>}
      </div>
    </li>
  );
}

function Facts({ bulletin: b }: { bulletin: Bulletin }) {
  const t = useT('bulletins');
  const languages = languagesOf(b.parts ?? []);
  const rows: [string, string][] = [
    [t('field.kind'), word('kind', b.kind)],
    [t('field.priority'), word('priority', b.priority)],
    [t('col.duration'), duration(b.duration_ms)],
    ...(languages.length > 0 ? [[t('languages'), languages.map((l) => `${languageName(l.language)} (${duration(l.durationMs)})`).join(', ')] as [string, string]] : []),
    ...(b.issuer ? [[t('field.issuer'), b.issuer] as [string, string]] : []),
    ...(b.document ? [[t('field.document'), b.document] as [string, string]] : []),
    [t('field.expires'), b.expires_us ? dateTime(b.expires_us) : t('expires.never')],
    [t('col.created'), dateTime(b.created_us)],
  ];
  return <dl class="facts">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

type State = NonNullable<Bulletin['state']>;

function who(b: { by?: number | undefined; by_name?: string | undefined }, you: string, other: string): string {
  return b.by === me.value?.id ? you : (b.by_name || other);
}

function History({ bulletin: b }: { bulletin: Bulletin }) {
  const t = useT('bulletins');
  const steps = b.history ?? [];
  return (
    <ol class="history">
      <li><span>{t('history.written', { who: who({ by: b.author, by_name: b.author_name }, t('you'), t('colleague')) })}</span><time>{dateTime(b.created_us)}</time></li>
      {steps.map((s, i) => (
        <li key={i}>
          <span>{t(`history.${s.to as State}`, { who: who(s, t('you'), t('colleague')) })}</span>
          {s.reason && <q>{s.reason}</q>}
          <time>{dateTime(s.at_us)}</time>
        </li>
      ))}
    </ol>
  );
}

export function BulletinView({ id }: { id: number }) {
  const t = useT('bulletins');
  const common = useT('common');
  const shown = useApi('bulletins', async (signal) => {
    const bulletin = await get('/api/v1/bulletins/{id}', { params: { id }, signal });
    return { bulletin, titles: await titlesOf(bulletin.parts ?? [], signal) };
  }, [id]);
  return (
    <>
      <a class="back" href="#/bulletins"><Icon name="chevronLeft" size={18} />{common('page.bulletins')}</a>
      {!shown.data && <PageHead title={common('page.bulletins')} />}
      <Async from={shown} rows={6}>
        {({ bulletin: b, titles }) => (
          <>
            <div class="bulletin-head">
              <PageHead title={b.title ?? ''} />
              <Badges bulletin={b} />
            </div>
            {b.state === 'rejected' && b.reason && <Note tone="bad">{t('rejected.because', { reason: b.reason })}</Note>}
            <div class="bulletin-columns">
              <div class="stack">
                <Card title={t('parts')} flush>
                  <ol class="parts">{(b.parts ?? []).map((p, i) => <Part key={i} part={p} title={titles.get(p.media ?? '')} number={i + 1} />)}</ol>
                </Card>
                <Actions bulletin={b} />
                <Card title={t('history')}><History bulletin={b} /></Card>
              </div>
              <Card title={t('facts')}><Facts bulletin={b} /></Card>
            </div>
          </>
        )}
      </Async>
    </>
  );
}
