"""The screen On air: what is said into a browser's microphone is heard where it is meant; meters, Stop, alarms."""
import re

import numpy as np

from browsing import browse
import tap
from shared import (HAMLETS, between, ends_in_good_order, in_real_time, last_sound_us, logs, now_us, over, silent, sound,
                    station, voice)

ALIKE = 0.8
WINDOW_US = 1_600_000
NODES = [name for _, name, _ in HAMLETS]


def made_station(build):
    return station(build, key="onair")


def spoken(folder):
    """A long voice as the fake microphone's file, which begins anew at its end."""
    return voice(folder, 33)


def alike(node, file, from_us, to_us):
    """How much each window of what a node sounded is like some piece of the file, best first."""
    whole = sound.read_any(file)
    whole = np.concatenate([whole, whole[:4 * sound.RATE]])
    found = []
    for at in range(int(from_us), int(to_us - WINDOW_US), 800_000):
        piece, _ = between(node, at, at + WINDOW_US)
        if not sound.is_silent(piece, 10 ** (-40 / 20)):
            found.append(round(sound.align(whole, sound.stretch(piece, 1 / (1 + node.ppm * 1e-6)))[1], 3))
    print(f"# {node.name}: {found}", flush=True)
    return sorted(found, reverse=True)


def disturbed(made, broadcast, losses=0):
    """A busy machine runs neither browser nor nodes in time; "" when it did."""
    late = int(re.findall(r" live.ended .*late=(\d+)", made.controller.text())[-1])
    gaps = [t["receipt"]["gaps"] for t in broadcast["targets"] if t["receipt"]]
    return f"sound came late {late} times, with {gaps} gaps at the nodes" if late > 1 + losses or any(gaps) else ""


def moves(readings):
    return max(readings) > -50 and len(set(readings)) >= 3


def talked(made, folder, form, size, tone):
    """For in_real_time()."""
    file, begun_us = spoken(folder), now_us()
    found = browse(made, "onair", part="talk", spoken=str(file), format=form, size=size, tone=tone,
                   title=f"Nói bằng {form}", zone=HAMLETS[0][1], node=NODES[0])
    broadcast = over(made, found["broadcast"])
    print(f"# own {found['own']}, node {found['sounds']}", flush=True)
    assert [t["name"] for t in broadcast["targets"]] == NODES[:1], broadcast["targets"]
    for name in NODES[1:]:
        assert silent(made.nodes[name], begun_us, now_us() - 500_000), f"{name}, which was not meant, sounded"
    likeness = alike(made.nodes[NODES[0]], file, found["from_us"] + 700_000, found["to_us"])
    assert likeness and likeness[0] > ALIKE, likeness
    before, _ = between(made.nodes[NODES[0]], broadcast["start_us"], found["from_us"] + 200_000)

    def judge():
        assert likeness[len(likeness) // 2] > ALIKE, likeness
        assert moves(found["own"]) and moves(found["sounds"]), found
        if tone:
            assert all(sounds_at(before, hz) for hz in (660, 523)), "the tone's notes are missing"

    return disturbed(made, broadcast), judge


def sounds_at(piece, hz):
    """A note stands out of all that is near it."""
    strength = np.abs(np.fft.rfft(piece))
    at = np.fft.rfftfreq(len(piece), 1 / sound.RATE)
    return strength[np.abs(at - hz) < 6].max() > 10 * np.median(strength[(at > 300) & (at < 1000)])


def test_opus_is_heard_on_the_right_node_and_on_no_other(build, folder):
    made = made_station(build)
    in_real_time(lambda: talked(made, folder, "opus", "phone", True))


def test_samples_are_heard_where_the_browser_has_no_encoder(build, folder):
    made = made_station(build)
    in_real_time(lambda: talked(made, folder, "s16le", "desktop", False))


def held(made, folder):
    file = spoken(folder)
    found = browse(made, "onair", part="hold", spoken=str(file), zone=HAMLETS[0][1])
    broadcast, node = over(made, found["broadcast"]), made.nodes[NODES[0]]
    assert silent(node, found["silent"][0] + 300_000, found["silent"][1]), "it was heard before the button was held"
    likeness = alike(node, file, found["spoken"][0] + 700_000, found["spoken"][1] + 300_000)

    def judge():
        assert likeness and likeness[0] > ALIKE, likeness

    return disturbed(made, broadcast), judge


def test_the_microphone_is_heard_only_while_the_button_is_held(build, folder):
    made = made_station(build)
    in_real_time(lambda: held(made, folder))


def lost(made, folder):
    file = spoken(folder)
    found = browse(made, "onair", part="loss", spoken=str(file), zone=HAMLETS[0][1])
    broadcast = over(made, found["broadcast"])
    likeness = [alike(made.nodes[NODES[0]], file, *span) for span in found["spans"]]

    def judge():
        assert all(span and span[0] > ALIKE for span in likeness), likeness

    return disturbed(made, broadcast, losses=2), judge


def test_a_link_lost_for_three_seconds_goes_on(build, folder):
    made = made_station(build)
    in_real_time(lambda: lost(made, folder))


def test_a_bulletin_is_watched_listened_to_and_stopped(build, folder):
    made = made_station(build)
    title = "Bản tin sáng"
    bulletin = made.bulletin(title, voice(folder, 60))
    found = browse(made, "onair", part="watch", spoken=str(spoken(folder)), bulletin=bulletin, title=title, nodes=len(NODES),
                   zone_id=made.zones[0])
    over(made, found["broadcast"])
    assert moves(found["sounds"]), found["sounds"]
    for name in NODES[1:]:
        last_us = last_sound_us(made.nodes[name], found["stopped_us"] - 3_000_000, found["stopped_us"] + 5_000_000)
        assert last_us < found["stopped_us"] + 2_000_000, f"{name} sounded {last_us - found['stopped_us']} us after Stop"


def test_the_screen_is_sound_in_both_languages_sizes_and_by_role(build, _folder):
    browse(made_station(build), "onair", part="looks")


def test_an_alarm_stands_there_until_somebody_takes_note(build, _folder):
    made = made_station(build)
    made.nodes[NODES[2]].end()
    browse(made, "onair", part="alarms", node=NODES[2])
    acknowledged = [(a["node_name"], a["kind"], a["acknowledged_by"]) for a in made.json("alarm", "list") if a["acknowledged_us"]]
    assert acknowledged == [(NODES[2], "link_lost", "lan")], acknowledged


def test_the_station_ends_in_good_order(build, _folder):
    ends_in_good_order(made_station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
