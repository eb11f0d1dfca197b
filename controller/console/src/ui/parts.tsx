/* What pages are made of. */
import { Component, type ComponentChildren } from 'preact';

import type { ApiError } from '../api/http';
import type { Loaded } from '../api/useApi';
import { t as text, useT } from '../i18n';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';

export function PageHead({ title, lead, actions }: { title: string; lead?: string; actions?: ComponentChildren }) {
  return (
    <div class="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {actions && <div class="actions">{actions}</div>}
    </div>
  );
}

export function Card({ title, actions, children, flush }: { title?: string; actions?: ComponentChildren; children: ComponentChildren; flush?: boolean }) {
  return (
    <section class={`card ${flush ? 'flush' : ''}`}>
      {(title || actions) && (
        <header>
          {title && <h2>{title}</h2>}
          {actions && <div class="actions">{actions}</div>}
        </header>
      )}
      <div class="card-body">{children}</div>
    </section>
  );
}

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'info' | 'live';

export function Badge({ tone = 'neutral', icon, children }: { tone?: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      {icon ? <Icon name={icon} size={14} /> : <span class="dot" aria-hidden="true" />}
      {children}
    </span>
  );
}

/** One figure with what it means. */
export function Figure({ label, value, tone = 'neutral' }: { label: string; value: ComponentChildren; tone?: Tone }) {
  return (
    <div class={`figure ${tone}`}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

export function Empty({ icon = 'info', title, children, action }: { icon?: IconName; title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={32} />
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

export function Skeleton({ rows = 4 }: { rows?: number }) {
  const t = useT('common');
  return (
    <div class="skeleton" role="status" aria-label={t('app.loading')}>
      {Array.from({ length: rows }, (_, i) => <span key={i} style={{ width: `${92 - ((i * 17) % 38)}%` }} />)}
    </div>
  );
}

/** An error in words, with what can be done. */
export function Note({ tone = 'bad', children, action }: { tone?: Tone; children: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class={`note ${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={tone === 'good' ? 'check' : tone === 'info' ? 'info' : 'alertTriangle'} />
      <p>{children}</p>
      {action}
    </div>
  );
}

/** What went wrong. Where somebody else was faster, `reload` shows what they made of it. */
export function Problem({ error, reload }: { error: ApiError | undefined; reload: () => void }) {
  const t = useT('common');
  if (!error) return null;
  return <Note action={error.isConflict && <Button icon="undo" onClick={reload}>{t('action.reload')}</Button>}>{error.message}</Note>;
}

/** Skeleton, error with a second try, or what was loaded. Old data stay in sight while new ones are fetched. */
export function Async<T>({ from, rows, children }: { from: Loaded<T>; rows?: number; children: (data: T) => ComponentChildren }) {
  const t = useT('common');
  if (from.data !== undefined)
    return (
      <>
        {from.error && <Note>{from.error.message}</Note>}
        {children(from.data)}
      </>
    );
  if (from.error)
    return <Note action={<Button icon="refresh" onClick={from.reload}>{t('action.retry')}</Button>}>{from.error.message}</Note>;
  return <Skeleton rows={rows ?? 4} />;
}

/** A page that breaks leaves the rest, above all Stop all, as it was. */
export class ErrorBoundary extends Component<{ children: ComponentChildren }, { broken: boolean }> {
  override state = { broken: false };

  static override getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <Empty icon="alertTriangle" title={text('common', 'error.title')} action={<Button icon="refresh" onClick={() => location.reload()}>{text('common', 'action.reload')}</Button>}>
        {text('common', 'error.broken')}
      </Empty>
    );
  }
}

export function Tabs<T extends string>({ label, value, onChange, tabs }: { label: string; value: T; onChange: (value: T) => void; tabs: readonly { value: T; label: string }[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <button key={tab.value} type="button" aria-current={tab.value === value ? 'page' : undefined} onClick={() => onChange(tab.value)}>{tab.label}</button>
      ))}
    </nav>
  );
}
