import type { ComponentChildren, JSX } from 'preact';

import { Icon, type IconName } from './Icon';

interface Look {
  /** primary: the one thing to do here; danger: stops or deletes; quiet: beside others. */
  kind?: 'primary' | 'secondary' | 'danger' | 'quiet';
  icon?: IconName;
  large?: boolean;
}

type Props = Look &
  Omit<JSX.ButtonHTMLAttributes<HTMLButtonElement>, 'icon' | 'children' | 'class' | 'disabled'> & {
    children?: ComponentChildren;
    class?: string;
    disabled?: boolean;
    /** Something is under way: shown, and a second press does nothing. */
    busy?: boolean;
  };

export function Button({ kind = 'secondary', icon, large, busy, disabled, children, class: more = '', ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      class={`button ${kind} ${large ? 'large' : ''} ${children === undefined ? 'bare' : ''} ${more}`}
      disabled={disabled === true || busy === true}
      aria-busy={busy === true}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

/** Looks like a button and goes to a page: to="/bulletins/new". */
export function LinkButton({ to, kind = 'secondary', icon, large, children }: Look & { to: string; children: ComponentChildren }) {
  return (
    <a class={`button ${kind} ${large ? 'large' : ''}`} href={`#${to}`}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  );
}
