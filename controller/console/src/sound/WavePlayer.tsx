/* A recording as a picture with its buttons: tap, drag or use the keys. */
import { useState } from 'preact/hooks';

import { duration } from '../format';
import { useT } from '../i18n';
import { Button } from '../ui';
import { Waveform, type Range, type Wave } from './Waveform';

interface Props {
  sha256: string;
  title: string;
  range?: Range;
  onRange?: (range: Range) => void;
}

export function WavePlayer({ sha256, title, range, onRange }: Props) {
  const t = useT('sound');
  const [wave, setWave] = useState<Wave | undefined>(undefined);
  const time = wave?.time ?? 0;
  const length = wave?.length ?? 0;
  return (
    <div class="wave-player">
      <Waveform sha256={sha256} onChange={setWave} {...(range && onRange ? { range, onRange } : {})} />
      <div class="player">
        <Button class="round" icon={wave?.playing ? 'pause' : 'play'} disabled={!wave} aria-label={wave?.playing ? t('player.pause', { title }) : t('player.play', { title })} onClick={() => wave?.toggle()} />
        <input type="range" min={0} max={Math.max(length, 0.1)} step={0.1} value={time} disabled={!wave} aria-label={t('player.seek', { title })}
          aria-valuetext={t('player.at', { time: duration(time * 1000), length: duration(length * 1000) })} onInput={(e) => wave?.seek(e.currentTarget.valueAsNumber)} />
        <span class="player-time">{duration(time * 1000)} / {duration(length * 1000)}</span>
      </div>
      {range && <Button icon="play" disabled={!wave} onClick={() => wave?.playRange(range)}>{t('trim.listen')}</Button>}
    </div>
  );
}
