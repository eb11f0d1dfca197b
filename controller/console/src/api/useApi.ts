/* What a component shows of the API: loaded, kept while it is loaded again, with its error in words. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { ApiError } from './http';

export interface Loaded<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  reload: () => void;
}

const mounted = new Map<string, Set<() => void>>();

/** Load again whatever is shown under these names; call it after a change. */
export function refresh(...names: string[]): void {
  for (const name of names) for (const reload of mounted.get(name) ?? []) reload();
}

/** `name` says what it is ("nodes"): refresh(name) loads it again. Loads anew when a value of `deps` changes.
 *  everyMs  also without being asked; not while the page is hidden */
export function useApi<T>(name: string, load: (signal: AbortSignal) => Promise<T>, deps: unknown[] = [], everyMs = 0): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, 'reload'>>({ data: undefined, error: undefined, loading: true });
  const latest = useRef(load);
  latest.current = load;
  const running = useRef<AbortController | undefined>(undefined);

  const reload = useCallback(() => {
    running.current?.abort();
    const controller = (running.current = new AbortController());
    setState((s) => ({ ...s, loading: true }));
    latest.current(controller.signal).then(
      (data) => !controller.signal.aborted && setState({ data, error: undefined, loading: false }),
      (problem: unknown) => {
        if (controller.signal.aborted) return;
        const error = problem instanceof ApiError ? problem : new ApiError(String(problem), 0, 'io');
        setState((s) => ({ data: s.data, error, loading: false }));
      },
    );
  }, []);

  useEffect(() => {
    reload();
    return () => running.current?.abort();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [reload, ...deps]);

  useEffect(() => {
    const set = mounted.get(name) ?? new Set();
    mounted.set(name, set.add(reload));
    return () => void set.delete(reload);
  }, [name, reload]);

  useEffect(() => {
    if (everyMs === 0) return undefined;
    const timer = setInterval(() => !document.hidden && reload(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, reload]);

  return { ...state, reload };
}
