"""Speaking from a browser: a WebSocket with Opus or samples, heard on the right nodes and on no others; a lost link."""
import ctypes
import ctypes.util
import re
import threading
import time

import numpy as np
import tap
from browser import Browser, Refused, Socket
from shared import ends_in_good_order, in_real_time, logs, nap, now_us, over, silent, sound, wait_for
from test_live import PIECE, a_voice, disturbed, ears, listeners, live_station, machine_late

LOSS_S = 3.0
ALIKE = 0.8


class Opus:
    """libopus, as a browser's AudioEncoder has it."""

    def __init__(self):
        self.lib = ctypes.CDLL(ctypes.util.find_library("opus"))
        self.lib.opus_encoder_create.restype = ctypes.c_void_p
        self.state = ctypes.c_void_p(self.lib.opus_encoder_create(sound.RATE, 1, 2048, ctypes.byref(ctypes.c_int())))

    def packet(self, samples):
        pcm = (samples * 32767).astype("<i2").tobytes()
        out = ctypes.create_string_buffer(1275)
        count = self.lib.opus_encode(self.state, pcm, PIECE, out, len(out))
        assert count > 0, count
        return out.raw[:count]


class Page:
    """The page that speaks. `said` and `samples` are as in Speaker of test_live."""

    def __init__(self, made, title, *zones):
        self.made, self.browser = made, Browser(made)
        status, _, body = self.browser.ask("POST", "/live", {"title": title, "zones": list(zones), "quiet_confirmed": True})
        assert status == 201, body
        self.id, self.start_us = body["id"], body["start_us"]
        self.said, self.samples, self.heard, self.late_ms = [], [], [], 0.0
        self.woken_late_ms = 0.0

    def open(self, form):
        socket = Socket(self.browser, f"/api/v1/broadcasts/{self.id}/talk")
        socket.say(format=form, rate_hz=sound.RATE)
        threading.Thread(target=self._listen, args=(socket,), daemon=True).start()
        return socket

    def _listen(self, socket):
        try:
            while not self.heard or self.heard[-1]["type"] != "end":
                self.heard.append(socket.hear())
            socket.drop()
        except (EOFError, OSError, ValueError):
            pass

    def speak(self, socket, samples, encode):
        begun = time.time()
        for at in range(0, len(samples) - PIECE + 1, PIECE):
            self.woken_late_ms = max(self.woken_late_ms, nap(begun + (at + PIECE) / sound.RATE))
            self.late_ms = max(self.late_ms, (time.time() - begun - (at + PIECE) / sound.RATE) * 1000)
            self.said.append(int((begun + at / sound.RATE) * 1e6))
            self.samples.append(samples[at:at + PIECE])
            socket.send(encode(samples[at:at + PIECE]))

    def hang_up(self):
        status, _, body = self.browser.ask("POST", f"/broadcasts/{self.id}/hang-up")
        assert status == 204, body
        return over(self.made, self.id)


def samples_of(piece):
    return (piece * 32767).astype("<i2").tobytes()


def wait_for_start(page):
    time.sleep(max(0.0, page.start_us / 1e6 - time.time()))


def spoken(made, folder, form, encode):
    """Six seconds for two of three nodes; for in_real_time()."""
    begun_us = now_us()
    page = Page(made, f"Nói trực tiếp {form}", *made.zones[:2])
    socket = page.open(form)
    wait_for_start(page)
    page.speak(socket, a_voice(folder, 6), encode)
    broadcast = page.hang_up()
    states = [s for s in page.heard if isinstance(s, dict) and s["type"] == "state"]
    found = {n.name: [ears(n, page, from_s, from_s + 1.6) for from_s in (1, 3)] for n in listeners(made)[:2]}
    print(f"# {form}: {found}, {len(states)} states, last {states[-1]}", flush=True)
    assert silent(listeners(made)[2], begun_us, now_us() - 500_000), "a node that was not meant sounded"
    assert page.heard[-1]["type"] == "end" and page.heard[-1]["why"] == "over", page.heard[-3:]

    def judge():
        assert all(alike > ALIKE for pairs in found.values() for alike, _ in pairs), found
        assert max(s["hearing"] for s in states) == 2 and states[-1]["nodes"] == 2, states[-1]
        assert any(-60_000 < s["level_mdb"] < 0 for s in states) and states[-1]["delay_ms"] >= 150, states

    return disturbed(made, page, broadcast), judge


