/* From a template to every horn in three looks: what, where, and once more before it sounds. */
import { useState } from 'preact/hooks';

import { get, getAll, post, type Schema } from '../../api/client';
import { useDraft } from '../../api/drafts';
import { newKey } from '../../api/http';
import { refresh, useApi } from '../../api/useApi';
import { duration } from '../../format';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import {
  Async, Badge, Button, Card, confirmed, Icon, LinkButton, Note, PageHead, Segments, SelectField, TextArea, TextField, toast, useAction, whereBody, ZonePicker, type IconName, type Where,
} from '../../ui';

type Template = Schema<'AlertTemplate'>;
type Alert = Schema<'Alert'>;
type Message = 'speech' | 'recording' | 'live';

interface Form {
  template: string;
  message: Message;
  title: string;
  text: string;
  values: Record<string, string>;
  media: string;
  where: Where;
  expires: number;
  why: string;
}

const ICONS: Record<string, IconName> = { flood: 'alertTriangle', storm: 'alertTriangle', landslide: 'alertTriangle', fire: 'alertTriangle', evacuation: 'users', lost_child: 'user', drill: 'repeat', all_clear: 'check' };
const HOURS = [1800, 3600, 7200, 21600, 43200, 86400];
/** These fill themselves from the chosen places and the clock. */
const OWN_BLANKS = ['noi', 'thoi_gian'];

/** Names of the blanks of a text: {noi} */
export function blanks(text: string): string[] {
  return [...new Set([...text.matchAll(/\{([a-z_]+)\}/g)].map((m) => m[1]!))];
}

export function alertBody(form: Form, drill: boolean): Schema<'AlertNew'> {
  const values = Object.entries(form.values).filter(([, value]) => value.trim() !== '').map(([name, value]) => `${name}=${value.trim()}`);
  return {
    ...(form.template ? { template: form.template } : {}),
    ...(form.title.trim() ? { title: form.title.trim() } : {}),
    ...(form.message === 'live' ? { live: true } : form.message === 'recording' ? { media: form.media } : { text: form.text.trim() }),
    ...(form.message === 'speech' && values.length > 0 ? { values } : {}),
    ...whereBody(form.where),
    expires_s: form.expires,
    ...(drill ? { drill: true } : {}),
    ...(form.why.trim() ? { why: form.why.trim() } : {}),
  };
}

function Choose({ templates, onChoose }: { templates: readonly Template[]; onChoose: (template: Template | undefined) => void }) {
  const t = useT('alerts');
  return (
    <div class="alert-templates">
      {templates.map((one) => (
        <button key={one.name} type="button" class={`alert-template ${one.drill ? 'drill' : ''}`} onClick={() => onChoose(one)}>
          <Icon name={ICONS[one.name ?? ''] ?? 'bell'} size={28} />
          <span>{one.title}</span>
        </button>
      ))}
      <button type="button" class="alert-template own" onClick={() => onChoose(undefined)}>
        <Icon name="edit" size={28} />
        <span>{t('own')}</span>
      </button>
    </div>
  );
}

function Blanks({ form, set }: { form: Form; set: (next: Partial<Form>) => void }) {
  const t = useT('alerts');
  const names = blanks(form.text);
  if (form.message !== 'speech' || names.length === 0) return null;
  return (
    <div class="form-row">
      {names.map((name) => {
        const key = `blank.${name}` as 'blank.noi';
        const known = t(key);
        return (
          <TextField key={name} label={known === key ? name : known} hint={OWN_BLANKS.includes(name) ? t('blank.own') : undefined} maxLength={120}
            value={form.values[name] ?? ''} onChange={(value) => set({ values: { ...form.values, [name]: value } })} />
        );
      })}
    </div>
  );
}

function What({ form, set, drill }: { form: Form; set: (next: Partial<Form>) => void; drill: boolean }) {
  const t = useT('alerts');
  const media = useApi('media', () => getAll('/api/v1/media', { query: { order: 'newest' } }, 500));
  return (
    <Card title={t('what')}>
      {!drill && <Segments label={t('message')} value={form.message} onChange={(message) => set({ message })}
        choices={(['speech', 'recording', 'live'] as const).map((value) => ({ value, label: t(`message.${value}`) }))} />}
      <TextField label={t('title')} required maxLength={199} value={form.title} onChange={(title) => set({ title })} />
      {form.message === 'speech' && <TextArea label={t('text')} hint={t('text.hint')} rows={6} maxLength={2000} value={form.text} onChange={(text) => set({ text })} />}
      <Blanks form={form} set={set} />
      {form.message === 'recording' && (
        <Async from={media}>
          {(all) => (
            <SelectField label={t('recording')} required value={form.media} onChange={(sha) => set({ media: sha })}
              choices={[{ value: '', label: t('recording.choose') }, ...all.map((m) => ({ value: m.sha256 ?? '', label: `${m.title} (${duration(m.duration_ms)})` }))]} />
          )}
        </Async>
      )}
      {form.message === 'live' && <Note tone="info">{t('live.text')}</Note>}
    </Card>
  );
}

