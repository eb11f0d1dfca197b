"""The main job: an approved bulletin sounds on the chosen hamlets, on time, in sync, with receipts."""
import datetime
import functools

import tap
from shared import (HAMLETS, VIET_NAM, all_sounded, ends_in_good_order, heard, last_sound_us, logs, now_us,
                    over, play, receipts, refused, schedule, silent, sleep_until, sound, sounds_like,
                    speech, station, steady, targets, voice, ALIKE)

WEEK_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@functools.cache
def one_off(build):
    """A one-off event for everyone, to its end; (recording, broadcast)."""
    made = station(build)
    file = speech(made.folder)
    broadcast = schedule(made, made.bulletin("Họp thôn", file), 7)
    return sound.read_any(file), over(made, broadcast["id"])


def test_a_one_off_event_sounds_on_three_hamlets_on_time_and_together(build, _):
    reference, broadcast = one_off(build)
    sounds_like(station(build).nodes.values(), reference, broadcast["start_us"])


def test_each_receipt_says_that_it_sounded_without_gaps(build, _):
    _, broadcast = one_off(build)
    assert len(broadcast["targets"]) == 3, broadcast
    all_sounded(broadcast)
    for receipt in receipts(broadcast).values():
        assert abs(receipt["actual_start_us"] - broadcast["start_us"]) < 20_000, receipt
        assert receipt["carrier"] == "cache", receipt


def test_a_programme_is_encoded_once_however_many_nodes_hear_it(build, _):
    one_off(build)
    imported = len(station(build).json("media", "list"))
    assert station(build).metric("loa_encodes_total") == imported


def test_only_the_chosen_hamlet_sounds(build, folder):
    made = station(build)
    file = voice(folder, 3)
    broadcast = schedule(made, made.bulletin("Riêng thôn Đoài", file), 5, "--zone", made.zones[1])
    broadcast = over(made, broadcast["id"])
    chosen = made.nodes[HAMLETS[1][1]]
    assert [t["name"] for t in broadcast["targets"]] == [chosen.name]
    sounds_like([chosen], sound.read_any(file), broadcast["start_us"])
    for node in made.nodes.values():
        quiet = silent(node, broadcast["start_us"] - 500_000, broadcast["end_us"] + 500_000)
        assert quiet == (node is not chosen), node.name


def test_idle_nodes_are_silent(build, _):
    _, broadcast = one_off(build)
    for node in station(build).nodes.values():
        assert silent(node, broadcast["start_us"] - 1_500_000, broadcast["start_us"] - 2_000)


def test_a_weekly_event_is_planned_on_its_days_at_its_time(build, folder):
    made = station(build)
    bulletin = made.bulletin("Bản tin sáng thứ hai và thứ năm", voice(folder, 2))
    today = datetime.datetime.now(VIET_NAM).date()
    event = made.json("event", "add", "--bulletin", bulletin, "--everyone", "--weekday", "mon",
                      "--weekday", "thu", "--at", f"{today}T05:30", "--confirm-quiet", user="lan")
    day_us = 86_400_000_000
    shown = made.json("schedule", "show", "--from-us", now_us(), "--before-us",
                      now_us() + 28 * day_us)
    starts = [datetime.datetime.fromtimestamp(o["start_us"] / 1e6, VIET_NAM)
              for o in shown if o["event"] == event["id"]]
    expected = [today + datetime.timedelta(days=n) for n in range(29)]
    expected = [datetime.datetime(d.year, d.month, d.day, 5, 30, tzinfo=VIET_NAM)
                for d in expected if WEEK_DAYS[d.weekday()] in ("mon", "thu")]
    now = datetime.datetime.now(VIET_NAM)
    expected = [d for d in expected if now <= d < now + datetime.timedelta(days=28)]
    assert starts == expected, (starts, expected)
    made.ctl("event", "cancel", event["id"], user="lan")
    shown = made.json("schedule", "show")
    assert not [o for o in shown if o["event"] == event["id"]]


def draft(made, folder, *more):
    media = made.json("media", "import", voice(folder, 1), user="lan")["sha256"]
    bulletin = made.json("bulletin", "add", "--title", "Nháp", "--media", media, *more, user="lan")["id"]
    made.ctl("bulletin", "submit", bulletin, user="lan")
    return bulletin


def test_an_author_cannot_approve_the_own_bulletin(build, folder):
    made = station(build)
    made.ctl("user", "add", "chi", "--name", "Lê Thị Chi", "--role", "operator", "--role", "approver",
             "--password-stdin", stdin="Hai-vai-mot-nguoi-2\n")
    made.ctl("login", "chi", "--password-stdin", user="chi", stdin="Hai-vai-mot-nguoi-2\n")
    media = made.json("media", "import", voice(folder, 1), user="chi")["sha256"]
    bulletin = made.json("bulletin", "add", "--title", "Tự duyệt", "--media", media, user="chi")["id"]
    made.ctl("bulletin", "submit", bulletin, user="chi")
    line = refused(made, "bulletin", "approve", bulletin, user="chi")
    assert "author" in line, line
    assert made.json("bulletin", "show", bulletin)["state"] == "submitted"
    made.ctl("bulletin", "approve", bulletin, user="hung")


