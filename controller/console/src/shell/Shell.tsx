/* What stands around every screen: navigation, the two buttons for trouble, the account. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Profile } from '../account/Profile';
import { TrainingBanner } from '../account/TrainingBanner';
import { loadCatalogues, useT } from '../i18n';
import { pages, type Page, type PageProps } from '../pages/registry';
import { route } from '../state/route';
import { may, me, reached, station } from '../state/session';
import { Button, Dialog, Empty, ErrorBoundary, Icon, LinkButton, Note, Skeleton, type IconName } from '../ui';
import { IdleGuard } from './IdleGuard';
import { noticeOf, useNews } from './notices';
import { TroubleButtons } from './TroubleButtons';

const IN_BOTTOM_BAR = 4;
const MOST_SHOWN = 99;

function NavLink({ to, icon, label, current, onClick }: { to: string; icon: IconName; label: string; current: boolean; onClick?: () => void }) {
  const t = useT('common');
  const notice = noticeOf(to);
  return (
    <a href={`#/${to}`} aria-current={current ? 'page' : undefined} onClick={onClick}>
      <span class="nav-icon">
        <Icon name={icon} size={22} />
        {notice && <span class="nav-count" aria-hidden="true">{notice.count > MOST_SHOWN ? `${MOST_SHOWN}+` : notice.count}</span>}
      </span>
      <span>{label}{notice && <span class="sr-only"> ({t(notice.says, { count: notice.count })})</span>}</span>
    </a>
  );
}

function Navigation({ shown, current }: { shown: readonly Page[]; current: string }) {
  const t = useT('common');
  const [more, setMore] = useState(false);
  const first = shown.slice(0, IN_BOTTOM_BAR);
  const rest = shown.slice(IN_BOTTOM_BAR);
  return (
    <>
      <nav class="side-bar" aria-label={t('app.menu')}>
        <a class="brand" href="#/onair">
          <img src="/favicon.svg" alt="" width={36} height={36} />
          <span><strong>{t('app.name')}</strong><small>{station.value?.name ?? ''}</small></span>
        </a>
        {shown.map((p) => <NavLink key={p.id} to={p.id} icon={p.icon} label={t(`page.${p.id}`)} current={p.id === current} />)}
        <div class="grow" />
        <NavLink to="profile" icon="user" label={me.value?.name ?? ''} current={current === 'profile'} />
      </nav>
      <nav class="bottom-bar" aria-label={t('app.menu')}>
        {first.map((p) => <NavLink key={p.id} to={p.id} icon={p.icon} label={t(`page.${p.id}`)} current={p.id === current} />)}
        <button type="button" aria-haspopup="dialog" aria-current={[...rest.map((p) => p.id as string), 'profile'].includes(current) ? 'page' : undefined} onClick={() => setMore(true)}>
          <span class="nav-icon">
            <Icon name="menu" size={22} />
            {rest.some((p) => noticeOf(p.id)) && <span class="nav-count" aria-hidden="true" />}
          </span>
          <span>{t('app.more')}</span>
        </button>
      </nav>
      {more && (
        <Dialog title={t('app.menu')} onClose={() => setMore(false)}>
          <div class="sheet">
            {rest.map((p) => <NavLink key={p.id} to={p.id} icon={p.icon} label={t(`page.${p.id}`)} current={p.id === current} onClick={() => setMore(false)} />)}
            <NavLink to="profile" icon="user" label={t('page.profile')} current={current === 'profile'} onClick={() => setMore(false)} />
          </div>
        </Dialog>
      )}
    </>
  );
}

const loaded = new Map<string, ComponentType<PageProps>>();

function PageView({ page }: { page: Page }) {
  const [, again] = useState(0);
  const [failed, setFailed] = useState(false);
  const View = loaded.get(page.id);
  useEffect(() => {
    if (loaded.has(page.id)) return;
    setFailed(false);
    Promise.all([page.load(), loadCatalogues(...page.catalogues)]).then(
      ([module]) => {
        loaded.set(page.id, module.default);
        again((n) => n + 1);
      },
      () => setFailed(true),
    );
  }, [page]);
  const t = useT('common');
  if (failed) {
    // What could not be fetched once is not fetched again until the document is.
    return (
      <>
        <h1>{t(`page.${page.id}`)}</h1>
        <Note action={<Button icon="refresh" onClick={() => location.reload()}>{t('action.reload')}</Button>}>{t('error.unreachable')}</Note>
      </>
    );
  }
  return View ? <View rest={route.value.rest} query={route.value.query} /> : <Skeleton rows={6} />;
}

function useTitle(title: string): void {
  const name = station.value?.name;
  useEffect(() => {
    document.title = name ? `${title} · ${name}` : title;
  }, [title, name]);
}

/** A new page is announced, as a new document would be: focus goes to its heading. */
function useFocusOn(page: string): void {
  const [before, setBefore] = useState(page);
  useEffect(() => {
    if (page === before) return;
    setBefore(page);
    document.querySelector<HTMLElement>('main h1, main')?.focus();
    scrollTo(0, 0);
  }, [page, before]);
}

export function Shell() {
  const t = useT('common');
  const shown = pages.filter((p) => may(...p.roles));
  const wanted = route.value.page || 'onair';
  const page = shown.find((p) => p.id === wanted);
  const isProfile = wanted === 'profile';
  useTitle(isProfile ? t('page.profile') : page ? t(`page.${page.id}`) : t('page.missing'));
  useFocusOn(wanted);
  useNews();
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById('main')?.focus(); }}>{t('app.skip')}</a>
      <Navigation shown={shown} current={wanted} />
      <div class="stage">
        <header class="top-bar">
          <TrainingBanner />
          <span class="top-station">{station.value?.name ?? ''}</span>
          <TroubleButtons />
        </header>
        {!reached.value && <div class="offline" role="alert"><Icon name="offline" />{t('app.offline')}</div>}
        <main id="main" tabIndex={-1}>
          <ErrorBoundary key={wanted}>
            {isProfile ? <Profile /> : page ? <PageView key={page.id} page={page} /> : (
              <Empty icon="info" title={t('page.missing')} action={<LinkButton to="/onair">{t('page.toStart')}</LinkButton>}>{t('page.missing.text')}</Empty>
            )}
          </ErrorBoundary>
        </main>
      </div>
      <IdleGuard page={wanted} />
    </div>
  );
}
