/* On air: what sounds where now, what comes next, what is wrong; and speaking oneself (#/onair/talk, #/onair/talk/12). */
import { useEffect } from 'preact/hooks';

import { alarms, keepOnAir, nextUp, nodes } from '../../api/updates';
import { clock, day } from '../../format';
import { useT, word } from '../../i18n';
import { may } from '../../state/session';
import { Badge, Card, Empty, Figure, LinkButton, PageHead, Skeleton, Table } from '../../ui';
import type { PageProps } from '../registry';
import { Alarms } from './Alarms';
import { Now } from './Now';
import './onair.css';
import { TalkPanel } from './talk/TalkPanel';
import { Waiting } from './Waiting';

const NEXT_SHOWN = 8;

function Next() {
  const t = useT('onair');
  return (
    <Card title={t('next')} flush>
      {!nextUp.value ? <Skeleton rows={2} /> : nextUp.value.length === 0 ? <Empty icon="calendar" title={t('next.empty')} /> : (
        <Table label={t('next')} rows={nextUp.value.slice(0, NEXT_SHOWN)} keyOf={(b) => b.id} columns={[
          { title: t('col.title'), main: true, cell: (b) => b.title },
          { title: t('col.start'), cell: (b) => `${clock(b.start_us)} · ${day(b.start_us)}` },
          { title: t('col.level'), cell: (b) => <Badge tone={b.priority === 'emergency' ? 'bad' : 'neutral'}>{word('priority', b.priority)}</Badge> },
        ]} />
      )}
    </Card>
  );
}

export default function OnAir({ rest }: PageProps) {
  const t = useT('onair');
  const common = useT('common');
  useEffect(() => {
    keepOnAir(true);
    return () => keepOnAir(false);
  }, []);
  const all = nodes.value ?? [];
  const linked = all.filter((n) => n.link).length;
  const sounding = all.filter((n) => n.broadcast > 0).length;
  const standing = alarms.value?.length ?? 0;
  const mayTalk = may('operator', 'district');
  const talks = mayTalk && rest[0] === 'talk';
  return (
    <>
      <PageHead title={common('page.onair')} actions={mayTalk && !talks && <LinkButton to="/onair/talk" kind="primary" large icon="mic">{t('talk')}</LinkButton>} />
      {talks && <TalkPanel id={Number(rest[1]) || undefined} />}
      <dl class="figures">
        <Figure label={t('nodes')} value={`${linked}/${all.length}`} tone={linked === all.length ? 'good' : 'warn'} />
        <Figure label={t('sounding')} value={sounding} tone={sounding > 0 ? 'live' : 'neutral'} />
        <Figure label={t('alarms')} value={standing} tone={standing > 0 ? 'bad' : 'good'} />
      </dl>
      <div class="onair">
        <div class="onair-column">
          <Now />
          <Alarms />
        </div>
        <div class="onair-column">
          <Waiting />
          <Next />
        </div>
      </div>
    </>
  );
}
