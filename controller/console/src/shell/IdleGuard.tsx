/* Signs a person out who walked away; not from the on-air page, which stands open all day in a studio. */
import { useEffect, useState } from 'preact/hooks';

import { useT } from '../i18n';
import { signOut, station } from '../state/session';
import { Button, Dialog } from '../ui';

const MIN_MS = 60_000;
const WARN_MS = 60_000;
const SIGNS = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

/** Seconds left when it is time to warn; 0: time is up; undefined: all is well. */
export function idleLeftS(idleMs: number, allowedMs: number): number | undefined {
  const left = allowedMs - idleMs;
  return left > Math.min(WARN_MS, allowedMs / 2) ? undefined : Math.max(0, Math.ceil(left / 1000));
}

export function IdleGuard({ page }: { page: string }) {
  const t = useT('account');
  const [last, setLast] = useState(Date.now());
  const [left, setLeft] = useState<number | undefined>(undefined);
  const allowedMs = (station.value?.idle_min ?? 0) * MIN_MS;
  const watched = page !== 'onair' && allowedMs > 0;

  useEffect(() => {
    const alive = () => setLast(Date.now());
    for (const sign of SIGNS) addEventListener(sign, alive, { passive: true });
    return () => SIGNS.forEach((sign) => removeEventListener(sign, alive));
  }, []);

  useEffect(() => setLast(Date.now()), [watched]);

  useEffect(() => {
    setLeft(undefined);
    if (!watched) return undefined;
    const timer = setInterval(() => {
      const now = idleLeftS(Date.now() - last, allowedMs);
      setLeft(now);
      if (now === 0) void signOut('idle');
    }, 1000);
    return () => clearInterval(timer);
  }, [watched, last, allowedMs]);

  if (left === undefined || left === 0) return null;
  return (
    <Dialog title={t('idle.title')} onClose={() => setLast(Date.now())} actions={<Button kind="primary" onClick={() => setLast(Date.now())}>{t('idle.stay')}</Button>}>
      <p>{t('idle.text', { seconds: left })}</p>
    </Dialog>
  );
}
