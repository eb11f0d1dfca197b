/* Neither a reload nor a closed tab loses what goes on without a question. */
import { useEffect } from 'preact/hooks';

export function useGuard(on: boolean): void {
  useEffect(() => {
    if (!on) return undefined;
    const ask = (e: BeforeUnloadEvent) => e.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [on]);
}
