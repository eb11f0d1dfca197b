"""Relays: another broadcaster's stream on the horns, and what hostile or broken ones do: nothing."""
import http.server
import signal
import subprocess
import threading
import time

import numpy as np
import tap
from shared import (HAMLETS, ON_TIME_MS, bare, between, default_config, ends_in_good_order, heard, logs, now_us, over,
                    receipts, refused, schedule, silent, sleep_until, steady, wait_for)

import sound

RATE_BYTES_S = 16000  # of the streams below, 128 kbit/s
GAP_SAMPLES = 2400  # where one part ends and the next begins: a packet of 20 ms, and what an encoder delays

_made = {}


def encoded(folder, name, *how):
    """Something for the other broadcaster to send."""
    path = folder / name
    subprocess.run(["ffmpeg", "-v", "error", "-y", *how, str(path)], check=True)
    return path.read_bytes()


SEGMENT_S = 2


def segments(folder):
    """Forty seconds of noise as segments of HLS; their bytes in order."""
    (folder / "hls").mkdir()
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=d=40:c=pink:a=0.3:seed=5", "-c:a", "aac", "-b:a",
                    "64k", "-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_list_size", "0", str(folder / "hls/a.m3u8")], check=True)
    return [path.read_bytes() for path in sorted((folder / "hls").glob("a*.ts"), key=lambda p: int(p.stem[1:]))]


def live_list(count, begun):
    """A list that moves with time, as of a station that has been on air for a while."""
    newest = 5 + int((time.time() - begun) / SEGMENT_S)
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SEGMENT_S}", f"#EXT-X-MEDIA-SEQUENCE:{newest - 4}"]
    for number in range(newest - 4, newest + 1):
        lines += [f"#EXTINF:{SEGMENT_S}.0,", f"../segments/{number % count}.ts"]
    return "\n".join(lines).encode()


class Broadcaster(http.server.BaseHTTPRequestHandler):
    """Sends what `streams` holds under a path, in real time and without an end, like Icecast."""

    streams = {}
    files = {}  # sent once: bytes, or what makes them
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        whole = self.files.get(self.path)
        if whole is not None:
            whole = whole() if callable(whole) else whole
            self.send_response(200)
            self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole)
            return
        found = self.streams.get(self.path)
        if isinstance(found, str):
            self.send_response(302)
            self.send_header("Location", found)
            self.end_headers()
            return
        if found is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg")
        self.end_headers()
        begun, sent = time.time(), 0
        try:
            while True:
                for at in range(0, len(found), 4000):
                    self.wfile.write(found[at:at + 4000])
                    sent += len(found[at:at + 4000])
                    time.sleep(max(0.0, begun + sent / RATE_BYTES_S - 2 - time.time()))
        except OSError:
            pass

    def log_message(self, *_):
        pass


