/* The frame of what is shown before anybody is signed in. */
import type { ComponentChildren } from 'preact';

import { setLanguage, useT } from '../i18n';
import { lang, LANGUAGES } from '../state/prefs';
import { Segments } from '../ui';
import { TrainingBanner } from './TrainingBanner';

export function Front({ title, lead, children }: { title: string; lead?: string; children: ComponentChildren }) {
  const t = useT('common');
  const p = useT('account');
  return (
    <div class="front">
      <header>
        <img src="/favicon.svg" alt="" width={44} height={44} />
        <div><strong>{t('app.name')}</strong><span>{t('app.tagline')}</span></div>
      </header>
      <main class="front-card">
        <TrainingBanner />
        <h1>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
        {children}
      </main>
      <footer>
        <Segments label={p('profile.language')} value={lang.value} onChange={(l) => void setLanguage(l)} choices={LANGUAGES.map((l) => ({ value: l, label: t(`language.${l}`) }))} />
      </footer>
    </div>
  );
}
