/* What waits for the person who is signed in: bulletins to approve, alerts to confirm, messages to judge. */
import { alerts, waiting } from '../../api/updates';
import { useT, word } from '../../i18n';
import { may, mayAlert } from '../../state/session';
import { Badge, Card } from '../../ui';

export function Waiting() {
  const t = useT('onair');
  const bulletins = may('approver') ? (waiting.value?.items ?? []) : [];
  const unconfirmed = mayAlert.value ? (alerts.value?.items ?? []).filter((a) => a.state === 'waiting') : [];
  const inbox = mayAlert.value ? (alerts.value?.inbox ?? 0) : 0;
  if (bulletins.length + unconfirmed.length + inbox === 0) return null;
  return (
    <Card title={t('waiting')} flush>
      <ul class="waiting">
        {unconfirmed.map((a) => (
          <li key={`a${a.id}`}><a href={`#/alerts/${a.id}`}>{a.title}</a><Badge tone="bad" icon="megaphone">{word('alert', 'waiting')}</Badge></li>
        ))}
        {inbox > 0 && <li><a href="#/alerts">{t('waiting.inbox', { count: inbox })}</a><Badge tone="warn" icon="bell">{t('waiting.alerts')}</Badge></li>}
        {bulletins.map((b) => (
          <li key={`b${b.id}`}><a href={`#/bulletins/${b.id}`}>{b.title}</a><Badge tone="info" icon="file">{word('bulletin', 'submitted')}</Badge></li>
        ))}
      </ul>
    </Card>
  );
}
