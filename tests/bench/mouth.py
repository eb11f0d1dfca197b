"""mouth: live speech, from the mouth to each of two horns, and how far they are apart."""
import pathlib
import tempfile

import figures
import test_live as live
from shared import over

ROUNDS = 5
SPEECH_S = 10
EARLY_S = 2.5


def run(options):
    figures.heading("mouth", "tools/dev bench mouth")
    made = live.live_station(pathlib.Path(options.build))
    heard, apart, speaker_late = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            speaker = live.Speaker(made, "--everyone", "--title", "Đo")
            speaker.speak(live.a_voice(folder, SPEECH_S), early_s=EARLY_S)
            over(made, speaker.hang_up())
            for second in range(3, 12):
                pair = [live.ears(node, speaker, second, second + 1) for node in live.listeners(made)[:2]]
                if min(alike for alike, _ in pair) > 0.8:  # a pause has no place of its own
                    heard += [ms for _, ms in pair]
                    apart.append(pair[0][1] - pair[1][1])
            speaker_late.append(speaker.late_ms)
    found = {"mouth_to_horn_ms": figures.distribution(heard), "apart_ms": figures.distribution(apart),
             "speaker_late_ms": max(speaker_late)}
    figures.figure("mouth to horn", figures.text(found["mouth_to_horn_ms"], "ms"), "p99 300 ms")
    figures.figure("two horns apart", figures.text(found["apart_ms"], "ms"))
    figures.figure("the speaker's own lateness, part of the above", f"{found['speaker_late_ms']:.1f} ms at most")
    return found
