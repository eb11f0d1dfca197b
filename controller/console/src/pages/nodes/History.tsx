/* What the node measured over time, as small plots under one another. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';

import { get, type Schema } from '../../api/client';
import { useApi } from '../../api/useApi';
import { number } from '../../format';
import { useT } from '../../i18n';
import { lang, theme } from '../../state/prefs';
import { station } from '../../state/session';
import { Async, Card, Empty, Segments } from '../../ui';

type Sample = NonNullable<Schema<'NodeHistory'>['items']>[number];

const SPANS = { day: 1, week: 7, month: 30 } as const;
const DAY_US = 86_400_000_000;
const HEIGHT_PX = 120;
const POINTS = 240;

interface Measure {
  key: 'online' | 'peak' | 'temperature' | 'supply' | 'clock' | 'data';
  unit: string;
  digits: number;
  colour: string;
  of: (s: Sample) => number | null;
  /** Ends of the scale that are always in sight. */
  range?: [number, number];
}

const scaled = (value: number | null | undefined, by: number) => (value === null || value === undefined ? null : value / by);
const MEASURES: readonly Measure[] = [
  { key: 'online', unit: '%', digits: 0, colour: '--good', of: (s) => scaled(s.online_permille, 10), range: [0, 100] },
  { key: 'peak', unit: 'dB', digits: 1, colour: '--live', of: (s) => scaled(s.peak_mdb, 1000), range: [-40, 0] },
  { key: 'temperature', unit: '°C', digits: 1, colour: '--warn', of: (s) => scaled(s.temperature_mc, 1000) },
  { key: 'supply', unit: 'V', digits: 2, colour: '--accent', of: (s) => scaled(s.supply_mv, 1000) },
  { key: 'clock', unit: 'ms', digits: 2, colour: '--ink-2', of: (s) => scaled(s.clock_uncertainty_us, 1000) },
  { key: 'data', unit: 'MB', digits: 2, colour: '--accent', of: (s) => ((s.in_bytes ?? 0) + (s.out_bytes ?? 0)) / 1e6 },
];

const token = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Local time of the station, as uPlot wants its dates. */
function local(s: number): Date {
  const offset = (station.value?.utc_offset_min ?? 0) + new Date(s * 1000).getTimezoneOffset();
  return new Date(s * 1000 + offset * 60_000);
}

function options(m: Measure, width: number): uPlot.Options {
  const axis = { stroke: token('--ink-2'), grid: { stroke: token('--line'), width: 1 }, ticks: { stroke: token('--line'), width: 1 }, font: `12px ${token('--font')}` };
  const days = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: '2-digit' });
  const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
  return {
    width,
    height: HEIGHT_PX,
    tzDate: local,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { y: m.range ? { range: (_u, min, max) => [Math.min(m.range![0], min ?? 0), Math.max(m.range![1], max ?? 0)] } : {} },
    series: [{}, { stroke: token(m.colour), width: 2, fill: `${token(m.colour)}22`, points: { show: false }, spanGaps: false }],
    axes: [
      { ...axis, size: 28, space: 70, values: (_u, splits, _i, _s, step) => splits.map((s) => (step >= 86400 ? days : hours).format(local(s))) },
      { ...axis, size: 56, space: 26, values: (_u, splits) => splits.map((v) => number(v, 2)) },
    ],
  };
}

function Plot({ measure, samples }: { measure: Measure; samples: readonly Sample[] }) {
  const t = useT('nodes');
  const box = useRef<HTMLDivElement>(null);
  const values = samples.map(measure.of);
  const known = values.filter((v): v is number => v !== null);
  useEffect(() => {
    let plot: uPlot | undefined;
    let gone = false;
    const element = box.current!;
    void Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([{ default: UPlot }]) => {
      if (gone) return;
      plot = new UPlot(options(measure, element.clientWidth), [samples.map((s) => (s.at_us ?? 0) / 1e6), values], element);
    });
    const watch = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    watch.observe(element);
    return () => {
      gone = true;
      watch.disconnect();
      plot?.destroy();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [measure, samples, theme.value, lang.value]);
  if (known.length === 0) return null;
  const said = (v: number) => `${number(v, measure.digits)} ${measure.unit}`;
  const [min, max, last] = [Math.min(...known), Math.max(...known), known[known.length - 1]!];
  const what = t(`history.${measure.key}`);
  return (
    <figure class="plot">
      <figcaption><span>{what}</span><strong>{said(last)}</strong>{min !== max && <span class="hint">{t('history.range', { min: number(min, measure.digits), max: said(max) })}</span>}</figcaption>
      <div ref={box} class="plot-box" role="img" aria-label={t('history.said', { what, min: said(min), max: said(max), last: said(last) })} />
    </figure>
  );
}

export function History({ node }: { node: number }) {
  const t = useT('nodes');
  const [span, setSpan] = useState<keyof typeof SPANS>('day');
  const history = useApi('node-history', () => {
    const to = Date.now() * 1000;
    return get('/api/v1/nodes/{id}/history', { params: { id: node }, query: { from_us: to - SPANS[span] * DAY_US, to_us: to, points: POINTS } });
  }, [node, span], 5 * 60_000);
  const keys = Object.keys(SPANS) as (keyof typeof SPANS)[];
  return (
    <Card title={t('history')}>
      <div class="stack">
        <Segments label={t('history.span')} value={span} onChange={setSpan} choices={keys.map((value) => ({ value, label: t(`history.${value}`) }))} />
        <Async from={history}>
          {(h) => {
            const samples = h?.items ?? [];
            if (samples.length === 0) return <Empty icon="chart" title={t('history.empty')}>{t('history.empty.text')}</Empty>;
            return <div class="plots">{MEASURES.map((m) => (samples.some((s) => m.of(s) !== null) ? <Plot key={m.key} measure={m} samples={samples} /> : null))}</div>;
          }}
        </Async>
      </div>
    </Card>
  );
}
