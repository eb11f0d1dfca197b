import type { Schema } from '../api/client';
import { alarms, levels } from '../api/updates';
import { decibel } from '../format';
import { useT } from '../i18n';
import { Badge } from '../ui';
import { glanceOf, LOOKS } from './glance';

export function StateBadge({ node }: { node: Schema<'Node'> }) {
  const t = useT('nodes');
  const glance = glanceOf(node, alarms.value);
  const { tone, icon } = LOOKS[glance];
  return <Badge tone={tone} icon={icon}>{t(`state.${glance}`)}</Badge>;
}

const SILENCE_DB = -60;

/** What leaves its card now; nothing while it does not sound. */
export function LevelMeter({ node }: { node: number }) {
  const t = useT('nodes');
  const level = levels.value[node];
  if (!level) return null;
  return (
    <div class="meter">
      <meter min={SILENCE_DB} max={0} high={-1} value={Math.max(SILENCE_DB, level[0] / 1000)} aria-label={t('playing.level')} />
      <span class="hint">{decibel(level[1])}</span>
    </div>
  );
}
