import { getAll } from '../../api/client';
import { useApi } from '../../api/useApi';
import { dateTime } from '../../format';
import { useT, word } from '../../i18n';
import { Async, Badge, Card, Empty, Table, type Tone } from '../../ui';

export const ALERT_TONES: Record<string, Tone> = { live: 'bad', waiting: 'warn', lapsed: 'warn', stopped: 'warn' };

export function AlertList() {
  const t = useT('alerts');
  const common = useT('common');
  const list = useApi('alerts', () => getAll('/api/v1/alerts', { query: { order: 'newest' } }, 200), [], 5000);
  return (
    <Card flush>
      <Async from={list}>
        {(all) => all.length === 0 ? <Empty icon="bell" title={t('empty')}>{t('empty.text')}</Empty> : (
          <Table label={common('page.alerts')} rows={all} keyOf={(a) => a.id ?? 0} to={(a) => `/alerts/${a.id}`} columns={[
            { title: t('col.title'), main: true, cell: (a) => <>{a.title} {a.drill && <Badge tone="info">{t('drill')}</Badge>}</> },
            { title: t('col.state'), cell: (a) => <Badge tone={ALERT_TONES[a.state ?? ''] ?? 'neutral'}>{word('alert', a.state)}</Badge> },
            { title: t('col.created'), cell: (a) => dateTime(a.created_us) },
            { title: t('col.expires'), cell: (a) => dateTime(a.expires_us) },
          ]} />
        )}
      </Async>
    </Card>
  );
}