def relay_station(build, folder):
    if not _made:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broadcaster)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        other = http.server.ThreadingHTTPServer(("127.0.0.2", 0), Broadcaster)
        other.daemon_threads = True
        threading.Thread(target=other.serve_forever, daemon=True).start()
        _made["url"] = f"http://127.0.0.1:{server.server_address[1]}"
        _made["private"] = f"http://127.0.0.2:{other.server_address[1]}"
        noise = ["-f", "lavfi", "-i", "anoisesrc=d=20:c=pink:a=0.3:seed=3", "-b:a", "128k"]
        Broadcaster.streams = {
            "/noise.mp3": encoded(folder, "a.mp3", *noise),
            "/five.mp3": encoded(folder, "b.ts", "-f", "lavfi", "-i", "anoisesrc=d=20:c=pink:a=0.3", "-ac", "6",
                                 "-c:a", "ac3", "-b:a", "448k", "-f", "mpegts"),
            "/silence.mp3": encoded(folder, "c.mp3", "-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "20",
                                    "-b:a", "128k"),
            "/video.ts": encoded(folder, "d.ts", "-f", "lavfi", "-i", "testsrc=d=5:s=160x120", "-c:v", "mpeg2video"),
            "/garbage": bytes(range(256)) * 400,
            "/endless.m3u8": b"#EXTM3U\n" + b"#EXTINF:5,\n/segments/0.ts\n" * 1000,
            "/to-file": "file:///etc/passwd",
            "/to-private": _made["private"] + "/noise.mp3",
            "/loop": "/loop",
        }
        pieces, begun = segments(folder), time.time()
        name = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n"
        Broadcaster.files = {f"/segments/{i}.ts": piece for i, piece in enumerate(pieces)} | {
            "/hls/live.m3u8": lambda: live_list(len(pieces), begun),
            "/master.m3u8": b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9000000\nvideo.m3u8\n"
                            b"#EXT-X-STREAM-INF:BANDWIDTH=64000\nhls/live.m3u8\n",
            "/plain.m3u": b"#EXTM3U\n#EXTINF:-1,VOV\n/noise.mp3\n",
            "/file.m3u8": name + b"file:///etc/passwd\n",
            "/private.m3u8": name + _made["private"].encode() + b"/secret\n",
            "/itself.m3u8": b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nitself.m3u8\n",
            "/nested.m3u8": name + b"/hls/live.m3u8\n",
            "/locked.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:2,\n/segments/0.ts\n",
            "/secret": pieces[0],
        }
        config = default_config(relay={"allow": "127.0.0.1"})
        made = bare(build, config=config, key="relay")
        made.setup()
        zone = made.zone("T01", "Thôn Đông")
        made.node(HAMLETS[0][1], zone)
        made.ready()
        _made["it"] = made
    return _made["it"]


def relay(made, path, *args):
    return made.json("relay", path if path.startswith("http") else _made["url"] + path, "--everyone",
                     "--confirm-quiet", *args, user="lan")["id"]


def stop(made, broadcast):
    made.ctl("broadcast", "stop", broadcast, user="lan")
    return over(made, broadcast)


def loud(made, from_us, to_us):
    piece, _ = between(made.nodes[HAMLETS[0][1]], from_us, to_us)
    return float(np.sqrt(np.mean(piece ** 2))) > 0.02


def test_a_stream_of_another_broadcaster_is_heard_and_ends_with_its_programme(build, folder):
    made = relay_station(build, folder)
    asked_us = now_us()
    broadcast = over(made, relay(made, "/noise.mp3", "--for", "14s"))
    start_us = broadcast["start_us"]
    assert start_us - asked_us < 4_000_000
    assert loud(made, start_us + 9_000_000, start_us + 13_500_000)
    assert silent(made.nodes[HAMLETS[0][1]], start_us + 14_300_000, start_us + 16_000_000)
    receipt = receipts(broadcast)[HAMLETS[0][1]]
    assert receipt["carrier"] == "stream" and receipt["played_ms"] > 3000, receipt


def relay_bulletin(made, *args):
    number = made.json("bulletin", "add", "--title", "Tiếp âm buổi sáng", *args, user="lan")["id"]
    made.ctl("bulletin", "submit", number, user="lan")
    made.ctl("bulletin", "approve", number, user="hung")
    return number


def test_a_relay_in_an_approved_bulletin_is_scheduled_and_trimmed_to_its_programme(build, folder):
    made = relay_station(build, folder)
    number = relay_bulletin(made, "--part", f"relay:{_made['url']}/noise.mp3", "--for", "8s")
    part, = made.json("bulletin", "show", number)["parts"]
    assert part["kind"] == "relay" and part["duration_ms"] == 8000 and part["source"].endswith("/noise.mp3"), part
    broadcast = over(made, schedule(made, number, 9)["id"])
    start_us = broadcast["start_us"]
    node = made.nodes[HAMLETS[0][1]]
    assert broadcast["end_us"] - start_us == 8_000_000, broadcast
    assert silent(node, start_us - 2_000_000, start_us - 50_000), "it was heard before its programme"
    assert loud(made, start_us + 500_000, start_us + 7_500_000)
    assert silent(node, start_us + 8_300_000, start_us + 10_000_000), "it was heard after its programme"
    receipt = receipts(broadcast)[HAMLETS[0][1]]
    assert receipt["outcome"] == "sounded" and receipt["carrier"] == "stream", receipt


