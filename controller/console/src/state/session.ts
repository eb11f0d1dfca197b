/* Who is signed in, and what they may do. The API decides; here it is only about what to show. */
import { computed, signal } from '@preact/signals';

import { get, getWithEtag, post, type Schema } from '../api/client';
import { ApiError, setCsrf, whenReached, whenSignedOut } from '../api/http';
import { startUpdates, stopUpdates } from '../api/updates';

export type Role = 'operator' | 'approver' | 'technician' | 'district' | 'admin' | 'auditor';
export const ROLES: readonly Role[] = ['operator', 'approver', 'technician', 'district', 'admin', 'auditor'];
/** Everyone who may do anything at all; an auditor only reads. */
export const HANDS: readonly Role[] = ['operator', 'approver', 'technician', 'district', 'admin'];

type Account = Schema<'User'>;
export type Phase = 'starting' | 'setup' | 'signed-out' | 'signed-in' | 'unreachable';

export const phase = signal<Phase>('starting');
export const me = signal<Account | undefined>(undefined);
export const station = signal<Schema<'Station'> | undefined>(undefined);
/** Which state of it that is. */
export const stationEtag = signal<string | undefined>(undefined);
export const alertRoles = signal<readonly string[]>([]);
export const reached = signal(true);
/** A station to practise on; known before anybody signs in. */
export const training = signal(false);
/** Why the person has to sign in again: an idle time-out or an ended session. */
export const signedOutBecause = signal<'' | 'idle' | 'ended'>('');
/** The first-run wizard goes on after the administrator was made. */
export const wizard = signal(false);

export function may(...roles: readonly Role[]): boolean {
  return (me.value?.roles ?? []).some((role) => (roles as readonly string[]).includes(role));
}

export const mayStop = computed(() => may(...HANDS));
export const mayAlert = computed(() => (me.value?.roles ?? []).some((role) => alertRoles.value.includes(role)));

export async function loadStation(): Promise<void> {
  const [s, policy] = await Promise.all([getWithEtag('/api/v1/station'), get('/api/v1/alert-policy')]);
  station.value = s.data;
  stationEtag.value = s.etag ?? undefined;
  alertRoles.value = policy?.roles ?? [];
}

async function enter(user: Account, token: string | undefined): Promise<void> {
  setCsrf(token ?? '');
  me.value = user;
  await loadStation();
  signedOutBecause.value = '';
  phase.value = 'signed-in';
  startUpdates();
}

function leave(because: '' | 'idle' | 'ended'): void {
  if (phase.value === 'signed-in') signedOutBecause.value = because;
  stopUpdates();
  me.value = undefined;
  setCsrf('');
  phase.value = 'signed-out';
}

/** Find out where we are: first run, signed out, or a session that still holds. */
export async function begin(): Promise<void> {
  phase.value = 'starting';
  whenSignedOut(() => leave('ended'));
  whenReached((is) => (reached.value = is));
  try {
    const health = await get('/api/v1/health');
    training.value = health?.training === true;
    if (health?.set_up === false) {
      wizard.value = true;
      phase.value = 'setup';
      return;
    }
    const who = await get('/api/v1/whoami');
    if (who) await enter(who.user, who.csrf);
  } catch (problem) {
    if (problem instanceof ApiError && problem.status === 401) phase.value = 'signed-out';
    else phase.value = 'unreachable';
  }
}

export async function signIn(login: string, password: string, totp?: string): Promise<void> {
  const body = { login, password, ...(totp ? { totp } : {}) };
  const session = await post('/api/v1/login', body);
  if (session) await enter(session.user, session.csrf);
}

export async function setUp(body: Schema<'Setup'>): Promise<void> {
  const session = await post('/api/v1/setup', body);
  if (session) await enter(session.user, session.csrf);
}

export async function signOut(because: '' | 'idle' = ''): Promise<void> {
  try {
    await post('/api/v1/logout');
  } finally {
    leave(because);
  }
}
