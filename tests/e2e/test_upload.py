"""An upload in parts goes on where it was when the station is killed in the middle of it."""
import http.client
import json
import signal
import ssl

import tap
from shared import ends_in_good_order, journal_is_intact, logs, station, steady, wait_for

SETTLE_BYTES = 4 << 20  # of api_resume.c: what a crash may take back of a part


def connect(made):
    trusted = ssl.create_default_context(cafile=str(made.data / "pki/ca.crt"))
    return http.client.HTTPSConnection("localhost", made.run["web_port"], context=trusted, timeout=60)


def headers(made, **more):
    token = (made.folder / "loactl-lan/session").read_text().splitlines()[2]
    return {"Authorization": f"Bearer {token}", **more}


def ask(made, method, path, body=None):
    """Status and answer; bytes are sent as they are."""
    raw = isinstance(body, bytes)
    kind = {"Content-Type": "application/octet-stream" if raw else "application/json"} if body is not None else {}
    link = connect(made)
    link.request(method, f"/api/v1{path}", body if raw or body is None else json.dumps(body), headers(made, **kind))
    answer = link.getresponse()
    text = answer.read().decode()
    link.close()
    return answer.status, json.loads(text) if text else None


def hang(made, path, piece, announced):
    """Begin a part and send `piece` of it; the rest is owed."""
    link = connect(made)
    link.putrequest("PATCH", f"/api/v1{path}")
    for name, value in headers(made, **{"Content-Length": str(announced)}).items():
        link.putheader(name, value)
    link.endheaders()
    link.send(piece)
    return link


def offset_of(made, upload):
    status, held = ask(made, "GET", upload)
    assert status == 200, held
    return held["offset_bytes"]


def test_an_upload_outlives_a_killed_station(build, folder):
    made = station(build, hamlets=0, key="upload")
    file = steady(folder, 130)
    data = file.read_bytes()
    first = 1 << 20
    assert len(data) > first + 2 * SETTLE_BYTES, len(data)
    status, held = ask(made, "POST", "/uploads", {"title": "Dài", "name": file.name, "size_bytes": len(data)})
    assert status == 201, held
    upload = f"/uploads/{held['id']}"
    status, held = ask(made, "PATCH", f"{upload}?offset=0", data[:first])
    assert (status, held["offset_bytes"]) == (200, first), held

    sent = len(data) - 1000
    link = hang(made, f"{upload}?offset={first}", data[first:sent], len(data) - first)
    wait_for("what was sent to be written", lambda: offset_of(made, upload) == sent)
    made.restart(signal.SIGKILL)
    link.close()
    offset = offset_of(made, upload)
    print(f"# {sent} bytes were written, {offset} outlived the kill")
    assert sent - SETTLE_BYTES < offset <= sent, (offset, sent)
    status, refused = ask(made, "POST", f"{upload}/complete")
    assert status == 409, refused
    status, held = ask(made, "PATCH", f"{upload}?offset={offset}", data[offset:])
    assert (status, held["offset_bytes"]) == (200, len(data)), held

    made.restart(signal.SIGKILL)
    status, media = ask(made, "POST", f"{upload}/complete")
    assert status == 201, media
    assert made.json("media", "import", file, user="lan")["sha256"] == media["sha256"], "other bytes came through"
    assert ask(made, "GET", upload)[0] == 404
    assert not list((made.data / "uploads").iterdir()) and not list((made.data / "tmp").iterdir())
    journal_is_intact(made)


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(station(build, hamlets=0, key="upload"))


if __name__ == "__main__":
    tap.main(globals(), logs)
