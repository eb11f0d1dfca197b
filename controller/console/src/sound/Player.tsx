/* Play a recording, seek in it; what played before is paused. The sound is fetched at the first press. */
import { signal } from '@preact/signals';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

import { duration } from '../format';
import { useT } from '../i18n';
import { Button, Icon, sentence, toast } from '../ui';
import { fileOf, soundOf } from './recordings';
import './sound.css';

/* Which player sounds now. */
const sounding = signal('');

interface Props {
  /** Name of a stored recording, or the sound itself. */
  sound: string | Blob;
  title: string;
  durationMs: number | undefined;
  /** Offer the file too. */
  file?: boolean;
}

export function Player({ sound, title, durationMs, file }: Props) {
  const t = useT('sound');
  const id = useId();
  const audio = useRef<HTMLAudioElement | undefined>(undefined);
  const [state, setState] = useState<'idle' | 'loading' | 'playing'>('idle');
  const [time, setTime] = useState(0);
  const length = (durationMs ?? 0) / 1000;
  const shown = useRef<string | Blob | undefined>(undefined);

  useEffect(() => {
    shown.current = sound;
    return () => {
      shown.current = undefined;
      audio.current?.pause();
      if (audio.current) URL.revokeObjectURL(audio.current.src);
      audio.current = undefined;
      setState('idle');
      setTime(0);
    };
  }, [sound]);
  const other = sounding.value !== id;
  useEffect(() => {
    if (other) audio.current?.pause();
  }, [other]);

  /* Undefined when another recording is shown before this one has come. */
  async function made(): Promise<HTMLAudioElement | undefined> {
    if (audio.current) return audio.current;
    const blob = typeof sound === 'string' ? await soundOf(sound) : sound;
    if (shown.current !== sound) return undefined;
    const element = new Audio(URL.createObjectURL(blob));
    element.ontimeupdate = () => setTime(element.currentTime);
    element.onpause = () => setState('idle');
    element.onplay = () => setState('playing');
    element.onended = () => setTime(0);
    return (audio.current = element);
  }

  async function toggle() {
    if (state === 'playing') return audio.current?.pause();
    setState('loading');
    sounding.value = id;
    try {
      const element = await made();
      if (element?.ended) element.currentTime = 0;
      await element?.play();
    } catch (problem) {
      setState('idle');
      toast(problem instanceof DOMException ? t('player.unsupported') : sentence(problem), 'error');
    }
    return undefined;
  }

  async function seek(seconds: number) {
    setTime(seconds);
    try {
      const element = await made();
      if (element) element.currentTime = seconds;
    } catch (problem) {
      toast(sentence(problem), 'error');
    }
  }

  return (
    <div class="player">
      <Button kind="secondary" class="round" icon={state === 'playing' ? 'pause' : 'play'} busy={state === 'loading'} aria-label={state === 'playing' ? t('player.pause', { title }) : t('player.play', { title })} onClick={() => void toggle()} />
      <input type="range" min={0} max={Math.max(length, 0.1)} step={0.1} value={Math.min(time, length)} aria-label={t('player.seek', { title })}
        aria-valuetext={t('player.at', { time: duration(time * 1000), length: duration(durationMs) })} onInput={(e) => void seek(e.currentTarget.valueAsNumber)} />
      <span class="player-time">{time > 0 ? `${duration(time * 1000)} / ${duration(durationMs)}` : duration(durationMs)}</span>
      {file && typeof sound === 'string' && <a class="button quiet bare" href={fileOf(sound)} download={`${title}.opus`} aria-label={t('player.download', { title })}><Icon name="download" /></a>}
    </div>
  );
}
