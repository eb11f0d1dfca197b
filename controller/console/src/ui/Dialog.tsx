/* Dialogs are the browser's own <dialog>: focus stays inside, Escape closes, the page behind is inert. */
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { useT } from '../i18n';
import { Button } from './Button';
import { TextField } from './fields';
import { layers, Toasts } from './toasts';

interface Props {
  title: string;
  onClose: () => void;
  children?: ComponentChildren;
  /** Buttons, the main one last. */
  actions?: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, actions, wide }: Props) {
  const t = useT('common');
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current!;
    const before = document.activeElement as HTMLElement | null;
    dialog.showModal();
    layers.value = [...layers.value, id];
    return () => {
      layers.value = layers.value.filter((one) => one !== id);
      dialog.close();
      before?.focus?.();
    };
  }, [id]);
  return (
    <dialog
      ref={element}
      class={wide ? 'wide' : ''}
      aria-labelledby={id}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" icon="close" aria-label={t('action.close')} onClick={onClose} />
      </header>
      <div class="dialog-body">{children}</div>
      {actions && <footer>{actions}</footer>}
      <Toasts layer={id} />
    </dialog>
  );
}

interface Question {
  title: string;
  text: string;
  /** On the button that does it. */
  action: string;
  danger?: boolean;
  /** Ask for a reason or a name too. */
  input?: { label: string; required?: boolean };
}

interface Asked extends Question {
  answer: (text: string | undefined) => void;
}

const asked = signal<Asked | undefined>(undefined);

function ask(question: Question): Promise<string | undefined> {
  return new Promise((resolve) => {
    asked.value?.answer(undefined);
    asked.value = { ...question, answer: resolve };
  });
}

/** True when the person said yes. */
export async function confirm(question: Question): Promise<boolean> {
  return (await ask(question)) !== undefined;
}

/** The text that was entered; undefined when the person went back. */
export function prompt(question: Question & { input: { label: string; required?: boolean } }): Promise<string | undefined> {
  return ask(question);
}

function ConfirmDialog({ question }: { question: Asked }) {
  const t = useT('common');
  const [text, setText] = useState('');
  const finish = (answer: string | undefined) => {
    asked.value = undefined;
    question.answer(answer);
  };
  return (
    <Dialog
      title={question.title}
      onClose={() => finish(undefined)}
      actions={
        <>
          <Button onClick={() => finish(undefined)}>{t('action.cancel')}</Button>
          <Button kind={question.danger ? 'danger' : 'primary'} disabled={question.input?.required && text.trim() === ''} onClick={() => finish(text.trim())}>
            {question.action}
          </Button>
        </>
      }
    >
      <p>{question.text}</p>
      {question.input && <TextField label={question.input.label} value={text} onChange={setText} required={question.input.required ?? false} />}
    </Dialog>
  );
}

/** Stands once in the shell. */
export function ConfirmHost() {
  return asked.value ? <ConfirmDialog key={asked.value.title} question={asked.value} /> : null;
}
