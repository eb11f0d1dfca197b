"""What stations publish and bring each other: one's alert sounds at a neighbour that follows it, and ends there; and
recordings that come with messages: inline, from a host, refused, late."""
import base64
import contextlib
import datetime
import hashlib
import http.server
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

import tap
from shared import (Failed, bare, default_config, ends_in_good_order, kept_folder, last_sound_us, logs, now_us, sound, sounds_like,
                    station, voice, wait_for)

ALLOW = "127.0.0.0/8\nallow = ::1"
NEIGHBOUR = """[station]
code = 27151
geocode = vn-commune 27148
[signer neighbour]
certificate = neighbour.pem
sender = 27148
[source rss]
trust = channel
"""
OWN = """[station]
code = 27148
position = 16.46,107.59
geocode = vn-commune 27148
[source admin]
trust = channel
[resources]
host = localhost:{port}
ca = {ca}
max_bytes = 400000
timeout_s = 20
"""


class Host(http.server.BaseHTTPRequestHandler):
    """Serves `files` by path; None: says nothing for a long time."""
    files = {}
    asked = []

    def do_GET(self):
        Host.asked.append(self.path)
        data = Host.files.get(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/good.wav")
            self.end_headers()
            return
        if data is None:
            time.sleep(15)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def log_message(self, *_):
        pass


def serve(handler, ask=False):
    """An HTTPS server with the certificate of the_host(), which it also asks clients for; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(the_host.folder / "cert.pem", the_host.folder / "key.pem")
    if ask:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(the_host.folder / "cert.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def the_host():
    """An HTTPS server with a CA of its own: (port, path of the CA)."""
    if not hasattr(the_host, "made"):
        folder = kept_folder("host-")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=host",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        the_host.folder = folder
        the_host.made = (serve(Host), folder / "cert.pem")
    return the_host.made


def the_station(build):
    if not hasattr(the_station, "config"):
        port, ca = the_host()
        policy = the_host.folder / "policy.ini"
        policy.write_text(OWN.format(port=port, ca=ca), encoding="utf-8")
        the_station.config = default_config(cap={"policy": policy}, relay={"allow": ALLOW})
    return station(build, hamlets=1, key="capout", config=the_station.config)


def live(made):
    return [a for a in made.json("alert", "list") if a["state"] == "live"]


def shown_when(made, alert, ready, timeout=40):
    return wait_for(f"alert {alert}", lambda: (lambda a: a if ready(a) else None)(made.json("alert", "show", alert)),
                    timeout, every=0.2)


def stop_all(made):
    made.ctl("stop")
    wait_for("nothing to be live", lambda: not live(made), 20, every=0.2)


# ---- recordings ----


def stamp(us):
    at = datetime.datetime.fromtimestamp(us // 1_000_000, datetime.timezone(datetime.timedelta(hours=7)))
    return at.isoformat(timespec="seconds")


def cap(identifier, resource="", description="<description>Nước lũ đang lên nhanh.</description>",
        area="<circle>16.46,107.59 5</circle>"):
    at = now_us()
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>pctt@hue.example</sender>
<sent>{stamp(at)}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><language>vi-VN</language><category>Met</category><event>Lũ</event><urgency>Immediate</urgency>
<severity>Extreme</severity><certainty>Observed</certainty><expires>{stamp(at + 600_000_000)}</expires>
<headline>Lũ khẩn cấp</headline>{description}
{resource}<area><areaDesc>Xã</areaDesc>{area}</area></info></alert>
"""


def send(made, folder, identifier, resource, *description):
    path = folder / f"{identifier}.xml"
    resource = f"<resource><resourceDesc>Sound</resourceDesc><mimeType>audio/wav</mimeType>{resource}</resource>"
    path.write_text(cap(identifier, resource, *description), encoding="utf-8")
    sent = made.json("alert", "send", path)
    assert sent["result"] == "sounded", sent
    assert made.json("alert", "show", sent["alert"])["tone"], "no siren at once"
    return sent["alert"]


def short_voice(folder):
    return voice(folder, 3).read_bytes()


def test_an_inline_recording_is_the_message(build, folder):
    made = the_station(build)
    data = short_voice(folder)
    text = base64.b64encode(data).decode()
    alert = send(made, folder, "inline-1", f"<derefUri>{text}</derefUri><digest>{hashlib.sha1(data).hexdigest()}</digest>")
    shown = shown_when(made, alert, lambda a: a["broadcast"])
    assert shown["message"] == "recording" and shown["media"], shown
    sounds_like(made.nodes.values(), sound.read_wav(folder / "giọng đọc 3.wav"), shown["broadcast_start_us"])
    stop_all(made)
    alert = send(made, folder, "inline-2",
                 f"<derefUri>{text}</derefUri><digest>{hashlib.sha1(text.encode()).hexdigest().upper()}</digest>")
    assert shown_when(made, alert, lambda a: a["broadcast"])["message"] == "recording"
    stop_all(made)


def test_one_that_does_not_fit_its_digest_is_not_played(build, folder):
    made = the_station(build)
    text = base64.b64encode(short_voice(folder)).decode()
    for number, resource in enumerate((f"<derefUri>{text}</derefUri><digest>{'0' * 40}</digest>",
                                       "<derefUri>bm8gc291bmQ=</derefUri>", "<derefUri>*</derefUri>")):
        alert = send(made, folder, f"bad-{number}", resource)
        shown = shown_when(made, alert, lambda a: a["broadcast"])
        assert shown["message"] == "speech" and shown["media"], shown
        stop_all(made)


def test_a_recording_is_fetched_from_a_host_of_the_policy_only(build, folder):
    made = the_station(build)
    port, _ = the_host()
    data = short_voice(folder)
    digest = hashlib.sha1(data).hexdigest()
    Host.files = {"/good.wav": data, "/large.wav": data + bytes(400000)}
    for name, path, with_digest, message in (
            ("good", "/good.wav", digest, "recording"), ("other", "/good.wav", "0" * 40, "speech"),
            ("none", "/good.wav", None, "speech"), ("large", "/large.wav", digest, "speech"),
            ("moved", "/moved", digest, "speech")):
        more = f"<digest>{with_digest}</digest>" if with_digest else ""
        alert = send(made, folder, f"uri-{name}", f"<uri>https://localhost:{port}{path}</uri>{more}")
        shown = shown_when(made, alert, lambda a: a["broadcast"])
        assert shown["message"] == message, (name, shown)
        stop_all(made)
    assert "/good.wav" in Host.asked and Host.asked.count("/good.wav") == 2, Host.asked
    Host.asked.clear()
    for host in (f"127.0.0.1:{port}", f"LOCALHOST:{port + 1}", f"localhost@127.0.0.1:{port}"):
        alert = send(made, folder, f"host-{host.replace('@', '-')}",
                     f"<uri>https://{host}/good.wav</uri><digest>{digest}</digest>")
        assert shown_when(made, alert, lambda a: a["broadcast"])["message"] == "speech"
        stop_all(made)
    assert not Host.asked, Host.asked


def test_a_host_that_stalls_delays_neither_siren_nor_speech(build, folder):
    made = the_station(build)
    port, _ = the_host()
    alert = send(made, folder, "stall-1", f"<uri>https://localhost:{port}/stall</uri><digest>{'0' * 40}</digest>")
    shown = shown_when(made, alert, lambda a: a["broadcast"], 14)
    assert shown["message"] == "speech", shown
    stop_all(made)


def test_a_recording_that_a_crash_cut_off_is_still_the_message(build, folder):
    made = the_station(build)
    port, _ = the_host()
    data = short_voice(folder)
    for attempt in range(4):  # on a slow machine the text may be spoken before the kill
        Host.files = {}
        path = f"/late-{attempt}.wav"
        alert = send(made, folder, f"crash-{attempt}", f"<uri>https://localhost:{port}{path}</uri>"
                                                       f"<digest>{hashlib.sha1(data).hexdigest()}</digest>")
        wait_for("it to be asked for", lambda: path in Host.asked, 20, every=0.02)
        Host.files = {path: data}
        made.restart(signal.SIGKILL)
        made.ready()
        shown = shown_when(made, alert, lambda a: a["broadcast"], 60)
        stop_all(made)
        if shown["message"] == "recording":
            return
    raise AssertionError(f"spoken each time: {shown}")


def test_a_message_without_words_has_its_recording(build, folder):
    made = the_station(build)
    data = short_voice(folder)
    alert = send(made, folder, "wordless", f"<derefUri>{base64.b64encode(data).decode()}</derefUri>", "")
    assert shown_when(made, alert, lambda a: a["broadcast"])["message"] == "recording"
    stop_all(made)


# ---- published, and followed ----


def read(made, path, **headers):
    context = ssl.create_default_context(cafile=str(made.data / "pki/ca.crt"))
    request = urllib.request.Request(made.url + path, headers=headers)
    with urllib.request.urlopen(request, context=context, timeout=20) as answer:
        return answer.read().decode(), answer.headers


def test_an_alert_sounds_at_a_neighbour_that_follows_and_ends_there(build, folder):
    made = the_station(build)
    made.ctl("alert", "signer", folder / "neighbour.pem")
    assert (made.data / "pki/alert.key").stat().st_mode & 0o777 == 0o600
    (folder / "policy.ini").write_text(NEIGHBOUR, encoding="utf-8")
    url = made.url.replace("127.0.0.1", "localhost") + "/cap/feed.atom"
    config = default_config(**{"cap": {"policy": folder / "policy.ini"}, "relay": {"allow": ALLOW},
                               "feed neighbour": {"url": url, "ca": made.data / "pki/ca.crt", "poll_s": 1},
                               "feed rss": {"url": the_rss(), "ca": the_host()[1], "poll_s": 1, "heartbeat_s": 2}})
    other = bare(build, config.replace("code = 27148", "code = 27151"), "neighbour")
    other.setup()
    node = other.node("Cụm hàng xóm", other.zone("T09", "Thôn Bắc"))
    other.ready()
    began_us = now_us()
    alert = made.json("alert", "new", "--text", "Lũ đang về.", "--title", "Lũ", "--everyone")["id"]
    name = f"27148.{alert}"
    followed = wait_for("the neighbour to sound", lambda: live(other), 30, every=0.2)
    assert len(followed) == 1 and followed[0]["title"] == "Lũ" and "Lũ đang về." in followed[0]["text"], followed
    print(f"# alert to the neighbour's siren {(followed[0]['tone_start_us'] - began_us) / 1e6:.1f} s", flush=True)
    time.sleep(3)
    assert last_sound_us(node, followed[0]["tone_start_us"], now_us()) > 0, "the neighbour's horn is silent"
    row = next(m for m in other.json("alert", "messages") if m["identifier"] == name)
    assert row["sender"] == "27148" and row["state"] == "sounded", row
    shown = other.json("alert", "message", row["id"])["verdict"]
    assert shown["signature"] == "good" and shown["signers"] == ["neighbour"], shown
    assert shown["infos"][0]["areas"][0]["geocodes"] == [{"name": "vn-commune", "value": "27148"}], shown
    updated = made.json("alert", "update", alert, "--text", "Lũ đã về.", "--title", "Lũ mới")["id"]
    wait_for("the update to arrive", lambda: [a["title"] for a in live(other)] == ["Lũ mới"], 30, every=0.2)
    made.ctl("alert", "cancel", updated, "--why", "xong")
    wait_for("it to end at the neighbour", lambda: not live(other), 30, every=0.2)
    states = {m["identifier"]: m["state"] for m in other.json("alert", "messages")
              if not m["identifier"].endswith(".stop")}  # stops of the cases above are in the feed, too
    assert states == {name: "sounded", f"27148.{updated}": "sounded", f"27148.{updated}.end": "stopped"}, states
    assert not other.json("alert", "inbox")
    feed, headers = read(made, "/cap/feed.atom")
    assert feed.count("<entry>") >= 3 and "max-age" in headers["Cache-Control"], headers
    try:
        read(made, "/cap/feed.atom", **{"If-None-Match": headers["ETag"]})
        raise AssertionError("sent again")
    except urllib.error.HTTPError as answer:
        assert answer.code == 304, answer
    message, headers = read(made, f"/cap/{name}.cap")
    assert headers["Content-Type"].startswith("application/cap+xml") and "Signature" in message, headers
    a_stop_there_is_reported(made, other, folder)
    a_feed_that_is_not_read_is_an_alarm_until_it_is(other)
    ends_in_good_order(other)


def a_stop_there_is_reported(made, other, folder):
    """Also when the neighbour is killed at once; whoever sent the alert reads it with what it pinned."""
    alert = made.json("alert", "new", "--text", "Lũ đang về.", "--title", "Lũ", "--everyone")["id"]
    there = wait_for("the neighbour to sound", lambda: live(other), 30, every=0.2)[0]["id"]
    assert not has_reports(other), "nobody stopped anything"
    other.ctl("stop")
    other.restart(signal.SIGKILL)
    other.ready()
    wait_for("the report", lambda: has_reports(other), 30, every=0.3)
    report = folder / "report.cap"
    report.write_text(read(other, f"/cap/27151.{there}.stop.cap")[0], encoding="utf-8")
    other.ctl("alert", "signer", folder / "below.pem")
    (folder / "above.ini").write_text("[station]\ncode = 27148\n[signer below]\ncertificate = below.pem\n"
                                      "sender = 27151\n", encoding="utf-8")
    verdict = made.json("alert", "check", report, "--policy", folder / "above.ini")
    assert (verdict["verdict"], verdict["action"], verdict["signature"]) == ("accepted", "inbox", "good"), verdict
    assert verdict["msgType"] == "Error" and verdict["sender"] == "27151", verdict
    assert [(r["sender"], r["identifier"]) for r in verdict["references"]] == [("27148", f"27148.{alert}")], verdict
    assert "(27151) đã dừng phát cảnh báo này tại chỗ" in verdict["note"], verdict
    report.write_text(report.read_text(encoding="utf-8").replace("27151)", "27152)"), encoding="utf-8")
    forged = made.json("alert", "check", report, "--policy", folder / "above.ini")
    assert forged["verdict"] == "rejected" and forged["signature"] == "bad", forged
    assert any(e["action"] == "alert.reported" for e in other.json("journal", "list", "--limit", 500))
    report.write_text(read(other, f"/cap/27151.{there}.stop.cap")[0], encoding="utf-8")
    assert made.json("alert", "send", report)["result"] == "waiting"
    waits = made.json("alert", "inbox")
    assert len(waits) == 1 and "đã dừng phát" in waits[0]["title"], waits
    made.ctl("alert", "dismiss", waits[0]["id"])
    made.ctl("alert", "cancel", alert)


class Rss(http.server.BaseHTTPRequestHandler):
    """Refuses until it has files."""
    files = {}

    def do_GET(self):
        data = Rss.files.get(self.path)
        self.send_response(503 if data is None else 200)
        self.send_header("Content-Length", str(len(data or b"")))
        self.end_headers()
        self.wfile.write(data or b"")

    def log_message(self, *_):
        pass


def the_rss(ask=False):
    """The address of an empty one."""
    the_host()
    Rss.files.clear()
    the_rss.base = f"https://localhost:{serve(Rss, ask)}"
    return the_rss.base + "/feed.rss"


def put_message(identifier):
    item = f"<item><guid>1</guid><link>{the_rss.base}/1.xml</link></item>"
    here = "<geocode><valueName>vn-commune</valueName><value>27148</value></geocode>"
    Rss.files["/1.xml"] = cap(identifier, area=here).encode()
    Rss.files["/feed.rss"] = f'<rss version="2.0"><channel><title>x</title>{item}</channel></rss>'.encode()


def feed_is_lost(made):
    return "feed_lost" in [a["kind"] for a in made.json("alarm", "list")]


def a_feed_that_is_not_read_is_an_alarm_until_it_is(other):
    """Also when it is back while the station is down; a station that starts again does not lose it a second time."""
    wait_for("the alarm", lambda: feed_is_lost(other), 30, every=0.3)
    other.restart(signal.SIGKILL, while_down=lambda: put_message("rss-1"))
    other.ready()
    wait_for("what the feed names to sound", lambda: [a["title"] for a in live(other)] == ["Lũ khẩn cấp"], 30, every=0.3)
    wait_for("the alarm to clear", lambda: not feed_is_lost(other), 30, every=0.3)
    seen = [e["action"] for e in other.json("journal", "list", "--object", "feed:rss", "--limit", 500)]
    assert seen == ["feed.lost", "feed.back"], seen
    stop_all(other)


def test_a_feed_that_asks_for_a_certificate_is_read_with_it_only(build, folder):
    (folder / "policy.ini").write_text("[station]\ncode = 27148\ngeocode = vn-commune 27148\n[source above]\n"
                                       "trust = channel\n", encoding="utf-8")
    feed = {"url": the_rss(ask=True), "ca": the_host()[1], "poll_s": 1, "heartbeat_s": 2}

    def config(**more):
        return default_config(**{"cap": {"policy": folder / "policy.ini"}, "relay": {"allow": ALLOW},
                                 "feed above": {**feed, **more}})
    try:
        bare(build, config(url=feed["url"].replace("https:", "http:")), "plain")
        raise AssertionError("it started")
    except Failed as problem:
        assert "no channel to trust" in str(problem), problem
    made = bare(build, config(), "asked")
    made.setup()
    node = made.node("Cụm một", made.zone("T01", "Thôn Đông"))
    made.ready()
    put_message("asked-1")
    wait_for("the alarm", lambda: feed_is_lost(made), 30, every=0.3)
    wait_for("the log to say why", lambda: [line for line in made.controller.text().splitlines()
             if "cap.feed_not_read" in line and "certificate required" in line], 60, every=0.3)
    assert not made.json("alert", "messages"), "read without a certificate"
    made.restart(while_down=lambda: made.config.write_text(
        made.config.read_text(encoding="utf-8").replace("poll_s = 1", f"certificate = {the_host.folder / 'cert.pem'}\n"
                                                        f"key = {the_host.folder / 'key.pem'}\npoll_s = 1"),
        encoding="utf-8"))
    made.ready()
    alert = wait_for("it to sound", lambda: live(made), 30, every=0.2)[0]
    time.sleep(3)
    assert last_sound_us(node, alert["tone_start_us"], now_us()) > 0, "the horn is silent"
    row = made.json("alert", "messages")[0]
    assert (row["identifier"], row["state"]) == ("asked-1", "sounded"), row
    assert made.json("alert", "message", row["id"])["verdict"]["signature"] == "none"
    wait_for("the alarm to clear", lambda: not feed_is_lost(made), 30, every=0.3)
    stop_all(made)
    ends_in_good_order(made)


def has_reports(made):
    return ".stop.cap" in read(made, "/cap/feed.atom")[0]


def test_the_station_ends_well(build, _):
    ends_in_good_order(the_station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
