"""start: from the scheduled instant to the first audible sample, and from node to node.

Every node writes what its sound card is sent; its crystal is off by a given number of ppm. The instant
of a sample is taken from the machine's clock that paced the card, not from the node's own belief.
"""
import time

import numpy as np

import figures
import sound
from bed import Bed, CARRIERS, by_carrier, whole_second_in
from shared import between, over, voice

SECONDS = 8
SPACING_S = 12
LEAD_S = 8
MARGIN_US = 100_000
WINDOW = sound.RATE // 5
PPM_MOST = 200
ALIKE = 0.9


def real_minus_mono_us():
    """Distance of the wall clock from the clock that nodes go by (mono.h); the closest of a few readings."""
    tries = []
    for _ in range(20):
        before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        real = time.time_ns()
        after = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        tries.append((after - before, real - (before + after) // 2))
    return min(tries)[1] / 1000


def windows(reference):
    """Where the recording is compared: whole, its first audible 200 ms, its last."""
    said, first = sound.trim(reference)
    last = first + len(said) - WINDOW
    return {"whole": (0, reference), "first 200 ms": (first, reference[first:first + WINDOW]),
            "last 200 ms": (last, reference[last:last + WINDOW])}


def late_us(node, window, planned_us, real_us):
    """(us after its instant, correlation) of a stretch of the recording in what one card was sent."""
    at, piece = window
    rate = 1 + node.ppm * 1e-6
    due_us = planned_us + at / sound.RATE * 1e6
    length_us = len(piece) / sound.RATE * 1e6
    sent, _ = between(node, due_us - MARGIN_US, due_us + length_us + MARGIN_US)
    stamp = sound.first_sample(node.wav)
    begin = max(0, round((due_us - MARGIN_US - stamp["station_us"]) * rate * sound.RATE / 1e6))
    position, alike = sound.align(sent, sound.stretch(piece, rate))
    frame = begin + position
    return stamp["mono_us"] + real_us + frame / rate * 1e6 / sound.RATE - due_us, alike


def measure(bed, reference, broadcast, real_us):
    """Rows of (window, node, carrier, us late) for one broadcast."""
    carriers = by_carrier(bed, broadcast)
    rows = []
    for name, window in windows(reference).items():
        for node in bed.nodes.values():
            late, alike = late_us(node, window, broadcast["start_us"], real_us)
            if alike < ALIKE:
                figures.progress(f"{node.name}: {name} correlates at {alike:.3f} only")
            rows.append((name, node, carriers[node.name], late))
    return rows


def pairs(rows, window, broadcast):
    """Differences between all pairs of nodes of one broadcast, us."""
    late = [row[3] for row in rows if row[0] == window and row[4] == broadcast]
    return [abs(a - b) for i, a in enumerate(late) for b in late[:i]]


def play_all(bed, nodes, broadcasts):
    zone = bed.zone("T01", "Thôn Đông")
    ppm = np.linspace(-PPM_MOST, PPM_MOST, nodes) if nodes > 1 else [0]
    for i in range(nodes):
        bed.add(f"Cụm {i + 1}", zone, CARRIERS[i % 2], round(float(ppm[i]), 3))
    bed.ready()
    figures.progress(f"{nodes} nodes are on line")
    file = voice(bed.folder, SECONDS)
    reference = sound.read_any(file)
    bulletin = bed.bulletin("Đo đồng bộ", file)
    begin_us = whole_second_in(LEAD_S)
    planned = [bed.at(bulletin, begin_us + i * SPACING_S * 1_000_000) for i in range(broadcasts)]
    rows = []
    for number, broadcast in enumerate(planned):
        done = over(bed, broadcast["id"], timeout=LEAD_S + (number + 1) * SPACING_S + 60)
        rows += [(*row, number) for row in measure(bed, reference, done, real_minus_mono_us())]
        figures.progress(f"broadcast {number + 1} of {broadcasts} measured")
    return rows


def run(options):
    figures.heading("start", f"tools/dev bench start --nodes {options.nodes} "
                    f"--broadcasts {options.broadcasts}")
    with Bed(options.build) as bed:
        rows = play_all(bed, options.nodes, options.broadcasts)
    found = {}
    for window in ("first 200 ms", "last 200 ms", "whole"):
        for carrier in CARRIERS:
            late = [row[3] / 1000 for row in rows if row[0] == window and row[2] == carrier]
            if late:
                found[f"{window}, {carrier}: ms from its instant"] = figures.distribution(late)
        apart = [p / 1000 for b in range(options.broadcasts) for p in pairs(rows, window, b)]
        if apart:
            found[f"{window}: ms between two nodes"] = figures.distribution(apart)
    for what, value in found.items():
        figures.figure(what, figures.text(value), "1 ms" if "between" in what else "5 ms")
    return found
