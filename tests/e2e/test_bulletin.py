"""Bulletins of parts, and plans that follow what people change."""
import json
import subprocess

import tap
from shared import (HAMLETS, all_sounded, ends_in_good_order, logs, over, play, refused, schedule, silent, sleep_until,
                    sound, sounds_like, station, targets, voice, wait_for)


def test_a_node_that_is_moved_leaves_what_was_planned_and_joins_the_other(build, folder):
    made = station(build)
    moved = made.nodes[HAMLETS[0][1]]
    stays = made.nodes[HAMLETS[1][1]]
    file = voice(folder, 4)
    bulletin = made.bulletin("Chuyển thôn", file)
    broadcast = schedule(made, bulletin, 9, "--zone", made.zones[0], "--zone", made.zones[1])
    targets(made, broadcast["id"], "accepted")
    node = next(n["id"] for n in made.json("node", "list") if n["name"] == moved.name)
    third = next(n["id"] for n in made.json("node", "list") if n["name"] == HAMLETS[2][1])
    made.ctl("node", "set", node, "--zone", made.zones[2])
    made.ctl("node", "set", third, "--zone", made.zones[0])
    joined = made.nodes[HAMLETS[2][1]]
    sounds_like([stays, joined], sound.read_any(file), broadcast["start_us"])
    assert silent(moved, broadcast["start_us"] - 500_000, broadcast["end_us"] + 500_000)
    shown = over(made, broadcast["id"])
    by_name = {t["name"]: t for t in shown["targets"]}
    assert by_name[moved.name]["receipt"]["outcome"] != "sounded", by_name[moved.name]
    assert by_name[joined.name]["receipt"]["outcome"] == "sounded", by_name[joined.name]
    made.ctl("node", "set", node, "--zone", made.zones[0])
    made.ctl("node", "set", third, "--zone", made.zones[2])


def test_an_approval_taken_back_withdraws_what_is_planned_until_it_is_given_again(build, folder):
    made = station(build)
    file = voice(folder, 3)
    bulletin = made.bulletin("Duyệt lại", file)
    broadcast = schedule(made, bulletin, 15)
    targets(made, broadcast["id"], "accepted")
    made.ctl("bulletin", "reject", bulletin, "--reason", "Sai ngày", user="hung")
    assert made.json("broadcast", "show", broadcast["id"])["state"] in ("cancelled", "closed")
    made.ctl("bulletin", "submit", bulletin, user="lan")
    made.ctl("bulletin", "approve", bulletin, user="hung")
    again = wait_for("the occurrence to be planned again",
                     lambda: [b for b in made.json("broadcast", "list") if b["start_us"] == broadcast["start_us"]
                              and b["id"] != broadcast["id"]])[0]
    sounds_like(made.nodes.values(), sound.read_any(file), broadcast["start_us"])
    all_sounded(over(made, again["id"]))


def change(made, bulletin, body, user="lan"):
    """PUT a bulletin as a console does; the status."""
    token = (made.folder / f"loactl-{user}/session").read_text().splitlines()[2]
    out = subprocess.run(["curl", "-sS", "--noproxy", "*", "--cacert", str(made.data / "pki/ca.crt"), "-o", "/dev/null", "-w",
                          "%{http_code}", "-X", "PUT", "-H", f"Authorization: Bearer {token}", "-H",
                          "If-Match: *", "-H", "Content-Type: application/json", "-d", json.dumps(body), f"{made.url}/api/v1/bulletins/{bulletin}"],
                         check=True, capture_output=True, text=True)
    return int(out.stdout)


def test_a_bulletin_that_is_edited_on_air_sounds_as_it_was_approved(build, folder):
    made = station(build)
    file, other = voice(folder, 12), voice(folder, 3)
    bulletin = made.bulletin("Sửa khi đang phát", file)
    new = {"title": "Đã sửa", "media": [made.json("media", "import", other, user="lan")["sha256"]]}
    broadcast = play(made, bulletin, "--everyone")
    targets(made, broadcast["id"], "accepted")
    sleep_until(broadcast["start_us"] + 1_000_000)
    assert change(made, bulletin, new) == 409, "an approved bulletin was edited"
    made.ctl("bulletin", "reject", bulletin, "--reason", "Sai ngày", user="hung")
    assert change(made, bulletin, new) == 200
    sounds_like(made.nodes.values(), sound.read_any(file), broadcast["start_us"])
    shown = over(made, broadcast["id"])
    all_sounded(shown)
    assert shown["title"] == "Sửa khi đang phát", shown
    assert made.json("bulletin", "show", bulletin)["state"] == "draft"
    assert "draft" in refused(made, "play", bulletin, "--everyone", user="lan")


def compose(made, title, *parts, user="lan"):
    """A bulletin of parts, approved; returns it as the station shows it."""
    bulletin = made.json("bulletin", "add", "--title", title, *(a for p in parts for a in ("--part", p)),
                         user=user)["id"]
    made.ctl("bulletin", "submit", bulletin, user=user)
    made.ctl("bulletin", "approve", bulletin, user="hung")
    return made.json("bulletin", "show", bulletin)


