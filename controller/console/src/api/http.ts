/* One request to the station: who asks (cookie, CSRF), retries that cannot do a thing twice, errors as sentences.
 *
 * A request whose answer got lost is sent again under the same Idempotency-Key, so the station does it once. */
import { t } from '../i18n';
import { lang } from '../state/prefs';

export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0: the station could not be reached. */
    readonly status: number,
    /** The API's word for it: auth, state, not_found, ... */
    readonly code: string,
    /** Name of the field to send as true once a person has confirmed. */
    readonly confirm?: string,
    readonly retryAfterS?: number,
  ) {
    super(message);
  }

  /** Somebody else changed it since it was loaded. */
  get isConflict(): boolean {
    return this.status === 412;
  }
}

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined> | undefined;
  /** A Blob is sent as it is, anything else as JSON. */
  body?: unknown;
  /** Sent as If-Match: refuse when somebody else changed it meanwhile. */
  etag?: string | undefined;
  /** Keeps one key over several tries of a person; by default each call has its own. */
  idempotencyKey?: string;
  signal?: AbortSignal | undefined;
}

export interface Answer<T> {
  data: T;
  etag: string | null;
}

const TRIES = 4;
const FIRST_PAUSE_MS = 400;

let csrf = '';
let onSignedOut: () => void = () => undefined;
let onReached: (reached: boolean) => void = () => undefined;

export function setCsrf(value: string): void {
  csrf = value;
}

export function whenSignedOut(call: () => void): void {
  onSignedOut = call;
}

export function whenReached(call: (reached: boolean) => void): void {
  onReached = call;
}

/** Random and unguessable; also where randomUUID is missing. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

export function address(path: string, query?: RequestOptions['query']): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

export function headers(method: string, options: RequestOptions): Record<string, string> {
  const out: Record<string, string> = { 'Accept-Language': lang.value, Accept: 'application/json' };
  if (method === 'GET') return out;
  out['X-Loa-Csrf'] = csrf;
  out['Idempotency-Key'] = options.idempotencyKey ?? newKey();
  if (options.etag) out['If-Match'] = options.etag;
  if (options.body !== undefined) out['Content-Type'] = options.body instanceof Blob ? 'application/octet-stream' : 'application/json';
  return out;
}

async function failure(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const message = typeof body.message === 'string' ? body.message : t('common', 'error.unknown', { status: answer.status });
  return new ApiError(
    message,
    answer.status,
    typeof body.error === 'string' ? body.error : '',
    typeof body.confirm === 'string' ? body.confirm : undefined,
    typeof body.retry_after_s === 'number' ? body.retry_after_s : undefined,
  );
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    });
  });
}

async function reach(url: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await fetch(url, init);
      onReached(true);
      return answer;
    } catch (problem) {
      if (signal?.aborted) throw problem;
      if (attempt === TRIES) {
        onReached(false);
        throw new ApiError(t('common', 'error.unreachable'), 0, 'io');
      }
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal);
    }
  }
}

async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
  const init: RequestInit = {
    method,
    headers: headers(method, options),
    credentials: 'same-origin',
    cache: 'no-store',
    signal: options.signal ?? null,
    body: options.body === undefined ? null : options.body instanceof Blob ? options.body : JSON.stringify(options.body),
  };
  const answer = await reach(address(path, options.query), init, options.signal);
  if (answer.ok) return answer;
  const problem = await failure(answer);
  if (answer.status === 401 && !path.endsWith('/login') && !path.endsWith('/setup')) onSignedOut();
  throw problem;
}

/** Throws ApiError; its message is a sentence in the person's language. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const answer = await send(method, path, options);
  const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  const data = answer.status === 204 ? undefined : isJson ? await answer.json() : await answer.text();
  return { data: data as T, etag: answer.headers.get('etag') };
}

/** A file as it is: sound, pictures. Throws ApiError. */
export async function download(path: string, signal?: AbortSignal): Promise<Blob> {
  return (await send('GET', path, { signal })).blob();
}
