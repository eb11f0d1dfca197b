"""Live speech: a pipe heard on the right nodes and no others, soon and in sync; stalls, lost sources, recordings."""
import os
import re
import signal
import subprocess
import time

import numpy as np
import tap
from shared import (HAMLETS, MachineLate, between, bare, ends_in_good_order, in_real_time, logs, nap, now_us, over,
                    receipts, silent, sound, steady, wait_for, voice)

NODE_CONFIG = "[audio]\nahead_ms = 120\n"
SPEECH_MS_MOST = 300
APART_MS_MOST = 1.0
PIECE = 960  # 20 ms
SPEAKER_LATE_MS = 20.0  # a speaker who comes later than this is no test of what follows
DELAY_MS_MOST = 230  # that the station learns from links that nothing disturbs

_made = {}


def live_station(build):
    if not _made:
        made = bare(build, key="live")
        made.setup()
        made.zones = [made.zone(code, name) for code, name, _ in HAMLETS]
        for (_, name, ppm), zone in zip(HAMLETS, made.zones):
            made.node(name, zone, ppm=ppm, config=NODE_CONFIG)
        made.ready()
        _made["it"] = made
    return _made["it"]


def listeners(made):
    return [made.nodes[name] for _, name, _ in HAMLETS]


class Speaker:
    """loactl live with its standard input in our hands; `said` is the wall time at which each 20 ms was to be spoken,
    `late_ms` how late it was at most, `woken_late_ms` how much of that was the machine's for certain."""

    def __init__(self, made, *args):
        env = dict(os.environ, LOACTL_SERVER=made.url, LOACTL_CA=str(made.data / "pki/ca.crt"),
                   LOACTL_STATE=str(made.folder / "loactl-lan"))
        self.process = subprocess.Popen(
            [str(made.build / "tools/loactl/loactl"), "live", "--input", "-", "--json", "--confirm-quiet", *map(str, args)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
        self.said = []
        self.samples = []
        self.late_ms = self.woken_late_ms = 0.0

    def speak(self, samples, early_s=0.0):
        """Say it in real time, like a microphone; early_s of silence first."""
        samples = np.concatenate([np.zeros(int(early_s * sound.RATE)), samples])
        begun = time.time()
        for at in range(0, len(samples) - PIECE + 1, PIECE):
            self.woken_late_ms = max(self.woken_late_ms, nap(begun + (at + PIECE) / sound.RATE))
            piece = samples[at:at + PIECE]
            self.late_ms = max(self.late_ms, (time.time() - begun - (at + PIECE) / sound.RATE) * 1000)
            self.said.append(int((begun + at / sound.RATE) * 1e6))
            self.samples.append(piece)
            self.process.stdin.write((piece * 32767).astype("<i2").tobytes())
            self.process.stdin.flush()

    def hang_up(self):
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err.decode()
        return int(__import__("json").loads(out)["id"])

    def kill(self):
        self.process.kill()
        self.process.communicate()


def a_voice(folder, seconds):
    return sound.read_any(voice(folder, seconds)) * 0.5


def ears(node, speaker, from_s, to_s):
    """(correlation, ms from mouth to horn) of what was said between two instants of the speech."""
    first, last = int(from_s * 50), int(to_s * 50)
    reference = np.concatenate(speaker.samples[first:last])
    said_us = speaker.said[first]
    length_us = len(reference) / sound.RATE * 1e6
    piece, began_us = between(node, said_us - 200_000, said_us + length_us + 1_000_000)
    at, alike = sound.align(piece, sound.stretch(reference, 1 + node.ppm * 1e-6))
    return alike, (began_us + at / (1 + node.ppm * 1e-6) * 1e6 / sound.RATE - said_us) / 1000


def machine_late(speaker):
    late_ms = speaker.woken_late_ms
    return MachineLate(f"the machine woke the speaker {late_ms:.0f} ms late") if late_ms > SPEAKER_LATE_MS else ""


def disturbed(made, speaker, broadcast):
    """What of the machine's own lateness a run shows; "" when nothing disturbed it."""
    text = made.controller.text()
    late = int(re.findall(r" live.ended .*late=(\d+)", text)[-1])
    delays = [int(ms) for ms in re.findall(r" live.delay next_ms=(\d+)", text)][-2:]  # before and after this run
    gaps = [row["receipt"]["gaps"] for row in broadcast["targets"] if row["receipt"]]
    if machine_late(speaker):
        return machine_late(speaker)
    if speaker.late_ms > SPEAKER_LATE_MS:
        return f"the speaker was {speaker.late_ms:.0f} ms late"
    if late or any(gaps):
        return f"sound came late {late} times to the station, with {gaps} gaps to the nodes"
    if max(delays, default=0) > DELAY_MS_MOST:
        return f"the links had been slow: delays of {delays} ms"
    return ""


def speech_heard(made, folder):
    """Ten seconds of speech for two of three nodes, to its end: for in_real_time()."""
    begun_us = now_us()
    speaker = Speaker(made, "--zone", made.zones[0], "--zone", made.zones[1], "--title", "Xã đội nói")
    speaker.speak(a_voice(folder, 10), early_s=2.5)
    broadcast = over(made, speaker.hang_up())
    found = {node.name: [ears(node, speaker, from_s, from_s + 1.6) for from_s in range(3, 12, 2)]
             for node in listeners(made)[:2]}
    for name, pairs in found.items():
        print(f"# {name}: " + ", ".join(f"alike {alike:.3f} after {ms:.1f} ms" for alike, ms in pairs), flush=True)
    assert silent(listeners(made)[2], begun_us, now_us() - 500_000), "a node that was not meant sounded"

    def judge():
        for row in broadcast["targets"]:
            assert row["receipt"]["carrier"] == "stream" and row["receipt"]["outcome"] == "sounded", row
        assert all(alike > 0.8 for pairs in found.values() for alike, _ in pairs), found
        late_ms = [ms - speaker.late_ms for pairs in found.values() for _, ms in pairs]
        assert max(late_ms) <= SPEECH_MS_MOST, late_ms
        apart = [abs(a[1] - b[1]) for a, b in zip(*found.values())]
        assert max(apart) <= APART_MS_MOST, apart

    return disturbed(made, speaker, broadcast), judge


def test_what_is_said_is_heard_soon_and_together_and_only_where_it_is_meant(build, folder):
    made = live_station(build)
    in_real_time(lambda: speech_heard(made, folder))


def test_what_went_on_air_is_kept_as_a_recording(build, folder):
    made = live_station(build)
    kept = wait_for("the recording", lambda: [m for m in made.json("media", "list") if m["title"] == "Xã đội nói"])
    reference = a_voice(folder, 10)
    found = []
    for number, media in enumerate(kept):  # one a run that was disturbed, at most
        file = folder / f"kept {number}.opus"
        made.ctl("media", "download", media["sha256"], file)
        found.append(sound.align(sound.read_any(file), reference)[1])
    print(f"# recordings: alike {found}, {kept[0]['duration_ms']} ms", flush=True)
    assert max(found) > 0.8


def stall_survived(made, folder):
    """Every link of the station stalls for two seconds of a speech: for in_real_time()."""
    speaker = Speaker(made, "--zone", made.zones[0], "--zone", made.zones[1], "--title", "Đường truyền kém")
    node, other = listeners(made)[:2]
    speaker.speak(a_voice(folder, 4), early_s=2.0)
    stalled_us = now_us()
    made.controller.process.send_signal(signal.SIGSTOP)
    speaker.speak(a_voice(folder, 2))
    made.controller.process.send_signal(signal.SIGCONT)
    speaker.speak(a_voice(folder, 8)[4 * sound.RATE:])
    again = len(speaker.said) - 150
    broadcast = over(made, speaker.hang_up())
    assert silent(node, stalled_us + 700_000, stalled_us + 1_900_000), "it stuttered"
    assert receipts(broadcast)[node.name]["gaps"] >= 1, broadcast
    # What piled up meanwhile is dropped in a pause, which may lie in one of two windows.
    both = [[ears(n, speaker, from_s, from_s + 1.4) for n in (node, other)] for from_s in (again / 50, again / 50 + 1.5)]
    found = max(both, key=lambda pair: min(alike for alike, _ in pair))
    gaps = [row["receipt"]["gaps"] for row in broadcast["targets"]]
    print(f"# after the stall: {found}, gaps {gaps}", flush=True)

    def judge():
        assert all(alike > 0.8 for alike, _ in found), found
        assert abs(found[0][1] - found[1][1]) <= APART_MS_MOST, found

    late = speaker.late_ms > SPEAKER_LATE_MS
    return machine_late(speaker) or (f"there were {gaps} gaps" if max(gaps) > 3 or late else ""), judge


def test_a_link_that_stalls_is_silence_not_stutter_and_the_sound_comes_back_aligned(build, folder):
    made = live_station(build)
    in_real_time(lambda: stall_survived(made, folder))


def test_a_speaker_who_is_cut_off_gives_way_to_the_fallback_after_the_grace(build, folder):
    made = live_station(build)
    music = steady(folder, 4)
    sha = made.json("media", "import", music, "--title", "Nhạc", user="lan")["sha256"]
    speaker = Speaker(made, "--zone", made.zones[2], "--title", "Mất người nói", "--fallback", sha)
    speaker.speak(a_voice(folder, 3), early_s=2.0)
    speaker.kill()
    cut_us = now_us()
    node = listeners(made)[2]
    assert silent(node, cut_us + 1_000_000, cut_us + 10_000_000), "it did not wait for the grace"
    piece, began_us = between(node, cut_us + 10_000_000, cut_us + 17_000_000)
    first = np.flatnonzero(np.abs(piece) > 0.01)
    assert len(first) > 0, "no fallback"
    after_s = (began_us - cut_us) / 1e6 + first[0] / sound.RATE
    print(f"# fallback {after_s:.2f} s after the cut", flush=True)
    assert 10 < after_s < 12, after_s
    live = [b for b in made.json("broadcast", "list") if b["title"] == "Mất người nói"][0]
    receipt = receipts(over(made, live["id"]))[node.name]
    assert receipt["reason"] in ("source_lost", "stopped") and receipt["outcome"] == "partly", receipt


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(live_station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
