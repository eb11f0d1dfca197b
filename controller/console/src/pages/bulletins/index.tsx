/* Bulletins: '#/bulletins' the list, '/new' and '/ID/edit' the form, '/ID' one of them. */
import type { PageProps } from '../registry';
import { BulletinList } from './BulletinList';
import { BulletinView } from './BulletinView';
import { EditBulletin, NewBulletin } from './Editor';
import './bulletins.css';

export default function Bulletins({ rest, query }: PageProps) {
  const [first, second] = rest;
  if (first === 'new') return <NewBulletin media={query.get('media') ?? ''} />;
  const id = Number(first);
  if (!first || !Number.isInteger(id)) return <BulletinList query={query} />;
  return second === 'edit' ? <EditBulletin key={id} id={id} /> : <BulletinView key={id} id={id} />;
}
