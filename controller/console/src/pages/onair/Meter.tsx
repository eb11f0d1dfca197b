/* How loud it is: the bar is the mean, the line the peak; the same in words for who cannot see it. */
import { number } from '../../format';

const FLOOR_DB = -60;
const HOT_DB = -3;
const share = (db: number) => `${(Math.min(0, Math.max(FLOOR_DB, db)) / -FLOOR_DB + 1) * 100}%`;

/** Decibels below full scale; undefined: nothing sounds. */
export function Meter({ label, rms, peak, large }: { label: string; rms: number | undefined; peak?: number | undefined; large?: boolean }) {
  const db = Math.max(FLOOR_DB, Math.min(0, Math.round(rms ?? FLOOR_DB)));
  return (
    <div class={`vu ${large ? 'large' : ''}`} role="meter" aria-label={label} aria-valuemin={FLOOR_DB} aria-valuemax={0} aria-valuenow={db} aria-valuetext={`${number(db)} dB`}>
      <span class="vu-rms" style={{ clipPath: `inset(0 calc(100% - ${share(rms ?? FLOOR_DB)}) 0 0)` }} />
      {peak !== undefined && peak > FLOOR_DB && <span class={`vu-peak ${peak > HOT_DB ? 'hot' : ''}`} style={{ insetInlineStart: share(peak) }} />}
    </div>
  );
}
