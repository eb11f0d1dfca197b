"""alert-at-4000: from an emergency that was accepted to its order at the last of thousands of nodes, while all are streamed to.

The station says in the order when the siren starts, a fixed time after it was accepted; each node (fleet) notes by its
own disciplined clock when the order came. The siren is heard at its start, or where the order came later, then. Each node
holds its recording; all of them also go on being streamed to. Afterwards all send a receipt at once: how long
the station takes to store them is read from its log.
"""
import datetime
import re
import time

import figures
import floors
from alert import Console
from crowd import Crowd
from station import wait_for

ROUNDS = 3
LEAD_MS = 70  # ALERT_LEAD_US of controller/core/alert.h
SOUNDS_S = 1.5
RECEIPTS_S = 30  # at most, until the receipts of all are stored
ORDER_BYTES = 181  # the frame of such an order
FLOOR_S = 6
PAUSE_S = 2  # then, so that the next round begins at rest
STORED = re.compile(r"^(\S+)Z info receipt\.stored ", re.M)


def stored(crowd):
    """When each receipt was stored, s."""
    return [datetime.datetime.fromisoformat(at).timestamp() for at in STORED.findall(crowd.controller.text())]


def run(options):
    figures.heading("alert-at-4000", f"tools/dev bench alert-at-4000 --crowd {options.crowd} --bundle-ms {options.bundle_ms}")
    with Crowd(options.build, options.crowd, audio={"lead_ms": 4 * options.bundle_ms},
               sessions=True) as crowd:
        figures.progress(f"{options.crowd} nodes on line after {crowd.connect():.0f} s")
        crowd.ctl("alert", "policy", "set", "--per-hour", 1000)
        crowd.play()
        time.sleep(5)
        console = Console(crowd, "lan")
        answers, took, cpu = [], [], []
        for _ in range(ROUNDS):
            alert, asked_us, answered_us = console.post("/alerts", {"everyone": True, "title": "Đo"})
            answers.append((answered_us - asked_us) / 1000)
            time.sleep(SOUNDS_S)
            before, paid_s = len(stored(crowd)), figures.cpu_seconds(crowd.pid)
            console.post(f"/alerts/{alert['id']}/cancel", {})
            wait_for("the receipts of all", lambda: len(stored(crowd)) >= before + options.crowd, RECEIPTS_S, every=0.5)
            times = stored(crowd)[before:before + options.crowd]
            took.append(times[-1] - times[0])
            cpu.append(figures.cpu_seconds(crowd.pid) - paid_s)
            time.sleep(PAUSE_S)
        fleet = crowd.end_fleet()
    # Once a second to all in one go, with nothing else to do.
    floor_ms = floors.floor(options.build, options.crowd, 1000, ORDER_BYTES, FLOOR_S, sliced=0) * options.crowd / 1000
    early = fleet["early_ms"]
    reached = {"p50": LEAD_MS - early["p50"], "p99": LEAD_MS - early["p1"], "most": LEAD_MS - early["least"]}
    found = {"receipts_s": took, "receipts_cpu_s": cpu, "answer_ms": figures.distribution(answers), "reached_ms": reached,
             "floor_ms": floor_ms, "late": fleet["late"]}
    figures.figure(f"accepted to order at a node, {early['count']} orders of the siren",
                   ", ".join(f"{k} {v:.0f}" for k, v in reached.items()) + f" (ms); heard {LEAD_MS} ms after it, or when it comes later",
                   "p99 150 ms")
    figures.figure(f"floor: {options.crowd} such records, bare mbedTLS", f"{floor_ms:.0f} ms of CPU; p99 / floor {reached['p99'] / floor_ms:.2f}")
    figures.figure(f"receipts of {options.crowd} nodes, first stored to last", ", ".join(f"{t:.2f}" for t in took) + " (s), CPU of the "
                   "controller meanwhile, streaming included, " + ", ".join(f"{t:.2f}" for t in cpu) + " (s)")
    figures.figure("request to answer", ", ".join(f"{a:.0f}" for a in answers) + " (ms)")
    figures.figure("packets late", str(fleet["late"]))
    return found
