/* The type of every catalogue; a new screen adds one line. */
import type account from './vi/account';
import type admin from './vi/admin';
import type alerts from './vi/alerts';
import type bulletins from './vi/bulletins';
import type calendar from './vi/calendar';
import type commission from './vi/commission';
import type common from './vi/common';
import type library from './vi/library';
import type nodes from './vi/nodes';
import type onair from './vi/onair';
import type reports from './vi/reports';
import type sound from './vi/sound';

export interface Catalogues {
  account: typeof account;
  admin: typeof admin;
  alerts: typeof alerts;
  bulletins: typeof bulletins;
  calendar: typeof calendar;
  commission: typeof commission;
  common: typeof common;
  library: typeof library;
  nodes: typeof nodes;
  onair: typeof onair;
  reports: typeof reports;
  sound: typeof sound;
}

/** What en/<name>.ts satisfies: the same keys. */
export type Same<T> = { [K in keyof T]: string };
