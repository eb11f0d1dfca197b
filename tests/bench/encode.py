"""encode: one encode a programme however many listen, and what a streaming node costs the controller."""
import time

import numpy as np

import figures
from bed import Bed, CARRIERS, by_carrier
from shared import over, play, voice

GROUPS = (3, 5, 7)  # one zone each; together 3, 8 and 15 nodes
PLAY_S = 20
IDLE_S = 10
SETTLE_S = 6


def share_while(bed, seconds):
    share = figures.Share(bed.controller.process.pid)
    time.sleep(seconds)
    return share.so_far()


def one_carrier(bed, carrier, zones, bulletin):
    """[(nodes, CPU share of the controller while they play)]"""
    found = []
    for count in range(1, len(GROUPS) + 1):
        listening = sum(GROUPS[:count])
        where = [arg for zone in zones[:count] for arg in ("--zone", zone)]
        broadcast = play(bed, bulletin, *where)
        time.sleep(max(0.0, broadcast["start_us"] / 1e6 + 1 - time.time()))
        share = share_while(bed, PLAY_S - 3)
        carriers = by_carrier(bed, over(bed, broadcast["id"]))
        assert set(carriers.values()) == {carrier} and len(carriers) == listening, carriers
        figures.progress(f"{listening} nodes by {carrier}: {share * 100:.2f} % of a core")
        found.append((listening, share))
    return found


def run(options):
    figures.heading("encode", "tools/dev bench encode")
    found = {}
    for carrier in CARRIERS:
        with Bed(options.build) as bed:
            zones = [bed.zone(f"T{i}", f"Thôn {i}") for i in range(len(GROUPS))]
            for i, group in enumerate(GROUPS):
                for k in range(group):
                    bed.add(f"Cụm {i}.{k}", zones[i], carrier, audio="null")
            bed.ready()
            bulletin = bed.bulletin("Đo mã hoá", voice(bed.folder, PLAY_S))
            time.sleep(SETTLE_S)
            idle = share_while(bed, IDLE_S)
            points = one_carrier(bed, carrier, zones, bulletin)
            encodes = int(bed.metric("loa_encodes_total"))
        slope, fixed = np.polyfit([n for n, _ in points], [s for _, s in points], 1)
        found[f"{carrier}: loa_encodes_total, 1 programme, {len(points)} plays"] = encodes
        found[f"{carrier}: controller idle, % of a core"] = idle * 100
        for nodes, share in points:
            found[f"{carrier}: controller while {nodes} nodes play, % of a core"] = share * 100
        found[f"{carrier}: while 15 play, CPU above idle, us a node and second"] = (
            points[-1][1] - idle) / points[-1][0] * 1e6
        found[f"{carrier}: line through the plays, fixed, us a second"] = float(fixed - idle) * 1e6
        found[f"{carrier}: line through the plays, us a node and second"] = float(slope) * 1e6
    for what, value in found.items():
        figures.figure(what, f"{value:.2f}" if isinstance(value, float) else str(value),
                       "1" if "total" in what else "")
    return found
