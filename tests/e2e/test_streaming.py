"""The second carrier: a node that lacks the recording sounds by stream, on the same timeline."""
import tap
from shared import (ALIKE, HAMLETS, NODE_CONFIG, ON_TIME_MS, all_sounded, default_config, ends_in_good_order,
                    heard, logs, over, play, receipts, schedule, sleep_until, sound, sounds_like, station,
                    targets, voice)

FLASH_BYTES = 16 << 20
ROOM_BYTES = 24 << 10  # enough for orders and receipts, not for 8 s of sound at 64 kbit/s
FULL = "Thôn đầy bộ nhớ"


def fill_flash(state):
    (state / "flash").mkdir(parents=True)
    with open(state / "flash/khac", "wb") as other:
        other.truncate(FLASH_BYTES - ROOM_BYTES)


def streaming(build):
    """Two nodes with room for recordings, one with a full flash."""
    made = station(build, hamlets=2, config=default_config(audio={"bitrate_bps": 64000}))
    if FULL not in made.nodes:
        made.node(FULL, made.zones[2], ppm=20, config=NODE_CONFIG + "[flash]\nquota_mib = 16\n",
                  before=fill_flash)
        made.ready()
    return made


def test_a_node_with_a_full_flash_sounds_by_stream_together_with_the_others(build, folder):
    made = streaming(build)
    file = voice(folder, 8)
    broadcast = schedule(made, made.bulletin("Bộ nhớ đầy", file), 6)
    broadcast = over(made, broadcast["id"])
    all_sounded(broadcast)
    carriers = {name: receipt["carrier"] for name, receipt in receipts(broadcast).items()}
    assert carriers == {HAMLETS[0][1]: "cache", HAMLETS[1][1]: "cache", FULL: "stream"}, carriers
    sounds_like([made.nodes[name] for name in carriers], sound.read_any(file), broadcast["start_us"])


def test_streaming_encodes_nothing_again(build, _):
    made = streaming(build)
    assert made.metric("loa_encodes_total") == len(made.json("media", "list"))


def test_two_programmes_by_stream_are_not_mixed_up(build, folder):
    made = streaming(build)
    first, second = voice(folder, 8), folder / "hai.wav"
    reversed_voice = sound.read_any(first)[::-1]
    sound.write_wav(second, reversed_voice)
    for file in (first, second):
        broadcast = over(made, play(made, made.bulletin(file.name, file), "--zone", made.zones[2])["id"])
        assert receipts(broadcast)[FULL]["carrier"] == "stream", broadcast
        sounds_like([made.nodes[FULL]], sound.read_any(file), broadcast["start_us"])


def test_a_node_enrolled_seconds_before_the_start_sounds_with_the_others(build, folder):
    made = streaming(build)
    file = voice(folder, 10)
    broadcast = schedule(made, made.bulletin("Nút mới", file), 7)
    sleep_until(broadcast["start_us"] - 3_000_000)
    name = "Thôn mới"
    made.node(name, made.zones[0], ppm=35, config=NODE_CONFIG)
    broadcast = over(made, broadcast["id"])
    all_sounded(broadcast)
    sounds_like([made.nodes[name], made.nodes[HAMLETS[0][1]]], sound.read_any(file),
                broadcast["start_us"])


def test_a_node_whose_cache_was_emptied_sounds_with_the_others(build, folder):
    made = streaming(build)
    file = voice(folder, 9)
    node = made.nodes[HAMLETS[1][1]]
    broadcast = schedule(made, made.bulletin("Mất bộ đệm", file), 8)
    targets(made, broadcast["id"], "accepted")
    node.end()
    for media in (node.state / "flash").glob("[mp].*"):
        media.unlink()
    sleep_until(broadcast["start_us"] - 2_000_000)
    made.node_again(node)
    broadcast = over(made, broadcast["id"])
    all_sounded(broadcast)
    sounds_like([n for n in made.nodes.values() if n.name in receipts(broadcast)], sound.read_any(file),
                broadcast["start_us"])


def test_a_node_that_comes_late_joins_the_stream_in_progress_and_in_sync(build, folder):
    made = streaming(build)
    file = voice(folder, 14)
    node = made.nodes[FULL]
    node.end()
    broadcast = schedule(made, made.bulletin("Đến muộn", file), 5)
    sleep_until(broadcast["start_us"] + 2_000_000)
    made.node_again(node)
    broadcast = over(made, broadcast["id"])
    receipt = receipts(broadcast)[FULL]
    assert receipt["outcome"] == "partly" and receipt["carrier"] == "stream", receipt
    skip_us = 9_000_000
    reference = sound.read_any(file)[skip_us * sound.RATE // 1_000_000:]
    alike, error_ms = heard(node, reference, broadcast["start_us"] + skip_us)
    print(f"# alike {alike:.3f}, {error_ms:+.3f} ms; joined {receipt['actual_start_us'] - broadcast['start_us']} us late")
    assert alike >= ALIKE and abs(error_ms) < ON_TIME_MS


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(streaming(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
