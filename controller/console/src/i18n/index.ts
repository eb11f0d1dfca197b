/* Every word a person reads. One catalogue a screen (its namespace), in vi/ and en/, loaded with the screen.
 *
 * vi/<name>.ts is the original; en/<name>.ts has its type, so that a missing or surplus key does not compile. */
import { signal } from '@preact/signals';
import i18next from 'i18next';

import { lang, type Language } from '../state/prefs';
import type { Catalogues } from './catalogues';

export type Namespace = keyof Catalogues;
export type Key<N extends Namespace> = keyof Catalogues[N] & string;
export type Values = Record<string, string | number>;

const files = import.meta.glob<{ default: Record<string, string> }>(['./vi/*.ts', './en/*.ts']);
const wanted = new Set<Namespace>(['common']);
const version = signal(0);

async function load(language: Language, name: Namespace): Promise<void> {
  if (i18next.hasResourceBundle(language, name)) return;
  const file = files[`./${language}/${name}.ts`];
  if (!file) throw new Error(`no catalogue ${language}/${name}`);
  i18next.addResourceBundle(language, name, (await file()).default);
}

/** The texts of `names` are there afterwards, in the present language. */
export async function loadCatalogues(...names: Namespace[]): Promise<void> {
  for (const name of names) wanted.add(name);
  await Promise.all(names.map((name) => load(lang.value, name)));
}

export async function setLanguage(language: Language): Promise<void> {
  await Promise.all([...wanted].map((name) => load(language, name)));
  await i18next.changeLanguage(language);
  lang.value = language;
  version.value++;
}

export async function startI18n(): Promise<void> {
  await i18next.init({
    lng: lang.value,
    fallbackLng: false,
    resources: {},
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  await loadCatalogues('common');
}

/** Outside of components. `{{name}}` in the text is replaced by values.name. */
export function t<N extends Namespace>(name: N, key: Key<N>, values?: Values): string {
  return i18next.t(key, { ns: name, ...values });
}

export type Translate<N extends Namespace> = (key: Key<N>, values?: Values) => string;

/** In components: drawn again when the language changes. */
export function useT<N extends Namespace>(name: N): Translate<N> {
  void version.value;
  return (key, values) => t(name, key, values);
}

/** A word that the API names by an enum: word('state', 'on_air'). Unknown ones are shown as they are. */
export function word(kind: string, value: string | undefined): string {
  void version.value;
  const key = `${kind}.${value ?? ''}`;
  return i18next.exists(key, { ns: 'common' }) ? i18next.t(key, { ns: 'common' }) : (value ?? '');
}
