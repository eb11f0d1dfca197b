"""Alerts: siren, then the message, update, cancel and silence; second person, second factor, late nodes."""
import base64
import hashlib
import hmac
import json
import os
import struct
import subprocess
import threading
import time
import urllib.parse

import tap
from shared import (between, ends_in_good_order, heard, journal_is_intact, last_sound_us, logs, now_us, over, receipts,
                    refused, silent, sleep_until, sound, sounds_like, station, steady, voice, wait_for)

ALIKE = 0.9
UNIT_US = 8_000_000  # the tone may be left after each


def samples_of(made, sha256):
    """The recording as the nodes decode it."""
    path = made.folder / f"{sha256}.opus"
    made.ctl("media", "download", sha256, path)
    return sound.read_any(path)


def siren_of(made):
    sha256 = next(row["media"] for row in made.json("emergency", "list") if row["signal"] == "siren")
    return samples_of(made, sha256)


def shown(made, alert):
    return made.json("alert", "show", alert)


def state_is(made, alert, state, timeout=30):
    return wait_for(f"alert {alert} to be {state}",
                    lambda: (lambda a: a if a["state"] == state else None)(shown(made, alert)),
                    timeout, every=0.2)


def message_of(made, alert, timeout=60):
    """The alert once its message has a broadcast."""
    return wait_for("the message to be ordered",
                    lambda: (lambda a: a if a["broadcast"] else None)(shown(made, alert)), timeout, every=0.2)


def the_station(build):
    return station(build, hamlets=2, key="alert")


def test_the_siren_sounds_at_once_and_the_message_follows_without_a_gap(build, _):
    made = the_station(build)
    accepted_us = now_us()
    alert = made.json("alert", "new", "--template", "flood", "--everyone", "--pause", "2s", "--expires", "5m",
                      "--why", "mực nước sông vượt báo động ba", user="lan")
    assert alert["state"] == "live" and alert["tone"] and alert["message"] == "speech", alert
    assert "Thôn" not in alert["text"] and "{" not in alert["text"], alert["text"]
    with_message = message_of(made, alert["id"])
    tone_us, message_us = alert["tone_start_us"], with_message["broadcast_start_us"]
    assert (message_us - tone_us) % UNIT_US == 0 and message_us - tone_us >= UNIT_US
    message = samples_of(made, with_message["media"])
    nodes = made.nodes.values()
    # It is live when the order arrives: a busy machine hears it late, but in step.
    late = sound.RATE
    siren = siren_of(made)[late:7 * sound.RATE]
    for node in nodes:
        alike, error_ms = heard(node, siren, tone_us + 1_000_000)
        print(f"# {node.name}: siren alike {alike:.3f}, {error_ms:+.3f} ms", flush=True)
        assert alike > ALIKE and abs(error_ms) < 20
    sounds_like(nodes, message[:8 * sound.RATE], message_us)
    for node in nodes:
        assert last_sound_us(node, tone_us, message_us) > message_us - 60_000, "a gap before the message"
    print(f"# accepted to siren's start {(tone_us - accepted_us) / 1000:.0f} ms", flush=True)
    again_us = message_us + len(message) / sound.RATE * 1e6 + 2_000_000
    sounds_like(nodes, message[:5 * sound.RATE], round(again_us))
    tone = made.json("broadcast", "show", alert["tone"])
    assert tone["priority"] == "emergency" and tone["state"] in ("cancelled", "closed"), tone
    test_the_siren_sounds_at_once_and_the_message_follows_without_a_gap.alert = alert["id"]


def test_an_update_takes_its_place_and_cancel_is_silence(build, folder):
    made = the_station(build)
    first = test_the_siren_sounds_at_once_and_the_message_follows_without_a_gap.alert
    media = made.json("media", "import", steady(folder, 6), user="lan")["sha256"]
    old = shown(made, first)
    update = made.json("alert", "update", first, "--media", media, "--pause", "1s", user="lan")
    assert shown(made, first)["state"] == "replaced" and update["replaces"] == first
    assert over(made, old["broadcast"])["state"] == "closed"
    with_message = message_of(made, update["id"])
    sleep_until(with_message["broadcast_start_us"] + 2_000_000)
    made.ctl("alert", "cancel", update["id"], "--why", "nước đã rút", user="lan")
    cancelled_us = now_us()
    for node in made.nodes.values():
        last_us = last_sound_us(node, with_message["broadcast_start_us"], cancelled_us + 3_000_000)
        print(f"# {node.name}: cancel to silence {(last_us - cancelled_us) / 1000:+.0f} ms", flush=True)
        assert 0 < last_us < cancelled_us + 1_000_000
    assert state_is(made, update["id"], "cancelled")["decided_by"] != 0
    refused(made, "alert", "update", update["id"], "--text", "Thử lại.", user="lan")
    sleep_until(cancelled_us + 4_000_000)
    assert not made.json("alert", "list", "--open")


