/* Where we are, from the address after the #: #/nodes/12?tab=plots */
import { signal } from '@preact/signals';

export interface Route {
  /** First word: the screen. */
  page: string;
  /** What follows it, decoded: ['12']. */
  rest: string[];
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const words = path.split('/').filter(Boolean).map((word) => {
    try {
      return decodeURIComponent(word);
    } catch {
      return word;
    }
  });
  return { page: words[0] ?? '', rest: words.slice(1), query: new URLSearchParams(search) };
}

export const route = signal<Route>(parseRoute(typeof location === 'undefined' ? '' : location.hash));

export function startRouter(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
  });
}

/** to: '/nodes/12' */
export function go(to: string): void {
  location.hash = `#${to}`;
}
