"""The emergency set: every node holds it, one short order sounds it, whatever moves on the link."""
import tap
from shared import (all_sounded, ends_in_good_order, journal_is_intact, logs, now_us, over, receipts, refused,
                    sleep_until, sound, sounds_like, station, voice, wait_for)

SIGNALS = {"siren", "all_clear", "evacuate", "test"}
WITHIN_S = 3.0  # EN 54-16: alarm accepted to first sound


def the_set(build):
    made = station(build, hamlets=2, key="emergency")
    return made, {row["signal"]: row for row in made.json("emergency", "list")}


def test_the_station_makes_its_signals_and_every_node_fetches_them(build, _):
    made = station(build, hamlets=2, key="emergency")

    def complete():
        return len(made.json("emergency", "list")) == len(SIGNALS)

    wait_for("the signals to be made", complete, timeout=90, every=0.5)
    _, signals = the_set(build)
    assert set(signals) == SIGNALS, signals
    assert signals["siren"]["priority"] == "emergency" and signals["test"]["priority"] == "normal"

    def held():
        return all(n["status"]["cached_count"] >= len(SIGNALS) for n in made.json("node", "list"))

    wait_for("every node to hold them", held, timeout=60, every=0.5)


def test_the_siren_sounds_within_three_seconds_without_a_transfer(build, _):
    made, _ = the_set(build)
    before = [n["status"]["cache_bytes"] for n in made.json("node", "list")]
    # Nothing can be served from now on: the sound can only come from the caches.
    media = made.data / "media"
    media.rename(media.with_name("media-away"))
    try:
        accepted_us = now_us()
        broadcast = made.json("emergency", "play", "siren", "--everyone")["id"]
        shown = made.json("broadcast", "show", broadcast)
        assert shown["priority"] == "emergency" and shown["title"] == "Còi báo động", shown
        sleep_until(accepted_us + 6e6)
        made.ctl("stop")
        shown = over(made, broadcast)
    finally:
        media.with_name("media-away").rename(media)
    for name, receipt in receipts(shown).items():
        assert receipt["carrier"] == "cache", f"{name}: {receipt}"
        latency_s = (receipt["actual_start_us"] - accepted_us) / 1e6
        print(f"# {name}: command to sound {latency_s:.3f} s", flush=True)
        assert 0 < latency_s < WITHIN_S, f"{name}: {latency_s} s"
    assert before == [n["status"]["cache_bytes"] for n in made.json("node", "list")]


def test_a_recording_can_take_a_signals_place_and_only_some_may_sound_it(build, folder):
    made, before = the_set(build)
    file = voice(folder, 5)
    sha256 = made.json("media", "import", file, user="lan")["sha256"]
    refused(made, "emergency", "set", "evacuate", "--media", sha256, user="lan")
    refused(made, "emergency", "play", "evacuate", "--everyone", user="lan")
    refused(made, "emergency", "play", "gong", "--everyone")
    refused(made, "emergency", "set", "evacuate", "--media", "0" * 64)
    made.ctl("emergency", "set", "evacuate", "--media", sha256)
    _, signals = the_set(build)
    assert signals["evacuate"]["media"] == sha256 != before["evacuate"]["media"]
    refused(made, "media", "delete", sha256)

    def held():
        return all(n["status"]["cached_count"] > len(SIGNALS) for n in made.json("node", "list"))

    wait_for("every node to hold it", held, timeout=30, every=0.5)
    shown = over(made, made.json("emergency", "play", "evacuate", "--everyone")["id"])
    all_sounded(shown)
    sounds_like(made.nodes.values(), sound.read_any(file), shown["start_us"])
    journal_is_intact(made)
    ends_in_good_order(made)


if __name__ == "__main__":
    tap.main(globals(), logs)
