"""fanout: CPU of the controller for each streaming node, beside the bare floor, snapserver and icecast2, in one run.

A fleet of --crowd nodes on the other core is streamed to in packets of --bundle-ms; everything the controller does for
them counts: sound, clock exchanges, Status, main and audio thread. Then the floor sends packets of the same size in the
same slices, without TLS and over bare mbedTLS. The peers (N = 1,000 and less) are run at 60 ms only. One --crowd and one
--bundle-ms a run takes less than 170 s.
"""
import shutil
import subprocess
import time

import figures
import floors
from crowd import BITRATE_BPS, Crowd

SETTLE_S = 60  # clocks become sure and ask less often
MEASURE_S = 10
FLOOR_S = 5
PEERS_MOST = 1000
RECORD_BYTES = 29  # of TLS 1.2 with ChaCha20-Poly1305
LEADS = 4  # a bundle is a quarter of the lead (engine.h)


def system_calls(pid, seconds):
    """Made by a process in a second; None where perf cannot tell."""
    if shutil.which("perf") is None:
        return None
    seen = subprocess.run(["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p", str(pid), "--", "sleep",
                           str(seconds)], capture_output=True, text=True, check=False)
    counts = [line.split(",")[0] for line in seen.stderr.splitlines() if "raw_syscalls" in line]
    return int(counts[0]) / seconds if counts and counts[0].isdigit() else None


def product(build, count, bundle_ms, settle_s=SETTLE_S, measure_s=MEASURE_S):
    with Crowd(build, count, audio={"lead_ms": LEADS * bundle_ms}, sessions=True) as crowd:
        figures.progress(f"{count} nodes on line after {crowd.connect():.0f} s")
        crowd.play()
        time.sleep(settle_s)
        found = crowd.measure(measure_s)
        calls = system_calls(crowd.pid, 6)
        found["memory_kib"] = figures.memory_kib(crowd.pid)["VmRSS"]
        fleet = crowd.end_fleet()
    sent = found["counters"]["loa_net_bundles_sent_total"]
    nodes_seconds = count * found["seconds"]
    return {"cpu_us": found["cpu_us_a_node_and_second"], "bundles_a_second": sent / nodes_seconds,
            "frame_bytes": int(found["counters"]["loa_net_bytes_out_total"] / sent - RECORD_BYTES),
            "dropped": found["counters"]["loa_net_bundles_dropped_total"],
            "clock_replies_a_second": found["counters"]["loa_net_time_replies_total"] / nodes_seconds,
            "messages_a_second": found["counters"]["loa_net_messages_in_total"] / nodes_seconds,
            "system_calls_a_bundle": calls / (sent / found["seconds"]) if calls else None,
            "late": fleet["late"], "packets_lost": fleet["packets_lost"], "lead_ms": fleet["lead_ms"]}


def one(build, count, bundle_ms):
    # A thousand have time to settle within the 170 s; four thousand settle while they dial in.
    ours = product(build, count, bundle_ms, SETTLE_S if count <= PEERS_MOST else 20)
    bare = [floors.floor(build, count, bundle_ms, ours["frame_bytes"], FLOOR_S) for _ in range(2)]
    plain = floors.floor(build, count, bundle_ms, ours["frame_bytes"], FLOOR_S, tls=False)
    ours["floor_tls_us"] = min(bare)
    ours["floor_plain_us"] = plain
    ours["ratio_to_floor"] = ours["cpu_us"] / (sum(bare) / len(bare))
    say = figures.figure
    name = f"{count} nodes, {bundle_ms} ms"
    say(f"{name}: loa-controller", f"{ours['cpu_us']:.1f} us of CPU a node and second")
    say(f"{name}: bare mbedTLS, plain send", f"{bare[0]:.1f} and {bare[1]:.1f}, {plain:.1f} us")
    say(f"{name}: ratio to bare mbedTLS", f"{ours['ratio_to_floor']:.2f}", "1.2")
    if ours["system_calls_a_bundle"]:
        say(f"{name}: system calls a node and bundle", f"{ours['system_calls_a_bundle']:.3f}", "1.05")
    say(f"{name}: a node and second", f"{ours['bundles_a_second']:.2f} bundles of {ours['frame_bytes']} bytes, "
        f"{ours['clock_replies_a_second']:.2f} clock replies, {ours['messages_a_second']:.2f} messages in")
    say(f"{name}: dropped, late, lost packets", f"{ours['dropped']:.0f}, {ours['late']}, {ours['packets_lost']}")
    say(f"{name}: before its time at the node", ", ".join(f"{k} {v:.0f}" for k, v in ours["lead_ms"].items()) + " (ms)")
    return ours


def peers(build, count, bundle_ms, ours_us):
    """Ours over theirs; what is not installed is left out."""
    found = {"snapserver": (floors.snapserver(build, count, bundle_ms, 6), "0.5"),
             "icecast2 with TLS": (floors.icecast(build, count, bundle_ms, 6), "1.0"),
             "icecast2": (floors.icecast(build, count, bundle_ms, 6, tls=False), "")}
    for name, (theirs, bound) in found.items():
        if theirs is None:
            figures.progress(f"{name} is not installed")
            continue
        cpu = theirs["cpu_us_a_client_and_second"]
        ratio = f"; ours / theirs {ours_us / cpu:.2f}" if ours_us else ""
        figures.figure(f"{count} clients, {bundle_ms} ms: {name}",
                       f"{cpu:.1f} us a client and second, {theirs['bytes_a_read']:.0f} bytes a packet, "
                       f"{theirs['ended']} of them hung up{ratio}", bound if ours_us else "")
    return {name: theirs for name, (theirs, _) in found.items()}


def run(options):
    figures.heading("fanout", f"tools/dev bench fanout --crowd {options.crowd} --bundle-ms {options.bundle_ms}"
                    f"{' --peers' if options.peers else ''}")
    print(f"  {BITRATE_BPS} bit/s, controller on core 0, nodes on core 1")
    ours = {} if options.peers else one(options.build, options.crowd, options.bundle_ms)
    if options.peers:
        ours["peers"] = peers(options.build, min(options.crowd, PEERS_MOST), options.bundle_ms, options.ours_us)
    return ours
