"""The fleet tool against a real station: joining, streams, receipts, a power cut, and members that misbehave."""
import json
import signal
import subprocess

import tap
from shared import logs, over, play, station, voice, wait_for

MEMBERS = 24


def fleet(made, folder, *options, state="fleet", seconds=12):
    """Start it; returns a function that waits for its result."""
    run = subprocess.Popen([made.build / "tools/fleet/loa-fleet", "-n", str(MEMBERS), "--controller", made.link,
                            "--state", made.folder / state, "--seconds", str(seconds), "--json",
                            *map(str, options)],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def result():
        out, progress = run.communicate(timeout=seconds + 60)
        assert run.returncode == 0, (run.returncode, out, progress[-2000:])
        return json.loads(out)
    result.end = lambda: run.send_signal(signal.SIGTERM)
    return result


def codes(made, folder):
    made_codes = made.json("node", "join-code", "--zone", 1, "--name", "Cụm", "--count", MEMBERS)
    assert len(made_codes["codes"]) == MEMBERS and made_codes["codes"][4]["name"] == "Cụm 5", made_codes
    file = folder / "codes"
    file.write_text("\n".join(c["code"] for c in made_codes["codes"]))
    return f"@{file}"


def test_members_join_hear_a_stream_and_report_it(build, folder):
    made = station(build, hamlets=0)
    result = fleet(made, folder, "--join", codes(made, folder), "--decode", 8, seconds=30)
    wait_for("all members to be on line", lambda: sum(
        n["online"] for n in made.json("node", "list", "--limit", 500)) == MEMBERS, timeout=60)
    bulletin = made.bulletin("Bản tin", voice(folder, 4))
    broadcast = play(made, bulletin, "--everyone")
    receipts = over(made, broadcast["id"])["targets"]
    result.end()
    out = result()
    assert all(t["receipt"]["outcome"] == "sounded" for t in receipts), receipts
    assert out["joined"] == MEMBERS and out["refused"] == 0, out
    assert out["receipts"] == MEMBERS and out["packets_lost"] == 0, out
    assert out["packets"] >= MEMBERS * 190 and out["decoded"] >= 3 * 190, out
    assert out["lead_ms"]["p50"] > 1000, out  # of two seconds; a machine that stalls takes some of the rest


def test_after_a_power_cut_all_return_by_ticket(build, folder):
    made = station(build, hamlets=0)
    out = fleet(made, folder, "--power-cut", "5:1", seconds=14)()
    assert out["connects"] == 2 * MEMBERS and out["resumed"] == MEMBERS, out
    assert out["audible_ms"]["count"] == MEMBERS, out


def test_sessions_that_were_kept_are_resumed_by_the_next_run(build, folder):
    made = station(build, hamlets=0)
    assert fleet(made, folder, "--sessions", seconds=6)()["resumed"] == 0
    out = fleet(made, folder, "--sessions", seconds=6)()
    assert out["connects"] == MEMBERS and out["resumed"] == MEMBERS, out
    assert fleet(made, folder, seconds=6)()["resumed"] == 0


def test_members_of_another_version_are_refused_with_a_sentence(build, folder):
    made = station(build, hamlets=0)
    out = fleet(made, folder, "--wrong-version", 25, seconds=6)()
    assert out["refused"] == MEMBERS // 4 and out["connects"] == MEMBERS, out


def test_a_tenth_that_reads_too_slowly_costs_the_others_nothing(build, folder):
    made = station(build, hamlets=0)
    result = fleet(made, folder, "--slow", "10:1500", "--ramp", 2, seconds=60)
    wait_for("all members to be on line", lambda: sum(
        n["online"] for n in made.json("node", "list", "--limit", 500)) == MEMBERS, timeout=60)
    broadcast = play(made, made.bulletin("Bản tin dài", voice(folder, 12)), "--everyone")
    slow = {f"Cụm {n + 1}" for n in range(MEMBERS - -(-MEMBERS // 10), MEMBERS)}

    def heard():
        targets = made.json("broadcast", "show", broadcast["id"])["targets"]
        receipts = [t["receipt"] for t in targets if t["name"] not in slow]
        assert len(receipts) == MEMBERS - len(slow), targets
        return receipts if all(receipts) else None

    assert all(r["outcome"] == "sounded" for r in wait_for("the others' receipts", heard, 60, every=0.3))
    behind = {t["name"] for t in made.json("broadcast", "show", broadcast["id"])["targets"] if not t["receipt"]}
    assert behind and behind <= slow, behind
    result.end()
    result()


tap.main(globals(), logs)
