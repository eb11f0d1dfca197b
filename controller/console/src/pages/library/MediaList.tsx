/* Recordings: find, listen, bring in. */
import { useState } from 'preact/hooks';

import { useApi } from '../../api/useApi';
import { dateTime, megabytes } from '../../format';
import { useT } from '../../i18n';
import { useResting } from '../../sound/MediaPicker';
import { Player } from '../../sound/Player';
import { RecordDialog } from '../../sound/RecordDialog';
import { listMedia, type Media } from '../../sound/recordings';
import { UploadBox } from '../../sound/UploadBox';
import { UploadProgress } from '../../sound/UploadProgress';
import { may } from '../../state/session';
import { Async, Badge, Button, Card, CheckField, Dialog, Empty, PageHead, Segments, Table, TextField, toast } from '../../ui';

const SHOWN = 200;
const KINDS = ['all', 'upload', 'speech', 'recording'] as const;
type Kind = (typeof KINDS)[number];

export function MediaList() {
  const t = useT('library');
  const common = useT('common');
  const [text, setText] = useState('');
  const [kind, setKind] = useState<Kind>('all');
  const [archived, setArchived] = useState(false);
  const [way, setWay] = useState<'upload' | 'record' | undefined>(undefined);
  const q = useResting(text);
  const media = useApi('media', (signal) => listMedia({ archived, ...(q ? { q } : {}), ...(kind === 'all' ? {} : { kind }) }, SHOWN, signal), [q, kind, archived]);
  const writes = may('operator', 'district');
  const filtered = q !== '' || kind !== 'all' || archived;
  function stored(m: Media) {
    toast(t('stored', { title: m.title ?? '' }));
    setWay(undefined);
  }
  return (
    <>
      <PageHead title={common('page.library')} lead={t('lead')} actions={writes && (
        <>
          <Button icon="mic" onClick={() => setWay('record')}>{t('record')}</Button>
          <Button kind="primary" icon="upload" onClick={() => setWay('upload')}>{t('upload')}</Button>
        </>
      )} />
      {way !== 'upload' && <UploadProgress />}
      <div class="filters">
        <TextField type="search" label={t('search')} value={text} onChange={setText} placeholder={t('search.hint')} />
        <Segments label={t('kind')} value={kind} onChange={setKind} choices={KINDS.map((k) => ({ value: k, label: t(`kind.${k}`) }))} />
        <CheckField label={t('archived.show')} value={archived} onChange={setArchived} />
      </div>
      <Card flush>
        <Async from={media}>
          {(all) => all.length === 0 ? (
            filtered ? <Empty icon="filter" title={t('none')}>{t('none.text')}</Empty> : <Empty icon="library" title={t('empty')}>{t('empty.text')}</Empty>
          ) : (
            <Table label={common('page.library')} rows={all} keyOf={(m) => m.sha256 ?? ''} to={(m) => `/library/${m.sha256}`} columns={[
              { title: t('col.title'), main: true, cell: (m) => <>{m.title}{m.archived && <> <Badge icon="archive">{t('archived')}</Badge></>}</> },
              { title: t('listen'), cell: (m) => <Player sound={m.sha256 ?? ''} title={m.title ?? ''} durationMs={m.duration_ms} /> },
              { title: t('col.kind'), cell: (m) => t(`kind.${(m.kind ?? 'upload') as Kind}`) },
              { title: t('col.size'), numeric: true, cell: (m) => megabytes(m.size_bytes) },
              { title: t('col.created'), cell: (m) => dateTime(m.created_us) },
            ]} />
          )}
        </Async>
      </Card>
      {way === 'upload' && <Dialog title={t('upload')} onClose={() => setWay(undefined)}><UploadBox multiple onDone={stored} /></Dialog>}
      {way === 'record' && <RecordDialog title="" onClose={() => setWay(undefined)} onDone={stored} />}
    </>
  );
}
