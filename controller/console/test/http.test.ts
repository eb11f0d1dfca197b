import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { ApiError, request, setCsrf, whenReached, whenSignedOut } from '../src/api/http';

type Call = { url: string; init: RequestInit };
let calls: Call[];
let answers: (Response | Error)[];

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
const header = (call: Call | undefined, name: string) => (call?.init.headers as Record<string, string>)[name];

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  answers = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    calls.push({ url, init });
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next!;
  });
  setCsrf('token');
  whenReached(() => undefined);
  whenSignedOut(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function settled<T>(promise: Promise<T>): Promise<T | unknown> {
  const caught = promise.catch((problem: unknown) => problem);
  await vi.runAllTimersAsync();
  return caught;
}

test('a change carries the CSRF token, a key and the language', async () => {
  answers = [json(201, { id: 7 })];
  expect(await settled(request('POST', '/api/v1/zones', { body: { code: 'T01' } }))).toEqual({ data: { id: 7 }, etag: null });
  expect(header(calls[0], 'X-Loa-Csrf')).toBe('token');
  expect(header(calls[0], 'Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
  expect(header(calls[0], 'Accept-Language')).toBe('vi');
});

test('a lost answer is asked for again under the same key', async () => {
  answers = [new TypeError('link'), new TypeError('link'), json(201, { id: 7 })];
  await settled(request('POST', '/api/v1/zones', { body: {} }));
  expect(calls).toHaveLength(3);
  expect(new Set(calls.map((call) => header(call, 'Idempotency-Key'))).size).toBe(1);
});

test('two calls have two keys', async () => {
  answers = [json(201, {}), json(201, {})];
  await settled(request('POST', '/a'));
  await settled(request('POST', '/a'));
  expect(new Set(calls.map((call) => header(call, 'Idempotency-Key'))).size).toBe(2);
});

test('a station out of reach is said in words, and the page is told', async () => {
  const told: boolean[] = [];
  whenReached((reached) => told.push(reached));
  answers = Array.from({ length: 4 }, () => new TypeError('link'));
  const problem = (await settled(request('GET', '/a'))) as ApiError;
  expect(problem).toBeInstanceOf(ApiError);
  expect(problem.status).toBe(0);
  expect(told).toEqual([false]);
});

test('a refusal is not tried again and keeps what the station said', async () => {
  answers = [json(409, { error: 'state', message: 'Giờ yên tĩnh.', confirm: 'quiet_confirmed' })];
  const problem = (await settled(request('POST', '/a'))) as ApiError;
  expect(calls).toHaveLength(1);
  expect([problem.message, problem.confirm]).toEqual(['Giờ yên tĩnh.', 'quiet_confirmed']);
});

test('401 signs the page out, but not at sign-in itself', async () => {
  let out = 0;
  whenSignedOut(() => out++);
  answers = [json(401, {}), json(401, {})];
  await settled(request('POST', '/api/v1/login'));
  expect(out).toBe(0);
  await settled(request('GET', '/api/v1/nodes'));
  expect(out).toBe(1);
});

test('an ETag comes back and goes out as If-Match', async () => {
  answers = [json(200, {}, { etag: '"3"' }), json(200, {})];
  expect(await settled(request('GET', '/a'))).toEqual({ data: {}, etag: '"3"' });
  await settled(request('PATCH', '/a', { body: {}, etag: '"3"' }));
  expect(header(calls[1], 'If-Match')).toBe('"3"');
});
