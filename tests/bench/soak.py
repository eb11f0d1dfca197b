"""tools/dev soak: a station under random behaviour for as long as said; memory and descriptors must stay flat.

Controller, a node and a fleet of members that stall, flap, read slowly, lose power and come with wrong clocks and
versions, all under ASan and UBSan; people upload, play, stop, speak live and raise alerts meanwhile. Ends with 1 when
something grew, died or was found by a sanitizer.

The allocator of ASan keeps what was freed, so resident memory grows there while nothing does. So of the controller
the memory in use is judged, which it tells by itself, and the resident memory of a second node of the release build.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(TOP / "tools/demo"), str(TOP / "tests/e2e")]
os.environ["ASAN_OPTIONS"] = "detect_leaks=1:" + os.environ.get("ASAN_OPTIONS", "")

import numpy as np

import figures
from bed import Bed
from shared import FAULTS, play, voice
from station import Failed, wait_for

MEMBERS = 80
SAMPLE_S = 5
WARM_UP_S = 600  # or half of a shorter run: by then SQLite's caches are at their bound, see RESULTS.md
GROWTH_MAX = 0.05  # of memory over the rest: twice what lies between the medians of its halves
DESCRIPTORS_MAX = 8
BEHAVIOURS = (("--stall", "20:5"), ("--flap", "30:3"), ("--slow", "10:2000"), ("--bad-clock", "20:300"),
              ("--power-cut", "8:2"), ("--power-cut", "8:2", "--forget"), ("--wrong-version", "20"), ("--cached",), ())


class Watch:
    """What a process holds, over time; `memory` tells KiB, None when it cannot be told now."""

    def __init__(self, name, pid, memory):
        self.name, self.pid, self.memory, self.rows = name, pid, memory, []

    def look(self, at):
        memory = self.memory()
        if memory is not None:
            resident = figures.memory_kib(self.pid)["RssAnon"]
            self.rows.append((at, memory, len(os.listdir(f"/proc/{self.pid}/fd")), resident))

    def judge(self, seconds):
        rows = np.array([r for r in self.rows if r[0] >= min(WARM_UP_S, seconds / 2)], dtype=float)
        half = len(rows) // 2
        before, after = rows[:half], rows[half:]
        # Members come and go by the dozen: a median does not mind, the end of a line does.
        first, second = np.median(before[:, 1]), np.median(after[:, 1])
        growth = 2 * (second - first) / first
        # What is open at the quietest moments: traffic comes and goes.
        open_before, open_after = before[:, 2].min(), after[:, 2].min()
        figures.figure(self.name, f"memory {first / 1024:.2f} then {second / 1024:.2f} MiB ({growth * 100:+.1f} %; resident "
                       f"{np.median(before[:, 3]) / 1024:.1f} then {np.median(after[:, 3]) / 1024:.1f}); descriptors at least "
                       f"{open_before:.0f} then {open_after:.0f}", f"{GROWTH_MAX * 100:.0f} %, flat")
        return growth <= GROWTH_MAX and open_after - open_before <= DESCRIPTORS_MAX


def in_use(bed):
    """Of the controller, KiB."""
    try:
        return bed.metric("loa_allocated_bytes") / 1024
    except (Failed, OSError):
        return None


def resident(node):
    return lambda: figures.memory_kib(node.process.pid)["RssAnon"]


class Soak:
    def __init__(self, bed, folder, seed):
        self.bed, self.random = bed, random.Random(seed)
        self.short, self.long = voice(folder, 4), voice(folder, 25)
        self.bulletins = [bed.bulletin("Ngắn", self.short), bed.bulletin("Dài", self.long)]
        self.fleet = None
        self.done = {}

    def new_fleet(self):
        if self.fleet is not None:
            self.fleet.send_signal(self.random.choice((2, 9)))
            self.fleet.wait(60)
        how = [word for choice in self.random.sample(BEHAVIOURS, 2) for word in choice]
        self.fleet = subprocess.Popen(
            [self.bed.build / "tools/fleet/loa-fleet", "-n", str(MEMBERS), "--controller", self.bed.link, "--state",
             self.bed.folder / "fleet", "--join", f"@{self.bed.folder / 'codes'}", *how],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def play(self):
        play(self.bed, self.random.choice(self.bulletins), "--everyone")

    def stop(self):
        self.bed.ctl("stop", user="lan")

    def upload(self):
        media = self.bed.json("media", "import", self.random.choice((self.short, self.long)), user="lan")["sha256"]
        made = self.bed.json("bulletin", "add", "--title", "Thêm", "--media", media, user="lan")
        self.bed.ctl("bulletin", "submit", made["id"], user="lan")

    def look(self):
        for path in ("/nodes?limit=500", "/broadcasts?limit=200", "/journal?limit=200", "/alarms", "/metrics",
                     "/journal/verify", "/khong-co"):
            self.bed.api(path)

    def alert(self):
        made = self.bed.json("alert", "new", "--everyone", "--title", "Thử", user="lan")
        self.bed.ctl("alert", "cancel", made["id"], user="lan")

    def backup(self):
        self.bed.ctl("backup", "create", self.bed.folder / "backup.db")

    def step(self):
        """One random act; what is refused (a limit, a state) is as good as what is done."""
        act = self.random.choice((self.new_fleet, self.play, self.play, self.stop, self.upload, self.look, self.look,
                                  self.alert, self.backup))
        try:
            act()
        except Failed:
            self.done["refused"] = self.done.get("refused", 0) + 1
        self.done[act.__name__] = self.done.get(act.__name__, 0) + 1


def prepare(bed, release):
    zone = bed.zone("T01", "Thôn Đông")
    bed.node("Cụm 1", zone, audio="null")
    sanitized, bed.build = bed.build, pathlib.Path(release).resolve()
    bed.node("Cụm 2", zone, audio="null")
    bed.build = sanitized
    made = bed.json("node", "join-code", "--zone", zone, "--name", "Xa", "--count", MEMBERS)
    (bed.folder / "codes").write_text("\n".join(c["code"] for c in made["codes"]), encoding="utf-8")
    bed.ctl("alert", "policy", "set", "--per-hour", 1000)
    bed.ready(120)


def faults(bed):
    found = []
    for program in (bed.controller, *bed.nodes.values()):
        found += [f"{program.log.name}: {line}" for line in program.text().splitlines()
                  if any(fault in line for fault in FAULTS)]
    return found


def soak(bed, release, folder, seconds, seed):
    prepare(bed, release)
    acts = Soak(bed, folder, seed)
    acts.new_fleet()
    judged = bed.nodes["Cụm 2"]
    watches = [Watch("controller, in use", bed.controller.process.pid, lambda: in_use(bed)),
               Watch("node, resident", judged.process.pid, resident(judged))]
    began, next_look, next_step = time.monotonic(), 0, 0
    while (at := time.monotonic() - began) < seconds:
        if at >= next_look:
            for watch in watches:
                watch.look(at)
            next_look += SAMPLE_S
        if at >= next_step:
            acts.step()
            next_step = time.monotonic() - began + acts.random.uniform(0.2, 6)
            if int(at) % 60 < 3 and watches[0].rows:
                figures.progress(f"{at:.0f} s: controller {watches[0].rows[-1][1] / 1024:.1f} MiB in use, "
                                 f"{watches[0].rows[-1][2]} descriptors; {acts.done}")
        time.sleep(0.1)
    acts.fleet.send_signal(2)
    acts.fleet.wait(60)
    figures.figure("acts", acts.done)
    return all([watch.judge(seconds) for watch in watches])


def main():
    parser = argparse.ArgumentParser(prog="tools/dev soak", description=__doc__.splitlines()[0])
    parser.add_argument("minutes", nargs="?", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--release", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    figures.heading("soak", f"tools/dev soak {options.minutes:g} --seed {options.seed}")
    with Bed(options.build) as bed, tempfile.TemporaryDirectory() as folder:
        flat = soak(bed, options.release, folder, options.minutes * 60, options.seed)
        bed.stop()
        wait_for("all programs to end", lambda: not bed.controller.alive(), 60)
        found = faults(bed)
        status = bed.controller.process.returncode
    for line in found:
        print(f"  FOUND {line}")
    figures.figure("the controller ended with", status, "0")
    return 0 if flat and not found and status == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
