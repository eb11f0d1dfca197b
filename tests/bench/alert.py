"""alert: from the request to the first audible sample of the siren, and from cancel to silence.

A bulletin sounds everywhere, so that each alert pre-empts. Real nodes tell in their receipts when the first and the
last sample of the siren left the card; the members of a fleet speak the whole link and note when orders arrive.
Time counts from before the request leaves, on a connection that is open, as a console's is.
"""
import http.client
import json
import ssl
import subprocess
import tempfile
import urllib.parse

import figures
from bed import Bed
from shared import now_us, play, sleep_until, voice
from station import Failed, wait_for

ROUNDS = 20
NODES = 3
SECONDS = 240
JOIN_S = 120
SOUNDS_US = 1_500_000


class Console:
    """One open connection of a person who is signed in."""

    def __init__(self, bed, user):
        url = urllib.parse.urlparse(bed.url)
        trusted = ssl.create_default_context(cafile=str(bed.data / "pki/ca.crt"))
        token = (bed.folder / f"loactl-{user}/session").read_text().splitlines()[2]
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPSConnection(url.hostname, url.port, context=trusted, timeout=30)

    def post(self, path, body):
        """Returns the answer, and when it was asked for."""
        asked_us = now_us()
        self.connection.request("POST", f"/api/v1{path}", json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        read = answer.read()
        if answer.status >= 300:
            raise Failed(f"POST {path}: {read.decode()}")
        return json.loads(read), asked_us, now_us()


def real_receipts(bed, broadcast):
    def come():
        rows = {t["name"]: t["receipt"] for t in bed.json("broadcast", "show", broadcast)["targets"]}
        mine = [rows[name] for name in bed.nodes]
        return mine if all(mine) else None

    return wait_for("the receipts of the nodes", come, timeout=60, every=0.3)


def run_rounds(bed, folder):
    bulletin = bed.bulletin("Bản tin", voice(folder, SECONDS))
    play(bed, bulletin, "--everyone")
    sleep_until(now_us() + 6_000_000)
    console = Console(bed, "lan")
    starts, ends, answers, spread = [], [], [], []
    for _ in range(ROUNDS):
        alert, asked_us, answered_us = console.post("/alerts", {"everyone": True, "title": "Đo"})
        sleep_until(alert["tone_start_us"] + SOUNDS_US)
        _, cancelled_us, _ = console.post(f"/alerts/{alert['id']}/cancel", {})
        receipts = real_receipts(bed, alert["tone"])
        starts += [(r["actual_start_us"] - asked_us) / 1000 for r in receipts]
        ends += [(r["actual_end_us"] - cancelled_us) / 1000 for r in receipts]
        answers.append((answered_us - asked_us) / 1000)
        errors = [r["start_error_us"] for r in receipts]
        spread.append((max(errors) - min(errors)) / 1000)
    return starts, ends, answers, spread


def run(options):
    figures.heading("alert", f"tools/dev bench alert --members {options.members}")
    members = options.members - NODES
    with Bed(options.build) as bed, tempfile.TemporaryDirectory() as folder:
        zone = bed.zone("T01", "Thôn Đông")
        bed.ctl("alert", "policy", "set", "--per-hour", 1000)
        for number in range(NODES):
            bed.node(f"Cụm {number + 1}", zone, ppm=20 * number - 20)
        made = bed.json("node", "join-code", "--zone", zone, "--name", "Xa", "--count", members)
        codes = bed.folder / "codes"
        codes.write_text("\n".join(c["code"] for c in made["codes"]), encoding="utf-8")
        with subprocess.Popen([f"{options.build}/tools/fleet/loa-fleet", "-n", str(members), "--cached",
                               "--controller", bed.link, "--state", bed.folder / "fleet",
                               "--join", f"@{codes}", "--json"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as fleet:
            wait_for("all nodes to be on line",
                     lambda: sum(n["online"] for n in bed.json("node", "list", "--limit", 500)) ==
                     options.members, timeout=JOIN_S, every=0.5)
            bed.ready()
            found = [figures.distribution(values) for values in run_rounds(bed, folder)]
            fleet.send_signal(2)
            told = json.loads(fleet.communicate(timeout=60)[0])
    starts, ends, answers, spread = found
    figures.figure("request to first audible sample", figures.text(starts, "ms"), "p50 100 ms, p99 250 ms")
    figures.figure("cancel to silence", figures.text(ends, "ms"), "p99 250 ms")
    figures.figure("request to answer", figures.text(answers, "ms"))
    figures.figure("nodes apart at the first sample", figures.text(spread, "ms"))
    for what, key in (("order to member, of whatever kind", "order_ms"), ("siren's order before its start", "early_ms")):
        figures.figure(what, ", ".join(f"{k} {v}" for k, v in told[key].items()) + " (ms)")
    return {"start_ms": starts, "silence_ms": ends, "answer_ms": answers, "spread_ms": spread,
            "order_to_member_ms": told["order_ms"], "order_early_ms": told["early_ms"]}
