/* Write or change an event: what, where, when in plain words, how often, what if it meets another. */
import { useState } from 'preact/hooks';

import { ApiError, newKey } from '../../api/http';
import { getAll, patch, post, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { duration } from '../../format';
import { useT } from '../../i18n';
import { station } from '../../state/session';
import {
  Async, Button, CheckField, confirmed, Dialog, Field, Note, NumberField, Segments, SelectField, TextField, toast, useAction, whereBody, ZonePicker, type Where,
} from '../../ui';
import { EXCEPTIONS, timesBody, timesProblem, weekdayOf, WEEKDAYS, type Mode, type Times } from './times';
import { inWords } from './words';

export type Scope = 'one' | 'following' | 'all';

export interface EventForm {
  bulletin: number;
  where: Where;
  times: Times;
  repeats: number;
  pauseS: number;
  conflict: 'refuse' | 'append' | 'replace';
  priority: '' | 'normal' | 'priority';
  rank: number;
}

interface Props {
  initial: EventForm;
  /** Undefined: a new one. */
  change?: { event: Schema<'Event'>; scope: Scope; occurrence_us: number };
  onClose: () => void;
}

const MODES: readonly Mode[] = ['once', 'daily', 'weekly', 'monthly', 'yearly'];

function Monthdays({ value, onChange }: { value: number[]; onChange: (days: number[]) => void }) {
  const t = useT('calendar');
  return (
    <fieldset class="monthdays">
      <legend>{t('form.monthdays')}</legend>
      <div>
        {Array.from({ length: 31 }, (_, i) => i + 1).map((d) => (
          <label key={d} class={value.includes(d) ? 'chosen' : ''}>
            <input type="checkbox" checked={value.includes(d)} onChange={(e) => onChange(e.currentTarget.checked ? [...value, d] : value.filter((v) => v !== d))} />
            <span>{d}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function WhenFields({ times, set, fixed }: { times: Times; set: (next: Partial<Times>) => void; fixed: boolean }) {
  const t = useT('calendar');
  const repeated = times.mode !== 'once' && times.mode !== 'other';
  /* Days that nobody chose follow the date. */
  const setDate = (date: string) => set({
    date,
    ...(date && times.weekdays.length <= 1 ? { weekdays: [weekdayOf(date)] } : {}),
    ...(date && times.monthdays.length <= 1 ? { monthdays: [Number(date.slice(8, 10))] } : {}),
  });
  return (
    <>
      {!fixed && <Segments label={t('form.mode')} value={times.mode} onChange={(mode) => set({ mode })}
        choices={[...MODES, ...(times.mode === 'other' ? ['other' as const] : [])].map((value) => ({ value, label: t(`mode.${value}`) }))} />}
      {times.mode === 'other' ? <Note tone="info">{t('form.other')}</Note> : (
        <>
          {times.mode === 'weekly' && (
            <fieldset class="monthdays">
              <legend>{t('form.weekdays')}</legend>
              <div>
                {WEEKDAYS.map((d) => (
                  <label key={d} class={times.weekdays.includes(d) ? 'chosen' : ''}>
                    <input type="checkbox" checked={times.weekdays.includes(d)}
                      onChange={(e) => set({ weekdays: e.currentTarget.checked ? [...times.weekdays, d] : times.weekdays.filter((v) => v !== d) })} />
                    <span>{t(`day.${d}`)}</span>
                  </label>
                ))}
              </div>
            </fieldset>
          )}
          {times.mode === 'monthly' && <Monthdays value={times.monthdays} onChange={(monthdays) => set({ monthdays })} />}
          <div class="form-row">
            <TextField label={repeated ? t('form.from') : t('form.date')} type="date" required value={times.date} onChange={setDate} />
            <TextField label={t('form.time')} type="time" required value={times.time} onChange={(time) => set({ time: time.slice(0, 5) })} />
            {repeated && <TextField label={t('form.until')} hint={t('form.until.hint')} type="date" value={times.until} onChange={(until) => set({ until })} />}
          </div>
          {repeated && [...EXCEPTIONS.keys()].map((name) => (
            <CheckField key={name} label={t(name === 'tet' ? 'form.except.tet' : 'form.except.le')} value={times.except.includes(name)}
              onChange={(on) => set({ except: on ? [...times.except, name] : times.except.filter((n) => n !== name) })} />
          ))}
        </>
      )}
    </>
  );
}

/** The body of POST and PATCH; times only where they differ from those before. */
export function bodyOf(form: EventForm, title: string, before?: Times): Schema<'EventNew'> {
  const same = before !== undefined && JSON.stringify(before) === JSON.stringify(form.times);
  return {
    bulletin: form.bulletin,
    ...whereBody(form.where),
    ...(same ? {} : timesBody(form.times, station.value?.timezone || 'Asia/Ho_Chi_Minh', `${newKey()}@console.loa`, title)),
    repeats: form.repeats,
    pause_ms: form.pauseS * 1000,
    conflict: form.conflict,
    ...(form.priority ? { priority: form.priority } : {}),
    rank: form.rank,
  };
}

export function EventDialog({ initial, change, onClose }: Props) {
  const t = useT('calendar');
  const common = useT('common');
  const [form, setForm] = useState(initial);
  const [tried, setTried] = useState(false);
  const [finding, setFinding] = useState<{ good: boolean; text: string } | undefined>(undefined);
  const bulletins = useApi('bulletins', () => getAll('/api/v1/bulletins', { query: { state: 'approved' } }));
  const set = (next: Partial<EventForm>) => {
    setFinding(undefined);
    setForm((f) => ({ ...f, ...next }));
  };
  const chosen = bulletins.data?.find((b) => b.id === form.bulletin);
  const problem = timesProblem(form.times);
  const noWhere = !form.where.everyone && form.where.zones.length === 0;
  const missing = form.bulletin === 0 || noWhere || problem !== undefined;
  const total = chosen ? (chosen.duration_ms ?? 0) * form.repeats + form.pauseS * 1000 * (form.repeats - 1) : 0;

  async function send(extra: Record<string, boolean>, check: boolean) {
    const query = check ? { query: { check: 'true' } } : {};
    const body = { ...bodyOf(form, chosen?.title ?? '', change ? initial.times : undefined), ...extra };
    if (!change) return post('/api/v1/events', body, query);
    const scope = change.scope === 'all' ? {} : { scope: change.scope, occurrence_us: change.occurrence_us };
    return patch('/api/v1/events/{id}', { ...body, ...scope }, { ...query, params: { id: change.event.id ?? 0 }, etag: `"${change.event.revision}"` });
  }
  const save = useAction(async () => {
    setTried(true);
    if (missing) return;
    if ((await confirmed((extra) => send(extra, false))) === undefined) return;
    refresh('schedule', 'events', 'preview');
    toast(common('form.saved'), 'done');
    onClose();
  });
  const check = useAction(async () => {
    setTried(true);
    if (missing) return;
    try {
      await send({}, true);
      setFinding({ good: true, text: t('check.good') });
    } catch (found) {
      if (!(found instanceof ApiError) || found.status === 0) throw found;
      setFinding({ good: false, text: found.message });
    }
  });

  return (
    <Dialog wide title={change ? t('form.title.change') : t('form.title.new')} onClose={onClose} actions={
      <>
        <Button onClick={() => void check.run()} busy={check.busy} icon="search">{t('form.check')}</Button>
        <Button kind="primary" icon="check" busy={save.busy} onClick={() => void save.run()}>{common('action.save')}</Button>
      </>
    }>
      {change && <Note tone="info">{t(`scope.${change.scope}.text`)}</Note>}
      <Async from={bulletins}>
        {(all) => (
          <SelectField label={t('form.bulletin')} required value={form.bulletin} onChange={(bulletin) => set({ bulletin })}
            error={tried && form.bulletin === 0 ? common('form.missing') : undefined}
            hint={all.length === 0 ? t('form.noBulletin') : undefined}
            choices={[{ value: 0, label: t('form.choose') }, ...all.map((b) => ({ value: b.id ?? 0, label: `${b.title} (${duration(b.duration_ms)})` }))]} />
        )}
      </Async>
      <WhenFields times={form.times} set={(next) => set({ times: { ...form.times, ...next } })} fixed={change?.scope === 'one'} />
      {tried && problem && <Note>{t(problem)}</Note>}
      <ZonePicker value={form.where} onChange={(where) => set({ where })} {...(tried && noWhere ? { error: t('need.where') } : {})} />
      <div class="form-row">
        <NumberField label={t('form.repeats')} min={1} max={10} value={form.repeats} onChange={(repeats) => set({ repeats })} unit={t('form.times')} />
        {form.repeats > 1 && <NumberField label={t('form.pause')} min={1} max={7200} value={form.pauseS} onChange={(pauseS) => set({ pauseS })} unit={t('form.seconds')} />}
      </div>
      <SelectField label={t('form.conflict')} hint={t('form.conflict.hint')} value={form.conflict} onChange={(conflict) => set({ conflict })}
        choices={(['refuse', 'append', 'replace'] as const).map((value) => ({ value, label: t(`conflict.${value}`) }))} />
      <details class="more">
        <summary>{t('form.more')}</summary>
        <SelectField label={t('form.priority')} value={form.priority} onChange={(priority) => set({ priority })} choices={[
          { value: '' as const, label: t('form.priority.same') }, { value: 'normal' as const, label: common('priority.normal') }, { value: 'priority' as const, label: common('priority.priority') },
        ]} />
        <Field label={t('form.rank')} hint={t('form.rank.hint')}>
          {(wires) => <input {...wires} type="range" min={1} max={9} value={form.rank} onInput={(e) => set({ rank: e.currentTarget.valueAsNumber })} />}
        </Field>
      </details>
      <p class="in-words" aria-live="polite"><strong>{inWords(form.times, t)}</strong>{total > 0 && ` ${t('form.total', { span: duration(total) })}`}</p>
      {finding && <Note tone={finding.good ? 'good' : 'warn'}>{finding.text}</Note>}
      {(save.error ?? check.error) && <Note>{(save.error ?? check.error)!.message}</Note>}
    </Dialog>
  );
}
