import { useEffect, useState } from 'preact/hooks';

import { aheadMs } from '../../api/updates';

/** The station's time, milliseconds, anew every so often. */
export function useNow(everyMs = 1000): number {
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => again((n) => n + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return Date.now() + aheadMs.value;
}
