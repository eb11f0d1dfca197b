/* Write a bulletin. What is written is kept in this browser at once, and at the station when it is saved. */
import { useEffect, useState } from 'preact/hooks';

import { getWithEtag, post, put } from '../../api/client';
import { useDraft } from '../../api/drafts';
import { refresh, useApi } from '../../api/useApi';
import { duration } from '../../format';
import { useT, word } from '../../i18n';
import { oneMedia } from '../../sound/recordings';
import { TrimDialog } from '../../sound/TrimDialog';
import { go } from '../../state/route';
import { station } from '../../state/session';
import { Async, Button, Card, CheckField, confirm, Icon, Note, PageHead, SelectField, TextField, toast, useAction, useZones } from '../../ui';
import { AddParts, partOf } from './AddParts';
import { add, bodyOf, change, draftOf, durationMs, EMPTY, KINDS, languagesOf, PRIORITIES, problemsOf, type Draft, type DraftPart, type Problem } from './model';
import { languageName, partTitle } from './names';
import { PartList } from './PartList';
import { SpeakDialog } from './SpeakDialog';
import { titlesOf } from './titles';

const LANGUAGES = ['vi', 'tyz', 'tai', 'mtq', 'km', 'nut', 'hmn', 'ium', 'jra', 'rad', 'bdq', 'cjm', 'kpm', 'sed', 'zh', 'en'] as const;

function ofParts(p: Problem): p is 'parts' | 'sound' | 'silence' {
  return p === 'parts' || p === 'sound' || p === 'silence';
}

function zone(): string {
  return station.value?.timezone || 'Asia/Ho_Chi_Minh';
}

/* Those of the hamlets first. */
function useLanguages(): string[] {
  const zones = useZones();
  return [...new Set([...(zones.data ?? []).flatMap((z) => z.languages ?? []), ...LANGUAGES])];
}

interface FormProps {
  name: string;
  initial: Draft;
  /** 0: it is new. */
  id: number;
  etag?: string | undefined;
  /** Show what is at the station now. */
  reload?: () => void;
}

/* Two wrote at once: nobody's work goes without a word. */
function Conflict({ onLoad, onKeep }: { onLoad: () => void; onKeep: () => void }) {
  const t = useT('bulletins');
  const load = async () => {
    if (await confirm({ title: t('conflict.load.title'), text: t('conflict.load.text'), action: t('conflict.load'), danger: true })) onLoad();
  };
  const keep = async () => {
    if (await confirm({ title: t('conflict.keep.title'), text: t('conflict.keep.text'), action: t('conflict.keep.yes'), danger: true })) onKeep();
  };
  return (
    <>
      <Note>{t('conflict')}</Note>
      <div class="row">
        <Button icon="undo" onClick={() => void load()}>{t('conflict.load')}</Button>
        <Button kind="quiet" onClick={() => void keep()}>{t('conflict.keep')}</Button>
      </div>
    </>
  );
}

function Properties({ draft, wrong, set }: { draft: Draft; wrong: readonly Problem[]; set: (d: Partial<Draft>) => void }) {
  const t = useT('bulletins');
  return (
    <Card title={t('properties')}>
      <div class="stack">
        <SelectField label={t('field.kind')} value={draft.kind} onChange={(kind) => set({ kind })} choices={KINDS.map((k) => ({ value: k, label: word('kind', k) }))} />
        <SelectField label={t('field.priority')} hint={t(`priority.${draft.priority}`)} value={draft.priority} onChange={(priority) => set({ priority })} choices={PRIORITIES.map((p) => ({ value: p, label: word('priority', p) }))} />
        <TextField label={t('field.issuer')} hint={t('issuer.hint')} value={draft.issuer} onChange={(issuer) => set({ issuer })} maxLength={60} />
        <TextField label={t('field.document')} hint={t('document.hint')} value={draft.document} onChange={(document) => set({ document })} maxLength={40} />
        <TextField type="datetime-local" label={t('field.expires')} hint={t('expires.hint')} value={draft.expires} onChange={(expires) => set({ expires })} error={wrong.includes('expires') ? t('wrong.expires') : undefined} />
        <CheckField label={t('template')} hint={t('template.hint')} value={draft.template} onChange={(template) => set({ template })} />
      </div>
    </Card>
  );
}

