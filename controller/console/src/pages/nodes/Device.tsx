/* The board itself: what it is, how it feels, its certificate, its SIM card. */
import type { ComponentChildren } from 'preact';

import { post, type Schema } from '../../api/client';
import { refresh } from '../../api/useApi';
import { date, dateTime, duration, megabytes, number } from '../../format';
import { useT } from '../../i18n';
import { may } from '../../state/session';
import { Badge, Button, Card, confirm, LinkButton, toast, useAction, type Tone } from '../../ui';
import { daysUntil } from './sim';

type Node = Schema<'Node'>;

const CAUSES = ['first', 'stopped', 'crash', 'reboot', 'power'] as const;
const SOON_DAYS = 14;

function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  const known = rows.filter(([, value]) => value !== undefined && value !== '' && value !== null);
  return <dl class="facts">{known.map(([name, value]) => <><dt key={name}>{name}</dt><dd>{value}</dd></>)}</dl>;
}

function RebootButton({ node }: { node: Node }) {
  const t = useT('nodes');
  const name = node.name ?? '';
  const reboot = useAction(async () => {
    if (!(await confirm({ title: t('reboot.title', { name }), text: t('reboot.text'), action: t('reboot') }))) return;
    await post('/api/v1/nodes/{id}/reboot', undefined, { params: { id: node.id ?? 0 } });
    toast(t('reboot.done', { name }));
  }, { toastErrors: true });
  return <Button icon="refresh" busy={reboot.busy} disabled={!node.online} onClick={() => void reboot.run()}>{t('reboot')}</Button>;
}

function RevokeButton({ node }: { node: Node }) {
  const t = useT('nodes');
  const name = node.name ?? '';
  const revoke = useAction(async () => {
    if (!(await confirm({ title: t('device.revoke.title', { name }), text: t('device.revoke.text'), action: t('device.revoke'), danger: true }))) return;
    await post('/api/v1/nodes/{id}/revoke', undefined, { params: { id: node.id ?? 0 } });
    toast(t('device.revoked', { name }));
    refresh('node', 'nodes');
  }, { toastErrors: true });
  return <Button kind="quiet" icon="lock" busy={revoke.busy} onClick={() => void revoke.run()}>{t('device.revoke')}</Button>;
}

export function DeviceCard({ node }: { node: Node }) {
  const t = useT('nodes');
  const s = node.status;
  const technician = node.state === 'active' && may('technician', 'admin');
  const cause = node.restarts ? CAUSES.find((c) => c === node.restart_cause) : undefined;
  const mains = s?.mains_ok === undefined ? undefined : s.mains_ok ? t('device.mains.ok') : t('device.mains.lost');
  const supply = [s?.supply_mv ? `${number(s.supply_mv / 1000, 1)} V` : undefined, mains].filter(Boolean).join(', ');
  return (
    <Card title={t('device')}>
      <div class="stack">
        <Facts rows={[
          [t('device.hardware'), node.hardware],
          [t('device.serial'), node.serial],
          [t('device.firmware'), node.firmware],
          [t('device.certificate'), node.cert_expires_us ? date(node.cert_expires_us) : undefined],
          [t('device.enrolled'), dateTime(node.enrolled_us)],
          [t('device.uptime'), s?.uptime_ms ? duration(s.uptime_ms) : undefined],
          [t('device.restarts'), node.restarts === undefined ? undefined : `${number(node.restarts)}${cause ? ` (${t('device.cause', { cause: t(`cause.${cause}`) })})` : ''}`],
          [t('device.temperature'), s?.temperature_mc ? `${number(s.temperature_mc / 1000, 1)} °C` : undefined],
          [t('device.supply'), supply],
          [t('device.clock'), s?.clock_uncertainty_us === undefined ? undefined : `± ${number(s.clock_uncertainty_us / 1000, 2)} ms`],
          [t('device.disk'), s?.disk_free_bytes ? (s.disk_free_bytes < 1e9 ? megabytes(s.disk_free_bytes) : `${number(s.disk_free_bytes / 1e9, 1)} GB`) : undefined],
          [t('device.cache'), s?.cached_count === undefined ? undefined : t('device.cached', { count: s.cached_count, size: megabytes(s.cache_bytes) })],
        ]} />
        {technician && (
          <div class="row">
            <RebootButton node={node} />
            <LinkButton to={`/commission/${node.id}/replace`} icon="tool">{t('device.replace')}</LinkButton>
            <RevokeButton node={node} />
          </div>
        )}
      </div>
    </Card>
  );
}

export function SimCard({ node, onEdit }: { node: Node; onEdit?: (() => void) | undefined }) {
  const t = useT('nodes');
  const days = node.sim_due ? daysUntil(node.sim_due) : undefined;
  const tone: Tone = days === undefined ? 'neutral' : days <= 0 ? 'bad' : days <= SOON_DAYS ? 'warn' : 'good';
  const said = days === undefined ? t('sim.due.none') : days <= 0 ? t('sim.due.late') : t('sim.due.soon', { count: days });
  const month = (node.data_month ?? '').split('-').reverse().join('/');
  return (
    <Card title={t('sim')} actions={onEdit && <Button kind="quiet" icon="edit" onClick={onEdit} aria-label={t('edit')} />}>
      <Facts rows={[
        [t('sim.month', { month }), <strong>{megabytes((node.data_in_bytes ?? 0) + (node.data_out_bytes ?? 0))}</strong>],
        [t('sim.out'), megabytes(node.data_out_bytes)],
        [t('sim.in'), megabytes(node.data_in_bytes)],
        [t('sim.number'), node.sim_number || t('sim.unknown')],
        [t('sim.due'), <span class="row">{node.sim_due ? node.sim_due.split('-').reverse().join('/') : ''}<Badge tone={tone} icon="bell">{said}</Badge></span>],
      ]} />
    </Card>
  );
}