def test_a_scheduled_relay_goes_on_after_the_station_was_killed_and_falls_back_when_it_is_lost(build, folder):
    made = relay_station(build, folder)
    sha = made.json("media", "import", steady(folder, 4), "--title", "Nhạc chờ", user="lan")["sha256"]
    number = relay_bulletin(made, "--part", f"relay:{_made['url']}/once.mp3", "--for", "40s", "--fallback", sha)
    line = refused(made, "media", "delete", sha, user="lan")
    assert f"bulletin {number}" in line, line
    broadcast = schedule(made, number, 9)
    Broadcaster.streams["/once.mp3"] = Broadcaster.streams["/noise.mp3"]
    start_us = broadcast["start_us"]
    sleep_until(start_us + 3_000_000)
    made.restart(signal.SIGKILL)
    assert loud(made, start_us + 12_000_000, start_us + 14_000_000), "it did not go on after the restart"
    del Broadcaster.streams["/once.mp3"]
    made.restart(signal.SIGKILL)  # the connection ends, too
    assert loud(made, start_us + 34_000_000, start_us + 38_000_000), "no fallback"
    receipt = receipts(over(made, broadcast["id"]))[HAMLETS[0][1]]
    assert receipt["carrier"] == "both" and receipt["reason"] in ("source_lost", "none"), receipt


def parts_of(made, folder):
    """A chime, and what node and station need of it."""
    path = steady(folder, 2)
    return made.json("media", "import", path, "--title", "Nhạc hiệu", user="lan")["sha256"], sound.read_any(path)


def chime_at(made, chime, planned_us):
    alike, error_ms = heard(made.nodes[HAMLETS[0][1]], chime, planned_us)
    print(f"# chime: alike {alike:.3f}, start {error_ms:+.3f} ms", flush=True)
    assert alike > 0.7 and abs(error_ms) < ON_TIME_MS, f"{alike:.3f}, {error_ms:+.3f} ms"


