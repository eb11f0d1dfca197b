import qrcode from 'qrcode-generator';
import { useMemo, useState } from 'preact/hooks';

import { post } from '../api/client';
import { setLanguage, useT, word } from '../i18n';
import { lang, LANGUAGES, theme, THEMES } from '../state/prefs';
import { me, signOut } from '../state/session';
import { Badge, Button, Card, Note, PageHead, PasswordField, Segments, TextField, toast, useAction } from '../ui';

const PASSWORD_MIN = 10;

function Look() {
  const t = useT('account');
  const common = useT('common');
  return (
    <Card title={t('profile.look')}>
      <div class="stack">
        <Segments label={t('profile.language')} value={lang.value} onChange={(l) => void setLanguage(l)} choices={LANGUAGES.map((l) => ({ value: l, label: common(`language.${l}`) }))} />
        <Segments label={t('profile.theme')} value={theme.value} onChange={(v) => { theme.value = v; }} choices={THEMES.map((v) => ({ value: v, label: common(`theme.${v}`) }))} />
      </div>
    </Card>
  );
}

function Password() {
  const t = useT('account');
  const common = useT('common');
  const [present, setPresent] = useState('');
  const [next, setNext] = useState('');
  const submit = useAction(async () => {
    await post('/api/v1/whoami/password', { present, password: next });
    setPresent('');
    setNext('');
    toast(t('profile.password.done'));
  });
  const short = next !== '' && next.length < PASSWORD_MIN;
  return (
    <Card title={t('profile.password')}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void submit.run(); }}>
        {submit.error && <Note>{submit.error.message}</Note>}
        <input type="text" autocomplete="username" value={me.value?.login} hidden readOnly />
        <PasswordField label={t('profile.password.present')} value={present} onChange={setPresent} />
        <PasswordField label={t('profile.password.next')} hint={t('wizard.password.hint')} value={next} onChange={setNext} autoComplete="new-password" error={short ? common('form.tooShort', { min: PASSWORD_MIN }) : undefined} />
        <Button type="submit" kind="primary" busy={submit.busy} disabled={present === '' || next.length < PASSWORD_MIN}>{t('profile.password')}</Button>
      </form>
    </Card>
  );
}

function QrCode({ text, label }: { text: string; label: string }) {
  const path = useMemo(() => {
    const code = qrcode(0, 'M');
    code.addData(text);
    code.make();
    const n = code.getModuleCount();
    let d = '';
    for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) if (code.isDark(y, x)) d += `M${x} ${y}h1v1h-1z`;
    return { d, n };
  }, [text]);
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`-2 -2 ${path.n + 4} ${path.n + 4}`} shape-rendering="crispEdges">
      <rect x={-2} y={-2} width={path.n + 4} height={path.n + 4} fill="#fff" />
      <path d={path.d} fill="#000" />
    </svg>
  );
}

function SecondFactor() {
  const t = useT('account');
  const [uri, setUri] = useState('');
  const [code, setCode] = useState('');
  const begin = useAction(async () => setUri((await post('/api/v1/whoami/totp'))?.uri ?? ''));
  const prove = useAction(async () => {
    await post('/api/v1/whoami/totp/confirm', { code: code.trim() });
    setUri('');
    setCode('');
    toast(t('profile.totp.done'));
  });
  const problem = begin.error ?? prove.error;
  const secret = useMemo(() => (uri ? new URL(uri).searchParams.get('secret') : ''), [uri]);
  return (
    <Card title={t('profile.totp')}>
      <div class="stack">
        <p>{t('profile.totp.text')}</p>
        {problem && <Note>{problem.message}</Note>}
        {uri === '' ? (
          <Button icon="shield" busy={begin.busy} onClick={() => void begin.run()}>{t('profile.totp.begin')}</Button>
        ) : (
          <form class="stack" onSubmit={(e) => { e.preventDefault(); void prove.run(); }}>
            <p>{t('profile.totp.scan')}</p>
            <QrCode text={uri} label={t('profile.totp.qr')} />
            <p class="hint">{t('profile.totp.secret')}</p>
            <output class="secret">{secret}</output>
            <TextField label={t('profile.totp.code')} value={code} onChange={setCode} inputMode="numeric" autoComplete="one-time-code" maxLength={6} />
            <Button type="submit" kind="primary" busy={prove.busy} disabled={!/^\d{6}$/.test(code.trim())}>{t('profile.totp.confirm')}</Button>
          </form>
        )}
      </div>
    </Card>
  );
}

export function Profile() {
  const t = useT('account');
  const common = useT('common');
  const leave = useAction(() => signOut(), { toastErrors: true });
  return (
    <>
      <PageHead title={common('page.profile')} lead={`${me.value?.name ?? ''} · ${me.value?.login ?? ''}`}
        actions={<Button icon="signOut" busy={leave.busy} onClick={() => void leave.run()}>{t('profile.signout')}</Button>} />
      <p class="badges">{me.value?.roles.map((role) => <Badge key={role} tone="info">{word('role', role)}</Badge>)}</p>
      <div class="columns">
        <Look />
        <Password />
        <SecondFactor />
      </div>
    </>
  );
}
