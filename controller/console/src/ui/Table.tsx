/* A table on wide screens, a list of cards on phones: CSS only, the same elements. */
import type { ComponentChildren } from 'preact';

import { go } from '../state/route';

export interface Column<T> {
  title: string;
  cell: (row: T) => ComponentChildren;
  /** Figures stand at the right. */
  numeric?: boolean;
  /** Heads the card on a phone. */
  main?: boolean;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  keyOf: (row: T) => string | number;
  /** Where a row leads: '/nodes/3'. The main column's cell becomes the link. */
  to?: (row: T) => string;
}

export function Table<T>({ label, columns, rows, keyOf, to }: Props<T>) {
  return (
    <table class={`table ${to ? 'linked' : ''}`} aria-label={label}>
      <thead>
        <tr>{columns.map((c) => <th key={c.title} scope="col" class={c.numeric ? 'numeric' : ''}>{c.title}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)} onClick={to && ((e) => !(e.target as Element).closest('a,button,input,select,label') && go(to(row)))}>
            {columns.map((c) => (
              <td key={c.title} class={`${c.numeric ? 'numeric' : ''} ${c.main ? 'main' : ''}`} data-label={c.title}>
                <div>{c.main && to ? <a href={`#${to(row)}`}>{c.cell(row)}</a> : c.cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
