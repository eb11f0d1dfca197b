"""store: years of history in the database: what pages, ticks, backups and forgetting cost, beside a young station."""
import datetime
import http.client
import json
import pathlib
import shutil
import sqlite3
import ssl
import subprocess
import threading
import time

import figures
from bed import Bed
from shared import VIET_NAM, now_us
from station import Failed

YOUNG_ROWS = 20_000  # what it is compared with: some days
REQUESTS = 200  # of each page
REPORTS = 5
TICKS_S = 20
HOUR_US = 3600 * 1_000_000
OLD_VERSION = 28
MIGRATIONS = pathlib.Path(__file__).resolve().parents[2] / "controller/store/migrations"
APPLICATION_ID = 0x4C6F6131


class Client:
    """One connection that stays open, as a browser's does."""

    def __init__(self, bed):
        token = (bed.folder / "loactl-admin/session").read_text().splitlines()[2]
        self.headers = {"Authorization": f"Bearer {token}"}
        trusted = ssl.create_default_context(cafile=str(bed.data / "pki/ca.crt"))
        self.http = http.client.HTTPSConnection("localhost", bed.run["web_port"], timeout=900, context=trusted)

    def ask(self, path, method="GET", body=None):
        """The time it took, ms, and what was answered."""
        began = time.perf_counter()
        self.http.request(method, f"/api/v1{path}", headers=self.headers, body=json.dumps(body) if body else None)
        answer = self.http.getresponse()
        text = answer.read().decode()
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {text}")
        return (time.perf_counter() - began) * 1000, text

    def held_ms(self):
        """How long the loop was held up at most since the last call."""
        text = self.ask("/metrics")[1]
        return int(next(line for line in text.splitlines() if line.startswith("loa_loop_longest_us ")).split()[1]) / 1000


def pages(middle_entry, middle_broadcast):
    to = now_us()
    return {
        "what is on air": "/broadcasts?state=on_air",
        "broadcasts, the newest": "/broadcasts?order=newest&limit=50",
        "broadcasts, deep inside": f"/broadcasts?order=newest&limit=50&after={middle_broadcast}",
        "one broadcast": f"/broadcasts/{middle_broadcast}",
        "journal, the newest": "/journal?order=newest&limit=50",
        "journal, deep inside": f"/journal?order=newest&limit=50&after={middle_entry}",
        "journal, of an hour": f"/journal?order=newest&limit=50&from_us={to - HOUR_US}&to_us={to}",
        "journal, of a person": "/journal?order=newest&limit=50&actor=minh",
        "journal, of a thing": "/journal?order=newest&limit=50&object=node:7",
        "journal, a rare action": "/journal?order=newest&limit=50&action=station.",
        "journal, who never did it": "/journal?order=newest&limit=50&actor=lan&action=node.",
    }


def measure(client, asked):
    """p50, p95, p99 and the worst of each page, ms; and how long they held the loop up."""
    found = {}
    for name, path in asked.items():
        client.ask(path)
        client.held_ms()
        found[name] = figures.distribution([client.ask(path)[0] for _ in range(REQUESTS)])
        found[name]["held"] = client.held_ms()
    return found


def ticks(client):
    client.held_ms()
    time.sleep(TICKS_S)
    return client.held_ms()


def reports(client):
    today = datetime.datetime.now(VIET_NAM).date()
    path = f"/reports/day?from={today - datetime.timedelta(days=30)}&to={today}"
    client.held_ms()
    took = [client.ask(path)[0] for _ in range(REPORTS)]
    return {**figures.distribution(took), "held": client.held_ms()}


def held_while(bed, work):
    """Work on a connection of its own; how long, s, the longest that the loop was held up and what others waited, ms."""
    client, took = Client(bed), []
    worker = threading.Thread(target=work)
    client.held_ms()
    began = time.monotonic()
    worker.start()
    while worker.is_alive():
        took.append(client.ask("/health")[0])
        time.sleep(0.02)
    worker.join()
    return {"seconds": time.monotonic() - began, "held": client.held_ms(), "others": figures.distribution(took)}


def fill(bed, rows):
    path = bed.data / "loa.db"
    writer = subprocess.Popen([bed.build / "tests/bench/store_rows", path, str(rows), str(now_us())],
                              stdout=subprocess.PIPE, text=True)
    for line in writer.stdout:
        figures.progress(line.strip())
    if writer.wait() != 0:
        raise Failed("the rows could not be written")
    return path.stat().st_size / 2**30


