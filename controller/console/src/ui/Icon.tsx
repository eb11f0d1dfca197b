/* Icons of lucide, inlined; only those named here are in the build. */
import alertTriangle from 'lucide-static/icons/triangle-alert.svg?raw';
import antenna from 'lucide-static/icons/radio-tower.svg?raw';
import archive from 'lucide-static/icons/archive.svg?raw';
import bell from 'lucide-static/icons/bell-ring.svg?raw';
import calendar from 'lucide-static/icons/calendar-days.svg?raw';
import camera from 'lucide-static/icons/camera.svg?raw';
import chart from 'lucide-static/icons/chart-column.svg?raw';
import check from 'lucide-static/icons/check.svg?raw';
import chevronDown from 'lucide-static/icons/chevron-down.svg?raw';
import chevronLeft from 'lucide-static/icons/chevron-left.svg?raw';
import chevronRight from 'lucide-static/icons/chevron-right.svg?raw';
import clock from 'lucide-static/icons/clock.svg?raw';
import copy from 'lucide-static/icons/copy.svg?raw';
import download from 'lucide-static/icons/download.svg?raw';
import edit from 'lucide-static/icons/pencil.svg?raw';
import eye from 'lucide-static/icons/eye.svg?raw';
import eyeOff from 'lucide-static/icons/eye-off.svg?raw';
import file from 'lucide-static/icons/file-text.svg?raw';
import filter from 'lucide-static/icons/list-filter.svg?raw';
import grip from 'lucide-static/icons/grip-vertical.svg?raw';
import headphones from 'lucide-static/icons/headphones.svg?raw';
import info from 'lucide-static/icons/info.svg?raw';
import library from 'lucide-static/icons/audio-lines.svg?raw';
import location from 'lucide-static/icons/map-pin.svg?raw';
import lock from 'lucide-static/icons/lock.svg?raw';
import map from 'lucide-static/icons/map.svg?raw';
import megaphone from 'lucide-static/icons/megaphone.svg?raw';
import menu from 'lucide-static/icons/ellipsis.svg?raw';
import mic from 'lucide-static/icons/mic.svg?raw';
import minus from 'lucide-static/icons/minus.svg?raw';
import offline from 'lucide-static/icons/wifi-off.svg?raw';
import pause from 'lucide-static/icons/pause.svg?raw';
import play from 'lucide-static/icons/play.svg?raw';
import plus from 'lucide-static/icons/plus.svg?raw';
import printer from 'lucide-static/icons/printer.svg?raw';
import qr from 'lucide-static/icons/qr-code.svg?raw';
import refresh from 'lucide-static/icons/refresh-cw.svg?raw';
import repeat from 'lucide-static/icons/repeat.svg?raw';
import search from 'lucide-static/icons/search.svg?raw';
import send from 'lucide-static/icons/send.svg?raw';
import settings from 'lucide-static/icons/settings.svg?raw';
import shield from 'lucide-static/icons/shield-check.svg?raw';
import signOut from 'lucide-static/icons/log-out.svg?raw';
import speaker from 'lucide-static/icons/volume-2.svg?raw';
import muted from 'lucide-static/icons/volume-x.svg?raw';
import stop from 'lucide-static/icons/octagon-x.svg?raw';
import tool from 'lucide-static/icons/wrench.svg?raw';
import trash from 'lucide-static/icons/trash-2.svg?raw';
import upload from 'lucide-static/icons/upload.svg?raw';
import user from 'lucide-static/icons/circle-user-round.svg?raw';
import users from 'lucide-static/icons/users.svg?raw';
import close from 'lucide-static/icons/x.svg?raw';
import arrowDown from 'lucide-static/icons/arrow-down.svg?raw';
import arrowUp from 'lucide-static/icons/arrow-up.svg?raw';
import music from 'lucide-static/icons/music.svg?raw';
import record from 'lucide-static/icons/circle-dot.svg?raw';
import undo from 'lucide-static/icons/undo-2.svg?raw';
import scissors from 'lucide-static/icons/scissors.svg?raw';
import timer from 'lucide-static/icons/timer.svg?raw';

const icons = {
  alertTriangle, antenna, archive, bell, calendar, camera, chart, check, chevronDown, chevronLeft, chevronRight, clock,
  close, copy, download, edit, eye, eyeOff, file, filter, grip, headphones, info, library, location, lock, map,
  megaphone, menu, mic, minus, muted, offline, pause, play, plus, printer, qr, refresh, repeat, search, send, settings,
  shield, signOut, speaker, stop, tool, trash, upload, user, users, arrowDown, arrowUp, music, record,
  scissors, timer, undo,
};
export type IconName = keyof typeof icons;

/** Decoration: what it means must also stand in words or in an aria-label. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <span
      class="icon"
      aria-hidden="true"
      style={{ width: `${size}px`, height: `${size}px` }}
      // Our own files, no text of anybody.
      dangerouslySetInnerHTML={{ __html: icons[name] }}
    />
  );
}
