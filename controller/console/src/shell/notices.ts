/* What waits for the person who is signed in: a count in the navigation, and a word when something new comes. */
import { useEffect, useRef } from 'preact/hooks';

import { alerts, waiting } from '../api/updates';
import { t, type Key } from '../i18n';
import { may, mayAlert, me, station } from '../state/session';
import { toast } from '../ui';

export interface Notice {
  count: number;
  says: Key<'common'>;
}

/* Of the bulletins that wait, those that this person may approve. */
function mine() {
  const all = waiting.value;
  if (!all || !may('approver')) return { count: 0, items: [] };
  const own = station.value?.author_may_approve ? [] : all.items.filter((b) => b.author === me.value?.id);
  return { count: all.waiting - own.length, items: all.items.filter((b) => !own.includes(b)) };
}

/** Of the page with this address; undefined when nothing waits there. */
export function noticeOf(page: string): Notice | undefined {
  const notice: Notice | undefined =
    page === 'bulletins' ? { count: mine().count, says: 'nav.waiting' }
    : page === 'alerts' && mayAlert.value ? { count: alerts.value?.inbox ?? 0, says: 'nav.inbox' }
    : undefined;
  return notice && notice.count > 0 ? notice : undefined;
}

/** Tell of each bulletin that comes to wait while the page is open. */
export function useNews(): void {
  const known = useRef<Set<number> | undefined>(undefined);
  const now = waiting.value ? mine().items : undefined;
  useEffect(() => {
    if (!now) return;
    const before = known.current;
    known.current = new Set(now.map((b) => b.id));
    for (const b of now) if (before && !before.has(b.id)) toast(t('common', 'nav.new', { title: b.title }), 'info');
  });
}
