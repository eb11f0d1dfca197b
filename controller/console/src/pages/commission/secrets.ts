/* A join code is told once. Until it is used it stays with this tab, so that a reload does not lose it. */
import type { Schema } from '../../api/client';

const PREFIX = 'loa.join.';

export function keepCode(made: Schema<'JoinCodeMade'>): void {
  try {
    sessionStorage.setItem(`${PREFIX}${made.id}`, made.code);
  } catch {
    /* Then it is in sight until the page is left. */
  }
}

export function keptCode(id: number): string | undefined {
  try {
    return sessionStorage.getItem(`${PREFIX}${id}`) ?? undefined;
  } catch {
    return undefined;
  }
}

export function forgetCode(id: number): void {
  try {
    sessionStorage.removeItem(`${PREFIX}${id}`);
  } catch {
    /* It was never kept. */
  }
}
