"""The calendar by hand: write an event in plain words, see conflicts before saving, drag, skip, copy, ask why."""
from browsing import browse
import tap
from shared import bare, logs, speech

_made = {}


def station(build, folder):
    if not _made:
        made = bare(build, key="browser")
        made.setup()
        zones = [made.zone(code, name) for code, name in (("T01", "Thôn Đông"), ("T02", "Thôn Đoài"))]
        made.node("Cụm loa nhà văn hóa", zones[0])
        made.ready()
        made.bulletin("Thông báo tiêm phòng", speech(folder))
        made.bulletin("Bản tin nông vụ", speech(folder, "Bà con chú ý phòng trừ sâu bệnh cho lúa."))
        _made["it"] = made
    return _made["it"]


def test_an_event_is_written_checked_moved_and_ended_by_hand(build, folder):
    made = station(build, folder)
    browse(made, "calendar", part="write")
    events = made.json("event", "list")
    assert len(events) == 3 and not any(e["cancelled"] for e in events), events
    assert any("BYMONTHDAY" in e["ics"] and not e["everyone"] for e in events), events
    weekly = [e for e in events if e["kind"] == "weekly"][0]
    assert weekly["repeats"] == 2 and weekly["weekdays"], weekly
    assert "EXDATE" in weekly["ics"], "one occurrence was skipped"


def test_a_file_is_loaded_and_the_whole_schedule_comes_out_again(build, folder):
    made = station(build, folder)
    before = len(made.json("event", "list"))
    text = browse(made, "calendar", part="file")["text"]
    assert len(made.json("event", "list")) > before
    assert text.startswith("BEGIN:VCALENDAR") and text.count("BEGIN:VEVENT") > before, text[:200]


if __name__ == "__main__":
    tap.main(globals(), logs)