def test_somebody_speaks_and_is_heard_after_the_siren(build, folder):
    made = the_station(build)
    spoken = sound.read_any(voice(folder, 25)) * 0.5
    env = dict(os.environ, LOACTL_SERVER=made.url, LOACTL_CA=str(made.data / "pki/ca.crt"),
               LOACTL_STATE=str(made.folder / "loactl-lan"))
    loactl = subprocess.Popen([str(made.build / "tools/loactl/loactl"), "alert", "new", "--live", "--everyone", "--title",
                               "Nói khẩn cấp", "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def speak():
        begun = time.monotonic()
        for at in range(0, len(spoken) - 960, 960):
            time.sleep(max(0.0, begun + at / sound.RATE - time.monotonic()))
            loactl.stdin.write((spoken[at:at + 960] * 32767).astype("<i2").tobytes())
            loactl.stdin.flush()

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    made_alert = wait_for("the alert", lambda: made.json("alert", "list", "--open"), 30, every=0.2)[0]
    speaker.join(60)
    answer = json.loads(loactl.communicate(timeout=60)[0])
    assert loactl.returncode == 0 and answer["id"] == made_alert["id"] and answer["message"] == "live", answer
    alert = shown(made, answer["id"])
    tone_us, message_us = alert["tone_start_us"], alert["broadcast_start_us"]
    assert message_us - tone_us == UNIT_US, alert
    live = over(made, alert["broadcast"])
    assert live["priority"] == "emergency", live
    for node in made.nodes.values():
        assert not silent(node, tone_us + 1_000_000, tone_us + 2_000_000), "no siren"
        piece, _ = between(node, message_us, message_us + 28_000_000)  # loactl kept what was said during the siren
        _, alike = sound.align(piece, spoken[12 * sound.RATE:15 * sound.RATE])
        print(f"# {node.name}: voice alike {alike:.3f}", flush=True)
        assert alike > 0.6, "the voice is not heard"
    made.ctl("alert", "cancel", alert["id"], user="lan")


def test_what_expired_plays_its_repetition_to_the_end_and_no_more(build, folder):
    made = the_station(build)
    media = made.json("media", "import", steady(folder, 5), user="lan")["sha256"]
    alert = made.json("alert", "new", "--media", media, "--everyone", "--repeat", "2", "--pause", "1s",
                      user="lan")
    start_us = message_of(made, alert["id"])["broadcast_start_us"]
    plays = over(made, shown(made, alert["id"])["broadcast"])
    assert plays["repeats"] == 2, plays
    for name, receipt in receipts(plays).items():
        assert receipt["outcome"] == "sounded" and receipt["plays"] == 2, f"{name}: {receipt}"
    for node in made.nodes.values():
        assert silent(node, start_us + 11_500_000, start_us + 13_000_000)
    made.ctl("alert", "cancel", alert["id"], user="lan")


def test_a_node_that_was_off_line_gets_it_when_it_returns(build, folder):
    made = the_station(build)
    node = list(made.nodes.values())[1]
    media = made.json("media", "import", steady(folder, 20), user="lan")["sha256"]
    node.end()
    alert = made.json("alert", "new", "--media", media, "--everyone", "--pause", "0s", user="lan")
    message = message_of(made, alert["id"])
    sleep_until(message["broadcast_start_us"])
    made.node_again(node)

    def takes_part():
        targets = made.json("broadcast", "show", shown(made, alert["id"])["broadcast"])["targets"]
        return all(t["state"] == "accepted" for t in targets)

    wait_for("the node to accept the order", takes_part, timeout=40, every=0.3)
    sleep_until(now_us() + 4_000_000)
    made.ctl("alert", "all-clear", alert["id"], "--why", "đã an toàn", user="lan")
    clear = made.json("alert", "list", "--open")[-1]
    assert clear["title"] == "Báo yên" and clear["replaces"] == alert["id"], clear
    assert not silent(node, now_us() + 500_000, now_us() + 1_500_000), "the all-clear is heard there, too"
    made.ctl("stop", user="hung")
    state_is(made, clear["id"], "stopped")
    wait_for("the alarm", lambda: any(a["kind"] == "alert_stopped" for a in made.json("alarm", "list", "--all")),
             every=0.3)
    assert any(e["action"] == "alert.stopped" for e in made.json("journal", "list", "--limit", 500))


def code_of(uri, at_s):
    """RFC 6238, by the standard library."""
    secret = base64.b32decode(urllib.parse.parse_qs(urllib.parse.urlparse(uri).query)["secret"][0])
    mac = hmac.new(secret, struct.pack(">Q", int(at_s) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def test_a_second_factor_counts_once_and_only_when_it_is_right(build, _):
    made = the_station(build)
    made.ctl("alert", "policy", "set", "--totp-role", "operator")
    new = ("alert", "new", "--template", "fire", "--everyone")
    assert "second factor" in refused(made, *new, user="lan")
    uri = made.json("user", "totp", user="lan")["uri"]
    assert uri.startswith("otpauth://totp/"), uri
    refused(made, *new, "--totp", code_of(uri, time.time()), user="lan")  # not confirmed yet
    now = time.time()
    made.ctl("user", "totp-confirm", code_of(uri, now - 30), user="lan")
    wrong = f"{(int(code_of(uri, now)) + 1) % 1_000_000:06d}"
    assert "wrong" in refused(made, *new, "--totp", wrong, user="lan")
    alert = made.json(*new, "--totp", code_of(uri, now), user="lan")
    made.ctl("alert", "cancel", alert["id"], user="lan")
    assert "used before" in refused(made, *new, "--totp", code_of(uri, now), user="lan")
    assert code_of(uri, now) not in made.ctl("journal", "list", "--limit", 500)
    made.ctl("alert", "policy", "set", "--totp-role", "none")


def test_the_second_person_confirms_and_silence_goes_to_the_fallback_person(build, _):
    made = the_station(build)
    people = {u["login"]: u["id"] for u in made.json("user", "list")}
    made.ctl("alert", "policy", "set", "--confirm-role", "operator", "--confirm-within", "10s", "--fallback",
             people["admin"])
    before = made.json("broadcast", "list", "--limit", 500)
    alert = made.json("alert", "new", "--template", "storm", "--everyone", user="lan")
    assert alert["state"] == "waiting" and not alert["tone"], alert
    refused(made, "alert", "confirm", alert["id"], user="lan")
    assert len(made.json("broadcast", "list", "--limit", 500)) == len(before), "nothing sounds yet"
    wait_for("the escalation", lambda: shown(made, alert["id"])["escalations"] >= 1, timeout=30, every=0.3)
    assert shown(made, alert["id"])["state"] == "waiting"
    entry = [e for e in made.json("journal", "list", "--limit", 500) if e["action"] == "alert.escalated"][-1]
    assert str(people["admin"]) in str(entry["detail"]), entry
    confirmed = made.json("alert", "confirm", alert["id"])
    assert confirmed["state"] == "live" and confirmed["tone"], confirmed
    made.ctl("alert", "cancel", alert["id"])
    second = made.json("alert", "new", "--template", "storm", "--everyone", user="lan")
    made.ctl("alert", "confirm", second["id"], user="hung")
    made.ctl("alert", "cancel", second["id"])
    third = made.json("alert", "new", "--template", "storm", "--everyone", user="lan")
    made.ctl("alert", "cancel", third["id"], user="lan")
    assert shown(made, third["id"])["state"] == "withdrawn"
    made.ctl("alert", "policy", "set", "--confirm-role", "none")


def test_an_area_is_a_limit_and_a_drill_says_what_it_is(build, _):
    made = the_station(build)
    lan = next(u["id"] for u in made.json("user", "list") if u["login"] == "lan")
    made.ctl("user", "area", lan, "--zone", made.zones[0])
    assert "some zones only" in refused(made, "alert", "new", "--template", "flood", "--everyone", user="lan")
    refused(made, "alert", "new", "--template", "flood", "--zone", made.zones[1], user="lan")
    drill = made.json("alert", "new", "--template", "flood", "--drill", "--zone", made.zones[0], "--preview",
                      "--confirm-quiet", user="lan")
    assert drill["nodes"] == 1 and drill["id"] == 0, drill
    assert drill["text"].startswith("Diễn tập") and "Thôn Đông" in drill["text"], drill
    assert drill["title"].startswith("Diễn tập") and drill["signal"] == "test", drill
    made.ctl("user", "area", lan, "--everyone")
    assert "dac_diem" in refused(made, "alert", "new", "--template", "lost_child", "--everyone", user="lan")
    made.ctl("alert", "template", "set", "fire", "--text", "Cháy tại {noi}!", user="lan")
    shown_text = made.json("alert", "new", "--template", "fire", "--fill", "noi=chợ Mới", "--everyone",
                           "--preview", user="lan")["text"]
    assert shown_text == "Cháy tại chợ Mới!", shown_text
    assert len(made.json("alert", "template", "list")) == 8


def test_an_alert_goes_on_after_the_station_was_killed(build, folder):
    import signal
    made = the_station(build)
    made.keep_ports()
    media = made.json("media", "import", steady(folder, 7), user="lan")["sha256"]
    alert = made.json("alert", "new", "--media", media, "--everyone", "--pause", "1s", user="lan")
    message_of(made, alert["id"])
    made.restart(signal.SIGKILL)
    made.ready()
    assert shown(made, alert["id"])["state"] == "live"
    made.ctl("alert", "cancel", alert["id"], user="lan")
    cancelled_us = now_us()
    sleep_until(cancelled_us + 2_000_000)
    for node in made.nodes.values():
        assert silent(node, cancelled_us + 1_000_000, cancelled_us + 2_000_000)
    journal_is_intact(made)
    ends_in_good_order(made)


if __name__ == "__main__":
    tap.main(globals(), logs)
