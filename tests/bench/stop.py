"""stop: from the operator's "stop all" to each of many connected nodes, while all are streamed to.

The members of a fleet (tools/fleet) speak the whole link and note when the first stop of what they sound
arrives. The operator's part is from before the request leaves to the instant the station gave the order.
"""
import json
import subprocess
import tempfile

import figures
from bed import Bed
from shared import now_us, play, voice
from station import wait_for

ROUNDS = 20
SECONDS = 60
JOIN_S = 120


def run_rounds(bed, folder):
    """Play to all, stop in the middle; returns how long the station took to give each order, ms."""
    bulletin = bed.bulletin("Bản tin", voice(folder, SECONDS))
    given = []
    for _ in range(ROUNDS):
        broadcast = play(bed, bulletin, "--everyone")["id"]
        wait_for("the broadcast to be on air",
                 lambda: bed.json("broadcast", "show", broadcast)["state"] == "on_air", every=0.2)
        wait_for("two seconds of it",
                 lambda: bed.json("broadcast", "show", broadcast)["start_us"] + 2_000_000 < now_us(),
                 every=0.2)
        asked = now_us()
        bed.json("stop", user="lan")
        entry = json.loads(bed.api("/journal?order=newest&limit=1")[1])["items"][0]
        assert entry["action"] == "broadcast.stop", entry
        given.append((entry["at_us"] - asked) / 1000)
        wait_for("the receipts", lambda: bed.json("broadcast", "show", broadcast)["state"] == "closed")
    return given


def run(options):
    figures.heading("stop", f"tools/dev bench stop --members {options.members}")
    with Bed(options.build) as bed, tempfile.TemporaryDirectory() as folder:
        zone = bed.zone("T01", "Thôn Đông")
        made = bed.json("node", "join-code", "--zone", zone, "--name", "Cụm", "--count", options.members)
        codes = bed.folder / "codes"
        codes.write_text("\n".join(c["code"] for c in made["codes"]), encoding="utf-8")
        with subprocess.Popen([f"{options.build}/tools/fleet/loa-fleet", "-n", str(options.members),
                               "--controller", bed.link, "--state", bed.folder / "fleet",
                               "--join", f"@{codes}", "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as fleet:
            wait_for("all members to be on line",
                     lambda: sum(n["online"] for n in bed.json("node", "list", "--limit", 500)) ==
                     options.members, timeout=JOIN_S, every=0.5)
            given = figures.distribution(run_rounds(bed, folder))
            fleet.send_signal(2)
            reached = json.loads(fleet.communicate(timeout=60)[0])["stop_ms"]
    if reached["count"] != ROUNDS * options.members:
        figures.progress(f"only {reached['count']} of {ROUNDS * options.members} stops arrived")
    figures.figure("operator to order (loactl and sign-in included)", figures.text(given, "ms"))
    figures.figure("order to node", ", ".join(f"{k} {v}" for k, v in reached.items()) + " (ms)",
                   "p99 300 ms, 150 nodes")
    return {"operator_to_order_ms": given, "order_to_node_ms": reached}
