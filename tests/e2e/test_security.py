"""The running station against those who mean it harm: paths, headers, bodies, cookies, guesses; over real TLS."""
import json
import re
import time

import tap
from browser import Browser
from shared import bare, ends_in_good_order, logs

_made = {}


def secured(build, folder):
    """A station with a console of three files, and somebody signed in."""
    if not _made:
        made = bare(build, key="security")
        console = made.folder / "console"
        (console / "assets").mkdir(parents=True)
        (console / "index.html").write_text("<!doctype html><title>Loa</title>")
        (console / "assets/main-0123456789ab.js").write_text("export {}")
        (console / "link").symlink_to(made.data / "loa.db")
        made.keep_ports()
        made.config.write_text(made.config.read_text() + f"[web]\nconsole = {console}\n")
        made.controller.end()
        made.start()
        made.setup()
        _made["it"] = made
    return _made["it"]


def raw(browser, text, wait_s=5):
    """Everything that is answered to these very bytes, until the station closes or nothing comes."""
    link = browser.connect()
    link.settimeout(wait_s)
    answer = b""
    try:
        link.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))
        while piece := link.recv(65536):
            answer += piece
            head, _, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            if length and len(body) >= int(length[1]):
                break
    except OSError:
        pass
    finally:
        link.close()
    return answer


def status(answer):
    return int(answer.split()[1]) if answer.startswith(b"HTTP/") else 0


def test_the_console_is_served_with_its_guards(build, folder):
    made = secured(build, folder)
    browser = Browser(made)
    code, headers, body = browser.ask("GET", "//")
    assert code == 200 and b"Loa" in body and headers["content-type"] == "text/html; charset=utf-8"
    policy = headers.get_all("content-security-policy")
    assert len(policy) == 1 and "default-src 'self'" in policy[0] and "unsafe" not in policy[0], policy
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert "max-age" in headers["strict-transport-security"] and "microphone=(self)" in headers["permissions-policy"]
    assert browser.ask("GET", "//", headers={"If-None-Match": headers["etag"]})[0] == 304
    code, headers, _ = browser.ask("GET", "//assets/main-0123456789ab.js")
    assert code == 200 and "immutable" in headers["cache-control"]
    code, headers, _ = browser.ask("GET", "/health")
    assert "default-src 'none'" in headers["content-security-policy"] and headers["cache-control"] == "no-store"


