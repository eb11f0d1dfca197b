/* What will sound minute by minute, with all that is wrong with it. */
import { useMemo } from 'preact/hooks';

import { get, type Schema } from '../../api/client';
import { useApi } from '../../api/useApi';
import { clock, day } from '../../format';
import { useT } from '../../i18n';
import { Async, Badge, Card, Empty, Icon } from '../../ui';

type Item = NonNullable<Schema<'Preview'>['items']>[number];

interface Span {
  fromUs: number;
  beforeUs: number;
  /** 0: the whole station. */
  zone: number;
}

function usePreview({ fromUs, beforeUs, zone }: Span) {
  return useApi('preview', (signal) => get('/api/v1/schedule/preview', { query: { from_us: fromUs, before_us: beforeUs, zone: zone || undefined }, signal }), [fromUs, beforeUs, zone]);
}

export function Findings(span: Span) {
  const t = useT('calendar');
  const preview = usePreview(span);
  const found = preview.data?.findings ?? [];
  if (preview.data === undefined || found.length === 0) return null;
  return (
    <details class="card findings" open={found.length < 4}>
      <summary><Icon name="alertTriangle" />{t('findings', { count: found.length })}</summary>
      <ul>
        {found.map((f, i) => (
          <li key={i}>
            <strong>{day(f.from_us)} {clock(f.from_us)}</strong> {t(`finding.${f.finding ?? 'conflict'}`, { title: f.title ?? '', other: f.other_title ?? '' })}
          </li>
        ))}
      </ul>
    </details>
  );
}

export function Minutes(span: Span) {
  const t = useT('calendar');
  const preview = usePreview(span);
  const items = preview.data?.items;
  const days = useMemo(() => {
    const byDay = new Map<string, Item[]>();
    for (const item of items ?? []) byDay.set(day(item.from_us), [...(byDay.get(day(item.from_us)) ?? []), item]);
    return [...byDay];
  }, [items]);
  return (
    <Async from={preview}>
      {(p) => (p?.items ?? []).length === 0 ? <Empty icon="calendar" title={t('empty')}>{t('empty.text')}</Empty> : (
        <>
          {days.map(([name, ofDay]) => (
            <Card key={name} title={name} flush>
              <ol class="minutes">
                {ofDay.map((item, i) => (
                  <li key={i}>
                    <span class="span">{clock(item.from_us)}–{clock(item.to_us)}</span>
                    <span class="what">{item.title}</span>
                    {(item.sounds_on ?? 0) > 0 && <Badge tone="good">{t('sounds', { count: item.sounds_on ?? 0 })}</Badge>}
                    {(item.silent_on ?? 0) > 0 && <Badge tone="warn">{t('silent', { count: item.silent_on ?? 0, why: t(`why.${(item.why ?? 'none') as 'none'}`) })}</Badge>}
                  </li>
                ))}
              </ol>
            </Card>
          ))}
        </>
      )}
    </Async>
  );
}
