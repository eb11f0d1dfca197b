"""What the files of this folder share: one station a file, real recordings, looks at what was played."""
import atexit
import datetime
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import numpy as np

import report
import sound
import tap
from station import Failed, Station, default_config, wait_for

VIET_NAM = report.VIET_NAM
VOICES = pathlib.Path("/usr/share/sounds/alsa")
ALIKE = 0.9
MARGIN_US = 1_000_000
# Far above what the sync needs, so that a busy machine does not fail it; tools/dev bench measures.
ON_TIME_MS = 20.0
# A busy machine may not run a node for a while; it renders so far ahead that nobody hears it.
NODE_CONFIG = "[audio]\nahead_ms = 500\n"
FAULTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "CHECK failed")
HAMLETS = (("T01", "Thôn Đông", -15), ("T02", "Thôn Đoài", 0), ("T03", "Thôn Trung", 20))

_stations = []
_folders = []


@functools.cache
def station(build, hamlets=3, config="", key=""):
    """The running station of this file, with one node a hamlet; made at the first call."""
    made = bare(build, config, key)
    made.setup()
    made.zones = [made.zone(code, name) for code, name, _ in HAMLETS]
    for (_, name, ppm), zone in list(zip(HAMLETS, made.zones))[:hamlets]:
        made.node(name, zone, ppm=ppm, config=NODE_CONFIG)
    made.ready()
    return made


def bare(build, config="", key="", options=()):
    """A controller from an empty directory, without accounts; `options` are of its command line."""
    return prepared(build, config, key, options).start()


def kept_folder(key=""):
    """A new directory until the program ends."""
    _folders.append(pathlib.Path(tempfile.mkdtemp(prefix=f"loa-e2e-{key}")))
    return _folders[-1]


def prepared(build, config="", key="", options=()):
    """As bare(), but not started yet."""
    made = Station(build, kept_folder(key), config or default_config(), options)
    _stations.append(made)
    return made


@atexit.register
def _remove():
    for made in _stations:
        made.stop()
    for folder in [] if os.environ.get("LOA_KEEP") else _folders:
        shutil.rmtree(folder, ignore_errors=True)


def logs(lines=12):
    """The end of every program's log, for the report of a failure."""
    text = []
    for made in _stations:
        for log in sorted(made.folder.glob("*.log")):
            text.append(f"--- {log.name}")
            text += log.read_text(errors="replace").splitlines()[-lines:]
    return text


def ends_in_good_order(made):
    """Stop all programs; none may have reported a fault, each must exit 0."""
    programs = {"controller": made.controller, **made.nodes}
    made.stop()
    for name, program in programs.items():
        for fault in FAULTS:
            assert fault not in program.text(), f"{name}: {program.text()[-3000:]}"
        assert program.process.returncode in (0, -9), f"{name} ended with {program.process.returncode}"


# ---- recordings ----


def speech(folder, text="Kính mời bà con ra nhà văn hóa lúc bảy giờ tối nay."):
    path = pathlib.Path(folder) / "tiếng nói.wav"
    subprocess.run(["espeak-ng", "-v", "vi", "-s", "150", "-w", str(path), text], check=True)
    return path


@functools.cache
def _voice(repeats):
    names = ("Front_Center", "Rear_Left", "Side_Right", "Front_Left", "Rear_Center", "Side_Left",
             "Front_Right", "Rear_Right")
    return np.concatenate([sound.read_wav(VOICES / f"{name}.wav") for name in names] * repeats)


