/* Texts prepared for the day on which there is no time to write. */
import { useState } from 'preact/hooks';

import { get, getWithEtag, put, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { useT } from '../../i18n';
import { may } from '../../state/session';
import { Async, Button, Card, Dialog, Problem, Table, TextArea, TextField, toast, useAction } from '../../ui';

type Template = Schema<'AlertTemplate'>;

function Edit({ template, etag, onClose }: { template: Template; etag: string | undefined; onClose: () => void }) {
  const t = useT('alerts');
  const common = useT('common');
  const [title, setTitle] = useState(template.title ?? '');
  const [text, setText] = useState(template.text ?? '');
  const save = useAction(async () => {
    await put('/api/v1/alert-templates/{name}', { title: title.trim(), text: text.trim() }, { params: { name: template.name ?? '' }, etag });
    refresh('alert-templates');
    toast(common('form.saved'));
    onClose();
  });
  return (
    <Dialog wide title={template.title ?? ''} onClose={onClose} actions={<Button kind="primary" icon="check" busy={save.busy} disabled={!title.trim() || !text.trim()} onClick={() => void save.run()}>{common('action.save')}</Button>}>
      <Problem error={save.error} reload={() => { refresh('alert-templates'); onClose(); }} />
      <TextField label={t('title')} required maxLength={199} value={title} onChange={setTitle} />
      <TextArea label={t('text')} hint={t('blanks.hint')} rows={8} maxLength={2000} value={text} onChange={setText} />
    </Dialog>
  );
}

export function Templates() {
  const t = useT('alerts');
  const [open, setOpen] = useState<{ template: Template; etag: string | undefined } | undefined>(undefined);
  const edit = useAction(async (name: string) => {
    const { data, etag } = await getWithEtag('/api/v1/alert-templates/{name}', { params: { name } });
    setOpen({ template: data, etag: etag ?? undefined });
  }, { toastErrors: true });
  const list = useApi('alert-templates', (signal) => get('/api/v1/alert-templates', { signal }));
  const mayEdit = may('operator', 'district', 'admin');
  return (
    <Card flush>
      <Async from={list}>
        {(l) => (
          <Table label={t('tab.templates')} rows={l?.items ?? []} keyOf={(x) => x.name ?? ''} columns={[
            { title: t('title'), main: true, cell: (x) => (mayEdit ? <Button kind="quiet" icon="edit" onClick={() => void edit.run(x.name ?? '')}>{x.title}</Button> : x.title) },
            { title: t('signal'), cell: (x) => t(`signal.${(x.signal ?? 'siren') as 'siren'}`) },
            { title: t('text'), cell: (x) => x.text },
          ]} />
        )}
      </Async>
      {open && <Edit {...open} onClose={() => setOpen(undefined)} />}
    </Card>
  );
}
