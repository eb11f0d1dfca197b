/* What sounded: what nodes' receipts add up to, and each broadcast with every node's own word. */
import { go } from '../../state/route';
import { useT } from '../../i18n';
import { PageHead, Tabs } from '../../ui';
import type { PageProps } from '../registry';
import { BroadcastPage, Broadcasts } from './Broadcasts';
import './reports.css';
import { Summary } from './Summary';

export default function Reports({ rest }: PageProps) {
  const t = useT('reports');
  const common = useT('common');
  if (rest[0] === 'broadcasts' && rest[1]) return <BroadcastPage key={rest[1]} id={Number(rest[1])} />;
  const tab = rest[0] === 'broadcasts' ? 'broadcasts' : 'summary';
  return (
    <>
      <PageHead title={common('page.reports')} lead={t('lead')} />
      <Tabs label={t('tabs')} value={tab} onChange={(to) => go(to === 'summary' ? '/reports' : '/reports/broadcasts')}
        tabs={[{ value: 'summary', label: t('tab.summary') }, { value: 'broadcasts', label: t('tab.broadcasts') }]} />
      {tab === 'summary' ? <Summary /> : <Broadcasts />}
    </>
  );
}
