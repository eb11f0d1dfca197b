/* Alerts: those that live, messages from outside that wait for a person, and texts prepared for the day. */
import { alerts as live } from '../../api/updates';
import { useT } from '../../i18n';
import { go } from '../../state/route';
import { mayAlert } from '../../state/session';
import { LinkButton, PageHead, Tabs } from '../../ui';
import type { PageProps } from '../registry';
import { AlertPage } from './AlertPage';
import './alerts.css';
import { AlertList } from './AlertList';
import { Composer } from './Composer';
import { Inbox, MessagePage } from './Inbox';
import { Templates } from './Templates';

type Tab = 'list' | 'inbox' | 'templates';

export default function Alerts({ rest }: PageProps) {
  const t = useT('alerts');
  const common = useT('common');
  const [first, second] = rest;
  if (first === 'new') return <Composer key="new" template={second} />;
  if (first === 'inbox' && second) return <MessagePage key={second} id={Number(second)} />;
  if (Number(first) > 0) {
    if (second === 'update' || second === 'all-clear') return <Composer key={`${first}-${second}`} of={{ id: Number(first), how: second }} />;
    return <AlertPage key={first} id={Number(first)} />;
  }
  const tab: Tab = first === 'inbox' || first === 'templates' ? first : 'list';
  const waiting = live.value?.inbox ?? 0;
  return (
    <>
      <PageHead title={common('page.alerts')} lead={t('lead')} actions={mayAlert.value && (
        <>
          <LinkButton to="/alerts/new" kind="danger" icon="megaphone">{t('new')}</LinkButton>
          <LinkButton to="/alerts/new/drill" icon="repeat">{t('drill.new')}</LinkButton>
        </>
      )} />
      <Tabs label={common('page.alerts')} value={tab} onChange={(to) => go(to === 'list' ? '/alerts' : `/alerts/${to}`)} tabs={[
        { value: 'list', label: t('tab.list') },
        { value: 'inbox', label: waiting > 0 ? t('tab.inbox.count', { count: waiting }) : t('tab.inbox') },
        { value: 'templates', label: t('tab.templates') },
      ]} />
      {tab === 'list' ? <AlertList /> : tab === 'inbox' ? <Inbox /> : <Templates />}
    </>
  );
}