def test_opus_from_a_page_is_heard_where_it_is_meant_and_nowhere_else(build, folder):
    made = live_station(build)
    in_real_time(lambda: spoken(made, folder, "opus", Opus().packet))


def test_samples_from_a_page_are_heard_too(build, folder):
    made = live_station(build)
    in_real_time(lambda: spoken(made, folder, "s16le", samples_of))


def lost_and_found(made, folder):
    """The link is lost for three seconds in the middle of speech; for in_real_time()."""
    page = Page(made, "Mất sóng", *made.zones[:2])
    first = page.open("opus")
    wait_for_start(page)
    voice = a_voice(folder, 10)
    page.speak(first, voice[:4 * sound.RATE], Opus().packet)
    first.drop()
    time.sleep(LOSS_S)
    again = len(page.said) / 50
    second = page.open("opus")
    page.speak(second, voice[6 * sound.RATE:], Opus().packet)
    broadcast = page.hang_up()
    found = {n.name: [ears(n, page, at, at + 1.6) for at in (1, again + 0.4, again + 1, again + 2)] for n in listeners(made)[:2]}
    print(f"# {found}", flush=True)
    assert all(row["receipt"] for row in broadcast["targets"]), broadcast["targets"]

    def judge():
        assert all(alike > ALIKE for pairs in found.values() for alike, _ in pairs), found

    late = int(re.findall(r"live.ended .*late=(\d+)", made.controller.text())[-1])
    if not machine_late(page) and (page.late_ms > 20 or late > 2):  # once at the start, once for the loss
        return f"the page was {page.late_ms:.0f} ms late, its sound {late} times", judge
    return machine_late(page), judge


def test_a_link_that_is_lost_for_three_seconds_goes_on(build, folder):
    made = live_station(build)
    in_real_time(lambda: lost_and_found(made, folder))


def last_words(socket):
    while (said := socket.hear())["type"] != "end":
        pass
    return said["why"]


def test_a_second_connection_of_the_speaker_takes_over(build, folder):
    made = live_station(build)
    page = Page(made, "Hai máy", made.zones[0])
    first = Socket(page.browser, f"/api/v1/broadcasts/{page.id}/talk")
    Socket(page.browser, f"/api/v1/broadcasts/{page.id}/talk")
    assert last_words(first) == "replaced"
    page.hang_up()


def refusal(page, **how):
    try:
        Socket(page.browser, how.pop("path", f"/api/v1/broadcasts/{page.id}/talk"), **how)
    except Refused as no:
        return no.args[0]
    return 101


def closed_with(page, *messages):
    socket = Socket(page.browser, f"/api/v1/broadcasts/{page.id}/talk")
    for data, opcode, final in messages:
        socket.send(data, opcode, final)
    return last_words(socket)


def test_what_is_not_ours_or_no_sound_is_refused(build, folder):
    made = live_station(build)
    page = Page(made, "Kẻ lạ", made.zones[0])
    assert refusal(page, origin="https://evil.example") == 403
    assert refusal(page, origin="null") == 403
    assert refusal(page, cookie=False) == 401
    assert refusal(page, protocol="chat") == 400
    assert refusal(page, protocol=None) == 400
    assert refusal(page, path="/api/v1/broadcasts/999999/talk") == 404
    assert refusal(page, path="/api/v1/updates") == 404
    assert refusal(page, path="/") == 404
    form = (b'{"format": "opus"}', 1, True)
    assert closed_with(page, (b"{", 1, True)) == "wrong"
    assert closed_with(page, (b"\xff" * 40, 2, True)) == "wrong"
    assert closed_with(page, form, (b"\xff" * 2000, 2, True)) == "wrong"
    assert closed_with(page, form, (b"x" * 5000, 2, True)) == "wrong"
    assert closed_with(page, form, *[(b"x" * 1000, 2 if i == 0 else 0, False) for i in range(6)]) == "wrong"
    packet = Opus().packet(np.zeros(PIECE))
    assert closed_with(page, form, *[(packet, 2, True)] * 400) == "fast"
    page.hang_up()


def test_the_station_ends_in_good_order(build, folder):
    ends_in_good_order(live_station(build))


if __name__ == "__main__":
    tap.main({name: value for name, value in globals().items() if getattr(value, "__module__", "") in ("__main__",)},
             logs)
