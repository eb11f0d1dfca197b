/* The join code, to be read by eye or by camera, until its node has arrived. */
import qrcode from 'qrcode-generator';
import { useEffect, useMemo } from 'preact/hooks';

import { getAll, type Schema } from '../../api/client';
import { useApi } from '../../api/useApi';
import { dateTime } from '../../format';
import { useT } from '../../i18n';
import { Async, Button, Card, Empty, Icon, LinkButton, Note, PageHead, toast } from '../../ui';
import { forgetCode, keptCode } from './secrets';

const EVERY_MS = 2000;
const QUIET_ZONE = 4;

/** One path of a QR code: black on white in both themes, as cameras want it. */
function Qr({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const qr = qrcode(0, 'M');
    qr.addData(text);
    qr.make();
    const count = qr.getModuleCount();
    let d = '';
    for (let y = 0; y < count; y++) for (let x = 0; x < count; x++) if (qr.isDark(y, x)) d += `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`;
    return { size: count + 2 * QUIET_ZONE, path: d };
  }, [text]);
  return (
    <svg class="qr join-qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function Waiting({ code }: { code: Schema<'JoinCode'> }) {
  const t = useT('commission');
  const common = useT('common');
  const secret = keptCode(code.id ?? 0);
  return (
    <>
      {secret ? (
        <Card>
          <div class="stack join-code">
            <Qr text={secret} label={t('code.qr')} />
            <div class="stack">
              <p>{t('code.lead')}</p>
              <output class="secret" aria-label={t('code.text')}>{secret}</output>
              <div class="row"><Button icon="copy" onClick={() => void navigator.clipboard.writeText(secret).then(() => toast(common('action.copied')))}>{common('action.copy')}</Button></div>
              <p class="hint">{t('code.once', { until: dateTime(code.expires_us) })}</p>
            </div>
          </div>
        </Card>
      ) : <Note tone="warn">{t('code.lost')}</Note>}
      <Card>
        <div class="arrival" role="status">
          <span class="spinner" aria-hidden="true" />
          <div><strong>{t('code.wait')}</strong><p class="hint">{t('code.wait.text')}</p></div>
        </div>
      </Card>
    </>
  );
}

function State({ code }: { code: Schema<'JoinCode'> }) {
  const t = useT('commission');
  const used = code.state === 'used';
  useEffect(() => {
    if (used) forgetCode(code.id ?? 0);
  }, [used, code.id]);
  if (code.state === 'open') return <Waiting code={code} />;
  if (!used) return <Note tone="warn" action={<LinkButton to="/commission">{t('back')}</LinkButton>}>{t('code.expired')}</Note>;
  return (
    <Card>
      <div class="stack arrived" role="status">
        <span class="arrived-mark"><Icon name="check" size={32} /></span>
        <strong>{t('code.arrived', { name: code.name ?? '' })}</strong>
        <p class="hint">{t('code.arrived.text')}</p>
        <LinkButton to={`/commission/${code.node}`} kind="primary" large>{t('code.next')}</LinkButton>
      </div>
    </Card>
  );
}

export function CodePage({ id }: { id: number }) {
  const t = useT('commission');
  const codes = useApi('join-codes', () => getAll('/api/v1/join-codes', { query: { order: 'newest' } }, 500), [], EVERY_MS);
  const code = codes.data?.find((c) => c.id === id);
  return (
    <div class="stack narrow">
      <PageHead title={code ? t('code.title', { name: code.name ?? '' }) : t('code.text')} actions={<LinkButton to="/commission" kind="quiet" icon="chevronLeft">{t('back')}</LinkButton>} />
      <Async from={codes}>
        {() => (code ? <State code={code} /> : <Empty icon="qr" title={t('code.missing')} action={<LinkButton to="/commission">{t('back')}</LinkButton>} />)}
      </Async>
    </div>
  );
}
