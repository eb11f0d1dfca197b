"""The library in the console: recordings come in over a bad link, are found, heard, cut, replaced and put away."""
from browsing import browse
import tap
from shared import ALIKE, logs, sound, speech, station, voice


def stored(made, sha256):
    """The file of a recording as the controller keeps it."""
    return next(path for path in made.data.rglob(f"*{sha256[2:]}*") if path.is_file())


def made_station(build):
    return station(build, hamlets=1, key="library")


def test_an_upload_goes_on_after_a_lost_link_and_a_closed_page(build, folder):
    made = made_station(build)
    file = voice(folder, 40)
    found = browse(made, "library", part="upload", file=str(file))
    assert found["resumed_at"] > 0 and found["media"], found
    for sha256 in found["media"]:
        at, alike = sound.align(sound.read_any(stored(made, sha256)), sound.read_any(file))
        assert alike > ALIKE, f"{sha256}: correlation {alike:.3f} at {at}"


def test_a_recording_is_found_heard_cut_replaced_and_put_away(build, folder):
    made = made_station(build)
    first = made.json("media", "import", voice(folder, 12), "--title", "Thông báo họp thôn", user="lan")["sha256"]
    second = made.json("media", "import", speech(folder), "--title", "Bản đọc mới", user="lan")["sha256"]
    draft = made.json("bulletin", "add", "--title", "Họp thôn", "--media", first, user="lan")["id"]
    approved = made.json("bulletin", "add", "--title", "Họp đã duyệt", "--media", first, user="lan")["id"]
    made.ctl("bulletin", "submit", approved, user="lan")
    made.ctl("bulletin", "approve", approved, user="hung")
    found = browse(made, "library", part="manage", first=first, second=second)
    cut = made.json("media", "show", found["cut"])
    assert cut["title"] == "Họp thôn, đoạn đầu" and abs(cut["duration_ms"] - 3000) < 50, cut
    assert made.json("bulletin", "show", draft)["parts"][0]["media"] == second
    assert made.json("bulletin", "show", approved)["parts"][0]["media"] == first, "what was approved stays"
    copies = [b for b in made.json("bulletin", "list") if b["origin"] == approved]
    assert [b["parts"][0]["media"] for b in copies] == [second], copies
    shown = {m["sha256"]: m for m in made.json("media", "list")}
    assert shown[first]["archived"] is True and shown[first]["title"] == "Thông báo cũ", shown[first]
    assert found["deleted"] not in shown


def test_the_screens_are_sound_in_both_languages_and_sizes(build, _folder):
    browse(made_station(build), "library", part="looks")


if __name__ == "__main__":
    tap.main(globals(), logs)
