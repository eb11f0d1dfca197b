/* The parts in their order: dragged by their handle (mouse or finger) or moved by buttons. */
import { useRef, useState } from 'preact/hooks';

import { duration } from '../../format';
import { useT, word } from '../../i18n';
import { Player } from '../../sound/Player';
import { Button, Icon, NumberField } from '../../ui';
import { change, move, SILENCE_MAX_S, type DraftPart } from './model';
import { PART_ICONS, languageName, partTitle } from './names';

interface Props {
  parts: readonly DraftPart[];
  languages: readonly string[];
  onChange: (parts: DraftPart[]) => void;
  onTrim: (part: DraftPart) => void;
  onText: (part: DraftPart) => void;
}

/* Where a point is among the rows: the number of row middles above it. */
function placeAt(list: HTMLElement, y: number, dragged: number): number {
  return [...list.children].reduce((place, row, i) => {
    const box = row.getBoundingClientRect();
    return i !== dragged && y > box.top + box.height / 2 ? place + 1 : place;
  }, 0);
}

export function PartList({ parts, languages, onChange, onTrim, onText }: Props) {
  const t = useT('bulletins');
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<number | undefined>(undefined);
  const [said, setSaid] = useState('');

  function place(from: number, to: number) {
    if (from === to) return;
    onChange(move(parts, from, to));
    setSaid(t('part.moved', { title: partTitle(parts[from]!), place: to + 1, count: parts.length }));
  }
  /* The button that was pressed keeps the focus, in its new place; at an end the other one gets it. */
  function step(from: number, to: number) {
    place(from, to);
    requestAnimationFrame(() => {
      const buttons = list.current?.children[to]?.querySelectorAll<HTMLButtonElement>('.move button');
      const wanted = buttons?.[to < from ? 0 : 1];
      (wanted?.disabled ? buttons?.[to < from ? 1 : 0] : wanted)?.focus();
    });
  }
  function drag(e: PointerEvent) {
    const from = parts.findIndex((p) => p.key === dragged);
    if (from >= 0 && list.current) place(from, placeAt(list.current, e.clientY, from));
  }

  return (
    <>
      <ol class="parts" ref={list}>
        {parts.map((part, i) => {
          const name = partTitle(part);
          return (
            <li key={part.key} class={`part ${part.key === dragged ? 'dragged' : ''}`}>
              <span
                class="grip"
                aria-hidden="true"
                onPointerDown={(e) => { e.currentTarget.setPointerCapture(e.pointerId); setDragged(part.key); }}
                onPointerMove={(e) => dragged === part.key && drag(e)}
                onPointerUp={() => setDragged(undefined)}
                onPointerCancel={() => setDragged(undefined)}
              >
                <Icon name="grip" />
              </span>
              <div class="part-body">
                <p class="part-kind"><Icon name={PART_ICONS[part.kind] ?? 'file'} size={16} />{t('part.of', { number: i + 1, kind: word('part', part.kind) })}</p>
                {name !== word('part', part.kind) && <p class="part-title">{name}</p>}
                {part.media ? <Player sound={part.media} title={name} durationMs={part.duration_ms} /> : part.kind === 'chime' && part.duration_ms ? <p class="hint">{duration(part.duration_ms)}</p> : null}
                {part.kind === 'silence' && (
                  <NumberField label={t('silence.length')} value={Math.round((part.duration_ms ?? 0) / 1000)} min={1} max={SILENCE_MAX_S} unit={t('seconds')}
                    onChange={(s) => onChange(change(parts, part.key, { duration_ms: Math.min(SILENCE_MAX_S, Math.max(1, Math.round(s))) * 1000 }))} />
                )}
                <div class="part-tools">
                  <select aria-label={t('part.language', { title: name })} onChange={(e) => onChange(change(parts, part.key, { language: e.currentTarget.value }))}>
                    {['', ...languages].map((tag) => <option key={tag} value={tag} selected={(part.language ?? '') === tag}>{languageName(tag)}</option>)}
                  </select>
                  <span class="move">
                    <Button kind="quiet" icon="arrowUp" disabled={i === 0} aria-label={t('part.up', { title: name })} onClick={() => step(i, i - 1)} />
                    <Button kind="quiet" icon="arrowDown" disabled={i === parts.length - 1} aria-label={t('part.down', { title: name })} onClick={() => step(i, i + 1)} />
                  </span>
                  {part.kind === 'text' && <Button kind="quiet" icon="edit" aria-label={t('part.edit', { title: name })} onClick={() => onText(part)} />}
                  {part.kind === 'media' && <Button kind="quiet" icon="scissors" aria-label={t('part.trim', { title: name })} onClick={() => onTrim(part)} />}
                  <Button kind="quiet" icon="trash" aria-label={t('part.remove', { title: name })} onClick={() => onChange(parts.filter((p) => p.key !== part.key))} />
                </div>
              </div>
            </li>
          );
        })}
      </ol>
      <p class="sr-only" role="status">{said}</p>
    </>
  );
}
