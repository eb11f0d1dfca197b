import { useEffect, useState } from 'preact/hooks';

import { ApiError } from '../api/http';
import { useT } from '../i18n';
import { signedOutBecause, signIn } from '../state/session';
import { Button, Note, PasswordField, TextField, useAction } from '../ui';
import { Front } from './Front';

/** Counts down to zero; 0 when there is nothing to wait for. */
function useCountdown(from: number | undefined, of: unknown): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    setLeft(from ?? 0);
    if (!from) return undefined;
    const timer = setInterval(() => setLeft((s) => Math.max(0, s - 1)), 1000);
    return () => clearInterval(timer);
  }, [from, of]);
  return left;
}

export function SignIn() {
  const t = useT('account');
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [wantsTotp, setWantsTotp] = useState(false);
  const submit = useAction(async () => {
    try {
      await signIn(login.trim(), password, totp.trim() || undefined);
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.confirm !== 'totp' || totp.trim() !== '') throw problem;
      setWantsTotp(true); // the field says what is wanted
    }
  });
  const wait = useCountdown(submit.error?.retryAfterS, submit.error);
  const because = signedOutBecause.value;
  return (
    <Front title={t('signin.title')} lead={t('signin.lead')}>
      <form class="stack" onSubmit={(e) => { e.preventDefault(); void submit.run(); }}>
        {because && !submit.error && <Note tone="info">{t(`signin.${because}`)}</Note>}
        {submit.error && <Note>{submit.error.message}</Note>}
        <TextField label={t('signin.login')} value={login} onChange={setLogin} autoComplete="username" maxLength={63} autoFocus />
        <PasswordField label={t('signin.password')} value={password} onChange={setPassword} />
        {wantsTotp && <TextField label={t('signin.totp')} hint={t('signin.totp.hint')} value={totp} onChange={setTotp} inputMode="numeric" autoComplete="one-time-code" maxLength={6} autoFocus />}
        <Button type="submit" kind="primary" large busy={submit.busy} disabled={wait > 0 || login.trim() === '' || password === ''}>
          {wait > 0 ? t('signin.wait', { seconds: wait }) : t('signin.go')}
        </Button>
      </form>
    </Front>
  );
}
