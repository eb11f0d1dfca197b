/* Accounts: who may do what, a forgotten password, a lost second factor, somebody who left. */
import { useState } from 'preact/hooks';

import { getAll, getWithEtag, patch, post, put, remove, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { useT, word } from '../../i18n';
import { may, me, ROLES, type Role } from '../../state/session';
import { Async, Badge, Button, Card, CheckField, confirm, Dialog, Empty, Note, PasswordField, Problem, Table, TextField, toast, useAction, ZonePicker, type Where } from '../../ui';

type User = Schema<'User'>;
const PASSWORD_MIN = 10;

function RoleFields({ value, onChange }: { value: readonly Role[]; onChange: (roles: Role[]) => void }) {
  const t = useT('admin');
  return (
    <fieldset class="roles">
      <legend>{t('roles')}</legend>
      {ROLES.map((role) => (
        <CheckField key={role} label={word('role', role)} hint={t(`role.${role}.text`)} value={value.includes(role)}
          onChange={(on) => onChange(on ? [...value, role] : value.filter((r) => r !== role))} />
      ))}
    </fieldset>
  );
}

function AddUser({ onClose }: { onClose: () => void }) {
  const t = useT('admin');
  const common = useT('common');
  const [form, setForm] = useState({ login: '', name: '', password: '', roles: [] as Role[] });
  const [tried, setTried] = useState(false);
  const need = (value: string) => (tried && value.trim() === '' ? common('form.missing') : undefined);
  const short = form.password.length < PASSWORD_MIN;
  const add = useAction(async () => {
    setTried(true);
    if (!form.login.trim() || !form.name.trim() || short || form.roles.length === 0) return;
    await post('/api/v1/users', { ...form, login: form.login.trim(), name: form.name.trim() });
    refresh('users');
    toast(t('user.added', { name: form.name }));
    onClose();
  });
  return (
    <Dialog title={t('user.add')} onClose={onClose} actions={<Button kind="primary" icon="check" busy={add.busy} onClick={() => void add.run()}>{common('action.save')}</Button>}>
      {add.error && <Note>{add.error.message}</Note>}
      <TextField label={t('user.name')} required value={form.name} onChange={(name) => setForm({ ...form, name })} error={need(form.name)} />
      <TextField label={t('user.login')} hint={t('user.login.hint')} required value={form.login} onChange={(login) => setForm({ ...form, login })} error={need(form.login)} />
      <PasswordField label={t('user.password')} hint={t('user.password.hint')} required autoComplete="new-password" value={form.password} onChange={(password) => setForm({ ...form, password })}
        error={tried && short ? common('form.tooShort', { min: PASSWORD_MIN }) : undefined} />
      <RoleFields value={form.roles} onChange={(roles) => setForm({ ...form, roles })} />
      {tried && form.roles.length === 0 && <Note>{t('user.noRole')}</Note>}
    </Dialog>
  );
}

function AlertArea({ user }: { user: User }) {
  const t = useT('admin');
  const common = useT('common');
  const [where, setWhere] = useState<Where | undefined>(undefined);
  const area = useApi('alert-area', (signal) => getWithEtag('/api/v1/users/{id}/alert-area', { params: { id: user.id ?? 0 }, signal }), [user.id]);
  const zones = area.data?.data.zones ?? [];
  const shown = where ?? { everyone: zones.length === 0, zones };
  const save = useAction(async () => {
    await put('/api/v1/users/{id}/alert-area', { zones: shown.everyone ? [] : shown.zones }, { params: { id: user.id ?? 0 }, etag: area.data?.etag ?? undefined });
    toast(common('form.saved'));
    area.reload();
  });
  return (
    <details class="more">
      <summary>{t('area')}</summary>
      <p class="hint">{t('area.text')}</p>
      <Async from={area} rows={2}>{() => <ZonePicker value={shown} onChange={setWhere} />}</Async>
      <Problem error={save.error} reload={() => { setWhere(undefined); area.reload(); }} />
      <Button busy={save.busy} disabled={where === undefined} onClick={() => void save.run()}>{t('area.save')}</Button>
    </details>
  );
}

function ChangeUser({ user, etag, onClose }: { user: User; etag: string | undefined; onClose: () => void }) {
  const t = useT('admin');
  const common = useT('common');
  const [name, setName] = useState(user.name ?? '');
  const [roles, setRoles] = useState<Role[]>((user.roles ?? []) as Role[]);
  const [password, setPassword] = useState('');
  const params = { params: { id: user.id ?? 0 } };
  const seen = { ...params, etag };
  const self = user.id === me.value?.id;
  const save = useAction(async () => {
    await patch('/api/v1/users/{id}', { name: name.trim(), roles, ...(password ? { password } : {}) }, seen);
    refresh('users');
    toast(common('form.saved'));
    onClose();
  });
  const able = useAction(async () => {
    const disable = !user.disabled;
    if (disable && !(await confirm({ title: t('user.disable.title'), text: t('user.disable.text', { name: user.name ?? '' }), action: t('user.disable'), danger: true }))) return;
    await patch('/api/v1/users/{id}', { disabled: disable }, seen);
    refresh('users');
    toast(t(disable ? 'user.disabled' : 'user.enabled', { name: user.name ?? '' }));
    onClose();
  });
  const factor = useAction(async () => {
    if (!(await confirm({ title: t('totp.title'), text: t('totp.text', { name: user.name ?? '' }), action: t('totp.remove'), danger: true }))) return;
    await remove('/api/v1/users/{id}/totp', params);
    toast(t('totp.done'));
  });
  const error = save.error ?? able.error ?? factor.error;
  const short = password !== '' && password.length < PASSWORD_MIN;
  return (
    <Dialog title={user.name ?? ''} onClose={onClose} actions={
      <>
        {!self && <Button kind={user.disabled ? 'secondary' : 'danger'} busy={able.busy} onClick={() => void able.run()}>{t(user.disabled ? 'user.enable' : 'user.disable')}</Button>}
        <Button kind="primary" icon="check" busy={save.busy} disabled={name.trim() === '' || roles.length === 0 || short} onClick={() => void save.run()}>{common('action.save')}</Button>
      </>
    }>
      <Problem error={error} reload={() => { refresh('users'); onClose(); }} />
      <TextField label={t('user.name')} required value={name} onChange={setName} />
      <RoleFields value={roles} onChange={setRoles} />
      {roles.length === 0 && <Note>{t('user.noRole')}</Note>}
      <PasswordField label={t('user.newPassword')} hint={t('user.newPassword.hint')} autoComplete="new-password" value={password} onChange={setPassword} error={short ? common('form.tooShort', { min: PASSWORD_MIN }) : undefined} />
      <AlertArea user={user} />
      <p><Button icon="shield" busy={factor.busy} onClick={() => void factor.run()}>{t('totp.remove')}</Button></p>
    </Dialog>
  );
}

export function Users() {
  const t = useT('admin');
  const [adding, setAdding] = useState(false);
  const [open, setOpen] = useState<{ user: User; etag: string | undefined } | undefined>(undefined);
  const edit = useAction(async (id: number) => {
    const { data, etag } = await getWithEtag('/api/v1/users/{id}', { params: { id } });
    setOpen({ user: data, etag: etag ?? undefined });
  }, { toastErrors: true });
  const users = useApi('users', () => getAll('/api/v1/users'));
  return (
    <Card title={t('users')} flush actions={may('admin') && <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{t('user.add')}</Button>}>
      <Async from={users}>
        {(all) => all.length === 0 ? <Empty icon="users" title={t('empty')} /> : (
          <Table label={t('users')} rows={all} keyOf={(u) => u.id ?? 0} columns={[
            { title: t('col.name'), main: true, cell: (u) => (may('admin') ? <Button kind="quiet" onClick={() => void edit.run(u.id ?? 0)}>{u.name}</Button> : u.name) },
            { title: t('col.login'), cell: (u) => u.login },
            { title: t('col.roles'), cell: (u) => (u.roles ?? []).map((r) => word('role', r)).join(', ') },
            { title: t('col.state'), cell: (u) => <Badge tone={u.disabled ? 'neutral' : 'good'}>{u.disabled ? t('disabled') : t('active')}</Badge> },
          ]} />
        )}
      </Async>
      {adding && <AddUser onClose={() => setAdding(false)} />}
      {open && <ChangeUser {...open} onClose={() => setOpen(undefined)} />}
    </Card>
  );
}
