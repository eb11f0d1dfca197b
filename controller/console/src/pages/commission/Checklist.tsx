/* What a technician does at the pole, item by item, until it is signed off. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { get, patch, post, type Schema } from '../../api/client';
import { refresh, useApi } from '../../api/useApi';
import { StateBadge } from '../../fleet/StateBadge';
import { useNode, zonePath } from '../../fleet/useNodes';
import { dateTime } from '../../format';
import { useT } from '../../i18n';
import { station } from '../../state/session';
import { Async, Button, Card, confirm, Icon, LinkButton, Note, PageHead, toast, useAction, useZones } from '../../ui';
import { Label, Link, Picture, Power, Tone } from './steps';
import { Position } from './Position';
import { WalkTest } from './WalkTest';

type Node = Schema<'Node'>;
type List = Schema<'Commissioning'>;
type Item = NonNullable<NonNullable<NonNullable<List['items']>[number]['item']>>;

/** Their tool ticks them when it has done its work. */
const TOOLED: readonly Item[] = ['label', 'position', 'walk_test', 'tone_test', 'photo'];
/** In the order in which they are done at the pole. */
const ORDER: readonly Item[] = ['link', 'label', 'mounted', 'power', 'earth', 'position', 'walk_test', 'tone_test', 'photo'];

interface ItemProps {
  node: Node;
  item: Item;
  state: NonNullable<List['items']>[number] | undefined;
  signed: boolean;
  first: boolean;
  say: (text: string) => void;
  children: (tick: () => Promise<void>) => ComponentChildren;
}

function Step({ node, item, state, signed, first, say, children }: ItemProps) {
  const t = useT('commission');
  const done = (state?.done_us ?? 0) > 0;
  const id = node.id ?? 0;
  const name = t(`item.${item}`);
  const [open, setOpen] = useState<boolean>();
  const tick = async (on = true) => {
    await patch('/api/v1/nodes/{id}/commissioning', { item, done: on }, { params: { id } });
    say(on ? t('check.done', { item: name }) : t('check.undone', { item: name }));
    setOpen(undefined);
    refresh('commissioning', 'node', 'nodes');
  };
  const toggle = useAction(() => tick(!done), { toastErrors: true });
  return (
    <details class={`step ${done ? 'done' : ''}`} open={open ?? (first && !signed)} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <span class="step-mark">{done ? <Icon name="check" size={18} /> : ORDER.indexOf(item) + 1}</span>
        <span class="step-name">{name}<span class="sr-only">{' '}{done ? '' : t('check.open')}</span>
          {done && <small class="hint">{t('check.by', { name: state?.by_name ?? '', when: dateTime(state?.done_us) })}</small>}
        </span>
        <Icon name="chevronDown" />
      </summary>
      <div class="stack step-body">
        <p class="hint">{t(`item.${item}.text`)}</p>
        {children(() => tick(true))}
        <div class="row">
          <Button kind={done || TOOLED.includes(item) ? 'quiet' : 'secondary'} icon={done ? 'undo' : 'check'} busy={toggle.busy} onClick={() => void toggle.run()}>{done ? t('check.untick') : t('check.tick')}</Button>
        </div>
      </div>
    </details>
  );
}

function Sign({ node, list, left }: { node: Node; list: List; left: number }) {
  const t = useT('commission');
  const name = node.name ?? '';
  const sign = useAction(async () => {
    if (!(await confirm({ title: t('sign.title', { name }), text: t('sign.confirm'), action: t('sign') }))) return;
    await post('/api/v1/nodes/{id}/commissioning/sign', undefined, { params: { id: node.id ?? 0 } });
    toast(t('sign.done', { name }));
    refresh('commissioning', 'node', 'nodes');
  });
  return (
    <Card title={t('sign')}>
      <div class="stack">
        {sign.error && <Note>{sign.error.message}</Note>}
        {list.signed_us > 0 ? (
          <>
            <Note tone="good">{t('sign.signed', { name: list.by_name, when: dateTime(list.signed_us) })}</Note>
            <div class="row actions"><Button icon="printer" onClick={() => print()}>{t('sign.print')}</Button></div>
          </>
        ) : (
          <>
            <p>{left > 0 ? t('sign.left', { count: left }) : t('sign.text')}</p>
            <Button kind="primary" icon="edit" large busy={sign.busy} disabled={left > 0} onClick={() => void sign.run()}>{t('sign')}</Button>
          </>
        )}
      </div>
    </Card>
  );
}

function View({ node, list, zones }: { node: Node; list: List; zones: readonly Schema<'Zone'>[] }) {
  const t = useT('commission');
  const [said, setSaid] = useState('');
  const stateOf = (item: Item) => list.items?.find((i) => i.item === item);
  const left = ORDER.filter((item) => !stateOf(item)?.done_us);
  const all = ORDER.length;
  const tool = (item: Item, tick: () => Promise<void>) => {
    const props = { node, zones, tick };
    switch (item) {
      case 'link': return <Link {...props} />;
      case 'label': return <Label {...props} key={node.settings_revision} />;
      case 'power': return <Power {...props} />;
      case 'position': return <Position {...props} />;
      case 'walk_test': return <WalkTest {...props} />;
      case 'tone_test': return <Tone {...props} />;
      case 'photo': return <Picture {...props} />;
      default: return null;
    }
  };
  return (
    <div class="stack narrow">
      <PageHead title={node.name ?? ''} lead={[station.value?.name, zonePath(zones, node.zone)].filter(Boolean).join(' · ')} actions={
        <>
          <LinkButton to="/commission" kind="quiet" icon="chevronLeft">{t('back')}</LinkButton>
          <LinkButton to={`/nodes/${node.id}`} icon="speaker">{t('check.node')}</LinkButton>
        </>
      } />
      <div class="progress">
        <div class="row"><StateBadge node={node} /><strong>{t('check.progress', { done: all - left.length, all })}</strong></div>
        <progress max={all} value={all - left.length} aria-label={t('check.progress', { done: all - left.length, all })} />
      </div>
      {list.signed_us > 0 && <p class="hint">{t('check.warn')}</p>}
      <p class="sr-only" role="status">{said}</p>
      <div class="steps-list">
        {ORDER.map((item) => (
          <Step key={item} node={node} item={item} state={stateOf(item)} signed={list.signed_us > 0} first={left[0] === item} say={setSaid}>{(tick) => tool(item, tick)}</Step>
        ))}
      </div>
      <Sign node={node} list={list} left={left.length} />
    </div>
  );
}

export function Checklist({ id }: { id: number }) {
  const node = useNode(id);
  const zones = useZones();
  const list = useApi('commissioning', () => get('/api/v1/nodes/{id}/commissioning', { params: { id } }), [id]);
  return (
    <Async from={node} rows={3}>
      {(n) => <Async from={list} rows={8}>{(l) => <View node={n} list={l} zones={zones.data ?? []} />}</Async>}
    </Async>
  );
}
