#!/usr/bin/env python3
"""Every statement of the store finds its rows through an index: no table that grows is walked from end to end, and no
long list is sorted.

The statements are read out of the compiled library, so one that is added is judged without anybody naming it here.
Prints TAP."""
import pathlib
import re
import sqlite3
import sys

# Few rows, whatever the station does.
SMALL = {"alert_policy", "dictionary", "emergency_set", "journal_head", "s", "signature_tune", "sqlite_master",
         "sqlite_sequence", "station", "upload", "user", "zone"}
# What may walk or sort all the same: a beginning of the statement, and why.
ALLOWED = {
    "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1": "one row, from the end",
    "INSERT INTO target (broadcast, node, state, order_id": "a list that the caller gives",
    "UPDATE sqlite_sequence SET seq = seq + ?1": "once, when a backup is restored; of the journal one row",
    "SELECT id, alert, kind, identifier, sent_us": "of 90 days of alerts the newest few",
    "SELECT a.id, 0, 0 FROM alert_sound": "alerts that are live, or were published and did not expire",
    "SELECT m.id, coalesce(o.id, 0)": "what took the place of one alert",
    "SELECT id, user, title, name, size_bytes, offset_bytes": "uploads that are under way",
    "SELECT at_us / ?1 * ?1 AS step": "one node's samples of a span: what is drawn",
    "SELECT 1, id, title, state FROM bulletin": "uses of one recording",
    "SELECT node FROM node_site JOIN node": "SIM cards that are due",
    "SELECT r.id, r.node, r.received_us": "receipts of one broadcast",
    "SELECT state, count(*) FROM target": "targets of one broadcast",
    "SELECT id, event, bulletin, title, priority, state, start_us, expires_us, duration_ms, repeats, pause_ms, stream,"
    " cancelled_us, rank, cuts_equal, occurrence_us, variant FROM broadcast WHERE event": "broadcasts of one event",
}
BEGINS = re.compile(rb"(?:SELECT|INSERT|UPDATE|DELETE|WITH)\s[\x20-\xff]{8,}")


def statements(objects):
    found = {m.group().decode() for file in objects for m in BEGINS.finditer(file.read_bytes())}
    return sorted(found)


def schema(folder):
    db = sqlite3.connect(":memory:")
    db.create_function("loa_fold", 1, lambda text: text, deterministic=True)
    for file in sorted(folder.glob("*.sql")):
        db.executescript(file.read_text(encoding="utf-8"))
    return db


def plan(db, sql):
    """The lines of EXPLAIN QUERY PLAN; how many parameters there are is found by trying."""
    for count in range(60):
        try:
            return [row[3] for row in db.execute("EXPLAIN QUERY PLAN " + sql, [None] * count)]
        except sqlite3.ProgrammingError as e:
            if "bindings" not in str(e):
                raise
    raise AssertionError(f"too many parameters: {sql}")


def walks(line):
    scan = re.match(r"SCAN (\w+)", line)
    return "TEMP B-TREE FOR ORDER" in line or "TEMP B-TREE FOR GROUP" in line or (
        scan and scan[1] not in SMALL and not line.startswith("SCAN CONSTANT"))


def main():
    library, migrations = (pathlib.Path(path) for path in sys.argv[1:])
    objects = [o for o in pathlib.Path(f"{library}.p").glob("*.o") if "migrations" not in o.name]
    db = schema(migrations)
    found = statements(objects)
    used, faults = set(), []
    for sql in found:
        lines = [line for line in plan(db, sql) if walks(line)]
        allowed = [begin for begin in ALLOWED if sql.startswith(begin)]
        used.update(allowed if lines else [])
        if lines and not allowed:
            faults.append(f"{sql}: {'; '.join(lines)}")
    faults += [f"no statement needs this exception any more: {begin}" for begin in ALLOWED.keys() - used]
    # A library whose texts are not found, or a judge that sees nothing, must not pass.
    assert len(found) > 150, f"only {len(found)} statements found in {library}.p"
    assert any(walks(line) for line in plan(db, "SELECT detail FROM journal WHERE detail = ?"))
    assert any(walks(line) for line in plan(db, "SELECT id FROM receipt WHERE node > ? ORDER BY played_ms"))
    print("1..1")
    for fault in faults:
        print(f"# {fault}")
    print(f"{'not ok' if faults else 'ok'} 1 - {len(found)} statements find their rows through an index")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