def test_an_operator_cannot_approve(build, folder):
    made = station(build)
    bulletin = draft(made, folder)
    refused(made, "bulletin", "approve", bulletin, user="lan")
    assert made.json("bulletin", "show", bulletin)["state"] == "submitted"


def test_a_rejected_bulletin_cannot_go_on_air(build, folder):
    made = station(build)
    bulletin = draft(made, folder)
    made.ctl("bulletin", "reject", bulletin, "--reason", "sai ngày", user="hung")
    before = len(made.json("broadcast", "list"))
    assert "rejected" in refused(made, "play", bulletin, "--everyone", user="lan")
    assert "rejected" in refused(made, "event", "add", "--bulletin", bulletin, "--everyone", "--at",
                                 "2030-01-01T12:00", user="lan")
    assert len(made.json("broadcast", "list")) == before


def test_an_expired_bulletin_cannot_go_on_air(build, folder):
    made = station(build)
    expires_us = now_us() + 6_000_000
    bulletin = draft(made, folder, "--expires-us", expires_us)
    made.ctl("bulletin", "approve", bulletin, user="hung")
    sleep_until(expires_us)
    assert "expired" in refused(made, "play", bulletin, "--everyone", user="lan")


def test_nothing_sounds_after_the_bulletin_has_expired(build, folder):
    made = station(build)
    media = made.json("media", "import", steady(folder, 10), user="lan")["sha256"]
    expires_us = now_us() + 8_000_000
    bulletin = made.json("bulletin", "add", "--title", "Hết hạn giữa chừng", "--media", media,
                         "--expires-us", expires_us, user="lan")["id"]
    made.ctl("bulletin", "submit", bulletin, user="lan")
    made.ctl("bulletin", "approve", bulletin, user="hung")
    broadcast = over(made, play(made, bulletin)["id"])
    for node in made.nodes.values():
        last_us = last_sound_us(node, broadcast["start_us"], broadcast["end_us"])
        assert broadcast["start_us"] < last_us < expires_us + 30_000, (last_us, expires_us)
    for receipt in receipts(broadcast).values():
        assert (receipt["outcome"], receipt["reason"]) == ("partly", "expired"), receipt


def test_play_now_sounds_within_seconds(build, folder):
    made = station(build)
    file = voice(folder, 3)
    bulletin = made.bulletin("Phát ngay", file)
    asked_us = now_us()
    broadcast = over(made, play(made, bulletin)["id"])
    assert broadcast["start_us"] - asked_us < 10_000_000
    sounds_like(made.nodes.values(), sound.read_any(file), broadcast["start_us"])
    all_sounded(broadcast)


def test_stopping_one_broadcast_leaves_the_other_on_air(build, folder):
    made = station(build)
    file = steady(folder, 8)
    bulletin = made.bulletin("Hai nơi", file)
    ended = play(made, bulletin, "--zone", made.zones[0])
    other = play(made, bulletin, "--zone", made.zones[1])
    sleep_until(other["start_us"] + 2_000_000)
    made.ctl("broadcast", "stop", ended["id"], user="lan")
    told_us = now_us()
    ended, other = over(made, ended["id"]), over(made, other["id"])
    nodes = list(made.nodes.values())
    last_us = last_sound_us(nodes[0], ended["start_us"], ended["end_us"] + 1_000_000)
    print(f"# silent {(last_us - told_us) / 1000:+.0f} ms after the station said that it stopped")
    assert ended["start_us"] < last_us < told_us + 1_000_000
    receipt = receipts(ended)[nodes[0].name]
    assert (receipt["outcome"], receipt["reason"]) == ("partly", "stopped"), receipt
    all_sounded(other)
    assert heard(nodes[1], sound.read_any(file), other["start_us"])[0] >= ALIKE


def test_stop_silences_every_node_and_the_receipts_say_so(build, folder):
    made = station(build)
    broadcast = play(made, made.bulletin("Dừng hết", steady(folder, 8)))
    targets(made, broadcast["id"], "accepted")
    sleep_until(broadcast["start_us"] + 2_000_000)
    made.ctl("stop", user="lan")
    told_us = now_us()
    broadcast = over(made, broadcast["id"])
    for node in made.nodes.values():
        last_us = last_sound_us(node, broadcast["start_us"], broadcast["end_us"])
        print(f"# {node.name}: silent {(last_us - told_us) / 1000:+.0f} ms after the station said that it stopped")
        assert broadcast["start_us"] < last_us < told_us + 1_000_000
    for receipt in receipts(broadcast).values():
        assert (receipt["outcome"], receipt["reason"]) == ("partly", "stopped"), receipt


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
