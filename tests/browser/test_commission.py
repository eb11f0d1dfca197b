"""Commissioning on a phone: join code, checklist at the pole, sign-off; then a dead board is replaced."""
import pathlib
import threading

import numpy as np

from browsing import PASSWORD, browse
import tap
from shared import HAMLETS, NODE_CONFIG, bare, journal_is_intact, logs, sound, wait_for
from station import Program

_made = {}


def station(build):
    if not _made:
        made = bare(build, key="browser")
        made.setup()
        made.ctl("user", "add", "ky-thuat", "--name", "Lê Văn Kỹ", "--role", "technician", "--password-stdin",
                 stdin=PASSWORD + "\n")
        made.zones = [made.zone(code, name) for code, name, _ in HAMLETS]
        made.boards = []
        _made["it"] = made
    return _made["it"]


class Installer(threading.Thread):
    """The hands at the pole: a code that appears in the file is put into a new board, which is switched on."""

    def __init__(self, made, code):
        super().__init__(daemon=True)
        self.made, self.code, self.over = made, pathlib.Path(code), threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            if self.code.exists() and self.code.read_text().strip():
                self.made.boards.append(board(self.made, self.code.read_text().strip()))
                return


def board(made, code):
    number = len(made.boards) + 1
    config, wav = made.folder / f"board-{number}.ini", made.folder / f"board-{number}.wav"
    config.write_text(NODE_CONFIG, encoding="utf-8")
    made_board = Program([made.build / "node-firmware/port/posix/loa-node", "--state", made.folder / f"board-{number}",
                             "--controller", made.link, "--config", config, "--microphone", f"wav:{wav}",
                             "--audio", f"wav:{wav},ppm=0", "--join", code], made.folder / f"board-{number}.log").start()
    made_board.name, made_board.wav = f"board {number}", wav
    made.nodes[made_board.name] = made_board
    return made_board


def with_installer(made, part, folder):
    code = pathlib.Path(folder) / f"{part}.code"
    hands = Installer(made, code)
    hands.start()
    try:
        return browse(made, "commission", part=part, code=str(code))
    finally:
        hands.over.set()
        hands.join()


def test_a_node_is_commissioned_on_a_phone(build, folder):
    made = station(build)
    with_installer(made, "install", folder)
    nodes = made.json("node", "list")
    assert [n["name"] for n in nodes] == ["Cụm loa cổng chùa"], nodes
    node = nodes[0]
    assert (node["zone"], node["has_photo"]) == (made.zones[1], True), node
    assert (node["lat_udeg"], node["lon_udeg"]) == (16_512_300, 107_601_200), node
    assert node["volume_mdb"] == -4000 and node["commissioned_us"] > 0, node
    assert node["test"]["state"] == "heard", node["test"]
    listed = made.json("node", "checklist", node["id"])
    assert len(listed["items"]) == 9 and all(i["done_us"] and i["by_name"] == "Lê Văn Kỹ" for i in listed["items"]), listed
    walked = [b for b in made.json("broadcast", "list")]
    assert len(walked) == 1 and walked[0]["state"] in ("ended", "closed", "cancelled"), walked
    assert np.abs(sound.read_wav(made.boards[0].wav)).max() > 0.05, "the tone reached the card"
    journal_is_intact(made)


def test_a_dead_board_is_replaced_and_the_node_stays(build, folder):
    made = station(build)
    before = made.record("Cụm loa cổng chùa")
    old = made.boards[0]
    old.end()
    wait_for("its link to be missed", lambda: not made.record(before["name"])["online"])
    with_installer(made, "replace", folder)
    after = made.record(before["name"])
    kept = ("id", "name", "zone", "lat_udeg", "lon_udeg", "volume_mdb", "commissioned_us")
    assert [after[k] for k in kept] == [before[k] for k in kept], (before, after)
    assert after["online"] and len(made.json("node", "list")) == 1
    old.start()
    wait_for("the old board to be refused", lambda: "certificate is not accepted any more" in made.controller.text())
    assert made.boards[1].alive() and made.record(before["name"])["online"]


if __name__ == "__main__":
    tap.main(globals(), logs)