def voice(folder, seconds=8):
    """A real voice, from the recordings that alsa-utils ships, each piece said once in 11 s."""
    samples = _voice(1 + int(seconds // 11))[:int(seconds * sound.RATE)]
    path = pathlib.Path(folder) / f"giọng đọc {seconds}.wav"
    sound.write_wav(path, samples)
    return path


def steady(folder, seconds):
    """Noise without a pause, from alsa-utils: its end is heard at once."""
    samples = sound.read_wav(VOICES / "Noise.wav")
    path = pathlib.Path(folder) / f"ồn {seconds}.wav"
    sound.write_wav(path, np.resize(samples, seconds * sound.RATE))
    return path


# ---- what a node played ----


def _timeline(node):
    first = sound.first_sample(node.wav)
    assert first["station_us"] is not None, f"{node.name} never knew the time"
    return first["station_us"], 1 + node.ppm * 1e-6


def now_us():
    return int(time.time() * 1e6)


def sleep_until(us):
    time.sleep(max(0.0, us / 1e6 - time.time()))


def between(node, from_us, to_us):
    """What the node's card was sent between two instants; waits until that time has come."""
    origin_us, rate = _timeline(node)

    def frames():
        samples = sound.read_wav(node.wav)
        enough = (to_us - origin_us) * rate * sound.RATE / 1e6
        return (samples,) if len(samples) >= enough or not node.alive() else None

    samples, = wait_for(f"{node.name} to have recorded so far", frames, timeout=40, every=0.2)
    start = max(0, round((from_us - origin_us) * rate * sound.RATE / 1e6))
    piece = samples[start:round((to_us - origin_us) * rate * sound.RATE / 1e6)]
    return piece, origin_us + start / rate * 1e6 / sound.RATE


def heard(node, reference, planned_us):
    """(correlation, ms after the planned instant) of a recording in what the node played."""
    _, rate = _timeline(node)
    length_us = len(reference) / sound.RATE * 1e6
    piece, from_us = between(node, planned_us - MARGIN_US, planned_us + length_us + MARGIN_US)
    at, alike = sound.align(piece, sound.stretch(reference, rate))
    return alike, (from_us + at / rate * 1e6 / sound.RATE - planned_us) / 1000


def sounds_like(nodes, reference, planned_us):
    """Each node played it whole, on time, and together with the others; prints what was found."""
    found = {node.name: heard(node, reference, planned_us) for node in nodes}
    for name, (alike, error_ms) in found.items():
        print(f"# {name}: alike {alike:.3f}, start {error_ms:+.3f} ms", flush=True)
        assert alike >= ALIKE, f"{name}: correlation {alike:.3f}"
        assert abs(error_ms) < ON_TIME_MS, f"{name}: {error_ms:+.3f} ms from the plan"
    errors = [error_ms for _, error_ms in found.values()]
    assert max(errors) - min(errors) < ON_TIME_MS, f"apart: {errors}"


def silent(node, from_us, to_us):
    return sound.is_silent(between(node, from_us, to_us)[0])


def last_sound_us(node, from_us, to_us):
    """Station time of the last loud sample in a span; 0: it is silent."""
    piece, began_us = between(node, from_us, to_us)
    loud = np.flatnonzero(np.abs(piece) > 10 ** (-50 / 20))
    _, rate = _timeline(node)
    return began_us + loud[-1] / rate * 1e6 / sound.RATE if len(loud) else 0


class MachineLate(str):
    """A disturbance that a test felt in its own sleep, whatever Loa did."""


def nap(until_s):
    """Sleep until a wall time in seconds; returns by how many ms the machine woke us too late."""
    left_s = until_s - time.time()
    time.sleep(max(0.0, left_s))
    return (time.time() - until_s) * 1000 if left_s > 0 else 0.0


def in_real_time(once, tries=4):
    """Run what has a bound in wall time again while the machine, not Loa, was late.

    once  does it and returns (what disturbed it, "" for nothing; a function that asserts). A failure in a run that
    nothing disturbed counts, and so does the last one, unless the machine was late: then nothing can be said here"""
    for left in reversed(range(tries)):
        disturbed, judge = once()
        try:
            return judge()
        except AssertionError as failed:
            if not left and isinstance(disturbed, MachineLate):
                raise tap.Skip(f"{disturbed} in the last of {tries} runs: {failed}") from failed
            if not disturbed or not left:
                raise
            print(f"# again, since {disturbed}: {failed}", flush=True)


def logged_us(program, name, *words):
    """Wall time of the last line of a program's log with this event and these words, in us; 0: none."""
    lines = [line.split() for line in program.text().splitlines()]
    found = [w[0] for w in lines if len(w) > 2 and w[2] == name and all(word in w for word in words)]
    return int(datetime.datetime.fromisoformat(found[-1].replace("Z", "+00:00")).timestamp() * 1e6) if found else 0


# ---- the way of a bulletin ----


def local(us):
    return datetime.datetime.fromtimestamp(us / 1e6, VIET_NAM).strftime("%Y-%m-%dT%H:%M:%S")


def schedule(made, bulletin, lead_s, *where):
    """A one-off event in `lead_s` seconds, on a whole second; returns its broadcast."""
    start_us = (now_us() // 1_000_000 + lead_s) * 1_000_000
    event = made.json("event", "add", "--bulletin", bulletin, "--at", local(start_us),
                      "--confirm-quiet", *(where or ("--everyone",)), user="lan")["id"]

    def planned():
        return [b for b in made.json("broadcast", "list") if b["event"] == event]

    return wait_for("the event to be planned", planned, every=0.1)[0]


def play(made, bulletin, *where):
    made_id = made.json("play", bulletin, "--confirm-quiet", *(where or ("--everyone",)),
                        user="lan")["id"]
    return made.json("broadcast", "show", made_id)


def targets(made, broadcast, state, timeout=20):
    """Wait until each target of a broadcast is in one state."""
    def reached():
        shown = made.json("broadcast", "show", broadcast)
        return shown if all(t["state"] == state for t in shown["targets"]) else None

    return wait_for(f"all targets to be {state}", reached, timeout, every=0.1)


def over(made, broadcast, timeout=90):
    return made.broadcast_over(broadcast, timeout)


def receipts(broadcast):
    """By node name; None where there is none."""
    return {t["name"]: t["receipt"] for t in broadcast["targets"]}


def all_sounded(broadcast):
    for row in broadcast["targets"]:
        receipt = row["receipt"]
        assert receipt, f"{row['name']}: no receipt: {row['note']}"
        assert receipt["outcome"] == "sounded", f"{row['name']}: {receipt}"
        assert receipt["gaps"] == 0, f"{row['name']}: {receipt}"


def refused(made, *args, status=1, user=None, stdin=None):
    """Run loactl, which must refuse: its exit status and one line, which is returned."""
    out = made.ctl(*args, user=user, stdin=stdin, check=False)
    assert out.returncode == status, f"{args}: exit {out.returncode}, {out.stdout}{out.stderr}"
    return one_line(out.stderr)


def one_line(text):
    """The message a person reads: one line, with a sentence in it."""
    lines = [line for line in text.splitlines() if line.strip()]
    assert len(lines) == 1, f"not one line: {text!r}"
    assert len(lines[0].split()) >= 4 and "ERR_" not in lines[0], f"not a sentence: {lines[0]!r}"
    return lines[0]


def journal_is_intact(made):
    found = made.json("journal", "verify")
    assert found["intact"] is True, found
    return found


__all__ = [name for name in dir() if not name.startswith("_")] + ["report", "Failed"]
