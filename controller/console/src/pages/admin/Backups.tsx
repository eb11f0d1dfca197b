/* Copies of all that the station knows. */
import { useState } from 'preact/hooks';

import { get, patch, post, remove } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { dateTime, megabytes } from '../../format';
import { useT } from '../../i18n';
import { loadStation, station, stationEtag } from '../../state/session';
import { Async, Button, Card, CheckField, confirm, Empty, Icon, NumberField, Problem, Table, TextField, toast, useAction } from '../../ui';
import { minutesOf, timeOf } from './StationRules';

const AT_NIGHT_MIN = 150;

function Daily() {
  const t = useT('admin');
  const common = useT('common');
  const now = { at: station.value?.backup_at_min ?? -1, keep: station.value?.backup_keep ?? 7 };
  const [form, setForm] = useState(now);
  const save = useAction(async () => {
    await patch('/api/v1/station', { backup_at_min: form.at, backup_keep: form.keep }, { etag: stationEtag.value });
    await loadStation();
    toast(common('form.saved'));
  });
  return (
    <Card title={t('backup.daily')}>
      <Problem error={save.error} reload={() => void loadStation()} />
      <CheckField label={t('backup.on')} value={form.at >= 0} onChange={(on) => setForm({ ...form, at: on ? AT_NIGHT_MIN : -1 })} />
      {form.at >= 0 && (
        <div class="form-row">
          <TextField label={t('backup.at')} type="time" value={timeOf(form.at)} onChange={(v) => v && setForm({ ...form, at: minutesOf(v, false) })} />
          <NumberField label={t('backup.keep')} min={1} max={365} unit={t('unit.copies')} value={form.keep} onChange={(keep) => setForm({ ...form, keep })} />
        </div>
      )}
      <Button kind="primary" icon="check" busy={save.busy} disabled={JSON.stringify(form) === JSON.stringify(now)} onClick={() => void save.run()}>{common('action.save')}</Button>
    </Card>
  );
}

export function Backups() {
  const t = useT('admin');
  const common = useT('common');
  const list = useApi('backups', (signal) => get('/api/v1/backups', { signal }));
  const make = useAction(async () => {
    await post('/api/v1/backups');
    refresh('backups');
    toast(t('backup.made'));
  }, { toastErrors: true });
  const drop = useAction(async (name: string) => {
    if (!(await confirm({ title: t('backup.remove.title'), text: name, action: common('action.delete'), danger: true }))) return;
    await remove('/api/v1/backups/{name}', { params: { name } });
    refresh('backups');
  }, { toastErrors: true });
  return (
    <>
      <Daily />
      <Card title={t('backups')} flush actions={<Button kind="primary" icon="plus" busy={make.busy} onClick={() => void make.run()}>{t('backup.make')}</Button>}>
        <Async from={list}>
          {(l) => (l?.items ?? []).length === 0 ? <Empty icon="archive" title={t('backups.empty')} /> : (
            <Table label={t('backups')} rows={l?.items ?? []} keyOf={(b) => b.name ?? ''} columns={[
              { title: t('backup.name'), main: true, cell: (b) => b.name },
              { title: t('backup.when'), cell: (b) => dateTime(b.made_us) },
              { title: t('backup.size'), numeric: true, cell: (b) => megabytes(b.size_bytes) },
              { title: t('backup.do'), cell: (b) => (
                <span class="actions">
                  <a class="button secondary" href={`/api/v1/backups/${b.name}`} download={b.name}><Icon name="download" /><span>{t('backup.download')}</span></a>
                  <Button icon="trash" aria-label={t('backup.remove', { name: b.name ?? '' })} onClick={() => void drop.run(b.name ?? '')} />
                </span>
              ) },
            ]} />
          )}
        </Async>
      </Card>
      <Card title={t('restore.title')}><p>{t('restore.text')}</p></Card>
    </>
  );
}
