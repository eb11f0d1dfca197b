/* The calendar: week, day or list; drag, write, change, check, copy, load. */
import { useCallback, useMemo, useState } from 'preact/hooks';

import { get, getAll, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { day } from '../../format';
import { useT } from '../../i18n';
import { may, station } from '../../state/session';
import { Button, Note, PageHead, SelectField, Tabs, toast, useAction, useZones, zoneTree } from '../../ui';
import type { PageProps } from '../registry';
import './calendar.css';
import { EventDialog, type EventForm, type Scope } from './EventDialog';
import { Grid, type Block, type Occurrence, type View } from './Grid';
import { moveOccurrence, OccurrenceDialog, ScopeDialog, SCOPES } from './OccurrenceDialog';
import { Findings, Minutes } from './Preview';
import { addDays, civil, instant, repeatsIn, shifted, timesBody, timesOf, weekdayOf, WEEKDAYS, type Times } from './times';
import { CopyWeek, exportFile, LoadFile } from './Tools';
import { Why } from './Why';

type Event = Schema<'Event'>;
type Look = View | 'minutes';
const COLOURS = 8;

function monday(date: string): string {
  return addDays(date, -WEEKDAYS.indexOf(weekdayOf(date)));
}

function newForm(local: string): EventForm {
  const times: Times = { mode: 'once', date: local.slice(0, 10), time: local.slice(11, 16), weekdays: [weekdayOf(local.slice(0, 10))], monthdays: [Number(local.slice(8, 10))], until: '', except: [] };
  return { bulletin: 0, where: { everyone: true, zones: [] }, times, repeats: 1, pauseS: 30, conflict: 'refuse', priority: '', rank: 5 };
}

function formOf(event: Event, times: Times): EventForm {
  return {
    bulletin: event.bulletin ?? 0,
    where: { everyone: event.everyone ?? false, zones: event.zones ?? [] },
    times,
    repeats: event.repeats ?? 1,
    pauseS: Math.round((event.pause_ms ?? 30000) / 1000),
    conflict: event.conflict ?? 'refuse',
    priority: event.priority === 'normal' || event.priority === 'priority' ? event.priority : '',
    rank: event.rank ?? 5,
  };
}

type Open =
  | { kind: 'new'; form: EventForm }
  | { kind: 'change'; form: EventForm; event: Event; scope: Scope; occurrence_us: number }
  | { kind: 'occurrence'; occurrence: Occurrence }
  | { kind: 'scope'; title: string; scopes: readonly Scope[]; choose: (scope: Scope | undefined) => void }
  | { kind: 'copy' }
  | { kind: 'load' };

/** A whole hour soon, as the first offer of a new event. */
function soon(zone: string): string {
  return `${civil((Math.ceil(Date.now() / 3_600_000) + 1) * 3_600_000_000, zone).slice(0, 13)}:00`;
}

/** planned: a bulletin to begin an event with, 0 none. */
function Calendar({ planned }: { planned: number }) {
  const t = useT('calendar');
  const common = useT('common');
  const zone = station.value?.timezone || 'Asia/Ho_Chi_Minh';
  const today = civil(Date.now() * 1000, zone).slice(0, 10);
  const wide = matchMedia('(min-width: 800px)').matches;
  const [look, setLook] = useState<Look>(wide ? 'timeGridWeek' : 'listWeek');
  const [date, setDate] = useState(today);
  const [range, setRange] = useState({ from: monday(today), before: addDays(monday(today), 7) });
  const [only, setOnly] = useState(0);
  const mayWrite = may('operator');
  const [open, setOpen] = useState<Open | undefined>(planned && mayWrite ? { kind: 'new', form: { ...newForm(soon(zone)), bulletin: planned } } : undefined);
  const fromUs = instant(`${range.from}T00:00:00`, zone);
  const beforeUs = instant(`${range.before}T00:00:00`, zone);

  const schedule = useApi('schedule', (signal) => get('/api/v1/schedule', { query: { from_us: fromUs, before_us: beforeUs }, signal }), [fromUs, beforeUs], 60_000);
  const events = useApi('events', () => getAll('/api/v1/events', { query: { cancelled: 'true' } }));
  const zones = useZones();
  const tree = useMemo(() => zoneTree(zones.data ?? []), [zones.data]);

  const whereOf = useCallback((event: Event | undefined): Pick<Block, 'where' | 'colour'> => {
    if (!event) return { where: '', colour: 0 };
    if (event.everyone) return { where: common('zones.everyone'), colour: 0 };
    const at = tree.filter(({ zone: z }) => (event.zones ?? []).includes(z.id ?? 0));
    return { where: at.map(({ zone: z }) => z.name).join(', '), colour: at.length === 1 ? 1 + (tree.indexOf(at[0]!) % COLOURS) : 0 };
  }, [tree, common]);

  const blocks = useMemo(() => {
    const byId = new Map((events.data ?? []).map((e) => [e.id, e]));
    const inZone = new Set<number>();
    const add = (id: number) => {
      inZone.add(id);
      for (const { zone: z } of tree) if (z.parent === id) add(z.id ?? 0);
    };
    if (only) add(only);
    return (schedule.data?.items ?? [])
      .filter((o) => {
        const event = byId.get(o.event);
        return !only || !event || event.everyone || (event.zones ?? []).some((z) => inZone.has(z));
      })
      .map((occurrence) => ({ occurrence, ...whereOf(byId.get(occurrence.event)) }));
  }, [schedule.data, events.data, tree, only, whereOf]);

  const askScope = (title: string, scopes: readonly Scope[]) =>
    new Promise<Scope | undefined>((choose) => setOpen({ kind: 'scope', title, scopes, choose }));

  const move = useAction(async (occurrence: Occurrence, change: (event: Event, times: Times, local: string) => { body: Partial<Schema<'EventChange'>>; local: string; scopes: readonly Scope[] }, kept: (yes: boolean) => void) => {
    let done = false;
    try {
      const event = await get('/api/v1/events/{id}', { params: { id: occurrence.event ?? 0 } });
      const local = civil(occurrence.occurrence_us ?? 0, zone);
      const times = timesOf(event, local);
      const to = change(event, times, civil(occurrence.start_us ?? 0, zone));
      const scope = times.mode === 'once' ? 'all' : await askScope(t('move.title'), to.scopes);
      setOpen(undefined);
      if (scope) done = await moveOccurrence(occurrence, event, scope, to.body, to.local);
      if (done) toast(t('move.done'));
    } finally {
      kept(done);
      refresh('schedule', 'events', 'preview');
    }
  }, { toastErrors: true });

  const onMove = (occurrence: Occurrence, local: string) => new Promise<boolean>((kept) => void move.run(occurrence, (_, times, from) => {
    const to = shifted(times, from, local);
    return { local, body: timesBody(to, zone, '', occurrence.title ?? ''), scopes: times.mode === 'daily' || times.mode === 'weekly' ? SCOPES : ['one'] };
  }, kept));
  const onLength = (occurrence: Occurrence, ms: number) => new Promise<boolean>((kept) => void move.run(occurrence, (event, _, local) => {
    const pauseMs = event.pause_ms ?? 0;
    const lengthMs = ((occurrence.end_us ?? 0) - (occurrence.start_us ?? 0)) / 1000;
    const one = (lengthMs - pauseMs * ((event.repeats ?? 1) - 1)) / (event.repeats ?? 1);
    return { local: local.slice(0, 16), body: { repeats: repeatsIn(ms, one, pauseMs) }, scopes: ['all', 'following'] };
  }, kept));

  const step = (days: number) => setDate(addDays(date, days));
  const span = look === 'timeGridDay' ? 1 : 7;
  const showMinutes = look === 'minutes';
  const minutesFrom = monday(date);
  const onRange = useCallback((from: string, before: string) => setRange({ from, before }), []);
  const shownFrom = showMinutes ? minutesFrom : range.from;

  return (
    <>
      <PageHead title={common('page.calendar')} lead={t('lead')} actions={
        <>
          {mayWrite && <Button kind="primary" icon="plus" onClick={() => setOpen({ kind: 'new', form: newForm(soon(zone)) })}>{t('new')}</Button>}
          {mayWrite && <Button icon="copy" onClick={() => setOpen({ kind: 'copy' })}>{t('copy.open')}</Button>}
          {mayWrite && <Button icon="upload" onClick={() => setOpen({ kind: 'load' })}>{t('load.open')}</Button>}
          <Button icon="download" onClick={() => void exportFile()}>{t('export')}</Button>
        </>
      } />
      <div class="calendar-bar">
        <div class="turn">
          <Button icon="chevronLeft" aria-label={t('before')} onClick={() => step(-span)} />
          <Button onClick={() => setDate(today)}>{t('today')}</Button>
          <Button icon="chevronRight" aria-label={t('after')} onClick={() => step(span)} />
          <h2 aria-live="polite">{span === 1 ? day(instant(`${date}T12:00:00`, zone)) : `${day(instant(`${shownFrom}T12:00:00`, zone))} – ${day(instant(`${addDays(shownFrom, 6)}T12:00:00`, zone))}`}</h2>
        </div>
        <Tabs label={t('view')} value={look} onChange={setLook} tabs={(['timeGridWeek', 'timeGridDay', 'listWeek', 'minutes'] as const).map((value) => ({ value, label: t(`view.${value}`) }))} />
        {tree.length > 1 && (
          <SelectField label={t('zone')} value={only} onChange={setOnly} choices={[{ value: 0, label: t('zone.all') }, ...tree.map(({ zone: z, depth }) => ({ value: z.id ?? 0, label: `${'– '.repeat(depth)}${z.name}` }))]} />
        )}
      </div>
      {(schedule.error ?? events.error) && <Note>{(schedule.error ?? events.error)!.message}</Note>}
      <Findings fromUs={Math.max(fromUs, Math.floor(Date.now() / 60_000) * 60_000_000)} beforeUs={Math.max(beforeUs, Math.floor(Date.now() / 60_000 + 1) * 60_000_000)} zone={only} />
      {showMinutes ? <Minutes fromUs={instant(`${minutesFrom}T00:00:00`, zone)} beforeUs={instant(`${addDays(minutesFrom, 7)}T00:00:00`, zone)} zone={only} /> : (
        <>
          <Grid view={look} date={date} blocks={blocks} editable={mayWrite && wide} onRange={onRange}
            onSlot={(local) => setOpen({ kind: 'new', form: newForm(local) })}
            onOpen={(occurrence) => setOpen({ kind: 'occurrence', occurrence })} onMove={onMove} onLength={onLength} />
          {mayWrite && wide && look !== 'listWeek' && <p class="hint">{t('drag.hint')}</p>}
        </>
      )}
      {open?.kind === 'new' && <EventDialog initial={open.form} onClose={() => setOpen(undefined)} />}
      {open?.kind === 'change' && <EventDialog initial={open.form} change={open} onClose={() => setOpen(undefined)} />}
      {open?.kind === 'copy' && <CopyWeek monday={monday(date)} onClose={() => setOpen(undefined)} />}
      {open?.kind === 'load' && <LoadFile onClose={() => setOpen(undefined)} />}
      {open?.kind === 'scope' && (
        <ScopeDialog title={open.title} scopes={open.scopes} onChoose={open.choose} onClose={() => {
          open.choose(undefined);
          setOpen(undefined);
        }} />
      )}
      {open?.kind === 'occurrence' && (
        <OccurrenceDialog occurrence={open.occurrence} where={whereOf(events.data?.find((e) => e.id === open.occurrence.event)).where}
          local={civil(open.occurrence.occurrence_us ?? 0, zone)} onClose={() => setOpen(undefined)}
          onEdit={(event, scope, times) => setOpen({ kind: 'change', form: formOf(event, times), event, scope, occurrence_us: open.occurrence.occurrence_us ?? 0 })} />
      )}
    </>
  );
}

export default function CalendarPage({ rest, query }: PageProps) {
  if (rest[0] === 'why') return <Why key={rest[1] ?? ''} atUs={Number(rest[1]) || Date.now() * 1000} />;
  const planned = Number(query.get('bulletin')) || 0;
  return <Calendar key={planned} planned={planned} />;
}
