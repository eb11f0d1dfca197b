/* What a person chose for this browser: language and look. */
import { effect, signal } from '@preact/signals';

export const LANGUAGES = ['vi', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];
export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

function stored<T extends string>(key: string, allowed: readonly T[], fallback: T): T {
  try {
    const value = localStorage.getItem(key) as T | null;
    return value !== null && allowed.includes(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* Then it holds until the page is closed. */
  }
}

export const lang = signal<Language>(stored('loa.language', LANGUAGES, 'vi'));
export const theme = signal<Theme>(stored('loa.theme', THEMES, 'auto'));

/** Write the choice to the page and to the browser's storage from now on. */
export function startPrefs(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const dark = signal(system.matches);
  system.addEventListener('change', (e) => (dark.value = e.matches));
  effect(() => {
    document.documentElement.lang = lang.value;
    keep('loa.language', lang.value);
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value === 'auto' ? (dark.value ? 'dark' : 'light') : theme.value;
    keep('loa.theme', theme.value);
  });
}
