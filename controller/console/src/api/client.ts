/* The API with the types of openapi.yaml: get('/api/v1/nodes/{id}', {params: {id: 3}}). */
import type { components, paths } from './schema.gen';
import { request, type Answer, type RequestOptions } from './http';

type Schemas = components['schemas'];
export type Schema<Name extends keyof Schemas> = Schemas[Name];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Operation<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>;
export type PathOf<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends undefined ? never : P;
}[keyof paths];

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : undefined;
type Good<R> = R extends { 200: infer A } ? Json<A> : R extends { 201: infer B } ? Json<B> : R extends { 202: infer C } ? Json<C> : undefined;
export type ResultOf<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { responses: infer R } ? Good<R> : never;
export type BodyOf<P extends keyof paths, M extends Method> =
  Operation<P, M> extends { requestBody?: { content: { 'application/json': infer T } } } ? T : undefined;

export interface CallOptions extends Omit<RequestOptions, 'body'> {
  params?: Record<string, string | number>;
}

export function fill(path: string, params: CallOptions['params'] = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
}

function send<P extends keyof paths, M extends Method>(method: M, path: P, body: unknown, options: CallOptions = {}): Promise<Answer<ResultOf<P, M>>> {
  return request<ResultOf<P, M>>(method.toUpperCase(), fill(path as string, options.params), { ...options, body });
}

/** With its ETag, to be given back as `etag` with the change. */
export function getWithEtag<P extends PathOf<'get'>>(path: P, options?: CallOptions) {
  return send('get', path, undefined, options);
}

export async function get<P extends PathOf<'get'>>(path: P, options?: CallOptions): Promise<ResultOf<P, 'get'>> {
  return (await send('get', path, undefined, options)).data;
}

export async function post<P extends PathOf<'post'>>(path: P, body?: BodyOf<P, 'post'>, options?: CallOptions): Promise<ResultOf<P, 'post'>> {
  return (await send('post', path, body, options)).data;
}

export async function put<P extends PathOf<'put'>>(path: P, body: BodyOf<P, 'put'>, options?: CallOptions): Promise<ResultOf<P, 'put'>> {
  return (await send('put', path, body, options)).data;
}

export async function patch<P extends PathOf<'patch'>>(path: P, body: BodyOf<P, 'patch'>, options?: CallOptions): Promise<ResultOf<P, 'patch'>> {
  return (await send('patch', path, body, options)).data;
}

export async function remove<P extends PathOf<'delete'>>(path: P, options?: CallOptions): Promise<ResultOf<P, 'delete'>> {
  return (await send('delete', path, undefined, options)).data;
}

type Listed<P extends PathOf<'get'>> = ResultOf<P, 'get'> extends { items?: (infer T)[] } ? T : never;

/** All pages of a list, at most `most` items. */
export async function getAll<P extends PathOf<'get'>>(path: P, options: CallOptions = {}, most = 2000): Promise<Listed<P>[]> {
  const items: Listed<P>[] = [];
  let after: number | undefined;
  do {
    const page = (await get(path, { ...options, query: { limit: 500, ...options.query, after } })) as unknown as {
      items?: Listed<P>[];
      next?: number | null;
    };
    items.push(...(page.items ?? []));
    after = page.next ?? undefined;
  } while (after !== undefined && items.length < most);
  return items;
}
