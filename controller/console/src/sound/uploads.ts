/* Uploads that outlive a lost link, a change of page and a reload: piece by piece, from where the station has it.
 *
 * After a reload the person chooses the same file again, and it goes on; the number of its upload is in localStorage. */
import { signal } from '@preact/signals';

import { get, post, remove, type Schema } from '../api/client';
import { ApiError, newKey, request } from '../api/http';
import { refresh } from '../api/useApi';
import { me } from '../state/session';
import type { Media } from './recordings';

export type UploadState = 'sending' | 'waiting' | 'importing' | 'failed';
export interface Upload {
  key: number;
  title: string;
  sent: number;
  size: number;
  state: UploadState;
  error: string;
}

type Held = Required<Schema<'Upload'>>;

const PIECE_BYTES = 256 * 1024;
const AGAIN_MS = 3000;
/* Of titles and of files' names. */
const NAME_BYTES = 199;

export const uploads = signal<readonly Upload[]>([]);
const cancels = new Map<number, AbortController>();
let last = 0;

function show(key: number, change: Partial<Upload>): void {
  uploads.value = uploads.value.map((u) => (u.key === key ? { ...u, ...change } : u));
}

/** Take it off the list; what is still being sent is given up. */
export function dismiss(key: number): void {
  cancels.get(key)?.abort();
  uploads.value = uploads.value.filter((u) => u.key !== key);
}

function kept(file: Blob): string | undefined {
  return file instanceof File ? `loa.upload.${me.value?.id ?? 0}.${file.name}.${file.size}.${file.lastModified}` : undefined;
}

async function begin(file: Blob, title: string, name: string, signal: AbortSignal): Promise<Held> {
  const key = kept(file);
  const before = key && localStorage.getItem(key);
  if (before) {
    try {
      return (await get('/api/v1/uploads/{id}', { params: { id: before }, signal })) as Held;
    } catch (problem) {
      if (!(problem instanceof ApiError) || problem.status !== 404) throw problem;
      localStorage.removeItem(key);
    }
  }
  const made = (await post('/api/v1/uploads', { title: fitting(title, NAME_BYTES), name: fitting(name, NAME_BYTES), size_bytes: file.size }, { signal })) as Held;
  if (key) localStorage.setItem(key, String(made.id));
  return made;
}

function later(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    });
  });
}

/* One step again and again while the station cannot be reached. */
async function patiently<T>(key: number, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const done = await step();
      return done;
    } catch (problem) {
      if (signal.aborted || !(problem instanceof ApiError) || problem.status !== 0) throw problem;
      show(key, { state: 'waiting' });
      await later(AGAIN_MS, signal);
    }
  }
}

async function run(key: number, file: Blob, title: string, name: string, signal: AbortSignal): Promise<Media> {
  const held = await patiently(key, signal, () => begin(file, title, name, signal));
  const params = { id: held.id };
  // A person gave it up: the station need not keep it.
  signal.addEventListener('abort', () => void remove('/api/v1/uploads/{id}', { params }).catch(() => undefined));
  let offset = held.offset_bytes;
  while (offset < file.size) {
    show(key, { sent: offset, state: 'sending' });
    const piece = file.slice(offset, offset + PIECE_BYTES);
    offset = await patiently(key, signal, async () => {
      try {
        return (await request<Held>('PATCH', `/api/v1/uploads/${held.id}`, { query: { offset }, body: piece, signal })).data.offset_bytes;
      } catch (problem) {
        // The piece had come although its answer was lost: go on from where the station is.
        if (!(problem instanceof ApiError) || problem.status !== 409) throw problem;
        const now = ((await get('/api/v1/uploads/{id}', { params, signal })) as Held).offset_bytes;
        if (now === offset) throw problem;
        return now;
      }
    });
  }
  show(key, { sent: file.size, state: 'importing' });
  const idempotencyKey = newKey();
  const media = await patiently(key, signal, () => post('/api/v1/uploads/{id}/complete', undefined, { params, signal, idempotencyKey }));
  const note = kept(file);
  if (note) localStorage.removeItem(note);
  return media;
}

/** Resolves with the recording; undefined when the person cancelled; errors are shown in `uploads` and thrown. */
export async function upload(file: Blob, title: string, name: string): Promise<Media | undefined> {
  const key = ++last;
  const controller = new AbortController();
  cancels.set(key, controller);
  uploads.value = [...uploads.value, { key, title, sent: 0, size: file.size, state: 'sending', error: '' }];
  try {
    const media = await run(key, file, title, name, controller.signal);
    cancels.delete(key);
    dismiss(key);
    refresh('media');
    return media;
  } catch (problem) {
    if (controller.signal.aborted) return undefined;
    show(key, { state: 'failed', error: problem instanceof Error ? problem.message : String(problem) });
    throw problem;
  } finally {
    cancels.delete(key);
  }
}

/** The beginning of a text that has at most so many bytes as UTF-8. */
export function fitting(text: string, bytes: number): string {
  const letters = [...text];
  while (new TextEncoder().encode(letters.join('')).length > bytes) letters.pop();
  return letters.join('').trim();
}

/** "thong-bao_12.mp3" -> "thong-bao 12" */
export function titleOf(name: string): string {
  const title = name.normalize('NFC').replace(/\.[a-z0-9]{1,5}$/i, '').replaceAll('_', ' ');
  return fitting(title, NAME_BYTES) || fitting(name, NAME_BYTES);
}
