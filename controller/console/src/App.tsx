import { useSignalEffect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

import { loadCatalogues, useT } from './i18n';
import { Shell } from './shell/Shell';
import { begin, phase, wizard } from './state/session';
import { SignIn } from './account/SignIn';
import { Wizard } from './account/Wizard';
import { Button, clearToasts, ConfirmHost, Empty, ErrorBoundary, Toasts } from './ui';

/** The texts of sign-in, wizard and profile, which most visits need. */
function useAccountTexts(): boolean {
  const [there, setThere] = useState(false);
  useEffect(() => void loadCatalogues('account').then(() => setThere(true)), []);
  return there;
}

function Front() {
  const t = useT('common');
  const there = useAccountTexts();
  if (phase.value === 'unreachable')
    return (
      <main class="front">
        <Empty icon="offline" title={t('app.unreachable')} action={<Button icon="refresh" onClick={() => void begin()}>{t('action.retry')}</Button>}>
          {t('app.unreachable.text')}
        </Empty>
      </main>
    );
  if (phase.value === 'starting' || !there)
    return <main class="front"><p class="starting" role="status"><span class="spinner" aria-hidden="true" />{t('app.starting')}</p></main>;
  if (wizard.value) return <Wizard />;
  return phase.value === 'signed-in' ? <Shell /> : <SignIn />;
}

export function App() {
  useSignalEffect(() => {
    if (phase.value === 'signed-out') clearToasts();
  });
  return (
    <ErrorBoundary>
      <Front />
      <ConfirmHost />
      <Toasts />
    </ErrorBoundary>
  );
}
