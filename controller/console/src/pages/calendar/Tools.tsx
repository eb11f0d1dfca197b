/* Whole weeks and whole files: copy a week, load and export iCalendar, begin with a template. */
import { useState } from 'preact/hooks';

import { get, post } from '../../api/client';
import { refresh } from '../../api/useApi';
import { useT } from '../../i18n';
import { Button, confirmed, Dialog, Field, Note, SelectField, toast, useAction } from '../../ui';
import daily from '../../../../../schedules/templates/xa-hang-ngay.ics?raw';
import flood from '../../../../../schedules/templates/mua-lu.ics?raw';
import rural from '../../../../../schedules/templates/nong-thon.ics?raw';
import urban from '../../../../../schedules/templates/do-thi.ics?raw';
import { addDays } from './times';

const TEMPLATES = { daily, urban, rural, flood };
const FILE_MAX_BYTES = 61440;

/** monday: first day of the week in sight. */
export function CopyWeek({ monday, onClose }: { monday: string; onClose: () => void }) {
  const t = useT('calendar');
  const common = useT('common');
  const [to, setTo] = useState(addDays(monday, 7));
  const copy = useAction(async () => {
    const done = await confirmed((extra) => post('/api/v1/schedule/copy-week', { from: monday, to, ...extra }));
    if (done === undefined) return;
    refresh('schedule', 'events', 'preview');
    toast(t('copy.done', { count: done?.added ?? 0 }));
    onClose();
  });
  return (
    <Dialog title={t('copy.title')} onClose={onClose} actions={
      <>
        <Button onClick={onClose}>{common('action.cancel')}</Button>
        <Button kind="primary" icon="copy" busy={copy.busy} onClick={() => void copy.run()}>{t('copy.action')}</Button>
      </>
    }>
      {copy.error && <Note>{copy.error.message}</Note>}
      <p>{t('copy.text', { from: monday.split('-').reverse().join('/') })}</p>
      <SelectField label={t('copy.to')} value={to} onChange={setTo}
        choices={Array.from({ length: 8 }, (_, i) => addDays(monday, 7 * (i + 1))).map((value) => ({ value, label: t('copy.week', { from: value.split('-').reverse().join('/') }) }))} />
    </Dialog>
  );
}

export function LoadFile({ onClose }: { onClose: () => void }) {
  const t = useT('calendar');
  const common = useT('common');
  const [template, setTemplate] = useState<'' | keyof typeof TEMPLATES>('');
  const [file, setFile] = useState('');
  const [result, setResult] = useState<{ count: number; missing: string[]; notes: string[] } | undefined>(undefined);
  const load = useAction(async () => {
    const ics = (template ? TEMPLATES[template] : file).replace(/\r\n?/g, '\n');
    const done = await confirmed((extra) => post('/api/v1/schedule/load', { ics, ...(template ? { chime: true } : {}), ...extra }));
    if (done === undefined) return;
    refresh('schedule', 'events', 'preview');
    setResult({ count: done?.events?.length ?? 0, missing: done?.missing ?? [], notes: done?.notes ?? [] });
  });
  const [tooLarge, setTooLarge] = useState(false);
  async function choose(chosen: File | undefined): Promise<void> {
    setTooLarge((chosen?.size ?? 0) > FILE_MAX_BYTES);
    setFile(chosen && chosen.size <= FILE_MAX_BYTES ? await chosen.text() : '');
  }
  return (
    <Dialog title={t('load.title')} onClose={onClose} actions={result ? <Button kind="primary" onClick={onClose}>{common('action.close')}</Button> : (
      <>
        <Button onClick={onClose}>{common('action.cancel')}</Button>
        <Button kind="primary" icon="upload" busy={load.busy} disabled={!template && !file} onClick={() => void load.run()}>{t('load.action')}</Button>
      </>
    )}>
      {load.error && <Note>{load.error.message}</Note>}
      {result ? (
        <>
          <Note tone="good">{t('load.done', { count: result.count })}</Note>
          {result.missing.length > 0 && <><p>{t('load.missing')}</p><ul>{result.missing.map((m) => <li key={m}>{m}</li>)}</ul></>}
          {result.notes.length > 0 && <><p>{t('load.notes')}</p><ul>{result.notes.map((m) => <li key={m}>{m}</li>)}</ul></>}
        </>
      ) : (
        <>
          <SelectField label={t('load.template')} hint={t('load.template.hint')} value={template} onChange={setTemplate}
            choices={[{ value: '' as const, label: t('load.file.own') }, ...(Object.keys(TEMPLATES) as (keyof typeof TEMPLATES)[]).map((value) => ({ value, label: t(`template.${value}`) }))]} />
          {!template && (
            <Field label={t('load.file')} hint={t('load.file.hint')} error={tooLarge ? t('load.tooLarge') : undefined}>
              {(wires) => <input {...wires} type="file" accept=".ics,text/calendar" onChange={(e) => void choose(e.currentTarget.files?.[0])} />}
            </Field>
          )}
        </>
      )}
    </Dialog>
  );
}

/** The whole schedule as a file on this machine. */
export async function exportFile(): Promise<void> {
  const text = (await get('/api/v1/schedule/export')) as unknown as string;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/calendar' }));
  link.download = 'lich-phat.ics';
  link.click();
  URL.revokeObjectURL(link.href);
}
