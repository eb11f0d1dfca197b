"""Bulletins in the console: each role's part of the way from what is written to what a node sounds."""
from browsing import browse
import tap
from shared import HAMLETS, all_sounded, logs, over, sound, sounds_like, station, voice


def made_station(build):
    made = station(build, hamlets=2, key="bulletins")
    # Whatever the hour is, playing touches quiet hours and needs the second confirmation.
    made.ctl("station", "set", "--quiet-from", "00:00", "--quiet-to", "23:59")
    return made


def test_a_bulletin_written_by_one_and_approved_by_another_sounds(build, folder):
    made = made_station(build)
    file = voice(folder, 6)
    found = browse(made, "bulletins", part="way", file=str(file))
    broadcast = made.json("broadcast", "show", found["broadcast"])
    sounds_like([made.nodes[name] for _, name, _ in HAMLETS[:2]], sound.read_any(file), broadcast["start_us"])
    all_sounded(over(made, broadcast["id"]))
    shown = made.json("bulletin", "show", found["bulletin"])
    assert [(s["from"], s["to"]) for s in shown["history"]] == [("draft", "submitted"), ("submitted", "approved")]


def test_parts_come_by_speech_recording_and_file_and_change_places(build, folder):
    made = made_station(build)
    found = browse(made, "bulletins", part="write", file=str(voice(folder, 6)), spoken=str(voice(folder, 40)))
    shown = made.json("bulletin", "show", found["bulletin"])
    assert [p["kind"] for p in shown["parts"]] == found["kinds"], shown["parts"]
    assert [p["language"] for p in shown["parts"]] == found["languages"], shown["parts"]
    assert shown["kind"] == "health" and shown["priority"] == "priority", shown
    assert shown["issuer"] == "UBND xã Phú Xuân" and shown["document"] == "45/TB-UBND", shown
    assert shown["expires_us"] == found["expires_us"], shown
    assert found["recorded"]["seconds"] > 1.5 and found["recorded"]["peak"] > 0.05, found["recorded"]


def test_nothing_is_lost_when_the_link_is_or_the_page_is_closed(build, folder):
    made = made_station(build)
    browse(made, "bulletins", part="link", file=str(voice(folder, 6)))


def test_of_two_writers_the_second_is_told(build, folder):
    made = made_station(build)
    browse(made, "bulletins", part="two", file=str(voice(folder, 6)))


def test_the_approver_sends_back_and_templates_are_copied(build, _folder):
    made = made_station(build)
    found = browse(made, "bulletins", part="decide")
    shown = made.json("bulletin", "show", found["bulletin"])
    assert shown["state"] == "rejected" and shown["reason"] == found["reason"], shown


def test_the_screens_are_sound_in_both_languages_and_sizes(build, _folder):
    browse(made_station(build), "bulletins", part="looks")


if __name__ == "__main__":
    tap.main(globals(), logs)
