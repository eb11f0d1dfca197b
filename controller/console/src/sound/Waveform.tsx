/* A recording as a picture, played by a tap on it; with `range` a part of it is chosen by dragging its ends.
 *
 * wavesurfer writes its style as text, which our content policy refuses: the same rules are adopted as a sheet before
 * the element joins the page. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type WaveSurfer from 'wavesurfer.js';
import type { default as Regions, Region } from 'wavesurfer.js/plugins/regions';

import { useT } from '../i18n';
import { Note, Skeleton } from '../ui';
import { shapeOf, soundOf } from './recordings';
import './sound.css';

export interface Range {
  /** Seconds. */
  from: number;
  to: number;
}

export interface Wave {
  playing: boolean;
  time: number;
  length: number;
  toggle: () => void;
  seek: (seconds: number) => void;
  playRange: (range: Range) => void;
}

interface Props {
  sha256: string;
  range?: Range;
  onRange?: (range: Range) => void;
  onChange: (wave: Wave) => void;
  height?: number;
}

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

async function draw(host: HTMLElement, height: number): Promise<WaveSurfer> {
  const { default: Surfer } = await import('wavesurfer.js');
  const container = document.createElement('div');
  const surfer = Surfer.create({
    container, height, barWidth: 2, barGap: 1, barRadius: 2, cursorWidth: 2, normalize: true, dragToSeek: false,
    waveColor: color('--line-strong'), progressColor: color('--accent'), cursorColor: color('--ink'),
  });
  const root = surfer.getWrapper().getRootNode() as ShadowRoot;
  const style = root.querySelector('style');
  if (style) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style.textContent ?? '');
    root.adoptedStyleSheets = [sheet];
    style.remove();
  }
  host.replaceChildren(container);
  return surfer;
}

async function regionsOf(surfer: WaveSurfer): Promise<Regions> {
  const { default: plugin } = await import('wavesurfer.js/plugins/regions');
  return surfer.registerPlugin(plugin.create());
}

export function Waveform({ sha256, range, onRange, onChange, height = 96 }: Props) {
  const t = useT('sound');
  const host = useRef<HTMLDivElement>(null);
  const region = useRef<Region | undefined>(undefined);
  const dragged = useRef(false);
  const told = useRef(onChange);
  const ranged = useRef(onRange);
  const wanted = useRef(range);
  told.current = onChange;
  ranged.current = onRange;
  wanted.current = range;
  const [state, setState] = useState<'loading' | 'ready' | 'failed'>('loading');

  useEffect(() => {
    let gone = false;
    let surfer: WaveSurfer | undefined;
    let until = Infinity;
    setState('loading');
    const tell = () => {
      const s = surfer!;
      told.current({
        playing: s.isPlaying(), time: s.getCurrentTime(), length: s.getDuration(),
        toggle: () => { until = Infinity; void s.playPause(); },
        seek: (seconds) => { until = Infinity; s.setTime(Math.max(0, Math.min(seconds, s.getDuration()))); },
        playRange: (r) => { s.setTime(r.from); until = r.to; void s.play(); },
      });
    };
    // The station knows the shape: a browser would need 100 MB to decode an hour of sound.
    Promise.all([soundOf(sha256), shapeOf(sha256), draw(host.current!, height)])
      .then(async ([blob, shape, made]) => {
        if (gone) return made.destroy();
        surfer = made;
        surfer.on('play', tell);
        surfer.on('pause', tell);
        surfer.on('timeupdate', (seconds) => {
          if (seconds >= until) {
            until = Infinity;
            made.pause();
          }
          tell();
        });
        await surfer.loadBlob(blob, [shape.peaks], shape.seconds);
        if (gone) return undefined;
        if (wanted.current) {
          const regions = await regionsOf(surfer);
          if (gone) return undefined;
          const { from, to } = wanted.current;
          const chosen = regions.addRegion({ start: from, end: Math.min(to, surfer.getDuration()), drag: true, resize: true, minLength: 0.2, color: 'var(--chosen)' });
          chosen.on('update', () => {
            dragged.current = true;
            ranged.current?.({ from: chosen.start, to: chosen.end });
          });
          chosen.on('update-end', () => (dragged.current = false));
          region.current = chosen;
        }
        setState('ready');
        return tell();
      })
      .catch(() => !gone && setState('failed'));
    return () => {
      gone = true;
      region.current = undefined;
      surfer?.destroy();
    };
  }, [sha256, height]);

  // Not while it is dragged: what is shown comes from there, and an older value would pull the end back from the hand.
  useEffect(() => {
    const r = dragged.current ? undefined : region.current;
    if (r && range && (Math.abs(r.start - range.from) > 0.01 || Math.abs(r.end - range.to) > 0.01)) r.setOptions({ start: range.from, end: range.to });
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [range?.from, range?.to]);

  return (
    <div class="waveform">
      {state === 'loading' && <Skeleton rows={2} />}
      {state === 'failed' && <Note tone="warn">{t('wave.failed')}</Note>}
      <div ref={host} class={state === 'ready' ? '' : 'hidden'} aria-hidden="true" />
    </div>
  );
}
