/* Accounts, what the station allows, evidence and backups: for administrators, and for auditors to read. */
import type { FunctionComponent } from 'preact';

import { useT } from '../../i18n';
import { go } from '../../state/route';
import { may } from '../../state/session';
import { PageHead, Tabs } from '../../ui';
import type { PageProps } from '../registry';
import './admin.css';
import { AlertRules } from './AlertRules';
import { Backups } from './Backups';
import { Journal } from './Journal';
import { StationRules } from './StationRules';
import { Users } from './Users';

const TABS = { users: Users, station: StationRules, alerts: AlertRules, journal: Journal, backups: Backups } as const;
type Tab = keyof typeof TABS;

export default function Admin({ rest }: PageProps) {
  const t = useT('admin');
  const common = useT('common');
  const shown = (Object.keys(TABS) as Tab[]).filter((tab) => tab !== 'backups' || may('admin'));
  const tab = shown.find((name) => name === rest[0]) ?? 'users';
  const Body: FunctionComponent = TABS[tab];
  return (
    <>
      <PageHead title={common('page.admin')} />
      <Tabs label={common('page.admin')} value={tab} onChange={(to) => go(`/admin/${to}`)} tabs={shown.map((value) => ({ value, label: t(`tab.${value}`) }))} />
      <Body />
    </>
  );
}
