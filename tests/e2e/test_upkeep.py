"""What the station does on its workers while it is on air: it folds its log, copies itself, adds up, imports."""
import contextlib
import http.client
import json
import sqlite3
import ssl
import threading

import tap
from shared import Failed, all_sounded, ends_in_good_order, journal_is_intact, logs, over, play, station, voice, wait_for

WRITES_MAX = 3000  # each some pages of the log, which is folded from 1000 on


def folds(made):
    """How often the log was written from its beginning again (file format of SQLite, section 4.1)."""
    with open(made.data / "loa.db-wal", "rb") as log:
        return int.from_bytes(log.read(32)[12:16], "big")


def connect(made):
    trusted = ssl.create_default_context(cafile=str(made.data / "pki/ca.crt"))
    return http.client.HTTPSConnection("localhost", made.run["web_port"], context=trusted, timeout=60)


def rename(made, link, number):
    token = (made.folder / "loactl-admin/session").read_text().splitlines()[2]
    link.request("PATCH", f"/api/v1/zones/{made.zones[0]}", json.dumps({"name": f"Thôn {number}"}),
                 {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    answer = link.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, f"{answer.status}: {text}"


def is_sound(file):
    with contextlib.closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)], file
        assert db.execute("PRAGMA foreign_key_check").fetchall() == [], file


class Beside:
    """Runs an act again and again on a thread of its own until told to stop; what is refused is no failure."""

    def __init__(self, act):
        self.act, self.stopped, self.times, self.wrong = act, threading.Event(), 0, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopped.is_set():
            try:
                self.act()
                self.times += 1
            except Failed:
                pass
            except Exception as problem:  # told by end(), on the thread of the test
                self.wrong = problem
                return

    def end(self):
        self.stopped.set()
        self.thread.join()
        if self.wrong:
            raise self.wrong
        return self.times


def test_a_station_backs_itself_up_when_it_is_due(build, _):
    made = station(build, hamlets=1, key="upkeep")
    made.ctl("station", "set", "--backup-at-min", 0)
    wait_for("the backup of the day", lambda: "backup.made" in made.controller.text(), 60)
    kept = list((made.data / "backups").iterdir())
    assert len(kept) == 1, kept
    is_sound(kept[0])


def test_the_log_is_folded_while_it_reads_copies_and_imports(build, folder):
    made = station(build, hamlets=1, key="upkeep")
    broadcast = play(made, made.bulletin("Bản tin", voice(folder, 30)))["id"]
    import_, copy = voice(folder, 5), folder / "bản sao.db"
    beside = [Beside(lambda: made.ctl("report", "save", "day", folder / "báo cáo.csv", "--format", "csv")),
              Beside(lambda: made.ctl("backup", "create", copy)),
              Beside(lambda: made.ctl("media", "import", import_, user="lan"))]
    link, written, before = connect(made), 0, folds(made)
    try:
        while folds(made) < before + 2:
            assert written < WRITES_MAX, f"{written} writes, and the log was not folded"
            rename(made, link, written)
            written += 1
    finally:
        link.close()
        times = [b.end() for b in beside]
    print(f"# folded after {written} writes; reports, backups, imports meanwhile: {times}")
    assert all(times), times
    is_sound(copy)
    all_sounded(over(made, broadcast))
    journal_is_intact(made)


def test_all_end_in_good_order(build, _):
    ends_in_good_order(station(build, hamlets=1, key="upkeep"))


tap.main(globals(), logs)
