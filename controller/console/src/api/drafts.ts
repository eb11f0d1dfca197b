/* What a person has begun to write outlives a reload, a dropped link and an empty battery. */
import { useEffect, useState } from 'preact/hooks';

import { me } from '../state/session';

const PREFIX = 'loa.draft.';
const KEEP_MS = 30 * 24 * 3600 * 1000;

function keyOf(name: string): string {
  return `${PREFIX}${me.value?.id ?? 0}.${name}`;
}

interface Kept<T> {
  at: number;
  value: T;
  /** ETag of what it was begun from. */
  seen?: string;
}

function readDraft<T>(name: string): Kept<T> | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(name)) ?? 'null') as Kept<T> | null;
    return kept && Date.now() - kept.at < KEEP_MS ? kept : undefined;
  } catch {
    return undefined;
  }
}

function writeDraft<T>(name: string, kept: Kept<T>): void {
  try {
    localStorage.setItem(keyOf(name), JSON.stringify(kept));
  } catch {
    /* Storage is full or forbidden: the form itself still holds it. */
  }
}

function dropDraft(name: string): void {
  localStorage.removeItem(keyOf(name));
}

/** Like useState, kept under `name` until drop(); `found` says that it was there before.
 *  etag  of what is changed: `seen` is that of the state from which the draft was begun, maybe days ago */
export function useDraft<T>(name: string, initial: T, etag?: string) {
  const [found] = useState(() => readDraft<T>(name));
  const [value, setValue] = useState<T>(found?.value ?? initial);
  const [seen] = useState(found?.seen ?? etag);
  const [touched, setTouched] = useState(false);

  useEffect(() => {
    if (touched) writeDraft(name, { at: Date.now(), value, ...(seen ? { seen } : {}) });
  }, [name, value, seen, touched]);

  return {
    value,
    found: found !== undefined,
    seen,
    set(next: Partial<T>) {
      setTouched(true);
      setValue((v) => ({ ...v, ...next }));
    },
    drop() {
      setTouched(false);
      dropDraft(name);
    },
    reset() {
      setTouched(false);
      dropDraft(name);
      setValue(initial);
    },
  };
}
