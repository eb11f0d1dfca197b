/* What is wrong, for how long, and who has taken note of it. */
import { post } from '../../api/client';
import { alarms, type Alarm } from '../../api/updates';
import { age, clock } from '../../format';
import { useT, word } from '../../i18n';
import { mayStop } from '../../state/session';
import { Badge, Button, Card, Empty, Skeleton, Table, toast, useAction } from '../../ui';
import { useNow } from './useNow';

function Acknowledge({ alarm, name }: { alarm: Alarm; name: string }) {
  const t = useT('onair');
  const take = useAction(
    async () => {
      await post('/api/v1/alarms/{id}/acknowledge', undefined, { params: { id: alarm.id ?? 0 } });
      // The stream tells everybody; this person need not wait for it.
      alarms.value = alarms.value?.map((a) => (a.id === alarm.id ? { ...a, acknowledged_us: a.acknowledged_us || Date.now() * 1000 } : a));
      toast(t('ack.done'));
    },
    { toastErrors: true },
  );
  if (alarm.acknowledged_us) return <span class="hint">{t('ack.by', { who: alarm.acknowledged_by || t('ack.you'), time: clock(alarm.acknowledged_us) })}</span>;
  if (!mayStop.value) return <span class="hint">{t('ack.none')}</span>;
  return <Button icon="check" busy={take.busy} aria-label={t('ack.one', { name })} onClick={() => void take.run()}>{t('ack')}</Button>;
}

export function Alarms() {
  const t = useT('onair');
  const nowMs = useNow(10_000);
  return (
    <Card title={t('alarms')} flush>
      {!alarms.value ? <Skeleton rows={2} /> : alarms.value.length === 0 ? <Empty icon="check" title={t('alarms.empty')} /> : (
        <Table label={t('alarms')} rows={alarms.value} keyOf={(a) => a.id ?? 0} columns={[
          { title: t('col.alarm'), main: true, cell: (a) => <Badge tone={a.level === 'critical' ? 'bad' : 'warn'} icon="alertTriangle">{word('alarm', a.kind)}</Badge> },
          { title: t('col.node'), cell: (a) => (a.node ? <a href={`#/nodes/${a.node}`}>{a.node_name}</a> : t('station')) },
          { title: t('col.since'), cell: (a) => age(a.since_us, nowMs) },
          { title: t('col.ack'), cell: (a) => <Acknowledge alarm={a} name={`${word('alarm', a.kind)}, ${a.node_name || t('station')}`} /> },
        ]} />
      )}
    </Card>
  );
}
