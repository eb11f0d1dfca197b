/* One recording: hear and see it, where it is used, what can be done with it. */
import { useState } from 'preact/hooks';

import { remove } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { dateTime, decibel, duration, megabytes, number } from '../../format';
import { useT, word } from '../../i18n';
import { MediaPicker } from '../../sound/MediaPicker';
import { changeMedia, fileOf, oneMedia, replaceMedia, usesOf, type Media, type Use } from '../../sound/recordings';
import { TrimDialog } from '../../sound/TrimDialog';
import { WavePlayer } from '../../sound/WavePlayer';
import { go } from '../../state/route';
import { may } from '../../state/session';
import { Async, Badge, Button, Card, confirm, Icon, LinkButton, Note, PageHead, prompt, toast, useAction } from '../../ui';

function Facts({ media: m }: { media: Media }) {
  const t = useT('library');
  const rows: [string, string][] = [
    [t('col.duration'), duration(m.duration_ms)],
    [t('col.size'), megabytes(m.size_bytes)],
    [t('col.kind'), t(`kind.${(m.kind ?? 'upload') as 'upload'}`)],
    ...(m.source_name ? [[t('source'), m.source_name] as [string, string]] : []),
    [t('loudness'), t('loudness.value', { lufs: number((m.loudness_mlufs ?? 0) / 1000, 1), peak: decibel(m.true_peak_mdb) })],
    [t('gain'), decibel(m.gain_mdb)],
    [t('col.created'), dateTime(m.created_us)],
  ];
  return <dl class="facts">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

function UseRow({ use }: { use: Use }) {
  const t = useT('library');
  const state = use.what === 'bulletin' ? word('bulletin', use.state) : use.what === 'broadcast' ? word('broadcast', use.state) : '';
  return (
    <li>
      <span class="hint">{t(`use.${use.what ?? 'bulletin'}`)}</span>
      {use.what === 'bulletin' ? <a href={`#/bulletins/${use.id}`}>{use.title}</a> : <span>{use.title}</span>}
      {state && <Badge>{state}</Badge>}
    </li>
  );
}

function Tools({ media: m, unused }: { media: Media; unused: boolean }) {
  const t = useT('library');
  const common = useT('common');
  const [open, setOpen] = useState<'trim' | 'replace' | undefined>(undefined);
  const sha256 = m.sha256 ?? '';
  const title = m.title ?? '';
  const rename = useAction(async () => {
    const name = await prompt({ title: t('rename'), text: t('rename.text'), action: t('rename'), input: { label: t('rename.label'), required: true } });
    if (name === undefined) return;
    await changeMedia(sha256, { title: name });
    refresh('media');
    toast(t('rename.done'));
  });
  const archive = useAction(async () => {
    await changeMedia(sha256, { archived: !m.archived });
    refresh('media');
    toast(m.archived ? t('restore.done') : t('archive.done'));
  });
  const drop = useAction(async () => {
    if (!(await confirm({ title: t('delete.title'), text: t('delete.text', { title }), action: common('action.delete'), danger: true }))) return;
    await remove('/api/v1/media/{sha256}', { params: { sha256 } });
    refresh('media');
    toast(t('delete.done'));
    go('/library');
  });
  const replace = useAction(async (by: Media) => {
    setOpen(undefined);
    if (!(await confirm({ title: t('replace.title'), text: t('replace.text', { title, by: by.title ?? '' }), action: t('replace') }))) return;
    const { changed, drafts } = await replaceMedia(sha256, by.sha256 ?? '');
    refresh('media', 'bulletins');
    toast(t('replace.done', { changed, drafts }));
  });
  const error = rename.error ?? archive.error ?? drop.error ?? replace.error;
  return (
    <div class="action-bar">
      {error && <Note>{error.message}</Note>}
      <div class="action-buttons wrap">
        <Button icon="edit" busy={rename.busy} onClick={() => void rename.run()}>{t('rename')}</Button>
        <Button icon="scissors" onClick={() => setOpen('trim')}>{t('trim')}</Button>
        {!unused && <Button icon="refresh" busy={replace.busy} onClick={() => setOpen('replace')}>{t('replace')}</Button>}
        <Button icon="archive" busy={archive.busy} onClick={() => void archive.run()}>{m.archived ? t('restore') : t('archive')}</Button>
        {unused && <Button icon="trash" busy={drop.busy} onClick={() => void drop.run()}>{common('action.delete')}</Button>}
        <LinkButton kind="primary" icon="file" to={`/bulletins/new?media=${sha256}`}>{t('write')}</LinkButton>
      </div>
      {open === 'trim' && (
        <TrimDialog sha256={sha256} title={title} durationMs={m.duration_ms ?? 0} onClose={() => setOpen(undefined)}
          onDone={(made) => { setOpen(undefined); toast(t('trimmed', { title: made.title ?? '' })); go(`/library/${made.sha256}`); }} />
      )}
      {open === 'replace' && <MediaPicker title={t('replace.title')} not={sha256} onClose={() => setOpen(undefined)} onTake={(by) => void replace.run(by)} />}
    </div>
  );
}

export function MediaView({ sha256 }: { sha256: string }) {
  const t = useT('library');
  const common = useT('common');
  const media = useApi('media', (signal) => oneMedia(sha256, signal), [sha256]);
  const writes = may('operator', 'district');
  const uses = useApi('bulletins', () => usesOf(sha256), [sha256]);
  return (
    <>
      <a class="back" href="#/library"><Icon name="chevronLeft" size={18} />{common('page.library')}</a>
      {!media.data && <PageHead title={common('page.library')} />}
      <Async from={media} rows={6}>
        {(m) => (
          <>
            <div class="bulletin-head">
              <PageHead title={m.title ?? ''} actions={<a class="button quiet" href={fileOf(sha256)} download={`${m.title}.opus`}><Icon name="download" /><span>{common('action.download')}</span></a>} />
              {m.archived && <div class="badges"><Badge icon="archive">{t('archived')}</Badge></div>}
            </div>
            <Card title={t('listen')}><WavePlayer sha256={sha256} title={m.title ?? ''} /></Card>
            {writes && <Tools media={m} unused={uses.data?.length === 0} />}
            <div class="columns">
              <Card title={t('uses')}>
                <Async from={uses} rows={2}>
                  {(all) => all.length === 0 ? <p class="hint">{t('uses.none')}</p> : <ul class="uses">{all.map((u) => <UseRow key={`${u.what}${u.id}`} use={u} />)}</ul>}
                </Async>
              </Card>
              <Card title={t('facts')}><Facts media={m} /></Card>
            </div>
          </>
        )}
      </Async>
    </>
  );
}
