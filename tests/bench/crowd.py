"""A station with thousands of nodes, which the fleet tool plays: made once, kept below build/, copied for each run."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import time

import figures
from shared import play, sleep_until, voice
from station import Failed, Station, default_config, wait_for

KEPT = pathlib.Path(__file__).resolve().parents[2] / "build/bench"
PASSWORD = "Loa-truyen-thanh-1"
BITRATE_BPS = 32000
PROGRAMME_S = 150
NODES_A_SECOND = 60  # that dial in: each handshake takes the fleet's core about 10 ms
KNOWN_A_SECOND = 800  # the same with sessions of an earlier run
SESSION_S = 12 * 3600  # so long they are of use; tickets last a day
SERVER_CORE, READER_CORE = "0", "1"


def on_core(core, argv):
    return ["taskset", "-c", core, *map(str, argv)]


def config(**audio):
    return default_config(audio={"bitrate_bps": BITRATE_BPS, **audio})


def make(build, count):
    """The folder of a station with that many nodes, enrolled now unless that was done before."""
    folder = KEPT / f"crowd-{count}"
    if (folder / "made").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    figures.progress(f"making {count} nodes, once; kept in {folder}")
    station = Station(build, folder, config())
    station.start()
    try:
        station.setup(PASSWORD)
        zone = station.zone("T01", "Thôn Đông")
        with tempfile.TemporaryDirectory() as sounds:
            bulletin = station.bulletin("Đo", voice(sounds, PROGRAMME_S))
    finally:
        station.stop()
    subprocess.run([f"{build}/tests/bench/issue", station.data, "27148", str(zone), str(count), folder / "fleet"],
                   check=True)
    (folder / "made").write_text(str(bulletin), encoding="utf-8")
    return folder


class Crowd(Station):
    """A running copy of it, the controller on one core, the fleet on the other; made and removed by `with`.

    With `sessions` nodes resume those of an earlier run, so that thousands are on line within seconds; the first run
    shakes hands in full and keeps them.
    """

    def __init__(self, build, count, *fleet_options, audio=None, cores=True, sessions=False):
        kept = self.kept = make(build, count)
        folder = tempfile.mkdtemp(prefix="loa-crowd-")
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        super().__init__(build, folder, config(**(audio or {})))
        self.count = count
        self.bulletin_id = int((self.folder / "made").read_text())
        self.sessions = sessions
        self.fleet_options = (*fleet_options, "--sessions") if sessions else fleet_options
        self.fleet = None
        self.cores = cores
        if cores:
            self.controller.argv = on_core(SERVER_CORE, self.controller.argv)

    def __enter__(self):
        try:
            self.start()
            for user in ("admin", "lan", "hung"):
                self.ctl("login", user, "--password-stdin", user=user, stdin=PASSWORD + "\n")
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        if self.fleet is not None and self.fleet.poll() is None:
            self.fleet.kill()
            self.fleet.wait()
        self.remove()

    def connect(self):
        """Let the fleet dial in; returns how long it took until all were sessions, s."""
        rate = KNOWN_A_SECOND if self.knows_all() else NODES_A_SECOND
        timeout = 100 + 2 * self.count // rate
        argv = [self.build / "tools/fleet/loa-fleet", "-n", self.count, "--controller", self.link, "--state",
                self.folder / "fleet", "--json", "--ramp", max(1, self.count // rate), *self.fleet_options]
        began = time.monotonic()
        with open(self.folder / "fleet.out", "w", encoding="utf-8") as out, \
                open(self.folder / "fleet.log", "w", encoding="utf-8") as log:
            self.fleet = subprocess.Popen(on_core(READER_CORE, argv) if self.cores else list(map(str, argv)),
                                          stdout=out, stderr=log)
        wait_for(f"{self.count} nodes to be on line", self.all_locked, timeout, every=0.5)
        return time.monotonic() - began

    def knows_all(self):
        young = [f for f in (self.folder / "fleet").glob("*.session") if time.time() - f.stat().st_mtime < SESSION_S]
        return self.sessions and len(young) >= self.count

    def keep_sessions(self):
        if self.knows_all():
            for file in (self.folder / "fleet").glob("*.session"):
                shutil.copy2(file, self.kept / "fleet")
            shutil.copy2(self.data / "pki/tickets.key", self.kept / self.data.name / "pki")

    def all_locked(self):
        if self.fleet.poll() is not None:
            raise Failed("the fleet ended: " + (self.folder / "fleet.log").read_text()[-800:])
        lines = (self.folder / "fleet.log").read_text().splitlines()
        return bool(lines) and f"locked {self.count} " in lines[-1]

    @property
    def pid(self):
        return self.controller.process.pid

    def play(self):
        """Sound everywhere, streamed; returns once it does."""
        broadcast = play(self, self.bulletin_id, "--everyone")
        sleep_until(broadcast["start_us"] + 1_000_000)
        return broadcast["id"]

    def counters(self):
        text = self.api("/metrics")[1]
        return {words[0]: float(words[1]) for words in (line.split() for line in text.splitlines())
                if len(words) == 2 and words[0].startswith("loa_net_")}

    def end_fleet(self):
        """What it counted."""
        self.fleet.send_signal(2)
        self.fleet.wait(60)
        self.keep_sessions()
        return json.loads((self.folder / "fleet.out").read_text())

    def measure(self, seconds):
        """CPU of the controller while it streams, everything included, and what the counters say of that time."""
        before = self.counters()
        cpu, wall = figures.cpu_seconds(self.pid), time.monotonic()
        time.sleep(seconds)
        cpu, wall = figures.cpu_seconds(self.pid) - cpu, time.monotonic() - wall
        after = self.counters()
        return {"cpu_us_a_node_and_second": cpu * 1e6 / wall / self.count, "seconds": wall,
                "counters": {key: after[key] - before[key] for key in before}}
