/* First run: administrator, station, first zone, first node. Each step is done when it is left, so a broken link
 * loses nothing; who comes back after the first step signs in and goes on in the screens themselves. */
import { useState } from 'preact/hooks';

import { patch, post, type Schema } from '../api/client';
import { dateTime } from '../format';
import { useT } from '../i18n';
import { loadStation, me, setUp, station, wizard } from '../state/session';
import { Button, Note, PasswordField, SelectField, TextField, toast, useAction } from '../ui';
import { Front } from './Front';

const STEPS = 4;
const PASSWORD_MIN = 10;

interface StepProps {
  done: () => void;
}

function Steps({ step }: { step: number }) {
  const t = useT('account');
  return (
    <div class="steps" role="img" aria-label={t('wizard.step', { step, of: STEPS })}>
      {Array.from({ length: STEPS }, (_, i) => <span key={i} class={i < step ? 'on' : ''} />)}
    </div>
  );
}

function Admin() {
  const t = useT('account');
  const common = useT('common');
  const [form, setForm] = useState({ code: '', name: '', login: '', password: '' });
  const [tried, setTried] = useState(false);
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const short = form.password.length < PASSWORD_MIN;
  const missing = (text: string) => (tried && text.trim() === '' ? common('form.missing') : undefined);
  const submit = useAction(async () => {
    setTried(true);
    if (!form.code.trim() || !form.name.trim() || !form.login.trim() || short) return;
    await setUp({ code: form.code.trim(), name: form.name.trim(), login: form.login.trim(), password: form.password });
  });
  return (
    <form class="stack" noValidate onSubmit={(e) => { e.preventDefault(); void submit.run(); }}>
      <h2>{t('wizard.admin')}</h2>
      {submit.error && <Note>{submit.error.message}</Note>}
      <TextField label={t('wizard.code')} hint={t('wizard.admin.text')} value={form.code} onChange={(code) => set({ code })} error={missing(form.code)} maxLength={128} required autoFocus />
      <TextField label={t('wizard.name')} value={form.name} onChange={(name) => set({ name })} error={missing(form.name)} autoComplete="name" maxLength={127} required />
      <TextField label={t('wizard.login')} value={form.login} onChange={(login) => set({ login })} error={missing(form.login)} autoComplete="username" maxLength={63} required />
      <PasswordField label={t('wizard.password')} hint={t('wizard.password.hint')} value={form.password} onChange={(password) => set({ password })}
        error={tried && short ? common('form.tooShort', { min: PASSWORD_MIN }) : undefined} autoComplete="new-password" required />
      <Button type="submit" kind="primary" large busy={submit.busy}>{common('action.continue')}</Button>
    </form>
  );
}

function StationStep({ done }: StepProps) {
  const t = useT('account');
  const common = useT('common');
  const [name, setName] = useState(station.value?.name ?? '');
  const [profile, setProfile] = useState<NonNullable<Schema<'Station'>['profile']>>(station.value?.profile ?? 'none');
  const submit = useAction(async () => {
    await patch('/api/v1/station', { name: name.trim(), profile });
    await loadStation();
    done();
  });
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); void submit.run(); }}>
      <h2>{t('wizard.station')}</h2>
      {submit.error && <Note>{submit.error.message}</Note>}
      <TextField label={t('wizard.station.name')} hint={t('wizard.station.text')} value={name} onChange={setName} maxLength={127} required />
      <TextField label={t('wizard.station.code')} hint={t('wizard.station.code.hint')} value={station.value?.code ?? ''} onChange={() => undefined} disabled />
      <SelectField label={t('wizard.profile')} value={profile} onChange={setProfile}
        choices={(['none', 'rural', 'urban'] as const).map((value) => ({ value, label: t(`wizard.profile.${value}`) }))} />
      <Button type="submit" kind="primary" large busy={submit.busy} disabled={name.trim() === ''}>{common('action.continue')}</Button>
    </form>
  );
}

function ZoneStep({ made }: { made: (zone: number) => void }) {
  const t = useT('account');
  const common = useT('common');
  const [name, setName] = useState('');
  const [code, setCode] = useState('T01');
  const submit = useAction(async () => {
    const zone = await post('/api/v1/zones', { code: code.trim(), name: name.trim() });
    if (zone) made(zone.id);
  });
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); void submit.run(); }}>
      <h2>{t('wizard.zone')}</h2>
      {submit.error && <Note>{submit.error.message}</Note>}
      <TextField label={t('wizard.zone.name')} hint={t('wizard.zone.text')} value={name} onChange={setName} placeholder={t('wizard.zone.name.placeholder')} maxLength={127} required autoFocus />
      <TextField label={t('wizard.zone.code')} value={code} onChange={setCode} maxLength={31} required />
      <Button type="submit" kind="primary" large busy={submit.busy} disabled={name.trim() === '' || code.trim() === ''}>{common('action.continue')}</Button>
    </form>
  );
}

function NodeStep({ zone, done }: StepProps & { zone: number }) {
  const t = useT('account');
  const common = useT('common');
  const [name, setName] = useState('');
  const [made, setMade] = useState<Schema<'JoinCodeMade'>>();
  const submit = useAction(async () => setMade(await post('/api/v1/join-codes', { name: name.trim(), zone })));
  if (made)
    return (
      <div class="stack">
        <h2>{t('wizard.node.code')}</h2>
        <output class="secret">{made.code}</output>
        <p class="hint">{t('wizard.node.once', { until: dateTime(made.expires_us) })}</p>
        <Button icon="copy" onClick={() => void navigator.clipboard.writeText(made.code).then(() => toast(common('action.copied')))}>{common('action.copy')}</Button>
        <Button kind="primary" large onClick={done}>{t('wizard.done')}</Button>
      </div>
    );
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); void submit.run(); }}>
      <h2>{t('wizard.node')}</h2>
      <p>{t('wizard.node.text')}</p>
      {submit.error && <Note>{submit.error.message}</Note>}
      <TextField label={t('wizard.node.name')} value={name} onChange={setName} placeholder={t('wizard.node.name.placeholder')} maxLength={127} required autoFocus />
      <Button type="submit" kind="primary" large busy={submit.busy} disabled={name.trim() === ''}>{t('wizard.node.make')}</Button>
      <Button kind="quiet" onClick={done}>{t('wizard.node.later')}</Button>
    </form>
  );
}

export function Wizard() {
  const t = useT('account');
  const [at, setAt] = useState(2);
  const [zone, setZone] = useState(0);
  const step = me.value ? at : 1;
  return (
    <Front title={t('wizard.title')} lead={t('wizard.lead')}>
      <Steps step={step} />
      {step === 1 && <Admin />}
      {step === 2 && <StationStep done={() => setAt(3)} />}
      {step === 3 && <ZoneStep made={(made) => { setZone(made); setAt(4); }} />}
      {step === 4 && <NodeStep zone={zone} done={() => { wizard.value = false; }} />}
    </Front>
  );
}
