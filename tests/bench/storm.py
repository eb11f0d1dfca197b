"""storm: all nodes return at once after a power cut, by ticket and without; new nodes join; others play on.

Members of a fleet on the same machine. After a cut the time runs from the return of the power to the moment at which a
member has a session, the clock, and the first bundle of what is on air. A second, small fleet hears the programme all
the time and must not miss a packet. The floor is what bare mbedTLS takes for the server's side of as many handshakes.
"""
import contextlib
import json
import re
import subprocess
import tempfile
import threading
import time

import figures
import snapjoin
import spent
from bed import Bed
from shared import play, sleep_until, voice
from station import Failed, wait_for

JOINING = 1000
LISTENERS = 50
CUT_S = 3
CODES_AT_ONCE = 500
ON_LINE_PER_S = 30  # so slowly at worst they come on line before the cut: each without a session, on a shared machine
AFTER_S = 60  # until all must be audible again


class Fleet:
    """loa-fleet as a process; its progress lines tell when things happened."""

    def __init__(self, bed, name, count, *options):
        self.log = bed.folder / f"{name}.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [bed.build / "tools/fleet/loa-fleet", "-n", str(count), "--controller", bed.link, "--state",
                 bed.folder / name, "--json", *map(str, options)], stdout=subprocess.PIPE, stderr=log, text=True)
        self.count = count
        self.began = time.monotonic()
        bed.fleets.append(self)

    def seconds(self):
        """Second number of the newest progress line, how many members have the time, and the sound that is on air."""
        lines = re.findall(r"^ *(\d+) s  ready \d+  locked (\d+)  audible (\d+)", self.log.read_text(), re.M)
        return tuple(map(int, lines[-1])) if lines else (0, 0, 0)

    def locked(self, timeout=90):
        def all_have_it():
            if self.process.poll() is not None:
                raise Failed("the fleet ended: " + self.log.read_text()[-500:])
            return self.seconds()[1] == self.count

        wait_for(f"{self.count} members to have the time", all_have_it, timeout, every=0.05)
        return time.monotonic() - self.began

    def end(self):
        self.process.send_signal(2)
        return json.loads(self.process.communicate(timeout=60)[0])


@contextlib.contextmanager
def ending(bed):
    """No fleet outlives the bench, however that ends."""
    bed.fleets = []
    try:
        yield
    finally:
        for fleet in bed.fleets:
            fleet.process.kill()
            fleet.process.wait()


class Cpu:
    """Processor time of a process, sampled, so that any stretch can be told afterwards."""

    def __init__(self, pid):
        self.pid, self.samples, self.over = pid, [], threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)
        self.thread.start()

    def sample(self):
        while not self.over.wait(0.05):
            self.samples.append((time.monotonic(), figures.cpu_seconds(self.pid)))

    def between(self, start, end):
        inside = [cpu for at, cpu in self.samples if start <= at <= end]
        return inside[-1] - inside[0]


def make_codes(bed, zone, name, count):
    codes = []
    for start in range(0, count, CODES_AT_ONCE):
        made = bed.json("node", "join-code", "--zone", zone, "--name", f"{name}{start}", "--count",
                        min(CODES_AT_ONCE, count - start))
        codes += [c["code"] for c in made["codes"]]
    path = bed.folder / f"codes-{name}"
    path.write_text("\n".join(codes), encoding="utf-8")
    return f"@{path}"


