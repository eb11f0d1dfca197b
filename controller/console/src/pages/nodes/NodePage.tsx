/* One node: how it is, what can be done about it, how it was. */
import { useState } from 'preact/hooks';

import { patch, post, type Schema } from '../../api/client';
import { refresh } from '../../api/useApi';
import { alarms, onAir, type Alarm } from '../../api/updates';
import { glanceOf } from '../../fleet/glance';
import { LevelMeter, StateBadge } from '../../fleet/StateBadge';
import { ToneTest } from '../../fleet/ToneTest';
import { useNode, zonePath, type SeenNode } from '../../fleet/useNodes';
import { age, dateTime } from '../../format';
import { useT, word } from '../../i18n';
import { HANDS, may } from '../../state/session';
import { Async, Badge, Button, Card, confirm, Empty, LinkButton, Note, PageHead, toast, useAction, useZones } from '../../ui';
import { DeviceCard, SimCard } from './Device';
import { EditDialog } from './EditDialog';
import { History } from './History';
import { HoursCard, SoundCard } from './Sound';
import { SiteCard } from './Site';

type Node = SeenNode;

function AlarmNote({ alarm }: { alarm: Alarm }) {
  const t = useT('nodes');
  const seen = useAction(async () => {
    await post('/api/v1/alarms/{id}/acknowledge', undefined, { params: { id: alarm.id ?? 0 } });
    toast(t('fault.seen.done'));
    refresh('alarms');
  }, { toastErrors: true });
  const known = (alarm.acknowledged_us ?? 0) > 0;
  return (
    <Note tone={alarm.level === 'critical' ? 'bad' : 'warn'}
      action={!known && may(...HANDS) && <Button icon="check" busy={seen.busy} onClick={() => void seen.run()}>{t('fault.seen')}</Button>}>
      <strong>{word('alarm', alarm.kind)}</strong>{', '}{t('fault.since', { age: age(alarm.since_us) })}
      {known && <>{' · '}{t('fault.seen.by', { who: alarm.acknowledged_by ?? '' })}</>}
    </Note>
  );
}

function Now({ node }: { node: Node }) {
  const t = useT('nodes');
  const glance = glanceOf(node, alarms.value);
  const standing = (alarms.value ?? []).filter((a) => a.node === node.id && a.stands !== false);
  const playing = node.online ? (node.status?.playing_broadcast ?? 0) : 0;
  return (
    <div class="stack">
      <div class="row">
        <StateBadge node={node} />
        {node.muted && glance !== 'muted' && <Badge tone="warn" icon="muted">{t('state.muted')}</Badge>}
        <span class="hint">{t('heard', { age: age(node.last_heard_us) })}</span>
      </div>
      {glance === 'lost' && <p>{t('lost.text', { when: dateTime(node.last_heard_us) })}</p>}
      {glance === 'silent' && <p>{t('silent.text')}</p>}
      {node.muted && <Note tone="warn">{t('muted.remote')}</Note>}
      {node.status?.muted_locally && node.online && <Note tone="warn">{t('muted.locally')}</Note>}
      {standing.map((a) => <AlarmNote key={a.id} alarm={a} />)}
      {playing > 0 && (
        <div class="stack tight">
          <p><strong>{t('playing')}</strong>{': '}{onAir.value?.find((b) => b.id === playing)?.title || t('playing.unknown')}</p>
          <LevelMeter node={node.id ?? 0} />
        </div>
      )}
    </div>
  );
}

function MuteButton({ node }: { node: Node }) {
  const t = useT('nodes');
  const name = node.name ?? '';
  const mute = useAction(async () => {
    const muted = !node.muted;
    if (muted && !(await confirm({ title: t('mute.title', { name }), text: t('mute.text'), action: t('mute'), danger: true }))) return;
    await patch('/api/v1/nodes/{id}', { muted }, { params: { id: node.id ?? 0 } });
    toast(muted ? t('mute.done', { name }) : t('unmute.done', { name }));
    refresh('node', 'nodes');
  }, { toastErrors: true });
  return <Button kind={node.muted ? 'primary' : 'secondary'} icon={node.muted ? 'speaker' : 'muted'} busy={mute.busy} onClick={() => void mute.run()}>{node.muted ? t('unmute') : t('mute')}</Button>;
}

function View({ node, zones }: { node: Node; zones: readonly Schema<'Zone'>[] }) {
  const t = useT('nodes');
  const [editing, setEditing] = useState(false);
  const active = node.state === 'active';
  const technician = active && may('technician', 'admin');
  const hands = active && may('operator', 'technician', 'admin');
  return (
    <div class="stack">
      <PageHead title={node.name ?? ''} lead={zonePath(zones, node.zone) || t('noZone')} actions={
        <>
          <LinkButton to="/nodes" kind="quiet" icon="chevronLeft">{t('back')}</LinkButton>
          {technician && <Button icon="edit" onClick={() => setEditing(true)}>{t('edit')}</Button>}
          {hands && <MuteButton node={node} />}
        </>
      } />
      <div class="node-columns">
        <div class="stack">
          <Card><Now node={node} /></Card>
          {hands && (
            <Card title={t('test')}>
              <div class="stack"><p class="hint">{t('test.text')}</p><ToneTest node={node} disabled={!node.online} /></div>
            </Card>
          )}
          {active && <SoundCard node={node} />}
          <History node={node.id ?? 0} />
        </div>
        <div class="stack">
          <SiteCard node={node} zones={zones} canChange={technician} />
          <SimCard node={node} onEdit={technician ? () => setEditing(true) : undefined} />
          <DeviceCard node={node} />
          <HoursCard />
        </div>
      </div>
      {editing && <EditDialog node={node} zones={zones} onClose={() => setEditing(false)} />}
    </div>
  );
}

export function NodePage({ id }: { id: number }) {
  const t = useT('nodes');
  const node = useNode(id);
  const zones = useZones();
  if (node.error?.status === 404)
    return <><PageHead title={t('missing')} /><Empty icon="speaker" title={t('missing')} action={<LinkButton to="/nodes">{t('back')}</LinkButton>} /></>;
  return <Async from={node} rows={8}>{(n) => <View node={n} zones={zones.data ?? []} />}</Async>;
}
