/* What everybody did, in a chain that shows any change; and the proof that it does. */
import { useState } from 'preact/hooks';

import { get, type Schema } from '../../api/client';
import { useApi } from '../../api/useApi';
import { dateTime, number } from '../../format';
import { useT, type Translate } from '../../i18n';
import { Async, Button, Card, Empty, Note, Table, TextField, useAction } from '../../ui';

type Entry = Schema<'JournalEntry'>;
const PAGE = 50;

/** 'bulletin.approve' in words; what this console does not know stands as it is. */
function action(entry: Entry, t: Translate<'admin'>): string {
  const key = `did.${entry.action}` as 'did.bulletin.approve';
  const text = t(key);
  return text === key ? (entry.action ?? '') : text;
}

function Detail({ entry }: { entry: Entry }) {
  const t = useT('admin');
  if (!entry.detail || Object.keys(entry.detail).length === 0) return <>–</>;
  return (
    <details class="detail">
      <summary>{t('journal.detail')}</summary>
      <dl>
        {Object.entries(entry.detail).map(([key, value]) => (
          <div key={key}><dt>{key}</dt><dd>{typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd></div>
        ))}
      </dl>
    </details>
  );
}

function Verify() {
  const t = useT('admin');
  const [result, setResult] = useState<Schema<'Verification'> | undefined>(undefined);
  const verify = useAction(async () => setResult(await get('/api/v1/journal/verify')));
  return (
    <Card title={t('verify.title')}>
      <p>{t('verify.text')}</p>
      {verify.error && <Note>{verify.error.message}</Note>}
      {result && <Note tone={result.intact ? 'good' : 'bad'}>{result.intact ? t('verify.good', { count: number(result.checked) }) : t('verify.bad', { message: result.message ?? '' })}</Note>}
      {result?.last_hash && <p class="hint">{t('verify.hash')} <code class="hash">{result.last_hash}</code></p>}
      <Button icon="shield" busy={verify.busy} onClick={() => void verify.run()}>{t('verify.action')}</Button>
    </Card>
  );
}

export function Journal() {
  const t = useT('admin');
  const [actor, setActor] = useState('');
  const [object, setObject] = useState('');
  const [after, setAfter] = useState<(number | undefined)[]>([undefined]);
  const query = { order: 'newest' as const, limit: PAGE, after: after.at(-1), actor: actor.trim() || undefined, object: object.trim() || undefined };
  const page = useApi('journal', (signal) => get('/api/v1/journal', { query, signal }), [actor, object, after.length]);
  const filter = (set: (v: string) => void) => (value: string) => {
    set(value);
    setAfter([undefined]);
  };
  return (
    <>
      <Verify />
      <div class="form-row">
        <TextField label={t('journal.actor')} hint={t('journal.actor.hint')} value={actor} onChange={filter(setActor)} />
        <TextField label={t('journal.object')} hint={t('journal.object.hint')} value={object} onChange={filter(setObject)} />
      </div>
      <Card title={t('tab.journal')} flush>
        <Async from={page}>
          {(p) => (p?.items ?? []).length === 0 ? <Empty icon="file" title={t('journal.empty')} /> : (
            <Table label={t('tab.journal')} rows={p?.items ?? []} keyOf={(e) => e.seq ?? 0} columns={[
              { title: t('journal.when'), cell: (e) => dateTime(e.at_us) },
              { title: t('journal.who'), cell: (e) => e.actor },
              { title: t('journal.did'), main: true, cell: (e) => action(e, t) },
              { title: t('journal.what'), cell: (e) => e.object },
              { title: t('journal.detail'), cell: (e) => <Detail entry={e} /> },
            ]} />
          )}
        </Async>
      </Card>
      <div class="actions">
        {after.length > 1 && <Button icon="chevronLeft" onClick={() => setAfter(after.slice(0, -1))}>{t('newer')}</Button>}
        {page.data?.next && <Button icon="chevronRight" onClick={() => setAfter([...after, page.data!.next!])}>{t('older')}</Button>}
      </div>
    </>
  );
}
