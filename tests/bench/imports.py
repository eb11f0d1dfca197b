"""import: how long an import takes, beside ffmpeg decoding and encoding the same file in one run."""
import os
import pathlib
import resource
import subprocess
import time

import figures
import sound
from bed import BITRATE_BPS, Bed
from shared import voice

LENGTHS_S = (30, 120)
RUNS = 5


def spent(bed):
    """CPU seconds so far: of the controller with its ended children, and of our own ended children."""
    pid = bed.controller.process.pid
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    ticks = int(fields[13]) + int(fields[14])  # cutime, cstime
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (figures.cpu_seconds(pid) + ticks / os.sysconf("SC_CLK_TCK"),
            children.ru_utime + children.ru_stime)


def timed(bed, what):
    """(seconds, CPU seconds of the controller, CPU seconds of our children)"""
    cpu, begin = spent(bed), time.monotonic()
    what()
    seconds = time.monotonic() - begin
    return seconds, *(after - before for before, after in zip(cpu, spent(bed)))


def ffmpeg(file, out):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(file), "-ac", "1", "-ar", str(sound.RATE),
                    "-c:a", "libopus", "-b:a", str(BITRATE_BPS), str(out)], check=True)


def one_length(bed, seconds):
    samples = sound.read_wav(voice(bed.folder, seconds))
    ours, theirs = [], []
    for number in range(RUNS):
        # Each run has its own recording: nothing may be known from the run before.
        file = bed.folder / f"import-{seconds}-{number}.wav"
        sound.write_wav(file, samples[number * 1000:] * (1 - 0.01 * number))
        wall, cpu, _ = timed(bed, lambda: bed.json("media", "import", file, user="lan"))
        ours.append((wall, cpu))
        wall, _, cpu = timed(bed, lambda: ffmpeg(file, bed.folder / "peer.ogg"))
        theirs.append((wall, cpu))
        file.unlink()
        figures.progress(f"{seconds} s, run {number + 1} of {RUNS}: {ours[-1][0]:.2f} s, "
                         f"ffmpeg {theirs[-1][0]:.2f} s")
    return ours, theirs


def run(options):
    figures.heading("import", "tools/dev bench import")
    found = {}
    with Bed(options.build) as bed:
        for seconds in LENGTHS_S:
            ours, theirs = one_length(bed, seconds)
            found[f"{seconds} s: import / length of the recording"] = figures.spread(
                [wall / seconds for wall, _ in ours])
            for i, what in enumerate(("time", "CPU time")):
                found[f"{seconds} s: import / ffmpeg -c:a libopus, {what}"] = figures.spread(
                    [a[i] / b[i] for a, b in zip(ours, theirs)])
    for what, value in found.items():
        figures.figure(what, figures.text(value))
    return found
