/* What a part is called and looks like. */
import { t, word } from '../../i18n';
import type { IconName } from '../../ui';
import type { Bulletin, StoredPart } from './model';

export const PART_ICONS: Record<string, IconName> = {
  chime: 'music', media: 'library', text: 'speaker', silence: 'timer', relay: 'antenna', live: 'mic',
};
export const STATE_TONES = { draft: 'neutral', submitted: 'warn', approved: 'good', rejected: 'bad' } as const;

export function partTitle(part: StoredPart & { title?: string | undefined }): string {
  if (part.kind === 'text') return part.text ? part.text.trim().split('\n')[0]!.slice(0, 80) : (part.title ?? word('part', 'text'));
  if (part.kind === 'media') return part.title ?? word('part', 'media');
  return part.kind === 'relay' && part.source ? part.source : word('part', part.kind);
}

export function languageName(tag: string | undefined): string {
  return tag ? word('lang', tag) : t('bulletins', 'language.all');
}

export function stateTone(b: Bulletin) {
  return STATE_TONES[b.state ?? 'draft'];
}
