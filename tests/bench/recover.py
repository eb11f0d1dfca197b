"""recover: how long after a card lost periods until its node is back in its place, and the nodes together.

jackd's dummy card is stopped in the middle of a programme (SIGSTOP), for shorter and longer times, so that it loses
periods; jack_rec records the nodes sample by sample. On the tape a stop is missing: the programme goes on where
it is then. All nodes hear of it from one card, so their median is the place, and how far it moved what was lost.
"""
import itertools
import signal
import threading
import time

import numpy as np

import figures
import jack
import peak
import sound
from bed import whole_second_in
from shared import over
from station import wait_for
from sync import LEAD_S, out_ports, programme, record, recorded

STOPS_MS = (8, 15, 25, 45, 90)
EVERY_S = 14
HOP = sound.RATE // 50
WINDOW = sound.RATE // 20
MOST = 6000  # samples that a stop may move the programme on the tape
BACK_US = 100.0


def stop_now_and_then(server, begin_s, done):
    for number, stop_ms in enumerate(STOPS_MS):
        time.sleep(max(0, begin_s + (number + 1) * EVERY_S - time.time()))
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(stop_ms / 1000)
        server.process.send_signal(signal.SIGCONT)
        done.append((stop_ms, time.time() - begin_s))


def moved(tape, at, reference, from_s, to_s):
    """Whole samples by which the programme lies further on, in the quiet second before the next stop."""
    begin, end = (round(s * sound.RATE) for s in (from_s, to_s))
    found, alike = sound.align(tape[at + begin - MOST:at + end + MOST], reference[begin:end])
    return found - MOST if alike > 0.5 else None


def late_us(tape, at, reference, from_s, to_s):
    """us after its place of each window in a stretch of the programme; nan where it is not found."""
    found = []
    for begin in range(round(from_s * sound.RATE), round(to_s * sound.RATE) - WINDOW, HOP):
        heard = tape[at + begin:at + begin + WINDOW]
        late, alike = peak.delay(heard, reference[begin:begin + WINDOW], WINDOW // 2)
        found.append(late * 1e6 / sound.RATE if alike > 0.5 else np.nan)
    return np.array(found)


def back_after_s(rows):
    """Seconds until all windows that follow are within BACK_US of zero; None: never."""
    outside = np.flatnonzero(~(np.abs(rows) <= BACK_US))
    if len(outside) == 0:
        return 0.0
    return None if outside[-1] == len(rows) - 1 else (outside[-1] + 1) * HOP / sound.RATE


def judge(tapes, at, reference, stops):
    """One row a stop: what was lost, how long each node and the nodes among each other were away from their place."""
    rows = []
    for number, (stop_ms, stop_s) in enumerate(stops):
        end_s = stops[number + 1][1] - 0.3 if number + 1 < len(stops) else stop_s + EVERY_S - 1
        shifts = [moved(tape, at, reference, end_s - 1, end_s) for tape in tapes]
        if None in shifts:
            rows.append({"stop_ms": stop_ms, "lost": None})
            continue
        shift = round(float(np.median(shifts)))
        late = np.array([late_us(tape, at + shift, reference, stop_s, end_s) for tape in tapes])
        late -= np.nanmedian(late[:, -50:])
        apart = np.max([np.abs(a - b) for a, b in itertools.combinations(late, 2)], axis=0)
        rows.append({"stop_ms": stop_ms, "lost": -shift * 1000 / sound.RATE, "back": [back_after_s(row) for row in late],
                     "together": back_after_s(apart), "settled_us": np.nanmax(np.abs(late[:, -50:])),
                     "apart_us": np.nanmax(apart[-50:])})
    return rows


def report(rows):
    lost = 0.0
    for row in rows:
        what = f"stopped {row['stop_ms']} ms"
        if row["lost"] is None:
            figures.figure(what, "a node was not found again before the next stop")
            continue
        back = [f"{s:.2f}" if s is not None else "never" for s in row["back"]]
        together = f"{row['together']:.2f} s" if row["together"] is not None else "never"
        figures.figure(what, f"{row['lost'] - lost:.1f} ms lost; within {BACK_US / 1000:g} ms of its place after "
                       f"{', '.join(back)} s, of each other after {together}; last second worst "
                       f"{row['settled_us']:.1f} us from its place, {row['apart_us']:.1f} us apart")
        lost = row["lost"]


def measure(bed, options, server):
    zone = bed.zone("T01", "Thôn Đông")
    for i in range(options.nodes):
        bed.add(f"Thẻ {i + 1}", zone, audio="portaudio:system")
        wait_for("the node to open its card", lambda: len(out_ports(":out_0")) > i, 20, 0.2)
    bed.ready(60)
    seconds = EVERY_S * (len(STOPS_MS) + 1)
    file = programme(bed.folder, seconds)
    reference = sound.read_any(file)
    bulletin = bed.bulletin("Thẻ mất nhịp", file)
    planned = bed.at(bulletin, whole_second_in(LEAD_S))
    tape, recorder = record(bed.folder, "tape", out_ports(":out_0"), LEAD_S + seconds + 3)
    begun_us, begin_s, stops = time.time() * 1e6, planned["start_us"] / 1e6, []
    stopper = threading.Thread(target=stop_now_and_then, args=(server, begin_s, stops))
    stopper.start()
    done = over(bed, planned["id"], timeout=LEAD_S + seconds + 60)
    stopper.join()
    for target in done["targets"]:
        receipt = target["receipt"] or {}
        figures.progress(f"{target['name']}: {receipt.get('outcome')}, {receipt.get('gaps')} gaps")
    recorder.process.wait(60)
    tapes = recorded(tape, options.nodes)
    about = round((planned["start_us"] - begun_us) * sound.RATE / 1e6)
    piece = reference[:2 * sound.RATE]
    coarse = [about - sound.RATE + sound.align(t[about - sound.RATE:about + 4 * sound.RATE], piece)[0] for t in tapes]
    rows = judge(tapes, round(float(np.median(coarse))), reference, stops)
    report(rows)
    return rows


def run(options):
    figures.heading("recover", f"tools/dev bench recover --nodes {options.nodes}")
    if jack.is_missing():
        return {}
    with jack.played_on(options.build) as (bed, server):
        rows = measure(bed, options, server)
        figures.figure("late wake-ups that jackd reported", jack.missed(server))
    return {"stops": rows}
