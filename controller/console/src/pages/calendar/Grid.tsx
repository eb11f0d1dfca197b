/* The week or day as FullCalendar draws it. It is given local times as if they were UTC, so that the station's time zone
 * holds in any browser. */
import { Calendar as Full, type EventInput } from '@fullcalendar/core';
import interaction from '@fullcalendar/interaction';
import list from '@fullcalendar/list';
import timegrid from '@fullcalendar/timegrid';
import { useEffect, useRef } from 'preact/hooks';

import type { Schema } from '../../api/client';
import { useT, word } from '../../i18n';
import { lang } from '../../state/prefs';
import { station } from '../../state/session';
import { civil } from './times';

export type Occurrence = Schema<'Occurrence'>;
export type View = 'timeGridWeek' | 'timeGridDay' | 'listWeek';

export interface Block {
  occurrence: Occurrence;
  /** Where it sounds, in words, and its colour 0..8. */
  where: string;
  colour: number;
}

interface Props {
  view: View;
  /** A local day in the shown span. */
  date: string;
  blocks: readonly Block[];
  editable: boolean;
  onRange: (from: string, before: string) => void;
  onSlot: (local: string) => void;
  onOpen: (occurrence: Occurrence) => void;
  /** Dragged to another local start. Resolves to false when it goes back. */
  onMove: (occurrence: Occurrence, local: string) => Promise<boolean>;
  onLength: (occurrence: Occurrence, ms: number) => Promise<boolean>;
}

/* A bulletin of 40 seconds would be a line of one pixel; what is drawn longer than it is has no edge to drag. */
const SHOWN_AT_LEAST_US = 30 * 60_000_000;
const DRAGGED_AT_LEAST_US = 10 * 60_000_000;

function input(block: Block, zone: string): EventInput {
  const o = block.occurrence;
  const start = civil(o.start_us ?? 0, zone);
  const lengthUs = (o.end_us ?? 0) - (o.start_us ?? 0);
  return {
    id: `${o.event}-${o.occurrence_us}`,
    title: o.title ?? '',
    start,
    end: civil((o.start_us ?? 0) + Math.max(lengthUs, lengthUs < DRAGGED_AT_LEAST_US ? SHOWN_AT_LEAST_US : 0), zone),
    durationEditable: lengthUs >= DRAGGED_AT_LEAST_US,
    classNames: [`zone-${block.colour}`, o.priority ?? '', o.quiet ? 'in-quiet' : '', o.bulletin_state === 'approved' ? '' : 'not-approved'].filter(Boolean),
    extendedProps: { block },
  };
}

export function Grid(props: Props) {
  const t = useT('calendar');
  const element = useRef<HTMLDivElement>(null);
  const calendar = useRef<Full | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const zone = station.value?.timezone || 'Asia/Ho_Chi_Minh';

  useEffect(() => {
    const full = new Full(element.current!, {
      plugins: [timegrid, list, interaction],
      initialView: latest.current.view,
      initialDate: latest.current.date,
      timeZone: 'UTC',
      now: () => civil(Date.now() * 1000, zone),
      firstDay: 1,
      height: 'auto',
      allDaySlot: false,
      nowIndicator: true,
      headerToolbar: false,
      slotDuration: '00:30:00',
      snapDuration: '00:05:00',
      slotMinTime: '04:00:00',
      slotMaxTime: '24:00:00',
      slotEventOverlap: false,
      slotLabelFormat: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
      eventTimeFormat: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
      dayHeaderFormat: { weekday: 'short', day: '2-digit', month: '2-digit' },
      locale: lang.value,
      noEventsText: t('empty'),
      eventInteractive: true,
      longPressDelay: 500,
      datesSet: (arg) => latest.current.onRange(arg.startStr.slice(0, 10), arg.endStr.slice(0, 10)),
      dateClick: (arg) => latest.current.editable && arg.dateStr.length > 10 && latest.current.onSlot(arg.dateStr.slice(0, 16)),
      eventClick: (arg) => latest.current.onOpen((arg.event.extendedProps.block as Block).occurrence),
      eventDrop: (arg) => {
        void latest.current.onMove((arg.event.extendedProps.block as Block).occurrence, arg.event.startStr.slice(0, 16)).then((kept) => !kept && arg.revert());
      },
      eventResize: (arg) => {
        const ms = arg.event.end!.getTime() - arg.event.start!.getTime();
        void latest.current.onLength((arg.event.extendedProps.block as Block).occurrence, ms).then((kept) => !kept && arg.revert());
      },
      eventMinHeight: 40,
      eventBorderColor: 'var(--c)',
      displayEventEnd: false,
      eventContent: ({ event, timeText, view }) => {
        const { occurrence, where } = event.extendedProps.block as Block;
        const box = document.createElement(view.type === 'listWeek' ? 'a' : 'div');
        box.className = 'block';
        if (box instanceof HTMLAnchorElement) {
          box.tabIndex = 0;
          box.setAttribute('role', 'button');
        }
        for (const [tag, text] of [['b', view.type === 'listWeek' ? '' : timeText], ['span', event.title], ['small', where]] as const)
          if (text) box.appendChild(Object.assign(document.createElement(tag), { textContent: text }));
        const more = [occurrence.priority === 'normal' ? '' : word('priority', occurrence.priority), occurrence.quiet ? t('quiet') : ''].filter(Boolean).join(', ');
        if (more) box.appendChild(Object.assign(document.createElement('span'), { className: 'sr-only', textContent: more }));
        if (occurrence.priority === 'priority') box.classList.add('first');
        return { domNodes: [box] };
      },
    });
    full.render();
    calendar.current = full;
    return () => full.destroy();
    // A new language draws it anew.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [lang.value, zone]);

  useEffect(() => {
    const full = calendar.current!;
    full.batchRendering(() => {
      full.changeView(props.view, props.date);
      full.setOption('editable', props.editable);
    });
  }, [props.view, props.date, props.editable]);

  useEffect(() => {
    const full = calendar.current!;
    full.batchRendering(() => {
      full.removeAllEvents();
      for (const block of props.blocks) full.addEvent(input(block, zone));
    });
  }, [props.blocks, zone]);

  return <div class="calendar-grid" ref={element} />;
}
