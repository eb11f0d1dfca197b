/* All bulletins, or those that wait for whoever looks. */
import { useState } from 'preact/hooks';

import { getAll } from '../../api/client';
import { useApi } from '../../api/useApi';
import { dateTime, duration } from '../../format';
import { useT, word } from '../../i18n';
import { may, me } from '../../state/session';
import { go } from '../../state/route';
import { Async, Badge, Button, Card, Empty, LinkButton, PageHead, Segments, Table, TextField } from '../../ui';
import { fold, type Bulletin } from './model';
import { stateTone } from './names';

const SHOWN = 500;
const FILTERS = ['all', 'mine', 'submitted', 'approved', 'rejected', 'template'] as const;
type Filter = (typeof FILTERS)[number];

function fits(b: Bulletin, filter: Filter): boolean {
  if (filter === 'template') return b.template === true;
  if (filter === 'mine') return b.author === me.value?.id;
  return filter === 'all' || b.state === filter;
}

function expired(b: Bulletin): boolean {
  return !!b.expires_us && b.expires_us < Date.now() * 1000;
}

export function BulletinList({ query }: { query: URLSearchParams }) {
  const t = useT('bulletins');
  const common = useT('common');
  const [text, setText] = useState('');
  const wanted = query.get('show') as Filter | null;
  const filter: Filter = wanted && FILTERS.includes(wanted) ? wanted : 'all';
  const bulletins = useApi('bulletins', () => getAll('/api/v1/bulletins', { query: { order: 'newest' } }, SHOWN));
  const writes = may('operator', 'district');
  const write = <LinkButton to="/bulletins/new" kind="primary" icon="plus">{t('new')}</LinkButton>;
  return (
    <>
      <PageHead title={common('page.bulletins')} lead={t('lead')} actions={writes && write} />
      <div class="filters">
        <TextField type="search" label={t('search')} value={text} onChange={setText} placeholder={t('search.hint')} />
        <Segments label={t('filter')} value={filter} onChange={(f) => go(f === 'all' ? '/bulletins' : `/bulletins?show=${f}`)} choices={FILTERS.map((f) => ({ value: f, label: t(`filter.${f}`) }))} />
      </div>
      <Card flush>
        <Async from={bulletins}>
          {(all) => {
            const rows = all.filter((b) => fits(b, filter) && fold(`${b.title} ${b.issuer} ${b.document}`).includes(fold(text)));
            if (all.length === 0) return <Empty icon="file" title={t('empty')} action={writes && write}>{t('empty.text')}</Empty>;
            if (rows.length === 0)
              return <Empty icon="filter" title={t('none')} action={<Button onClick={() => { setText(''); go('/bulletins'); }}>{t('none.all')}</Button>} />;
            return (
              <Table label={common('page.bulletins')} rows={rows} keyOf={(b) => b.id ?? 0} to={(b) => `/bulletins/${b.id}`} columns={[
                { title: t('col.title'), main: true, cell: (b) => b.title },
                { title: t('col.state'), cell: (b) => (
                  <span class="badges">
                    <Badge tone={stateTone(b)}>{word('bulletin', b.state)}</Badge>
                    {b.template && <Badge tone="info" icon="copy">{t('template.badge')}</Badge>}
                    {expired(b) && <Badge tone="neutral" icon="clock">{t('expired')}</Badge>}
                  </span>
                ) },
                { title: t('col.priority'), cell: (b) => b.priority === 'normal' ? word('priority', b.priority) : <Badge tone={b.priority === 'emergency' ? 'bad' : 'info'}>{word('priority', b.priority)}</Badge> },
                { title: t('col.kind'), cell: (b) => word('kind', b.kind) },
                { title: t('col.author'), cell: (b) => b.author_name },
              { title: t('col.duration'), numeric: true, cell: (b) => duration(b.duration_ms) },
                { title: t('col.created'), cell: (b) => dateTime(b.created_us) },
              ]} />
            );
          }}
        </Async>
      </Card>
    </>
  );
}
