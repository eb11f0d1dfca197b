/* Short answers to what was done, read out by screen readers. Errors stay until they are closed, or the person leaves.
 *
 * An open dialog lies over the page and makes it inert, so the topmost one shows them, within itself. */
import { signal } from '@preact/signals';

import { useT } from '../i18n';
import { Icon } from './Icon';

type Kind = 'done' | 'info' | 'error';
interface Toast {
  id: number;
  kind: Kind;
  text: string;
}

const SHOWN_MS = 6000;
const MOST = 4;
const toasts = signal<Toast[]>([]);
let last = 0;

/** Open dialogs, the topmost last. */
export const layers = signal<readonly string[]>([]);

function close(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function toast(text: string, kind: Kind = 'done'): void {
  const id = ++last;
  toasts.value = [...toasts.value.filter((t) => t.text !== text), { id, kind, text }].slice(-MOST);
  if (kind !== 'error') setTimeout(() => close(id), SHOWN_MS);
}

/** They were told to the person who signed out. */
export function clearToasts(): void {
  toasts.value = [];
}

/** Of the page, or of one dialog. */
export function Toasts({ layer }: { layer?: string }) {
  const t = useT('common');
  const shown = layers.value.at(-1) === layer ? toasts.value : [];
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <div key={one.id} class={`toast ${one.kind}`}>
          <Icon name={one.kind === 'error' ? 'alertTriangle' : one.kind === 'done' ? 'check' : 'info'} />
          <p>{one.text}</p>
          <button type="button" aria-label={t('action.close')} onClick={() => close(one.id)}><Icon name="close" size={16} /></button>
        </div>
      ))}
    </div>
  );
}