def timed_start(bed):
    began = time.monotonic()
    bed.start(timeout=1800)
    return time.monotonic() - began


def columns(db, schema, table):
    return [row[1] for row in db.execute(f"PRAGMA {schema}.table_info({table})")]


def make_old(bed):
    """The database as an older version would have it: its tables, with the rows of today's."""
    path, old = bed.data / "loa.db", bed.data / "old.db"
    db = sqlite3.connect(old, isolation_level=None)
    db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
    for file in sorted(MIGRATIONS.glob("*.sql"))[:OLD_VERSION]:
        db.executescript(file.read_text(encoding="utf-8"))
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    db.execute("ATTACH ? AS new", (str(path),))
    db.execute("BEGIN")
    for table in tables:
        kept = ", ".join(name for name in columns(db, "main", table) if name in columns(db, "new", table))
        if table != "journal":
            db.execute(f"DELETE FROM {table}")
        db.execute(f"INSERT INTO main.{table} ({kept}) SELECT {kept} FROM new.{table}")
    db.execute(f"PRAGMA main.user_version = {OLD_VERSION}")
    db.execute(f"PRAGMA main.application_id = {APPLICATION_ID}")
    db.execute("COMMIT")
    db.close()
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    old.replace(path)


def tell(name, young, full):
    figures.figure(name, f"p50 {full['p50']:.2f} ms, p99 {full['p99']:.2f}, young {young['p50']:.2f} and "
                   f"{young['p99']:.2f}: ratio {full['p50'] / young['p50']:.2f} and {full['p99'] / young['p99']:.2f}; "
                   f"the loop was held up {full['held']:.1f} ms at most, young {young['held']:.1f}")


def middles(client):
    """The entry and the broadcast in the middle of all."""
    entries, broadcasts = (json.loads(client.ask(f"/{kind}?order=newest&limit=1")[1])["items"]
                           for kind in ("journal", "broadcasts"))
    return max(1, entries[0]["seq"] // 2), max(1, broadcasts[0]["id"] // 2) if broadcasts else 1


def look(bed):
    client = Client(bed)
    return {"pages": measure(client, pages(*middles(client))), "report of a month": reports(client), "ticks": ticks(client)}


def run(options):
    figures.heading("store", f"tools/dev bench store --rows {options.rows}")
    found = {}
    with Bed(options.build) as bed:
        zone = bed.zone("T01", "Thôn Đông")
        bed.add("Cụm 1", zone, audio="null")
        bed.ready()
        bed.keep_ports()
        bed.controller.end()
        fill(bed, YOUNG_ROWS)
        bed.start()
        found["young"] = look(bed)
        bed.controller.end()
        found["GiB"] = fill(bed, options.rows)
        found["start, s"] = timed_start(bed)
        figures.progress(f"{found['GiB']:.1f} GiB; it started in {found['start, s']:.1f} s")
        found["full"] = look(bed)
        found["backup"] = held_while(bed, lambda: Client(bed).ask("/backups", "POST"))
        shutil.rmtree(bed.data / "backups")
        Client(bed).ask("/station", "PATCH", {"keep_days": 30})
        bed.controller.end()
        make_old(bed)
        found[f"start from version {OLD_VERSION}, s"] = timed_start(bed)
        for line in bed.controller.text().splitlines():
            if "store.opening" in line:
                figures.progress(line)
        before = middles(Client(bed))
        found["forgetting"] = held_while(bed, lambda: time.sleep(TICKS_S))
        found["forgetting"]["entries"] = 2 * (middles(Client(bed))[0] - before[0])
    for name, full in found["full"]["pages"].items():
        tell(name, found["young"]["pages"][name], full)
    tell("report of a month", found["young"]["report of a month"], found["full"]["report of a month"])
    figures.figure("the longest tick", f"{found['full']['ticks']:.1f} ms, young {found['young']['ticks']:.1f}")
    for name in ("backup", "forgetting"):
        figures.figure(name, f"{found[name]['seconds']:.1f} s, the loop was held up {found[name]['held']:.1f} ms at most; "
                       f"others waited {figures.text(found[name]['others'], 'ms', 1)}")
    figures.figure("start", f"{found['start, s']:.1f} s with {found['GiB']:.1f} GiB; from version {OLD_VERSION} "
                   f"{found[f'start from version {OLD_VERSION}, s']:.1f} s")
    return found