/** What would sound where; its button lets it. */
function Look({ preview, how, totp, setTotp }: { preview: Alert; how: string; totp: string; setTotp: (code: string) => void }) {
  const t = useT('alerts');
  const targets = preview.targets ?? [];
  const online = targets.filter((n) => n.online).length;
  const muted = targets.filter((n) => n.muted);
  return (
    <Card title={t('preview')}>
      <p class="badges">
        <Badge tone={preview.priority === 'emergency' ? 'bad' : 'info'}>{t(`signal.${(preview.signal ?? 'siren') as 'siren'}`)}</Badge>
        {preview.drill && <Badge tone="info">{t('drill')}</Badge>}
        <Badge tone="neutral">{t('nodes', { count: preview.nodes ?? targets.length })}</Badge>
        <Badge tone={online === targets.length ? 'good' : 'warn'}>{t('online', { count: online })}</Badge>
      </p>
      {preview.text && <blockquote class="spoken">{preview.text}</blockquote>}
      {online < targets.length && <Note tone="info">{t('offline', { names: targets.filter((n) => !n.online).map((n) => n.name).join(', ') })}</Note>}
      {muted.length > 0 && <Note tone="warn">{t('muted', { names: muted.map((n) => n.name).join(', ') })}</Note>}
      {preview.would === 'waits' && <Note tone="warn">{t('waits')}</Note>}
      {(preview.would === 'role' || preview.would === 'area' || preview.would === 'rate') && <Note>{t(`refused.${preview.would}`)}</Note>}
      {how === 'new' && !preview.drill && <p class="hint">{t('then')}</p>}
      {preview.needs_factor && <TextField label={t('totp')} hint={t('totp.hint')} required inputMode="numeric" autoComplete="one-time-code" maxLength={6} value={totp} onChange={setTotp} />}
    </Card>
  );
}

interface Props {
  template?: string | undefined;
  /** Instead of a new one: replace this one, or end it. */
  of?: { id: number; how: 'update' | 'all-clear' };
}

const EMPTY: Form = { template: '', message: 'speech', title: '', text: '', values: {}, media: '', where: { everyone: true, zones: [] }, expires: 3600, why: '' };

export function Composer({ template, of }: Props) {
  const templates = useApi('alert-templates', (signal) => get('/api/v1/alert-templates', { signal }));
  const old = useApi(`alert:${of?.id ?? 0}`, async (signal) => (of ? get('/api/v1/alerts/{id}', { params: { id: of.id }, signal }) : null), [of?.id]);
  return (
    <Async from={templates}>
      {(list) => <Async from={old}>{(before) => <Form_ templates={list?.items ?? []} first={template} old={before ?? undefined} how={of?.how ?? 'new'} />}</Async>}
    </Async>
  );
}

function start(templates: readonly Template[], first: string | undefined, old: Alert | undefined, how: string): Form | undefined {
  const one = templates.find((x) => x.name === (how === 'all-clear' ? 'all_clear' : first));
  const where = old ? { everyone: old.everyone ?? false, zones: old.zones ?? [] } : EMPTY.where;
  if (how === 'update' && old) return { ...EMPTY, where, title: old.title ?? '', text: old.text ?? '', message: old.message === 'recording' ? 'recording' : 'speech', media: old.media ?? '' };
  if (one) return { ...EMPTY, where, template: one.name ?? '', title: one.title ?? '', text: one.text ?? '', expires: how === 'all-clear' || one.drill ? 1800 : 3600 };
  return undefined;
}

