"""The schedule on real nodes: templates sound, starts that the station slept through, quotas, time zones."""
import functools
import os
import pathlib
import re

import tap
from shared import (ends_in_good_order, heard, local, logs, now_us, over, receipts, refused, schedule,
                    sleep_until, sound, station, steady, wait_for, ALIKE)

TEMPLATES = pathlib.Path(__file__).resolve().parents[2] / "schedules/templates"


@functools.cache
def fresh(build):
    """A station with one node that nobody has recorded anything on; it may sound at any hour."""
    made = station(build, hamlets=1, key="schedule")
    made.ctl("station", "set", "--quiet-from", "00:00", "--quiet-to", "00:00", "--allowed-from", "00:00",
             "--allowed-to", "24:00")
    wait_for("the signals to be made", lambda: len(made.json("emergency", "list")) == 4, timeout=90, every=0.5)
    return made


def test_each_template_loads_with_one_command(build, _):
    made = fresh(build)
    for path in sorted(TEMPLATES.glob("*.ics")):
        loaded = made.json("schedule", "load", path.stem, user="lan")
        assert loaded["events"] and loaded["missing"], (path.stem, loaded)
        again = made.json("schedule", "load", path.stem, user="lan")
        assert again["events"] == loaded["events"] and again["updated"] == len(again["events"]), again
        for event in loaded["events"]:
            made.ctl("event", "cancel", event, user="lan")


def test_the_program_names_no_folder_of_the_source(build, _):
    program = (pathlib.Path(build) / "tools/loactl/loactl").read_bytes()
    assert str(TEMPLATES).encode() not in program


def test_a_template_sounds_at_its_time(build, folder):
    """Only the time of day is another one, so that the test need not wait for the morning."""
    made = fresh(build)
    start_us = (now_us() // 1_000_000 + 12) * 1_000_000
    text = (TEMPLATES / "xa-hang-ngay.ics").read_text(encoding="utf-8")
    hour = local(start_us)[11:].replace(":", "")
    changed, count = re.subn(r"(?m)(UID:xa-sang@.*\nDTSTAMP:.*\nDTSTART;TZID=\S+?T)\d{6}", rf"\g<1>{hour}", text)
    assert count == 1
    (pathlib.Path(folder) / "xa-hang-ngay.ics").write_text(changed, encoding="utf-8")
    os.environ["LOA_TEMPLATES"] = str(folder)
    try:
        out = made.ctl("schedule", "load", "xa-hang-ngay", user="lan")
    finally:
        del os.environ["LOA_TEMPLATES"]
    assert "Bản tin buổi sáng" in out, out
    broadcast = wait_for("the template to be planned", lambda: [
        b for b in made.json("broadcast", "list") if b["start_us"] == start_us])[0]
    assert broadcast["title"] == "Nhạc hiệu chờ bản tin", broadcast
    broadcast = over(made, broadcast["id"])
    node, = made.nodes.values()
    receipt = receipts(broadcast)[node.name]
    assert receipt["outcome"] == "sounded", receipt
    assert abs(receipt["actual_start_us"] - start_us) < 20_000, receipt
    chime = next(s for s in made.json("emergency", "list") if s["signal"] == "test")["media"]
    made.ctl("media", "download", chime, pathlib.Path(folder) / "chime.opus")
    alike, error_ms = heard(node, sound.read_any(pathlib.Path(folder) / "chime.opus"), start_us)
    print(f"# alike {alike:.3f}, start {error_ms:+.3f} ms", flush=True)
    assert alike >= ALIKE and abs(error_ms) < 20


def asleep(made, bulletin, wake_s):
    """Controller and node are down over a start; the broadcast after both are back."""
    node, = made.nodes.values()
    node.end()
    broadcast = schedule(made, bulletin, 8)
    made.restart(while_down=lambda: sleep_until(broadcast["start_us"] + wake_s * 1e6))
    node.argv = [str(a) for a in (*node.base, "--audio", f"wav:{node.wav}.again.wav,ppm=0")]
    node.wav = pathlib.Path(f"{node.wav}.again.wav")
    node.start()
    return node, broadcast


def test_a_start_that_the_station_slept_through_is_joined_in_progress(build, folder):
    made = fresh(build)
    bulletin = made.bulletin("Dậy muộn", steady(folder, 40))
    node, broadcast = asleep(made, bulletin, 3)
    broadcast = over(made, broadcast["id"])
    receipt = receipts(broadcast)[node.name]
    assert receipt["outcome"] == "partly", receipt
    late_ms = (receipt["actual_start_us"] - broadcast["start_us"]) / 1000
    print(f"# joined {late_ms:.0f} ms after the start: {receipt}", flush=True)
    assert 3000 < late_ms < 30_000


def test_one_that_is_over_is_missed_in_the_journal_and_as_an_alarm(build, folder):
    made = fresh(build)
    bulletin = made.bulletin("Ngủ quên", steady(folder, 3))
    node, broadcast = asleep(made, bulletin, 5)
    broadcast = over(made, broadcast["id"])
    assert broadcast["state"] == "missed", broadcast
    entry = next(e for e in made.json("journal", "list")
                 if e["object"] == f"broadcast:{broadcast['id']}" and e["action"] == "broadcast.missed")
    assert entry["actor"] == "station", entry

    def alarmed():
        return [a for a in made.json("alarm", "list") if a["kind"] == "not_sounded" and not a["cleared_us"]]

    wait_for("the alarm", alarmed, timeout=20, every=0.5)
    made.ready()
    over(made, schedule(made, bulletin, 8)["id"])
    wait_for("the alarm to clear", lambda: not alarmed(), timeout=30, every=0.5)


def test_times_are_those_of_the_station(build, folder):
    made = fresh(build)

    node = made.record(next(iter(made.nodes)))["id"]
    there = made.json("why", f"{node}@2026-12-01T05:30")
    assert there["at_us"] == 1796077800000000, there
    file = pathlib.Path(folder) / "a.ics"
    file.write_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20261201T200000Z\nSUMMARY:A\nEND:VEVENT\n"
                    "END:VCALENDAR\n")
    assert made.json("schedule", "expand", file, "--from", "2026-12-02", "--to", "2026-12-03") == []
    row, = made.json("schedule", "expand", file, "--from", "2026-12-02", "--to", "2026-12-03", "--zone",
                     "Asia/Ho_Chi_Minh")
    assert row["start_local"] == "2026-12-02T03:00:00", row
    assert "Mars" in refused(made, "schedule", "expand", file, "--from", "2026-12-02", "--to", "2026-12-03",
                             "--zone", "Mars/Base")


def test_the_profile_binds_the_schedule_and_revisions_bind_changes(build, folder):
    made = fresh(build)
    bulletin = made.bulletin("Đô thị", steady(folder, 2))
    made.ctl("station", "set", "--profile", "urban")
    line = refused(made, "event", "add", "--bulletin", bulletin, "--everyone", "--at", "2026-12-05T10:00", user="lan")
    assert "weekend" in line, line
    made.ctl("station", "set", "--profile", "none")
    event = made.json("event", "add", "--bulletin", bulletin, "--everyone", "--at", "2026-12-05T10:00",
                      user="lan")["id"]
    refused(made, "event", "cancel", event, "--if-match", "7", user="lan")
    made.ctl("event", "cancel", event, "--if-match", "1", user="lan")


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(station(build, hamlets=1, key="schedule"))


if __name__ == "__main__":
    tap.main(globals(), logs)
