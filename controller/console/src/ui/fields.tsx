/* Form fields: a label, a hint, an error that screen readers connect with the input. */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';

import { useT } from '../i18n';
import { Icon } from './Icon';

interface Frame {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  required?: boolean;
}

interface Wires {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean;
  required: boolean;
}

/** For inputs of another kind: children gets what to spread on the input. */
export function Field({ label, hint, error, required = false, children }: Frame & { children: (wires: Wires) => ComponentChildren }) {
  const t = useT('common');
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class={`field ${error ? 'wrong' : ''}`}>
      <label for={id}>
        {label}
        {required && <span class="required"> ({t('form.required')})</span>}
      </label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': !!error, required })}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${id}-error`}><Icon name="alertTriangle" size={16} />{error}</p>}
    </div>
  );
}

interface Text<T = string> extends Frame {
  value: T;
  onChange: (value: T) => void;
  placeholder?: string;
  disabled?: boolean;
}

interface TextProps extends Text {
  type?: 'text' | 'search' | 'date' | 'time' | 'datetime-local' | 'email' | 'url';
  autoComplete?: string;
  inputMode?: 'text' | 'numeric' | 'decimal';
  maxLength?: number;
  autoFocus?: boolean;
}

export function TextField({ value, onChange, placeholder, disabled, type = 'text', autoComplete = 'off', inputMode, maxLength, autoFocus, ...frame }: TextProps) {
  return (
    <Field {...frame}>
      {(wires) => (
        <input
          {...wires}
          type={type}
          value={value}
          placeholder={placeholder}
          disabled={disabled}
          autocomplete={autoComplete}
          inputMode={inputMode}
          maxLength={maxLength}
          autoFocus={autoFocus}
          onInput={(e) => onChange(e.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function PasswordField({ value, onChange, autoComplete = 'current-password', ...frame }: Text & { autoComplete?: string }) {
  const t = useT('common');
  const [shown, setShown] = useState(false);
  return (
    <Field {...frame}>
      {(wires) => (
        <div class="with-button">
          <input {...wires} type={shown ? 'text' : 'password'} value={value} autocomplete={autoComplete} maxLength={128} onInput={(e) => onChange(e.currentTarget.value)} />
          <button type="button" aria-label={shown ? t('form.hide') : t('form.show')} aria-pressed={shown} onClick={() => setShown(!shown)}>
            <Icon name={shown ? 'eyeOff' : 'eye'} />
          </button>
        </div>
      )}
    </Field>
  );
}

export function NumberField({ value, onChange, min, max, step, disabled, unit, ...frame }: Text<number> & { min?: number; max?: number; step?: number; unit?: string }) {
  return (
    <Field {...frame}>
      {(wires) => (
        <div class="with-unit">
          <input {...wires} type="number" value={value} min={min} max={max} step={step} disabled={disabled}
            onInput={(e) => Number.isFinite(e.currentTarget.valueAsNumber) && onChange(e.currentTarget.valueAsNumber)} />
          {unit && <span class="unit">{unit}</span>}
        </div>
      )}
    </Field>
  );
}

export function TextArea({ value, onChange, rows = 5, maxLength, placeholder, ...frame }: Text & { rows?: number; maxLength?: number }) {
  return (
    <Field {...frame}>
      {(wires) => <textarea {...wires} rows={rows} maxLength={maxLength} placeholder={placeholder} value={value} onInput={(e) => onChange(e.currentTarget.value)} />}
    </Field>
  );
}

export interface Choice<T extends string | number> {
  value: T;
  label: string;
}

export function SelectField<T extends string | number>({ value, onChange, choices, disabled, ...frame }: Text<T> & { choices: readonly Choice<T>[] }) {
  return (
    <Field {...frame}>
      {(wires) => (
        <select {...wires} disabled={disabled} onChange={(e) => onChange(choices[e.currentTarget.selectedIndex]!.value)}>
          {choices.map((c) => <option key={c.value} value={c.value} selected={c.value === value}>{c.label}</option>)}
        </select>
      )}
    </Field>
  );
}

export function CheckField({ label, hint, value, onChange, disabled }: Omit<Text<boolean>, 'error' | 'required' | 'placeholder'>) {
  const id = useId();
  return (
    <div class="check">
      <input id={id} type="checkbox" checked={value} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined} onChange={(e) => onChange(e.currentTarget.checked)} />
      <label for={id}>{label}</label>
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** One of a few, all in sight. */
export function Segments<T extends string>({ label, value, onChange, choices }: { label: string; value: T; onChange: (value: T) => void; choices: readonly Choice<T>[] }) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend>{label}</legend>
      <div>
        {choices.map((c) => (
          <label key={c.value} class={c.value === value ? 'chosen' : ''}>
            <input type="radio" name={name} checked={c.value === value} onChange={() => onChange(c.value)} />
            <span>{c.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
