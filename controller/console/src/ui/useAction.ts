/* Something a person does: busy while it runs, then done or wrong in words. */
import { useRef, useState } from 'preact/hooks';

import { ApiError } from '../api/http';
import { t } from '../i18n';
import { confirm } from './Dialog';
import { toast } from './toasts';

export function sentence(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

/** `send` gets what else to put into the body. Where the rules want a second confirmation (409 with `confirm`) the
 *  person is asked, and it is sent once more with that field true. Undefined when they went back. `words` of the
 *  question, where it is not about airtime. */
export async function confirmed<T>(send: (extra: Record<string, true>) => Promise<T>, words: { title?: string; action?: string } = {}): Promise<T | undefined> {
  try {
    return await send({});
  } catch (problem) {
    if (!(problem instanceof ApiError) || !problem.confirm) throw problem;
    const yes = await confirm({ title: t('common', 'confirm.quiet'), text: problem.message, action: t('common', 'confirm.anyway'), danger: true, ...words });
    return yes ? send({ [problem.confirm]: true }) : undefined;
  }
}

/** run() never throws. Errors are in `error`, beside the form; with toastErrors they are shown as toasts too. */
export function useAction<A extends unknown[]>(action: (...args: A) => Promise<unknown>, options: { toastErrors?: boolean } = {}) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | undefined>(undefined);
  const running = useRef(false);
  async function run(...args: A): Promise<void> {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(undefined);
    try {
      await action(...args);
    } catch (problem) {
      setError(problem instanceof ApiError ? problem : new ApiError(sentence(problem), 0, 'io'));
      if (options.toastErrors) toast(sentence(problem), 'error');
    } finally {
      running.current = false;
      setBusy(false);
    }
  }
  return { run, busy, error };
}