function Summary({ draft }: { draft: Draft }) {
  const t = useT('bulletins');
  const languages = languagesOf(draft.parts);
  return (
    <p class="hint" role="status">
      {t('summary', { count: draft.parts.length, length: duration(durationMs(draft.parts)) })}
      {languages.length > 0 && ` ${t('summary.languages', { languages: languages.map((l) => `${languageName(l.language)} ${duration(l.durationMs)}`).join(', ') })}`}
    </p>
  );
}

function Form({ name, initial, id, etag, reload }: FormProps) {
  const t = useT('bulletins');
  const common = useT('common');
  const kept = useDraft<Draft>(name, initial, etag);
  const draft = kept.value;
  const languages = useLanguages();
  const [tried, setTried] = useState(false);
  const [trimmed, setTrimmed] = useState<DraftPart | undefined>(undefined);
  const [spoken, setSpoken] = useState<DraftPart | undefined>(undefined);
  const problems = problemsOf(draft, zone(), Date.now() * 1000);
  const wrong = tried ? problems : [];
  const setParts = (parts: DraftPart[]) => kept.set({ parts });

  async function store(seen = kept.seen): Promise<number | undefined> {
    setTried(true);
    if (problems.length > 0) {
      requestAnimationFrame(() => document.querySelector<HTMLElement>('.editor [aria-invalid="true"], .editor .note.bad')?.scrollIntoView({ block: 'center' }));
      return undefined;
    }
    const body = bodyOf(draft, zone());
    let stored = id;
    if (id === 0) stored = (await post('/api/v1/bulletins', body)).id ?? 0;
    else await put('/api/v1/bulletins/{id}', body, { params: { id }, etag: seen });
    kept.drop();
    refresh('bulletins');
    return stored;
  }
  const save = useAction(async (over = false) => {
    const stored = await store(over ? ((await getWithEtag('/api/v1/bulletins/{id}', { params: { id } })).etag ?? undefined) : kept.seen);
    if (stored === undefined) return;
    toast(t('saved'));
    go(`/bulletins/${stored}`);
  });
  const submit = useAction(async () => {
    const stored = await store();
    if (stored === undefined) return;
    // From here on it is at the station: should the hand-in fail, the page of the bulletin says so.
    go(`/bulletins/${stored}`);
    try {
      await post('/api/v1/bulletins/{id}/submit', undefined, { params: { id: stored } });
      toast(t('submit.done'));
    } catch (problem) {
      toast(problem instanceof Error ? problem.message : String(problem), 'error');
    }
    refresh('bulletins');
  });
  async function discard() {
    if (await confirm({ title: t('discard'), text: t('discard.text'), action: t('discard.yes'), danger: true })) kept.reset();
  }
  const error = save.error ?? submit.error;
  // Also a draft of another day, whose bulletin was changed since.
  const overtaken = error?.isConflict || (!error && kept.seen !== etag);
  const busy = save.busy || submit.busy;

  return (
    <div class="editor">
      {kept.found && !overtaken && <Note tone="info" action={<Button onClick={() => void discard()}>{t('discard')}</Button>}>{common('form.draftFound')}</Note>}
      {overtaken ? <Conflict onLoad={() => { kept.drop(); reload?.(); }} onKeep={() => void save.run(true)} /> : error && <Note>{error.message}</Note>}
      <div class="bulletin-columns">
        <div class="stack">
          <Card>
            <TextField label={t('field.title')} value={draft.title} onChange={(title) => kept.set({ title })} maxLength={199} placeholder={t('title.hint')} required
              error={wrong.includes('title') ? t('wrong.title') : wrong.includes('titleLong') ? t('wrong.titleLong') : undefined} />
          </Card>
          <Card title={t('parts')} flush>
            {draft.parts.length > 0 && <PartList parts={draft.parts} languages={languages} onChange={setParts} onTrim={setTrimmed} onText={setSpoken} />}
            {wrong.filter(ofParts).map((p) => <Note key={p}>{t(`wrong.${p}`)}</Note>)}
            <AddParts parts={draft.parts} title={draft.title} onAdd={(part) => setParts(add(draft.parts, part))} />
            {draft.parts.length > 0 && <div class="part-sum"><Summary draft={draft} /></div>}
          </Card>
        </div>
        <Properties draft={draft} wrong={wrong} set={kept.set} />
      </div>
      <div class="action-bar">
        <div class="action-buttons">
          <Button large busy={save.busy} disabled={busy} onClick={() => void save.run()}>{t('save')}</Button>
          {!draft.template && <Button large kind="primary" icon="send" busy={submit.busy} disabled={busy} onClick={() => void submit.run()}>{t('save.submit')}</Button>}
        </div>
      </div>
      {trimmed && (
        <TrimDialog sha256={trimmed.media ?? ''} title={partTitle(trimmed)} durationMs={trimmed.duration_ms ?? 0} onClose={() => setTrimmed(undefined)}
          onDone={(media) => {
            setParts(change(draft.parts, trimmed.key, { media: media.sha256, title: media.title, duration_ms: media.duration_ms }));
            setTrimmed(undefined);
          }} />
      )}
      {spoken && (
        <SpeakDialog part={spoken} title={draft.title} held={draft.parts.map((p) => p.media ?? '')} onClose={() => setSpoken(undefined)}
          onTake={(part) => {
            setParts(change(draft.parts, spoken.key, part));
            setSpoken(undefined);
          }} />
      )}
    </div>
  );
}

