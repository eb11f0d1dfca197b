/* The library: '#/library' all recordings, '#/library/SHA256' one of them. */
import type { PageProps } from '../registry';
import { MediaList } from './MediaList';
import { MediaView } from './MediaView';
import './library.css';

export default function Library({ rest }: PageProps) {
  const sha256 = rest[0] ?? '';
  return /^[0-9a-f]{64}$/.test(sha256) ? <MediaView key={sha256} sha256={sha256} /> : <MediaList />;
}
