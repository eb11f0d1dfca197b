"""Power and network fail in the worst moments; what was accepted sounds, and the receipts are honest."""
import contextlib
import signal
import sqlite3

import tap
from shared import (HAMLETS, all_sounded, ends_in_good_order, heard, journal_is_intact, logs, over, play,
                    receipts, schedule, silent, sleep_until, sound, sounds_like, station, targets,
                    voice, wait_for, ALIKE, ON_TIME_MS)


def database_is_sound(made):
    with sqlite3.connect(f"file:{made.data / 'loa.db'}?mode=ro", uri=True) as db:
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_with_the_controller_gone_at_airtime_the_nodes_start_on_time(build, folder):
    made = station(build)
    file = voice(folder, 4)
    broadcast = schedule(made, made.bulletin("Mất mạng", file), 6)
    targets(made, broadcast["id"], "accepted")
    sleep_until(broadcast["start_us"] - 1_000_000)
    made.restart(signal.SIGKILL, lambda: sleep_until(broadcast["start_us"] + 1_500_000))
    sounds_like(made.nodes.values(), sound.read_any(file), broadcast["start_us"])
    broadcast = over(made, broadcast["id"])
    assert broadcast["state"] == "closed"
    all_sounded(broadcast)
    database_is_sound(made)
    journal_is_intact(made)


def test_killing_the_controller_in_mid_broadcast_loses_nothing(build, folder):
    made = station(build)
    file = voice(folder, 9)
    broadcast = play(made, made.bulletin("Mất điện trạm", file))
    targets(made, broadcast["id"], "accepted")
    sleep_until(broadcast["start_us"] + 2_000_000)
    made.restart(signal.SIGKILL, lambda: database_is_sound(made))
    made.ready()
    assert made.json("broadcast", "show", broadcast["id"])["state"] == "on_air"
    broadcast = over(made, broadcast["id"])
    all_sounded(broadcast)
    sounds_like(made.nodes.values(), sound.read_any(file), broadcast["start_us"])
    database_is_sound(made)
    journal_is_intact(made)


def test_after_a_kill_the_station_still_takes_orders(build, folder):
    made = station(build)
    file = voice(folder, 2)
    broadcast = over(made, play(made, made.bulletin("Sau sự cố", file))["id"])
    all_sounded(broadcast)
    sounds_like(made.nodes.values(), sound.read_any(file), broadcast["start_us"])


def test_a_node_killed_in_mid_broadcast_comes_back_in_sync(build, folder):
    made = station(build)
    file = voice(folder, 13)
    reference = sound.read_any(file)
    node, *others = made.nodes.values()
    broadcast = play(made, made.bulletin("Mất điện cụm loa", file))
    targets(made, broadcast["id"], "accepted")
    sleep_until(broadcast["start_us"] + 2_000_000)
    made.node_again(node, signal.SIGKILL)
    broadcast = over(made, broadcast["id"])
    tail_us = 8_000_000
    alike, error_ms = heard(node, reference[tail_us * sound.RATE // 1_000_000:],
                            broadcast["start_us"] + tail_us)
    print(f"# back: alike {alike:.3f}, {error_ms:+.3f} ms")
    assert alike >= ALIKE and abs(error_ms) < ON_TIME_MS
    sounds_like(others, reference, broadcast["start_us"])
    receipt = receipts(broadcast)[node.name]
    assert (receipt["outcome"], receipt["reason"]) == ("partly", "restarted"), receipt
    for other in others:
        assert receipts(broadcast)[other.name]["outcome"] == "sounded"
    assert made.record(node.name)["online"]


def test_a_receipt_written_while_the_controller_is_away_comes_exactly_once(build, folder):
    made = station(build)
    broadcast = play(made, made.bulletin("Một lần", voice(folder, 2)))
    targets(made, broadcast["id"], "accepted")
    sleep_until(broadcast["end_us"] - 800_000)
    made.restart(signal.SIGKILL, lambda: sleep_until(broadcast["end_us"] + 800_000))
    over(made, broadcast["id"])
    with sqlite3.connect(f"file:{made.data / 'loa.db'}?mode=ro", uri=True) as db:
        rows = db.execute("SELECT node, count(*) FROM receipt WHERE broadcast = ? GROUP BY node",
                          (broadcast["id"],)).fetchall()
    assert sorted(rows) == [(1, 1), (2, 1), (3, 1)], rows


def test_a_node_that_never_comes_back_is_accounted_for(build, folder):
    made = station(build)
    node = made.nodes[HAMLETS[2][1]]
    node.end()
    wait_for("the node to be gone", lambda: not made.record(node.name)["online"])
    broadcast = over(made, play(made, made.bulletin("Thiếu một", voice(folder, 2)))["id"])
    row = next(t for t in broadcast["targets"] if t["name"] == node.name)
    assert (row["state"], row["receipt"]) == ("silent", None) and "never connected" in row["note"], row
    assert [t["receipt"]["outcome"] for t in broadcast["targets"] if t is not row] == ["sounded"] * 2
    made.node_again(node)


def test_a_stop_survives_the_controller_and_reaches_a_node_that_was_away(build, folder):
    made = station(build)
    node = made.nodes[HAMLETS[2][1]]
    broadcast = schedule(made, made.bulletin("Dừng trước khi phát", voice(folder, 2)), 15)
    targets(made, broadcast["id"], "accepted")
    node.end()
    wait_for("the node to be gone", lambda: not made.record(node.name)["online"])
    made.ctl("broadcast", "stop", broadcast["id"], user="lan")
    made.restart(signal.SIGKILL)
    assert made.json("broadcast", "show", broadcast["id"])["state"] == "cancelled"
    made.node_again(node)
    over(made, broadcast["id"])
    assert all(silent(n, broadcast["start_us"], broadcast["end_us"]) for n in made.nodes.values())


def test_orders_that_could_not_be_stored_are_given_again(build, folder):
    made = station(build)
    file = voice(folder, 2)
    bulletin = made.bulletin("Ghi hỏng", file)
    with contextlib.closing(sqlite3.connect(made.data / "loa.db", isolation_level=None)) as db:
        db.execute("CREATE TRIGGER broken BEFORE UPDATE ON target"
                   " BEGIN SELECT RAISE(ABORT, 'broken'); END")
        broadcast = schedule(made, bulletin, 8)
        wait_for("the step to fail", lambda: "broadcast.step_failed" in made.controller.text())
        db.execute("DROP TRIGGER broken")
    targets(made, broadcast["id"], "accepted")
    broadcast = over(made, broadcast["id"])
    all_sounded(broadcast)
    sounds_like(made.nodes.values(), sound.read_any(file), broadcast["start_us"])


def test_an_event_slept_through_is_noted_as_missed(build, folder):
    made = station(build)
    for node in made.nodes.values():
        node.end()
    wait_for("all to be gone", lambda: not any(n["online"] for n in made.json("node", "list")))
    broadcast = schedule(made, made.bulletin("Ngủ quên", voice(folder, 2)), 3)
    made.restart(signal.SIGKILL, lambda: sleep_until(broadcast["end_us"] + 500_000))
    shown = over(made, broadcast["id"])
    assert shown["state"] == "missed", shown
    for row in shown["targets"]:
        assert (row["state"], row["receipt"]) == ("silent", None) and row["note"], row


def test_all_programs_end_in_good_order(build, _):
    database_is_sound(station(build))
    ends_in_good_order(station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