function Back({ to, label }: { to: string; label: string }) {
  return <a class="back" href={`#${to}`}><Icon name="chevronLeft" size={18} />{label}</a>;
}

/** `media`: a recording to begin with. */
export function NewBulletin({ media }: { media: string }) {
  const t = useT('bulletins');
  const common = useT('common');
  const [initial, setInitial] = useState<Draft | undefined>(media ? undefined : EMPTY);
  useEffect(() => {
    if (!media) return;
    oneMedia(media)
      .then((m) => setInitial({ ...EMPTY, title: m.title ?? '', parts: add([], partOf(m)) }))
      .catch(() => setInitial(EMPTY));
  }, [media]);
  return (
    <>
      <Back to="/bulletins" label={common('page.bulletins')} />
      <PageHead title={t('new.title')} lead={t('new.lead')} />
      {initial && <Form name={media ? `bulletin.of.${media}` : 'bulletin.new'} initial={initial} id={0} />}
    </>
  );
}

export function EditBulletin({ id }: { id: number }) {
  const t = useT('bulletins');
  const [round, setRound] = useState(0);
  // Under a name of its own: what others change meanwhile must not pull the form from under the writer.
  const loaded = useApi(`bulletin-edit-${id}`, async (signal) => {
    const { data, etag } = await getWithEtag('/api/v1/bulletins/{id}', { params: { id }, signal });
    return { bulletin: data, etag: etag ?? undefined, titles: await titlesOf(data.parts ?? [], signal) };
  }, [id]);
  return (
    <>
      <Back to={`/bulletins/${id}`} label={t('view')} />
      <PageHead title={t('edit.title')} />
      <Async from={loaded} rows={8}>
        {({ bulletin, etag, titles }) => bulletin.state === 'draft' || bulletin.state === 'rejected' ? (
          <>
            {bulletin.state === 'rejected' && bulletin.reason && <Note tone="warn">{t('rejected.because', { reason: bulletin.reason })}</Note>}
            <Form key={`${etag}.${round}`} name={`bulletin.${id}`} initial={draftOf(bulletin, zone(), titles)} id={id} etag={etag} reload={() => { setRound(round + 1); loaded.reload(); }} />
          </>
        ) : <Note tone="info">{t('edit.closed')}</Note>}
      </Async>
    </>
  );
}
