/* What sounds on a node at an instant, what does not, and which rule says so. */
import { useState } from 'preact/hooks';

import { get, getAll } from '../../api/client';
import { useApi } from '../../api/useApi';
import { clock, dateTime } from '../../format';
import { useT, word } from '../../i18n';
import { station } from '../../state/session';
import { Async, Badge, Card, Empty, LinkButton, Note, PageHead, SelectField, TextField } from '../../ui';
import { civil, instant } from './times';

export function Why({ atUs }: { atUs: number }) {
  const t = useT('calendar');
  const zone = station.value?.timezone || 'Asia/Ho_Chi_Minh';
  const [node, setNode] = useState(0);
  const [at, setAt] = useState(civil(atUs, zone).slice(0, 16));
  const nodes = useApi('nodes', () => getAll('/api/v1/nodes'));
  const id = node || nodes.data?.[0]?.id || 0;
  const answer = useApi('why', async (signal) => (id ? get('/api/v1/nodes/{id}/why', { params: { id }, query: { at_us: instant(at, zone) }, signal }) : null), [id, at]);
  return (
    <>
      <PageHead title={t('why.title')} lead={t('why.lead')} actions={<LinkButton to="/calendar" icon="calendar">{t('back')}</LinkButton>} />
      <Async from={nodes}>
        {(all) => all.length === 0 ? <Empty icon="speaker" title={t('why.noNode')} /> : (
          <Card>
            <div class="form-row">
              <SelectField label={t('why.node')} value={id} onChange={setNode} choices={all.map((n) => ({ value: n.id ?? 0, label: n.name ?? '' }))} />
              <TextField label={t('why.at')} type="datetime-local" value={at} onChange={(v) => v && setAt(v.slice(0, 16))} />
            </div>
            <Async from={answer} rows={3}>
              {(a) => a && (
                <>
                  <Note tone={a.sounds ? 'good' : 'info'}>{a.sounds ? t('why.sounds.text', { title: a.sounds }) : t('why.nothing')}</Note>
                  <p class="badges">
                    {a.muted && <Badge tone="warn" icon="muted">{t('why.muted')}</Badge>}
                    {a.allowed === false && <Badge tone="warn" icon="clock">{t('why.quiet')}</Badge>}
                  </p>
                  <ul class="reasons">
                    {(a.items ?? []).map((item, i) => (
                      <li key={i}>
                        <strong>{item.title}</strong> <Badge tone={item.why === 'sounds' ? 'good' : 'neutral'}>{t(`why.${(item.why ?? 'none') as 'none'}`)}</Badge>
                        <span class="hint">{word('priority', item.priority)} · {dateTime(item.start_us)} – {clock(item.end_us)}{item.by_title && ` · ${t('why.by', { title: item.by_title })}`}</span>
                      </li>
                    ))}
                  </ul>
                </>
              )}
            </Async>
          </Card>
        )}
      </Async>
    </>
  );
}
