/* Every screen: its address, who sees it, its texts and its code, which is loaded when it is first opened. */
import type { ComponentType } from 'preact';

import type { Namespace } from '../i18n';
import type { Role } from '../state/session';
import type { IconName } from '../ui/Icon';

/** rest: the words of the address after the page's own: #/nodes/12 gives ['12']. */
export interface PageProps {
  rest: string[];
  query: URLSearchParams;
}

export interface Page {
  id: 'onair' | 'calendar' | 'bulletins' | 'library' | 'nodes' | 'commission' | 'alerts' | 'reports' | 'admin';
  icon: IconName;
  roles: readonly Role[];
  catalogues: readonly Namespace[];
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

const WRITE: readonly Role[] = ['operator', 'approver', 'district', 'admin', 'auditor'];
const EVERYONE: readonly Role[] = ['operator', 'approver', 'technician', 'district', 'admin', 'auditor'];

export const pages: readonly Page[] = [
  { id: 'onair', icon: 'antenna', roles: EVERYONE, catalogues: ['onair', 'sound'], load: () => import('./onair') },
  { id: 'calendar', icon: 'calendar', roles: WRITE, catalogues: ['calendar'], load: () => import('./calendar') },
  { id: 'bulletins', icon: 'file', roles: WRITE, catalogues: ['bulletins', 'sound'], load: () => import('./bulletins') },
  { id: 'library', icon: 'library', roles: WRITE, catalogues: ['library', 'sound'], load: () => import('./library') },
  { id: 'nodes', icon: 'speaker', roles: EVERYONE, catalogues: ['nodes'], load: () => import('./nodes') },
  { id: 'commission', icon: 'tool', roles: ['technician', 'admin'], catalogues: ['commission', 'nodes'], load: () => import('./commission') },
  { id: 'alerts', icon: 'bell', roles: WRITE, catalogues: ['alerts'], load: () => import('./alerts') },
  { id: 'reports', icon: 'chart', roles: EVERYONE, catalogues: ['reports'], load: () => import('./reports') },
  { id: 'admin', icon: 'settings', roles: ['admin', 'auditor'], catalogues: ['admin'], load: () => import('./admin') },
];