def longest_gap(piece):
    """Samples in a row without sound, looked at in steps of a millisecond."""
    step = sound.RATE // 1000
    longest = run = 0
    for k in range(len(piece) // step):
        quiet = np.sqrt(np.mean(piece[k * step:(k + 1) * step] ** 2)) < 0.003
        run = run + step if quiet else 0
        longest = max(longest, run)
    return longest


def test_a_chime_opens_and_closes_a_relay_without_a_gap(build, folder):
    made = relay_station(build, folder)
    sha, chime = parts_of(made, folder)
    number = relay_bulletin(made, "--part", f"media:{sha}", "--part", f"relay:{_made['url']}/noise.mp3", "--for", "8s",
                            "--part", f"media:{sha}")
    broadcast = over(made, schedule(made, number, 9)["id"])
    start_us, node = broadcast["start_us"], made.nodes[HAMLETS[0][1]]
    assert broadcast["end_us"] - start_us == 12_000_000, broadcast
    chime_at(made, chime, start_us)
    chime_at(made, chime, start_us + 10_000_000)
    piece, _ = between(node, start_us + 4_000_000, start_us + 8_000_000)
    sent = folder / "sent.mp3"
    sent.write_bytes(Broadcaster.streams["/noise.mp3"])
    noise = np.tile(sound.read_any(sent), 2)
    _, alike = sound.align(noise, piece)
    assert alike > 0.7, f"what was relayed is not what was sent: {alike:.3f}"
    piece, _ = between(node, start_us + 50_000, start_us + 11_950_000)
    gap = longest_gap(piece)
    print(f"# longest gap {gap} samples, relayed alike {alike:.3f}", flush=True)
    assert gap < GAP_SAMPLES, gap
    assert silent(node, start_us + 12_300_000, start_us + 13_500_000)
    receipt = receipts(broadcast)[HAMLETS[0][1]]
    assert receipt["outcome"] == "sounded" and receipt["carrier"] == "stream", receipt
    # The chimes belong to what went on air.
    wait_for("the recording", lambda: [m for m in made.json("media", "list") if m["title"] == broadcast["title"]
                                       and 11_900 < m["duration_ms"] <= 12_000])


def test_who_hangs_up_early_lets_the_closing_chime_come(build, folder):
    made = relay_station(build, folder)
    sha, chime = parts_of(made, folder)
    number = relay_bulletin(made, "--part", f"relay:{_made['url']}/noise.mp3", "--for", "10m", "--part", f"media:{sha}")
    broadcast = schedule(made, number, 9)
    sleep_until(broadcast["start_us"] + 4_000_000)
    made.ctl("broadcast", "hang-up", broadcast["id"], user="lan")
    broadcast = over(made, broadcast["id"])
    length_us = broadcast["end_us"] - broadcast["start_us"]
    assert 6_000_000 < length_us < 20_000_000, broadcast
    chime_at(made, chime, broadcast["end_us"] - 2_000_000)
    assert receipts(broadcast)[HAMLETS[0][1]]["outcome"] == "sounded", broadcast
    begun = made.controller.text().count(f"live.begun broadcast={broadcast['id']} ")
    assert begun == 1, f"it was begun {begun} times"


def test_a_relay_that_gives_nothing_falls_back_and_the_closing_chime_is_on_time(build, folder):
    made = relay_station(build, folder)
    sha, chime = parts_of(made, folder)
    other = made.json("media", "import", steady(folder, 5), "--title", "Nhạc chờ", user="lan")["sha256"]
    number = relay_bulletin(made, "--part", f"media:{sha}", "--part", f"relay:{_made['url']}/gone.mp3", "--for", "20s",
                            "--fallback", other, "--part", f"media:{sha}")
    broadcast = over(made, schedule(made, number, 9, "--everyone", "--conflict", "replace")["id"])
    start_us = broadcast["start_us"]
    chime_at(made, chime, start_us)
    assert silent(made.nodes[HAMLETS[0][1]], start_us + 3_000_000, start_us + 11_000_000)
    assert loud(made, start_us + 14_000_000, start_us + 19_000_000), "no fallback"
    chime_at(made, chime, start_us + 22_000_000)
    receipt = receipts(broadcast)[HAMLETS[0][1]]
    assert receipt["outcome"] == "partly" and receipt["reason"] == "source_lost", receipt


def test_what_is_no_relay_is_no_part_of_a_bulletin(build, folder):
    made = relay_station(build, folder)
    add = ("bulletin", "add", "--title", "Sai")
    for args, word in ((("--part", "relay:file:///etc/passwd", "--for", "8s"), "http://"),
                       (("--part", "relay:http://vov.vn/a", "--for", "721m"), "720 minutes"),
                       (("--part", "relay:http://vov.vn/a"), "--for"),
                       (("--part", "live", "--part", "relay:http://vov.vn/a", "--for", "8s"), "live, too"),
                       (("--part", "relay:http://vov.vn/a", "--for", "8s", "--fallback", "1" * 64), "recording")):
        line = refused(made, *add, *args, user="lan")
        assert word in line, line


def test_six_channels_are_mixed_to_one(build, folder):
    made = relay_station(build, folder)
    broadcast = relay(made, "/five.mp3", "--for", "20s")
    at_us = now_us() + 12_000_000
    assert loud(made, at_us, at_us + 2_000_000)
    stop(made, broadcast)


def test_redirects_to_files_and_private_addresses_are_refused(build, folder):
    made = relay_station(build, folder)
    for path in ("/to-file", "/to-private", "/loop", _made["private"] + "/noise.mp3"):
        before_us = now_us()
        asked = len(Broadcaster.asked)
        broadcast = relay(made, path, "--for", "20s")
        time.sleep(4)
        assert silent(made.nodes[HAMLETS[0][1]], before_us + 1_000_000, now_us() - 500_000), path
        assert "/noise.mp3" not in Broadcaster.asked[asked:], "it was fetched all the same"
        stop(made, broadcast)
    assert "private network" in made.controller.text()


def test_a_station_that_offers_lists_of_segments_is_relayed(build, folder):
    made = relay_station(build, folder)
    for path in ("/master.m3u8", "/plain.m3u"):
        asked = len(Broadcaster.asked)
        broadcast = relay(made, path, "--for", "60s")
        at_us = now_us() + 9_000_000
        piece, _ = between(made.nodes[HAMLETS[0][1]], at_us, at_us + 12_000_000)
        parts = [float(np.sqrt(np.mean(p ** 2))) for p in np.array_split(piece, 48)]
        print(f"# {path}: quietest quarter of a second {min(parts):.3f}", flush=True)
        assert min(parts) > 0.02, f"{path}: a gap: {parts}"
        stop(made, broadcast)
        fetched = [p for p in Broadcaster.asked[asked:] if p.startswith("/segments/")]
        assert len(fetched) == len(set(fetched)), f"a segment twice: {fetched}"


def test_lists_that_are_hostile_sound_nothing_and_reach_nobody(build, folder):
    made = relay_station(build, folder)
    told = {"/file.m3u8": "http:// or https://", "/private.m3u8": "private network", "/itself.m3u8": "without an end",
            "/nested.m3u8": "where sound belongs", "/locked.m3u8": "encrypts", "/endless.m3u8": "is longer than"}
    for path, word in told.items():
        before_us, asked = now_us(), len(Broadcaster.asked)
        broadcast = relay(made, path, "--for", "30s")
        wait_for(f"{path} to be refused", lambda w=word: w in made.controller.text(), timeout=25, every=0.2)
        stop(made, broadcast)
        assert silent(made.nodes[HAMLETS[0][1]], before_us + 1_000_000, now_us() - 200_000), path
        assert "/secret" not in Broadcaster.asked[asked:], "it was fetched all the same"


def test_what_is_no_sound_stays_off_the_horns(build, folder):
    made = relay_station(build, folder)
    for path in ("/video.ts", "/garbage", "/nothing-there"):
        before_us = now_us()
        broadcast = relay(made, path, "--for", "20s")
        time.sleep(4)
        assert silent(made.nodes[HAMLETS[0][1]], before_us + 1_000_000, now_us() - 500_000), path
        stop(made, broadcast)


def test_a_silent_broadcaster_gives_way_to_the_backup(build, folder):
    made = relay_station(build, folder)
    broadcast = relay(made, "/silence.mp3", "--backup", _made["url"] + "/noise.mp3", "--for", "60s")
    begun_us = now_us()
    wait_for("the silence to be noticed", lambda: "is silent" in made.controller.text(), timeout=25)
    at_us = now_us() + 6_000_000
    assert at_us - begun_us < 30_000_000
    assert loud(made, at_us, at_us + 2_000_000)
    stop(made, broadcast)


def test_a_lost_broadcaster_gives_way_to_the_fallback(build, folder):
    made = relay_station(build, folder)
    sha = made.json("media", "import", steady(folder, 4), "--title", "Nhạc chờ", user="lan")["sha256"]
    broadcast = relay(made, "/nothing-there", "--fallback", sha, "--for", "60s")
    at_us = now_us() + 14_000_000
    assert loud(made, at_us, at_us + 1_000_000)
    alarms = {a["kind"]: a for a in made.json("alarm", "list")}
    assert alarms["source_lost"]["node"] == 0 and alarms["source_lost"]["level"] == "critical", alarms
    assert "relay_trouble" in alarms, alarms
    stop(made, broadcast)
    wait_for("the alarms to clear", lambda: not {a["kind"] for a in made.json("alarm", "list")} & {"source_lost", "relay_trouble"})


def test_addresses_that_are_none_are_refused_in_one_sentence(build, folder):
    made = relay_station(build, folder)
    for url in ("file:///etc/passwd", "ftp://vov.vn/a", "http://lan:mat@vov.vn/a"):
        refused(made, "relay", url, "--everyone", "--confirm-quiet", user="lan")


def test_all_programs_end_in_good_order(build, folder):
    ends_in_good_order(relay_station(build, folder))


if __name__ == "__main__":
    tap.main(globals(), logs)
