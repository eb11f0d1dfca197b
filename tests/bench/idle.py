"""idle: what the station costs while nothing sounds, and a node while it plays."""
import statistics
import time

import figures
from bed import Bed
from shared import over, play, voice

NODES = 15
SETTLE_S = 8
IDLE_S = 20
PLAY_S = 12


def idle_share(bed):
    """CPU share of the controller over IDLE_S, and of each second of it."""
    pid = bed.controller.process.pid
    whole, seconds = figures.Share(pid), []
    for _ in range(IDLE_S):
        one = figures.Share(pid)
        time.sleep(1)
        seconds.append(one.so_far())
    return whole.so_far(), seconds


def playing(bed, broadcast):
    """RSS (KiB, most of each node) and CPU share of the nodes during a broadcast."""
    while time.time() < broadcast["start_us"] / 1e6 + 1:
        time.sleep(0.05)
    pids = [node.process.pid for node in bed.nodes.values()]
    shares = [figures.Share(pid) for pid in pids]
    most = {}
    while time.time() < broadcast["end_us"] / 1e6 - 1:
        for pid in pids:
            memory = figures.memory_kib(pid)
            if memory["VmRSS"] > most.get(pid, {"VmRSS": 0})["VmRSS"]:
                most[pid] = memory
        time.sleep(0.5)
    return list(most.values()), [share.so_far() for share in shares]


def run(options):
    figures.heading("idle", "tools/dev bench idle")
    with Bed(options.build) as bed:
        zone = bed.zone("T01", "Thôn Đông")
        for i in range(NODES):
            bed.add(f"Cụm {i + 1}", zone, audio="null" if i else None)
        bed.ready()
        figures.progress(f"{NODES} nodes are on line; idle for {SETTLE_S + IDLE_S} s")
        time.sleep(SETTLE_S)
        share, seconds = idle_share(bed)
        memory = figures.memory_kib(bed.controller.process.pid)
        node_idle = [figures.memory_kib(n.process.pid)["VmRSS"] for n in bed.nodes.values()]
        bulletin = bed.bulletin("Đo khi phát", voice(bed.folder, PLAY_S))
        broadcast = play(bed, bulletin)
        rss, cpu = playing(bed, broadcast)
        over(bed, broadcast["id"])
        after = figures.memory_kib(bed.controller.process.pid)
    found = {
        "controller, idle: % of a core": share * 100,
        "controller, idle: % of a core, each second": figures.distribution([100 * s for s in seconds]),
        "controller, idle: RSS MiB": memory["VmRSS"] / 1024,
        "controller, idle: of that not shared, MiB": memory["RssAnon"] / 1024,
        "controller, after an import and a broadcast: RSS MiB": after["VmRSS"] / 1024,
        "controller, highest ever: RSS MiB": after["VmHWM"] / 1024,
        "node, idle: RSS MiB": figures.spread([kib / 1024 for kib in node_idle]),
        "node, playing: RSS MiB": figures.spread([m["VmRSS"] / 1024 for m in rss]),
        "node, playing: of that not shared, MiB": statistics.median(m["RssAnon"] for m in rss) / 1024,
        "node, playing: % of a core": figures.spread([100 * s for s in cpu]),
    }
    bounds = {"controller, idle: % of a core": "1 %", "controller, idle: RSS MiB": "40 MB",
              "node, playing: RSS MiB": "12 MB"}
    for what, value in found.items():
        figures.figure(what, figures.text(value) if isinstance(value, dict) else f"{value:.3f}",
                       bounds.get(what, ""))
    return found
