#!/usr/bin/env python3
"""Make the operator's manual: a station with sample content, screenshots of its console, HTML and PDF.

build/manual/index.html and build/manual/loa-huong-dan.pdf; the text is controller/console/manual/*.md."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/browser")]
from browsing import PASSWORD  # noqa: E402  (it says where the rest is)
from shared import NODE_CONFIG, bare, play, speech, wait_for  # noqa: E402

HERE = ROOT / "tools/manual"
OUT = ROOT / "build/manual"
PEOPLE = (("lan", "Nguyễn Thị Lan", "operator"), ("hung", "Trần Văn Hùng", "approver"),
          ("ky-thuat", "Lê Văn Kỹ", "technician"))
# A made-up commune; millionths of a degree.
NODES = (("Cụm loa nhà văn hóa", 0, 16_512_300, 107_601_200), ("Cụm loa chợ", 1, 16_509_100, 107_611_800),
         ("Cụm loa trường học", 1, 16_520_400, 107_608_600))
MEETING = "Kính mời bà con ra nhà văn hóa thôn lúc bảy giờ tối nay để họp bàn việc làm đường. " * 6


def shoot(made, *parts, **given):
    """Run parts of shots.mjs against the station; the pictures are in OUT."""
    print("+ screenshots:", *parts, file=sys.stderr, flush=True)
    given = {"url": made.url, "password": PASSWORD, "name": ".", "build": str(OUT), "parts": parts,
             "console": str(ROOT / "build/console"), **given}
    subprocess.run(["node", str(HERE / "shots.mjs"), json.dumps(given)], check=True, timeout=300,
                   env={**os.environ, "LANGUAGE": "vi"})


def people_and_nodes(made):
    made.ctl("login", "admin", "--password-stdin", stdin=PASSWORD + "\n")
    made.ctl("station", "set", "--allowed-from", "00:00", "--allowed-to", "24:00", "--quiet-from", "00:00", "--quiet-to", "00:00")
    for login, name, role in PEOPLE:
        made.ctl("user", "add", login, "--name", name, "--role", role, "--password-stdin", stdin=PASSWORD + "\n")
        made.ctl("login", login, "--password-stdin", user=login, stdin=PASSWORD + "\n")
    zones = [made.json("zone", "list")[0]["id"], made.zone("T02", "Thôn Đoài")]
    for name, zone, _, _ in NODES:
        made.node(name, zones[zone], config=NODE_CONFIG)
    made.ready()
    for name, _, lat, lon in NODES:
        made.ctl("node", "set", made.record(name)["id"], "--lat-udeg", lat, "--lon-udeg", lon)
    wait_for("the emergency set to be made", lambda: "emergency.ready" in made.controller.text(), 90)


def shots(build, folder):
    made = bare(build, key="manual")
    shoot(made, "wizard", code=(made.data / "admin-code").read_text().strip())
    people_and_nodes(made)
    meeting = made.bulletin("Thông báo họp thôn", speech(folder, MEETING))
    shoot(made, "accounts", "bulletin", "calendar")
    playing = play(made, meeting)
    shoot(made, "sounding")
    made.broadcast_over(playing["id"], 120)
    shoot(made, "talk", "emergency")
    made.nodes["Cụm loa trường học"].end()
    wait_for("its link to be missed", lambda: not made.record("Cụm loa trường học")["online"])
    shoot(made, "nodes", "evidence", lost=made.record("Cụm loa trường học")["id"], node=made.record("Cụm loa chợ")["id"])


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options.add_argument("--text-only", action="store_true", help="keep the screenshots that are there")
    given = options.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    if not given.text_only:
        with tempfile.TemporaryDirectory() as folder:
            shots(given.build, pathlib.Path(folder))
    subprocess.run(["node", str(HERE / "print.mjs"), str(OUT)], check=True)


if __name__ == "__main__":
    main()
