/* Planned against sounded, by hamlet and day, month or level; as a file and on paper. */
import { useState } from 'preact/hooks';

import { get, type Schema } from '../../api/client';
import { address } from '../../api/http';
import { useApi } from '../../api/useApi';
import { duration, number } from '../../format';
import { useT, word } from '../../i18n';
import { station } from '../../state/session';
import { Async, Card, Empty, Figure, Icon, Segments, SelectField, Table, TextField, useZones, zoneTree } from '../../ui';

type Numbers = Schema<'ReportNumbers'>;
type By = 'day' | 'month' | 'level';
const DAY_MS = 86_400_000;

/** The station's own day, so many days from now. */
function localDay(offset: number): string {
  return new Date(Date.now() + offset * DAY_MS + (station.value?.utc_offset_min ?? 420) * 60_000).toISOString().slice(0, 10);
}

/** How much of what is over sounded in full, per cent; undefined when nothing is over. */
export function share(n: Numbers): number | undefined {
  const over = (n.sounded ?? 0) + (n.partly ?? 0) + (n.missed ?? 0);
  return over > 0 ? (100 * (n.sounded ?? 0)) / over : undefined;
}

function percent(n: Numbers): string {
  const value = share(n);
  return value === undefined ? '–' : `${number(value, 1)} %`;
}

function Bar({ of }: { of: Numbers }) {
  const over = (of.sounded ?? 0) + (of.partly ?? 0) + (of.missed ?? 0);
  if (over === 0) return null;
  const width = (n: number | undefined) => ({ width: `${(100 * (n ?? 0)) / over}%` });
  return (
    <span class="share" aria-hidden="true">
      <i class="good" style={width(of.sounded)} />
      <i class="warn" style={width(of.partly)} />
      <i class="bad" style={width(of.missed)} />
    </span>
  );
}

function Reasons({ total }: { total: Numbers }) {
  const t = useT('reports');
  const rows = [
    ...Object.entries(total.missed_by ?? {}).map(([reason, count]) => ({ reason, count, how: t('col.missed') })),
    ...Object.entries(total.partly_by ?? {}).map(([reason, count]) => ({ reason, count, how: t('col.partly') })),
  ].sort((a, b) => b.count - a.count);
  if (rows.length === 0) return null;
  return (
    <Card title={t('reasons')} flush>
      <Table label={t('reasons')} rows={rows} keyOf={(r) => `${r.how}-${r.reason}`} columns={[
        { title: t('col.reason'), main: true, cell: (r) => word('reason', r.reason) },
        { title: t('col.how'), cell: (r) => r.how },
        { title: t('col.count'), numeric: true, cell: (r) => number(r.count) },
      ]} />
    </Card>
  );
}

export function Summary() {
  const t = useT('reports');
  const [by, setBy] = useState<By>('day');
  const [from, setFrom] = useState(localDay(-29));
  const [to, setTo] = useState(localDay(0));
  const [zone, setZone] = useState(0);
  const zones = useZones();
  const query = { from, to, zone: zone || undefined };
  const report = useApi('report', (signal) => get('/api/v1/reports/{by}', { params: { by }, query, signal }), [by, from, to, zone]);
  const file = (format: string) => address(`/api/v1/reports/${by}`, { ...query, format });
  return (
    <>
      <div class="report-bar">
        <Segments label={t('by')} value={by} onChange={setBy} choices={(['day', 'month', 'level'] as const).map((value) => ({ value, label: t(`by.${value}`) }))} />
        <TextField label={t('from')} type="date" value={from} onChange={(v) => v && setFrom(v)} />
        <TextField label={t('to')} type="date" value={to} onChange={(v) => v && setTo(v)} />
        {(zones.data ?? []).length > 1 && (
          <SelectField label={t('zone')} value={zone} onChange={setZone}
            choices={[{ value: 0, label: t('zone.all') }, ...zoneTree(zones.data ?? []).map(({ zone: z, depth }) => ({ value: z.id ?? 0, label: `${'– '.repeat(depth)}${z.name}` }))]} />
        )}
        <div class="actions">
          <a class="button secondary" href={file('csv')} download={`bao-cao-${from}-${to}.csv`}><Icon name="download" /><span>{t('csv')}</span></a>
          <a class="button secondary" href={file('html')} target="_blank" rel="noreferrer"><Icon name="printer" /><span>{t('print')}</span></a>
        </div>
      </div>
      <Async from={report}>
        {(r) => (
          <>
            <dl class="figures">
              <Figure label={t('figure.share')} value={percent(r?.total ?? {})} tone={(share(r?.total ?? {}) ?? 100) >= 95 ? 'good' : 'warn'} />
              <Figure label={t('col.planned')} value={number(r?.total?.planned)} />
              <Figure label={t('col.sounded')} value={number(r?.total?.sounded)} />
              <Figure label={t('col.partly')} value={number(r?.total?.partly)} tone={(r?.total?.partly ?? 0) > 0 ? 'warn' : 'neutral'} />
              <Figure label={t('col.missed')} value={number(r?.total?.missed)} tone={(r?.total?.missed ?? 0) > 0 ? 'bad' : 'neutral'} />
              <Figure label={t('col.pending')} value={number(r?.total?.pending)} />
              {(r?.total?.heard ?? 0) + (r?.total?.not_heard ?? 0) > 0 && (
                <Figure label={t('figure.heard')} value={`${number(r?.total?.heard)}/${number((r?.total?.heard ?? 0) + (r?.total?.not_heard ?? 0))}`} tone={(r?.total?.not_heard ?? 0) > 0 ? 'bad' : 'good'} />
              )}
              <Figure label={t('col.time')} value={duration(r?.total?.played_ms)} />
            </dl>
            <Card flush>
              {(r?.items ?? []).length === 0 ? <Empty icon="chart" title={t('empty')}>{t('empty.text')}</Empty> : (
                <Table label={t('tab.summary')} rows={r?.items ?? []} keyOf={(row) => `${row.zone}-${row.group}`} columns={[
                  { title: t('col.zone'), main: true, cell: (row) => row.zone_name || t('zone.none') },
                  { title: t(`by.${by}`), cell: (row) => (by === 'level' ? word('priority', row.group) : (row.group ?? '').split('-').reverse().join('/')) },
                  { title: t('col.planned'), numeric: true, cell: (row) => number(row.planned) },
                  { title: t('col.sounded'), numeric: true, cell: (row) => number(row.sounded) },
                  { title: t('col.partly'), numeric: true, cell: (row) => number(row.partly) },
                  { title: t('col.missed'), numeric: true, cell: (row) => number(row.missed) },
                  { title: t('figure.share'), numeric: true, cell: (row) => <>{percent(row)}<Bar of={row} /></> },
                  { title: t('col.time'), numeric: true, cell: (row) => duration(row.played_ms) },
                ]} />
              )}
            </Card>
            <Reasons total={r?.total ?? {}} />
          </>
        )}
      </Async>
    </>
  );
}
