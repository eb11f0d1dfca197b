"""quick: under two minutes, for continuous integration: ratios alone, failing at twice their target.

A small crowd is streamed to all the time; rounds of measuring the controller and rounds of the bare floor take turns on
the same core, so that what else the machine does meets both. The median of the rounds' ratios counts.
"""
import os
import statistics
import time

import fanout
import figures
import floors
from crowd import Crowd
from station import Failed

NODES = 300
BUNDLE_MS = 60
ROUNDS = 5
ROUND_S = 3
SETTLE_S = 20
CPU_TARGET, CALLS_TARGET = 1.2, 1.05  # against the bare floor; system calls a node and bundle
MARGIN = 2
RECORD_BYTES = fanout.RECORD_BYTES


def judge(what, value, target):
    figures.figure(what, f"{value:.2f}", f"{target}, fails above {MARGIN * target:.2f}")
    if value > MARGIN * target:
        raise Failed(f"{what} is {value:.2f}, more than {MARGIN} times the target {target}; "
                     "find what became dear with tools/dev bench fanout and perf")


def rounds(options, crowd):
    ratios = []
    for number in range(ROUNDS):
        found = crowd.measure(ROUND_S)
        counters = found["counters"]
        sent = counters["loa_net_bundles_sent_total"]
        frame = int(counters["loa_net_bytes_out_total"] / sent - RECORD_BYTES)
        # The floor's packets come as often as ours did: a controller that sends fewer is not cheaper.
        each_us = floors.floor(options.build, NODES, BUNDLE_MS, frame, ROUND_S) * BUNDLE_MS / 1000
        bare = each_us * sent / NODES / found["seconds"]
        ratios.append(found["cpu_us_a_node_and_second"] / bare)
        figures.progress(f"round {number + 1}: {found['cpu_us_a_node_and_second']:.0f} us a node and second, "
                         f"bare {bare:.0f}, ratio {ratios[-1]:.2f}")
    return ratios


def run(options):
    figures.heading("quick", "tools/dev bench quick")
    if (os.cpu_count() or 1) < 2:
        figures.progress("left out: the nodes need a core of their own")
        return {}
    with Crowd(options.build, NODES, audio={"lead_ms": fanout.LEADS * BUNDLE_MS}) as crowd:
        crowd.connect()
        crowd.play()
        time.sleep(SETTLE_S)
        ratios = rounds(options, crowd)
        calls = fanout.system_calls(crowd.pid, ROUND_S)
        crowd.end_fleet()
    judge("CPU of the controller / bare mbedTLS, median", statistics.median(ratios), CPU_TARGET)
    if calls:
        judge("system calls a node and bundle", calls / (NODES * 1000 / BUNDLE_MS), CALLS_TARGET)
    return {"ratios": ratios, "calls_a_second": calls}