def test_no_path_leads_out_of_the_console(build, folder):
    made = secured(build, folder)
    browser = Browser(made)
    for path in ("/../loa.db", "/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd",
                 "/assets/..%2f..%2f..%2fetc%2fpasswd", "/assets/%2e%2e/%2e%2e/admin-code", "/..\\..\\etc\\passwd",
                 "//etc/passwd", "/./../etc/passwd", "/link", "/assets", "/assets/", "/%00/etc/passwd",
                 "/index.html%00.js", "/.%2e/loa.db", "/%252e%252e/etc/passwd"):
        answer = raw(browser, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert status(answer) in (0, 400, 403, 404), (path, answer[:200])
        assert b"root:" not in answer and b"SQLite" not in answer, path


def test_no_header_can_be_smuggled_into_an_answer(build, folder):
    made = secured(build, folder)
    browser = Browser(made)
    for path in ("/api/v1/media/a%0d%0aset-cookie:%20evil=1/file", "/%0d%0aset-cookie:%20evil=1",
                 "/api/v1/zones?after=1%0d%0aset-cookie:%20evil=1", "/api/v1/updates?page=%0d%0aset-cookie:%20evil=1"):
        answer = raw(browser, f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {browser.cookie}\r\nConnection: close\r\n\r\n")
        assert b"evil" not in answer.split(b"\r\n\r\n")[0], answer
    code, _, body = browser.ask("POST", "/bulletins", {"title": "a\r\nset-cookie: evil=1", "media": []})
    assert code == 400, body


def test_broken_requests_are_refused_and_the_station_lives(build, folder):
    made = secured(build, folder)
    browser = Browser(made, "admin")
    signed = f"Host: x\r\nCookie: {browser.cookie}\r\nX-Loa-Csrf: {browser.csrf}\r\n"
    cases = (
        ("\x00\x01\x02\x03\r\n\r\n", None),
        ("GET /api/v1/zones HTTP/1.1\r\nHost: x\r\nCookie: " + "a" * 9000 + "\r\n\r\n", (431, 400)),
        ("GET /" + "a" * 5000 + " HTTP/1.1\r\nHost: x\r\n\r\n", (414, 400)),
        ("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", (403, 405, 400)),
        (f"POST /api/v1/zones HTTP/1.1\r\n{signed}Content-Length: 99999999\r\n\r\n{{", (413,)),
        (f"POST /api/v1/zones HTTP/1.1\r\n{signed}Content-Length: -1\r\n\r\n{{}}", (400,)),
        (f"POST /api/v1/zones HTTP/1.1\r\n{signed}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (411,)),
        (f"POST /api/v1/zones HTTP/1.1\r\n{signed}Content-Length: 5\r\n\r\n[[[[[", (400,)),
        (f"POST /api/v1/zones HTTP/1.1\r\n{signed}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}", (415,)),
    )
    for text, wanted in cases:
        answer = raw(browser, text)
        assert status(answer) == 0 or status(answer) >= 400, (text[:60], answer[:200])
        assert wanted is None or status(answer) in (0, *wanted), (text[:60], answer[:200])
        if answer and wanted:
            assert b"Traceback" not in answer and b"/home" not in answer
    assert browser.ask("GET", "/health")[0] == 200


def test_a_cookie_of_another_site_changes_nothing(build, folder):
    made = secured(build, folder)
    browser = Browser(made)
    for csrf in ("", "0" * 64, browser.csrf[:-1]):
        code, _, body = browser.ask("POST", "/broadcasts/stop", headers={"X-Loa-Csrf": csrf})
        assert code == 403 and "X-Loa-Csrf" in body["message"], body
    assert browser.ask("POST", "/broadcasts/stop")[0] == 200


def test_a_session_cannot_be_planted(build, folder):
    made = secured(build, folder)
    planted = "loa_session=loa_" + "7" * 64
    browser = Browser(made)
    mine = browser.cookie
    browser.cookie = planted
    code, headers, body = browser.ask("POST", "/login", {"login": "lan", "password": "Loa-truyen-thanh-1"})
    assert code == 200 and planted not in headers["set-cookie"] and mine not in headers["set-cookie"]
    assert "HttpOnly; Secure; SameSite=Strict" in headers["set-cookie"]
    assert "loa_" not in json.dumps(body), "a script could read the session"
    assert browser.ask("GET", "/whoami")[0] == 401


def test_who_sends_and_reads_too_slowly_is_dropped(build, folder):
    made = secured(build, folder)
    browser = Browser(made, "admin")
    links = [browser.connect() for _ in range(20)]
    for link in links:
        link.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    assert browser.ask("GET", "/health")[0] == 200  # who is quick is served meanwhile
    end = time.monotonic() + 60
    for link in links:
        link.settimeout(max(1.0, end - time.monotonic()))
        try:
            assert link.recv(100) == b"", "half a request was answered"
        except ConnectionError:
            pass
        link.close()


def test_guessing_is_slowed_down(build, folder):
    made = secured(build, folder)
    browser = Browser(made)
    began = time.monotonic()
    codes = [browser.ask("POST", "/login", {"login": "hung", "password": f"wrong-{n}"})[0] for n in range(12)]
    print(f"# {codes} in {time.monotonic() - began:.1f} s", flush=True)
    assert codes[:3] == [401] * 3 and codes[-1] == 429 and codes.count(401) < 8, codes
    code, headers, body = browser.ask("POST", "/login", {"login": "hung", "password": "Loa-truyen-thanh-1"})
    assert code == 429 and int(headers["retry-after"]) == body["retry_after_s"] > 0


def test_the_station_ends_in_good_order(build, folder):
    ends_in_good_order(secured(build, folder))


if __name__ == "__main__":
    tap.main(globals(), logs)