function Form_({ templates, first, old, how }: { templates: readonly Template[]; first: string | undefined; old: Alert | undefined; how: 'new' | 'update' | 'all-clear' }) {
  const t = useT('alerts');
  const draft = useDraft<Form & { chosen: boolean }>(`alert.${how}.${old?.id ?? 0}.${first ?? ''}`, { ...(start(templates, first, old, how) ?? EMPTY), chosen: start(templates, first, old, how) !== undefined });
  const form = draft.value;
  const [preview, setPreview] = useState<Alert | undefined>(undefined);
  const [totp, setTotp] = useState('');
  const [tried, setTried] = useState(false);
  // One key for the whole act: a second press, or a lost answer, alerts once.
  const [key] = useState(newKey);
  const drill = templates.find((x) => x.name === form.template)?.drill ?? false;
  const noWhere = !form.where.everyone && form.where.zones.length === 0;
  const missing = form.title.trim() === '' || (form.message === 'speech' && form.text.trim() === '') || (form.message === 'recording' && form.media === '') || noWhere;

  const set = (next: Partial<Form>) => {
    setPreview(undefined);
    draft.set(next);
  };
  const send = (extra: Partial<Schema<'AlertNew'>>, options: { idempotencyKey?: string } = {}) => {
    const body = { ...alertBody(form, drill), ...extra };
    if (how === 'new') return post('/api/v1/alerts', body, options);
    const call = { ...options, params: { id: old?.id ?? 0 } };
    return how === 'update' ? post('/api/v1/alerts/{id}/update', body, call) : post('/api/v1/alerts/{id}/all-clear', body, call);
  };
  const look = useAction(async () => {
    setTried(true);
    if (missing) return;
    const answer = await confirmed((extra) => send({ ...extra, preview: true }));
    if (answer) setPreview(answer as Alert);
  });
  const sound = useAction(async () => {
    const answer = (await confirmed((extra) => send({ ...extra, ...(totp ? { totp: totp.trim() } : {}) }, { idempotencyKey: key }))) as Alert | undefined;
    if (!answer) return;
    draft.drop();
    refresh('alerts', 'broadcasts');
    toast(answer.state === 'waiting' ? t('done.waits') : t('done'));
    go(form.message === 'live' && answer.broadcast ? `/onair/talk/${answer.broadcast}` : `/alerts/${answer.id}`);
  });
  const refused = preview?.would === 'role' || preview?.would === 'area' || preview?.would === 'rate';
  const error = sound.error ?? look.error;

  return (
    <>
      <PageHead title={t(`head.${how}`)} lead={old ? t('head.of', { title: old.title ?? '' }) : t('head.lead')} actions={<LinkButton to={old ? `/alerts/${old.id}` : '/alerts'} icon="chevronLeft">{t('back')}</LinkButton>} />
      {!form.chosen ? (
        <Choose templates={templates.filter((x) => x.name !== 'all_clear')} onChoose={(one) =>
          set({ ...(one ? { template: one.name ?? '', title: one.title ?? '', text: one.text ?? '', expires: one.drill ? 1800 : 3600 } : {}), chosen: true } as Partial<Form>)} />
      ) : (
        <div class="composer">
          {draft.found && <Note tone="info" action={<Button onClick={draft.reset}>{t('draft.drop')}</Button>}>{t('draft.found')}</Note>}
          {drill && <Note tone="info">{t('drill.text')}</Note>}
          <What form={form} set={set} drill={drill} />
          <Card title={t('where')}>
            <ZonePicker value={form.where} onChange={(where) => set({ where })} {...(tried && noWhere ? { error: t('where.none') } : {})} />
            <div class="form-row">
              {how !== 'all-clear' && <SelectField label={t('expires')} hint={t('expires.hint')} value={form.expires} onChange={(expires) => set({ expires })}
                choices={HOURS.map((value) => ({ value, label: value < 3600 ? t('expires.minutes', { count: value / 60 }) : t('expires.hours', { count: value / 3600 }) }))} />}
              <TextField label={t('why')} hint={t('why.hint')} maxLength={199} value={form.why} onChange={(why) => set({ why })} />
            </div>
          </Card>
          {tried && missing && <Note>{t('missing')}</Note>}
          {preview && <Look preview={preview} how={how} totp={totp} setTotp={setTotp} />}
          {error && <Note>{error.message}</Note>}
          <div class="actions">
            {preview === undefined ? (
              <Button kind="primary" large icon="eye" busy={look.busy} onClick={() => void look.run()}>{t('look')}</Button>
            ) : (
              <Button kind="danger" large icon="megaphone" busy={sound.busy} disabled={refused || (preview.needs_factor === true && totp.trim().length < 6)} onClick={() => void sound.run()}>{t(`sound.${how}`)}</Button>
            )}
          </div>
        </div>
      )}
    </>
  );
}
