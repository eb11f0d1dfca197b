/* Commissioning on a phone: #/commission, /commission/new, /commission/code/4, /commission/7, /commission/7/replace. */
import type { PageProps } from '../registry';
import { Checklist } from './Checklist';
import { CodePage } from './CodePage';
import { NewNode, ReplaceBoard } from './Join';
import { Overview } from './Overview';
import './commission.css';

export default function Commission({ rest }: PageProps) {
  const [first = '', second = ''] = rest;
  if (first === 'new') return <NewNode />;
  if (first === 'code') return <CodePage key={second} id={Number(second)} />;
  if (/^\d+$/.test(first)) return second === 'replace' ? <ReplaceBoard key={first} id={Number(first)} /> : <Checklist key={first} id={Number(first)} />;
  return <Overview />;
}