def cut_at_s(count):
    """Second of the fleet's life at which the power fails: all are on line by then."""
    return max(30, count // ON_LINE_PER_S)


def cut(bed, cpu, count, *options):
    """One power cut of all that are known; what the fleet says of it, and what both ends paid."""
    at_s = cut_at_s(count)
    bed.fleet = Fleet(bed, "fleet", count, "--power-cut", f"{at_s}:{CUT_S}", *options)
    fleet_cpu = Cpu(bed.fleet.process.pid)
    bed.fleet.locked(at_s - 1)
    wait_for("the cut", lambda: bed.fleet.seconds()[0] >= at_s, at_s + 10, every=0.01)
    back = time.monotonic() + CUT_S
    time.sleep(CUT_S + 1)
    wait_for("all to be audible again", lambda: bed.fleet.seconds()[2] == count, AFTER_S, every=0.05)
    time.sleep(2)
    fleet_cpu.over.set()
    out = bed.fleet.end()
    took_s = out["audible_ms"].get("most", 0) / 1000
    if out["audible_ms"]["count"] < count:
        raise Failed(f"only {out['audible_ms']['count']} of {count} became audible: {bed.fleet.log.read_text()[-400:]}")
    return {"out": out, "paid_s": cpu.between(back, back + took_s), "fleet_s": fleet_cpu.between(back, back + took_s),
            "after": cpu.between(back + took_s, back + took_s + 2) / 2}


def first_join(bed, zone, count):
    """All of them are new and come at once: until the last has its session and the time, and what both ends paid."""
    codes = make_codes(bed, zone, "a", count)
    controller = spent.Spent(bed.controller.process.pid)
    fleet = Fleet(bed, "fleet", count, "--join", codes)
    its_own = spent.Spent(fleet.process.pid)
    took_s = fleet.locked(150)
    paid, fleet_paid = controller.so_far(), its_own.so_far()
    out = fleet.end()
    alone_s = sum(paid["ran"].values()) / 2
    both_s = alone_s + sum(fleet_paid["ran"].values()) / 2
    figures.figure(f"{count} new nodes: from dialling to session and time", f"{took_s:.1f} s ({out['lost']} links lost on the way)",
                   "10 s for 1,000")
    figures.figure("the same: controller", f"{spent.a_node(paid, count)}; on two processors of its own no less than {alone_s:.1f} s; "
                   f"its main thread had nothing to do for {spent.idle_s(paid, 'main'):.1f} s")
    figures.figure("the same: fleet", f"{spent.a_node(fleet_paid, count)}; with it on the same two processors no less than {both_s:.1f} s; "
                   f"it had nothing to do for {spent.idle_s(fleet_paid, 'others'):.1f} s")
    return {"join_s": took_s, "controller": paid, "fleet": fleet_paid, "out": out}


def races(bed):
    """What ThreadSanitizer said, when the controller was built with it."""
    found = [line for line in bed.controller.text().splitlines() if "ThreadSanitizer" in line]
    if found:
        raise Failed(f"the controller has races: {found[0]} ({len(found)} lines); its log is {bed.controller.log}")


def show(name, found, count, floor_us, bound):
    out, floor_s = found["out"], floor_us * count / 1e6
    figures.figure(f"{name}: power back to audible",
                   ", ".join(f"{k} {out['audible_ms'][k]:.0f}" for k in ("p50", "p99", "most")) + " (ms)", bound)
    figures.figure(f"{name}: handshake and Welcome", f"p50 {out['ready_ms']['p50']:.0f}, most {out['ready_ms']['most']:.0f} (ms); "
                   f"{out['resumed']} resumed, {out['lost']} links lost on the way")
    figures.figure(f"{name}: controller", f"{found['paid_s']:.2f} s of CPU until the last is audible ({found['after']:.2f} a second "
                   f"afterwards); bare handshakes {floor_s:.2f} s; ratio {found['paid_s'] / floor_s:.2f}")
    figures.figure(f"{name}: fleet", f"{found['fleet_s']:.2f} s of CPU; both on two processors no less than "
                   f"{(found['paid_s'] + found['fleet_s']) / 2:.1f} s, the controller alone {found['paid_s'] / 2:.1f} s")


def run(options):
    count = options.storm
    figures.heading("storm", f"tools/dev bench storm --storm {count}")
    floor = json.loads(subprocess.run([f"{options.build}/tests/bench/handshake_floor"], check=True,
                                      capture_output=True, text=True).stdout)
    figures.figure("floor, server's side of one handshake, bare mbedTLS",
                   f"full {floor['full_us']:.0f} us, resumed {floor['resumed_us']:.0f} us")
    joining = min(JOINING, count)
    with Bed(options.build) as bed, tempfile.TemporaryDirectory() as folder, ending(bed):
        zone = bed.zone("T01", "Thôn Đông")
        join = first_join(bed, zone, joining)
        everybody = bed.folder / "codes-all"
        everybody.write_text((bed.folder / "codes-a").read_text(), encoding="utf-8")
        if count > joining:
            more = make_codes(bed, zone, "b", count - joining)[1:]
            everybody.write_text("\n".join(everybody.read_text().split() + open(more, encoding="utf-8").read().split()))
            fleet = Fleet(bed, "fleet", count, "--join", f"@{everybody}")
            fleet.locked(240)
            fleet.end()
        listeners = Fleet(bed, "listeners", LISTENERS, "--join", make_codes(bed, zone, "c", LISTENERS))
        listeners.locked()
        bulletin = bed.bulletin("Bản tin", voice(folder, 2 * (cut_at_s(count) + AFTER_S)))
        sleep_until(play(bed, bulletin, "--everyone")["start_us"] + 2_000_000)
        cpu = Cpu(bed.controller.process.pid)
        warm = cut(bed, cpu, count)
        cold = cut(bed, cpu, count, "--forget")
        cpu.over.set()
        heard = listeners.end()
        bed.stop()
        races(bed)
    show("by ticket", warm, count, floor["resumed_us"], "3 s, 1 s of CPU for 2,000")
    show("cold", cold, count, floor["full_us"], "10 s for 2,000 on two cores")
    figures.figure(f"{LISTENERS} nodes that played on", f"{heard['packets_lost']} packets lost of {heard['packets']}, "
                   f"{heard['late']} bundles late, least lead {heard['lead_ms'].get('least', 0):.0f} ms", "no gap")
    snap = snapjoin.run(joining)
    figures.figure("snapserver", "not installed" if snap is None else
                   f"{snap[0]} of {joining} clients, without TLS or identity, had sound after {snap[1]:.1f} s")
    return {"floor": floor, "join": join, "warm": warm, "cold": cold, "listeners": heard, "snapserver": snap}
