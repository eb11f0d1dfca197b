"""card: two nodes on PortAudio play on the cards of one simulated sound server; how far apart they are.

jackd's dummy driver paces them like a card and jack_rec records both into one file, sample by sample.
Not part of a run without names: it needs the package jackd, which nothing else of the project does.
"""
import itertools
import signal
import subprocess
import threading
import time

import numpy as np

import figures
import jack
import sound
from bed import whole_second_in
from shared import over, voice
from start import windows
from station import Program, wait_for

NODES = 2
SECONDS = 8
SPACING_S = 12
LEAD_S = 14
STOP_AFTER_S = 3


def ports():
    listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False).stdout.split("\n")
    return [port for port in listed if port.endswith(":out_0")]


def nodes_on_cards(bed):
    """Start the nodes one after the other; the output ports they opened."""
    zone = bed.zone("T01", "Thôn Đông")
    for i in range(NODES):
        bed.add(f"Cụm {i + 1}", zone, audio="portaudio:system")
        wait_for("the node to open its card", lambda: len(ports()) > i, timeout=20, every=0.2)
    bed.ready()
    return ports()


def recorded(path):
    """The channels of what jack_rec wrote, as floats: header by ffmpeg, so that any depth is read."""
    out = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"], check=True,
                         capture_output=True).stdout
    return np.frombuffer(out, dtype="<f4").astype(float).reshape(-1, NODES).T


def apart(channels, window, about):
    """ms between the nodes for one stretch of the recording that lies near a sample of the file."""
    at, piece = window
    begin = max(0, about + at - sound.RATE)
    end = begin + len(piece) + 2 * sound.RATE
    found = [sound.align(channel[begin:end], piece) for channel in channels]
    for _, alike in found:
        if alike < 0.9:
            figures.progress(f"correlates at {alike:.3f} only")
    return [abs(a - b) * 1000 / sound.RATE for (a, _), (b, _) in itertools.combinations(found, 2)]


def outcomes(broadcast):
    """What the nodes reported; the simulated card itself may jump when it gets no processor time."""
    receipts = [target["receipt"] or {} for target in broadcast["targets"]]
    return ", ".join(f"{r.get('outcome')}, reason {r.get('reason')}, {r.get('gaps')} gaps"
                     for r in receipts)


def stop_in_the_middle(server, starts, stop_ms):
    """Let the card miss periods in each broadcast: what it did not play is then late by so much."""
    for start in starts:
        time.sleep(max(0, start + STOP_AFTER_S - time.time()))
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(stop_ms / 1000)
        server.process.send_signal(signal.SIGCONT)


def play_and_record(bed, options, server):
    """{window: [ms apart]}"""
    broadcasts = options.broadcasts
    opened = nodes_on_cards(bed)
    file = voice(bed.folder, SECONDS)
    reference = sound.read_any(file)
    bulletin = bed.bulletin("Đo trên thẻ âm thanh", file)
    begin_us = whole_second_in(LEAD_S)
    planned = [bed.at(bulletin, begin_us + i * SPACING_S * 1_000_000) for i in range(broadcasts)]
    length_s = LEAD_S + broadcasts * SPACING_S
    tape = bed.folder / "tape.wav"
    recorder = Program(["jack_rec", "-f", tape, "-d", length_s, "-b", "16", *opened],
                       bed.folder / "jack_rec.log").start()
    begun_us = time.time() * 1e6
    if options.stop_ms > 0:
        starts = [broadcast["start_us"] / 1e6 for broadcast in planned]
        threading.Thread(target=stop_in_the_middle, args=(server, starts, options.stop_ms), daemon=True).start()
    for number, broadcast in enumerate(planned):
        done = over(bed, broadcast["id"], timeout=length_s + 60)
        figures.progress(f"broadcast {number + 1} of {broadcasts}: {outcomes(done)}")
    recorder.process.wait(length_s + 30)
    channels, found = recorded(tape), {}
    for broadcast in planned:
        about = round((broadcast["start_us"] - begun_us) * sound.RATE / 1e6)
        for name, window in windows(reference).items():
            found.setdefault(name, []).extend(apart(channels, window, about))
    return found


def run(options):
    figures.heading("card", f"tools/dev bench card --broadcasts {options.broadcasts}"
                    + (f" --stop-ms {options.stop_ms}" if options.stop_ms > 0 else ""))
    if jack.is_missing():
        return {}
    with jack.played_on(options.build) as (bed, server):
        measured = play_and_record(bed, options, server)
        memory = [figures.memory_kib(n.process.pid) for n in bed.nodes.values()]
        missed = jack.missed(server)
    found = {f"{window}: ms between two nodes": figures.distribution(ms)
             for window, ms in measured.items()}
    # The sound server's own 100 MB, mapped into every client, are not the node's.
    found["node: RSS without jackd's memory, MiB"] = figures.spread(
        [(m["VmRSS"] - m["RssShmem"]) / 1024 for m in memory])
    figures.figure("periods that the simulated card itself missed", missed)
    for what, value in found.items():
        figures.figure(what, figures.text(value), "12 MB" if "RSS" in what else "1 ms")
    return found