def test_chime_speech_silence_and_recording_sound_as_one_programme(build, folder):
    made = station(build)
    nodes = [made.nodes[name] for _, name, _ in HAMLETS[:2]]
    file = voice(folder, 5)
    media = made.json("media", "import", file, user="lan")["sha256"]
    shown = compose(made, "Đủ các phần", "chime", "text:Mời bà con ra nhà văn hóa.", "silence:2000",
                    f"media:{media}", "chime")
    parts = shown["parts"]
    assert [p["kind"] for p in parts] == ["chime", "text", "silence", "media", "chime"], parts
    assert parts[1]["text"] == "Mời bà con ra nhà văn hóa.", parts
    assert parts[0]["media"] == parts[4]["media"] == made.json("station", "show")["signature"]
    broadcast = schedule(made, shown["id"], 8)
    assert broadcast["duration_ms"] == sum(p["duration_ms"] for p in parts), broadcast
    at_us = [broadcast["start_us"] + 1000 * sum(p["duration_ms"] for p in parts[:i]) for i in range(6)]
    chime = folder / "chime.opus"
    spoken = folder / "spoken.opus"
    made.ctl("media", "download", parts[0]["media"], chime)
    made.ctl("media", "download", parts[1]["media"], spoken)
    sounds_like(nodes, sound.read_any(chime), at_us[0])
    sounds_like(nodes, sound.read_any(spoken), at_us[1])
    sounds_like(nodes, sound.read_any(file), at_us[3])
    sounds_like(nodes, sound.read_any(chime), at_us[4])
    for node in nodes:
        assert silent(node, at_us[2] + 20_000, at_us[3] - 20_000), node.name
        assert silent(node, at_us[5] + 20_000, at_us[5] + 500_000), node.name
    all_sounded(over(made, broadcast["id"]))


def test_two_zones_hear_their_own_languages(build, folder):
    made = station(build)
    first, second, third = (made.nodes[name] for _, name, _ in HAMLETS)
    made.ctl("zone", "set", made.zones[0], "--language", "hmn", "--language", "vi")
    made.ctl("zone", "set", made.zones[1], "--language", "vi")
    shown = compose(made, "Hai thứ tiếng", "chime", "text/vi:Mời bà con ra nhà văn hóa.",
                    "text/hmn:Nyob zoo sawv daws tuaj.")
    chime, vi, hmn = shown["parts"]
    sounds = {}
    for part in (vi, hmn):
        path = folder / f"{part['language']}.opus"
        made.ctl("media", "download", part["media"], path)
        sounds[part["language"]] = sound.read_any(path)
    begin = schedule(made, shown["id"], 9)
    variants = {b["variant"]: b for b in made.json("broadcast", "list") if b["event"] == begin["event"]}
    assert set(variants) == {"hmn,vi", "vi", ""}, variants
    at_us = begin["start_us"] + 1000 * chime["duration_ms"]
    sounds_like([first], sounds["hmn"], at_us)
    sounds_like([first], sounds["vi"], at_us + 1000 * hmn["duration_ms"])
    sounds_like([second, third], sounds["vi"], at_us)
    assert silent(second, at_us + 1000 * vi["duration_ms"] + 20_000, at_us + 1000 * vi["duration_ms"] + 900_000)
    for b in variants.values():
        all_sounded(over(made, b["id"]))


def test_parts_that_make_no_programme_are_refused_in_one_sentence(build, folder):
    made = station(build)
    for wanted, parts in (("live", ["chime", "live"]), ("relay", ["relay"]), ("end", ["chime", "silence:500"]),
                          ("no recording", ["chime"]), ("milliseconds", ["silence:x"]),
                          ("tag", ["text/vi_VN:Xin chào"]), ("kind", ["music"]),
                          ("control", ["text:a\x07b"]), ("long", ["text:" + "loa " * 6000])):
        said = refused(made, "bulletin", "add", "--title", "x", *(a for p in parts for a in ("--part", p)),
                       user="lan")
        print(f"# {wanted}: {said}", flush=True)
        assert wanted in said, said


def test_a_recording_that_is_scheduled_is_not_deleted(build, folder):
    made = station(build)
    media = made.json("station", "show")["signature"]
    assert "signature" in refused(made, "media", "delete", media, user="lan")
    made.bulletin("Dùng bản ghi", voice(folder, 2))
    used = made.json("bulletin", "list")[-1]
    assert f"bulletin {used['id']} " in refused(made, "media", "delete", used["parts"][0]["media"], user="lan")


def test_a_template_is_copied_and_stays(build, folder):
    made = station(build)
    media = made.json("media", "import", voice(folder, 2), user="lan")["sha256"]
    template = made.json("bulletin", "add", "--title", "Mẫu", "--template", "--issuer", "UBND xã", "--document",
                         "12/TB-UBND", "--part", "chime", "--part", f"media:{media}", user="lan")["id"]
    assert "template" in refused(made, "bulletin", "submit", template, user="lan")
    copy = made.json("bulletin", "copy", template, "--title", "Thông báo", user="lan")["id"]
    made.ctl("bulletin", "submit", copy, user="lan")
    shown = made.json("bulletin", "show", copy)
    assert (shown["origin"], shown["document"], shown["template"]) == (template, "12/TB-UBND", False), shown
    assert len(shown["parts"]) == 2, shown


def test_a_revoked_node_does_not_play_what_it_holds(build, folder):
    made = station(build)
    file = voice(folder, 3)
    broadcast = schedule(made, made.bulletin("Thu hồi", file), 8)
    targets(made, broadcast["id"], "accepted")
    gone = made.nodes[HAMLETS[2][1]]
    node = next(n["id"] for n in made.json("node", "list") if n["name"] == gone.name)
    made.ctl("node", "revoke", node)
    assert silent(gone, broadcast["start_us"] - 500_000, broadcast["end_us"] + 500_000)


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
