/* Who may alert, and what else it takes. */
import { useState } from 'preact/hooks';

import { getAll, getWithEtag, patch, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { useT, word } from '../../i18n';
import { HANDS, loadStation, may } from '../../state/session';
import { Async, Button, Card, CheckField, NumberField, Problem, SelectField, toast, useAction } from '../../ui';

type Policy = Schema<'AlertPolicy'>;

function RoleList({ label, hint, value, onChange, disabled }: { label: string; hint: string; value: readonly string[]; onChange: (roles: string[]) => void; disabled: boolean }) {
  return (
    <fieldset class="roles" disabled={disabled}>
      <legend>{label}</legend>
      <p class="hint">{hint}</p>
      <div class="row">
        {HANDS.map((role) => (
          <CheckField key={role} label={word('role', role)} disabled={disabled} value={value.includes(role)} onChange={(on) => onChange(on ? [...value, role] : value.filter((r) => r !== role))} />
        ))}
      </div>
    </fieldset>
  );
}

function Form({ now, etag }: { now: Policy; etag: string | undefined }) {
  const t = useT('admin');
  const common = useT('common');
  const [form, setForm] = useState(now);
  const set = (next: Partial<Policy>) => setForm((f) => ({ ...f, ...next }));
  const users = useApi('users', () => getAll('/api/v1/users'));
  const readOnly = !may('admin');
  const save = useAction(async () => {
    await patch('/api/v1/alert-policy', form, { etag });
    refresh('alert-policy');
    await loadStation();
    toast(common('form.saved'));
  });
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save.run(); }}>
      <Card title={t('tab.alerts')}>
        <Problem error={save.error} reload={() => refresh('alert-policy')} />
        <RoleList label={t('alert.roles')} hint={t('alert.roles.text')} disabled={readOnly} value={form.roles ?? []} onChange={(roles) => set({ roles })} />
        <RoleList label={t('alert.confirm')} hint={t('alert.confirm.text')} disabled={readOnly} value={form.confirm_roles ?? []} onChange={(confirm_roles) => set({ confirm_roles })} />
        <div class="form-row">
          <NumberField label={t('alert.wait')} unit={t('unit.seconds')} min={10} max={3600} disabled={readOnly} value={form.confirm_s ?? 60} onChange={(confirm_s) => set({ confirm_s })} />
          <SelectField label={t('alert.fallback')} hint={t('alert.fallback.hint')} disabled={readOnly} value={form.fallback ?? 0} onChange={(fallback) => set({ fallback })}
            choices={[{ value: 0, label: t('alert.nobody') }, ...(users.data ?? []).filter((u) => !u.disabled).map((u) => ({ value: u.id ?? 0, label: u.name ?? '' }))]} />
          <NumberField label={t('alert.rate')} unit={t('unit.perHour')} min={1} max={1000} disabled={readOnly} value={form.per_hour ?? 1} onChange={(per_hour) => set({ per_hour })} />
        </div>
        <RoleList label={t('alert.totp')} hint={t('alert.totp.text')} disabled={readOnly} value={form.totp_roles ?? []} onChange={(totp_roles) => set({ totp_roles })} />
        {!readOnly && <Button type="submit" kind="primary" icon="check" busy={save.busy} disabled={JSON.stringify(form) === JSON.stringify(now)}>{common('action.save')}</Button>}
      </Card>
    </form>
  );
}

export function AlertRules() {
  const policy = useApi('alert-policy', (signal) => getWithEtag('/api/v1/alert-policy', { signal }));
  return <Async from={policy}>{({ data, etag }) => <Form key={JSON.stringify(data)} now={data ?? {}} etag={etag ?? undefined} />}</Async>;
}
