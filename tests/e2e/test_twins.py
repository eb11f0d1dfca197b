"""Several live controllers claim one node: it obeys one at a time, and says why it refuses the others."""
import functools
import shutil
import signal
import sqlite3
import subprocess
import time

import tap
from shared import (HAMLETS, all_sounded, bare, ends_in_good_order, heard, logs, now_us, over, play,
                    prepared, schedule, silent, sleep_until, sound,
                    sounds_like, speech, station, targets, voice, wait_for)

APART = 0.5  # far above the correlation of two different recordings, far below that of the same
AHEAD_S = 45  # for the node to change over and be given more orders, on a busy machine


class Twins:
    """One backup, restored on two machines that both run: one authority, one list of nodes, two stations.

    The address that stands first in the node's list leads to an impostor: same name, an authority of its own."""

    def __init__(self, build):
        self.first = made = station(build, hamlets=1, key="first-")
        self.node = made.nodes[HAMLETS[0][1]]
        self.files = {"dài": voice(made.folder, 8), "ngắn": speech(made.folder)}
        self.bulletins = {name: made.bulletin(f"Bản tin {name}", file) for name, file in self.files.items()}
        made.keep_ports()
        made.ctl("backup", "create", made.folder / "backup.db")
        made.controller.end()
        self.second = prepared(build, key="second-")
        for kept in ("controller/pki", "controller/media", "loactl-admin", "loactl-lan", "loactl-hung"):
            shutil.copytree(made.folder / kept, self.second.folder / kept)
        for twin in (self.first, self.second):
            subprocess.run([*twin.controller.argv, "--restore", made.folder / "backup.db"], check=True,
                           capture_output=True)
            time.sleep(1)  # numbers of orders begin at the second of the restore
            twin.start()
        self.impostor = bare(build, key="impostor-")
        self.node.base[self.node.base.index(made.link)] = self.impostor.link
        self.node.base += ["--controller", made.link, "--controller", self.second.link]
        made.node_again(self.node)
        made.ready()

    def bulletin_at(self, made, name, start_us):
        return schedule(made, self.bulletins[name], start_us // 1_000_000 - now_us() // 1_000_000)

    def recording(self, name):
        return sound.read_any(self.files[name])

    def moves_to(self, made):
        wait_for("the node to be on line there", lambda: made.record(self.node.name)["online"], timeout=60)


twins = functools.cache(Twins)


def row_of(broadcast):
    row, = broadcast["targets"]
    return row


def test_of_two_live_controllers_the_node_obeys_the_first_alone(build, _):
    t = twins(build)
    ours, theirs = play(t.first, t.bulletins["dài"]), play(t.second, t.bulletins["ngắn"])
    sounds_like([t.node], t.recording("dài"), ours["start_us"])
    alike, _ = heard(t.node, t.recording("ngắn"), theirs["start_us"])
    assert alike < APART, f"the other one sounded too: {alike:.3f}"
    all_sounded(over(t.first, ours["id"]))
    row = row_of(over(t.second, theirs["id"]))
    assert row["receipt"] is None and "never connected" in row["note"], row
    assert "node.connected" not in t.second.controller.text()


def test_an_impostor_that_stands_first_in_the_list_is_refused_with_a_reason(build, _):
    t = twins(build)
    assert "not from this station" in t.node.text()
    assert "link.next_controller" in t.node.text()
    assert "node.connected" not in t.impostor.controller.text()
    wait_for("its station to be told", lambda: [a for a in t.first.json("alarm", "list") if a["kind"] == "impostor"])
    told = [e["detail"] for e in t.first.json("journal", "list", "--action", "alarm.raise", "--limit", 500)]
    assert len([d for d in told if d.get("kind") == "impostor"]) == 1, told


@functools.cache
def left_behind(build):
    """What the first controller has planned when it dies."""
    t = twins(build)
    planned = schedule(t.first, t.bulletins["dài"], AHEAD_S)
    targets(t.first, planned["id"], "accepted")
    t.first.controller.end(signal.SIGKILL)
    t.moves_to(t.second)
    return planned


def test_a_number_that_the_first_gave_is_refused_with_a_reason(build, _):
    t = twins(build)
    left_behind(build)
    with sqlite3.connect(f"file:{t.first.data / 'loa.db'}?mode=ro", uri=True) as db:
        used, = db.execute("SELECT value FROM counter WHERE name = 'order'").fetchone()
    with sqlite3.connect(t.second.data / "loa.db", timeout=10) as db:
        own, = db.execute("SELECT value FROM counter WHERE name = 'order'").fetchone()
        db.execute("UPDATE counter SET value = ? WHERE name = 'order'", (used - 1,))
    refused = play(t.second, t.bulletins["ngắn"])
    row = row_of(over(t.second, refused["id"]))
    t.refused = refused["id"]
    assert (row["state"], row["verdict"], row["receipt"]) == ("refused", "replayed", None), row
    assert "another order had this number" in t.second.controller.text()
    with sqlite3.connect(t.second.data / "loa.db", timeout=10) as db:
        db.execute("UPDATE counter SET value = ? WHERE name = 'order'", (own,))
    assert silent(t.node, refused["start_us"], refused["end_us"])


def test_what_both_planned_for_one_time_sounds_once_by_the_rule(build, _):
    t = twins(build)
    planned = left_behind(build)
    if now_us() > planned["start_us"] - 5_000_000:
        raise tap.Skip(f"the machine took {AHEAD_S} s for what came before")
    theirs = t.bulletin_at(t.second, "ngắn", planned["start_us"] + 2_000_000)
    targets(t.second, theirs["id"], "accepted")
    sleep_until(planned["start_us"])
    sounds_like([t.node], t.recording("dài"), planned["start_us"])  # equal, and the earlier one
    alike, _ = heard(t.node, t.recording("ngắn"), theirs["start_us"])
    assert alike < APART, f"the later one sounded too: {alike:.3f}"
    row = row_of(over(t.second, theirs["id"]))
    assert row["receipt"]["outcome"] == "missed" and row["receipt"]["reason"] == "preempted", row


def test_a_receipt_for_the_other_ones_order_is_not_taken_for_ones_own(build, _):
    t = twins(build)
    wait_for("the first one's receipt to come", lambda: "receipt.unknown" in t.second.controller.text())
    assert row_of(over(t.second, t.refused))["receipt"] is None


def test_the_second_is_obeyed_while_the_first_is_away(build, _):
    t = twins(build)
    broadcast = over(t.second, play(t.second, t.bulletins["ngắn"])["id"])
    all_sounded(broadcast)
    sounds_like([t.node], t.recording("ngắn"), broadcast["start_us"])


def test_the_first_is_obeyed_again_when_it_is_back(build, _):
    t = twins(build)
    left_behind(build)
    t.first.start()
    t.second.controller.end(signal.SIGKILL)
    t.moves_to(t.first)
    broadcast = over(t.first, play(t.first, t.bulletins["dài"])["id"])
    all_sounded(broadcast)
    sounds_like([t.node], t.recording("dài"), broadcast["start_us"])


def test_all_programs_end_in_good_order(build, _):
    t = twins(build)
    ends_in_good_order(t.first)
    ends_in_good_order(t.second)
    ends_in_good_order(t.impostor)
    assert "node.connected" not in t.impostor.controller.text()


if __name__ == "__main__":
    tap.main(globals(), logs)
