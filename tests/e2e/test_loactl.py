"""loactl as people and scripts meet it: help, exit codes, one-line errors, JSON, backup, journal."""
import contextlib
import functools
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess

import tap
from shared import (ends_in_good_order, journal_is_intact, local, logs, now_us, one_line, over, play, refused,
                    station, voice)


def loactl(build, *args, env=None):
    return subprocess.run([f"{build}/tools/loactl/loactl", *args], capture_output=True, text=True,
                          env=dict(os.environ, **(env or {})), timeout=60, check=False)


@functools.cache
def commands(build):
    """Every command there is, as the man page lists them."""
    lines = loactl(build, "--man").stdout.splitlines()
    found = [line.replace("\\", "").split()[2:] for line in lines if line.startswith(".B loactl ")]
    assert len(found) > 30, found
    return found


@functools.cache
def in_use(build):
    """A station with one of everything."""
    made = station(build, hamlets=1)
    made.ids = {"bulletin": made.bulletin("Có đủ cả", voice(made.folder, 1))}
    made.ids["media"] = made.json("media", "list")[0]["sha256"]
    made.ids["event"] = made.json("event", "add", "--bulletin", made.ids["bulletin"], "--everyone",
                                  "--at", local(now_us() + 86_400_000_000), "--confirm-quiet", user="lan")["id"]
    made.ids["broadcast"] = over(made, play(made, made.ids["bulletin"])["id"])["id"]
    made.ids["node"] = made.json("node", "list")[0]["id"]
    made.json("node", "join-code", "--zone", made.zones[0], "--name", "Chờ")
    return made


def test_help_names_every_command_and_each_command_has_help(build, _):
    text = loactl(build, "--help")
    assert text.returncode == 0 and text.stderr == ""
    for words in commands(build):
        assert " ".join(words) in re.sub(r" +", " ", text.stdout), words
        own = loactl(build, *words, "--help")
        assert own.returncode == 0 and own.stdout and own.stderr == "", words


def test_the_man_page_renders_without_warnings(build, folder):
    page = folder / "loactl.1"
    page.write_text(loactl(build, "--man").stdout)
    tool = shutil.which("man"), shutil.which("groff")
    if tool[0]:
        argv = ["man", "--warnings=w", "-E", "UTF-8", "-l", "-Tutf8", str(page)]
    elif tool[1]:
        argv = ["groff", "-man", "-Tutf8", "-ww", str(page)]
    else:
        raise tap.Skip("neither man nor groff is installed")
    out = subprocess.run(argv, capture_output=True, text=True, check=False,
                         env=dict(os.environ, LC_ALL="C.UTF-8", MANWIDTH="80"))
    assert out.returncode == 0 and out.stderr == "", out.stderr
    assert "EXIT STATUS" in re.sub(r".\x08|\x1b\[[0-9;]*m", "", out.stdout)


def test_completion_is_valid_shell_and_completes(build, folder):
    script = folder / "loactl.bash"
    script.write_text(loactl(build, "--completion").stdout)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0

    def complete(*words):
        line = " ".join(f"'{w}'" for w in words)
        out = subprocess.run(["bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
                              "_loactl; printf '%s\\n' \"${COMPREPLY[@]}\""], capture_output=True, text=True, check=True)
        return out.stdout.split()

    assert complete("loactl", "bull") == ["bulletin"]
    assert complete("loactl", "node", "join") == ["join-code", "join-codes"]
    assert complete("loactl", "event", "add", "--bul") == ["--bulletin"]


def test_json_parses_for_every_command_that_shows_something(build, _):
    made = in_use(build)
    for words in (("whoami",), ("status",), ("station", "show"), ("zone", "list"), ("node", "list"),
                  ("node", "show", made.ids["node"]), ("node", "join-codes"), ("media", "list"),
                  ("media", "show", made.ids["media"]), ("bulletin", "list"),
                  ("bulletin", "show", made.ids["bulletin"]), ("event", "list"),
                  ("event", "show", made.ids["event"]), ("schedule", "show"), ("broadcast", "list"),
                  ("broadcast", "show", made.ids["broadcast"]), ("user", "list"), ("journal", "list"),
                  ("journal", "verify")):
        shown = json.loads(made.ctl(*words, "--json"))
        assert isinstance(shown, (list, dict)) and shown, words
        assert made.ctl(*words).strip(), words


def test_json_parses_for_commands_that_only_do_something(build, folder):
    made = in_use(build)
    zone = made.json("zone", "add", "Z9", "--name", "Tạm")["id"]
    for words in (("zone", "set", zone, "--name", "Tạm thời"), ("zone", "delete", zone),
                  ("node", "set", made.ids["node"], "--volume-mdb", -3000), ("station", "set", "--name", "Đài"),
                  ("stop",), ("backup", "create", folder / "b.db"),
                  ("media", "download", made.ids["media"], folder / "b.opus")):
        out = made.ctl(*words, "--json")
        assert out.strip() == "" or json.loads(out) is not None, (words, out)


def test_wrong_usage_exits_2_with_one_line(build, _):
    made = in_use(build)
    for words in ((), ("loa",), ("node",), ("node", "fly"), ("bulletin", "show"), ("bulletin", "show", 1, 2),
                  ("zone", "add", "A1"), ("event", "add", "--bulletin", "một", "--at", "2031-01-01T10:00"),
                  ("node", "set", 1, "--muted", "maybe"), ("node", "set", 1, "--volume-mdb"),
                  ("station", "set", "--quiet-from", "25:00"), ("zone", "list", "--nonsense"),
                  ("--wrong", "zone", "list")):
        line = refused(made, *words, status=2)
        assert line.startswith("loactl: "), line


def test_refusals_exit_1_with_one_line_that_says_what_to_do(build, folder):
    made = in_use(build)
    for words in (("zone", "list", "--limit", "nhiều"), ("bulletin", "show", 999), ("broadcast", "show", 999), ("node", "show", 999),
                  ("media", "show", "ab" * 32), ("media", "show", "xyz"), ("zone", "delete", made.zones[0]),
                  ("zone", "add", "T01", "--name", "Trùng mã"), ("play", 999, "--everyone"),
                  ("play", made.ids["bulletin"]), ("play", made.ids["bulletin"], "--zone", 999),
                  ("event", "add", "--bulletin", made.ids["bulletin"], "--everyone", "--at", "2001-01-01T10:00"),
                  ("event", "add", "--bulletin", made.ids["bulletin"], "--everyone", "--at", "mai"),
                  ("bulletin", "add", "--title", "x" * 5000), ("bulletin", "add", "--title", "a\x01b"),
                  ("bulletin", "approve", made.ids["bulletin"]), ("node", "set", 1, "--volume-mdb", 5000),
                  ("backup", "create", folder / "không có/b.db"), ("broadcast", "stop", made.ids["broadcast"])):
        line = refused(made, *words, user=None if words[0] in ("zone", "node", "backup") else "lan")
        print("#", line)
        assert line.startswith("loactl: ") and len(line) < 300, line


def test_roles_are_kept(build, folder):
    made = in_use(build)
    refused(made, "bulletin", "approve", made.ids["bulletin"], user="lan")
    refused(made, "node", "revoke", made.ids["node"], user="lan")
    refused(made, "user", "add", "x", "--name", "X", "--role", "admin", "--password-stdin", user="hung",
            stdin="Mat-khau-dai-1\n")
    refused(made, "backup", "create", folder / "b.db", user="lan")
    assert not (folder / "b.db").exists()


def test_a_station_that_cannot_be_reached_or_trusted_is_told_in_one_line(build, folder):
    made = in_use(build)
    state = {"LOACTL_STATE": str(folder), "HOME": str(folder)}
    gone = loactl(build, "--server", "https://127.0.0.1:1", "status", env=state)
    assert gone.returncode == 1 and "cannot be reached" in one_line(gone.stderr)
    stranger = loactl(build, "--server", made.url, "status", env=state)
    assert stranger.returncode == 1 and "--ca" in one_line(stranger.stderr)
    missing = loactl(build, "--server", made.url, "--ca", str(folder / "ca.crt"), "status", env=state)
    assert missing.returncode == 1 and "--ca" in one_line(missing.stderr)
    nobody = loactl(build, "--server", made.url, "--ca", str(made.data / "pki/ca.crt"), "status", env=state)
    assert nobody.returncode == 1 and "sign in" in one_line(nobody.stderr).lower(), nobody.stderr


def test_a_wrong_password_is_refused_and_the_session_file_is_private(build, _):
    made = in_use(build)
    refused(made, "login", "lan", "--password-stdin", user="nobody", stdin="sai\n")
    session = made.folder / "loactl-lan/session"
    assert stat.S_IMODE(session.stat().st_mode) == 0o600
    out = made.ctl("whoami", "--json", user="lan")
    assert "token" not in out and "password" not in out


def test_signing_out_ends_the_session(build, _):
    made = in_use(build)
    made.ctl("user", "add", "tam", "--name", "Tạm", "--role", "auditor", "--password-stdin",
             stdin="Mat-khau-tam-1\n")
    made.ctl("login", "tam", "--password-stdin", user="tam", stdin="Mat-khau-tam-1\n")
    session = made.folder / "loactl-tam/session"
    kept = session.read_text()
    made.ctl("logout", user="tam")
    assert not session.exists()
    session.write_text(kept)
    refused(made, "whoami", user="tam")


def test_a_backup_is_a_database_with_everything_in_it(build, folder):
    made = in_use(build)
    made.ctl("backup", "create", folder / "sao lưu.db")
    with contextlib.closing(sqlite3.connect(folder / "sao lưu.db")) as db:
        assert db.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        for table, listed in (("bulletin", "bulletin"), ("media", "media"), ("zone", "zone"), ("node", "node")):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == len(made.json(listed, "list"))
    assert not list(folder.glob("*.part"))


def edit(made, *statements):
    """Change the journal behind the station's back, as somebody with the disk in hand could."""
    with contextlib.closing(sqlite3.connect(made.data / "loa.db", timeout=10)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        for _, text in triggers:
            db.execute(text)
        db.commit()


def test_a_journal_entry_that_was_changed_is_found(build, _):
    made = in_use(build)
    journal_is_intact(made)
    edit(made, "UPDATE journal SET actor = actor || 'x' WHERE seq = 3")
    line = refused(made, "journal", "verify")
    assert "3" in line, line
    assert made.ctl("journal", "verify", "--json", check=False).returncode == 1
    edit(made, "UPDATE journal SET actor = substr(actor, 1, length(actor) - 1) WHERE seq = 3")
    journal_is_intact(made)


def test_a_journal_entry_that_was_removed_is_found(build, folder):
    made = in_use(build)
    journal_is_intact(made)
    with contextlib.closing(sqlite3.connect(made.data / "loa.db", timeout=10)) as db:
        last = db.execute("SELECT max(seq) FROM journal").fetchone()[0]
    for seq in (2, last):
        edit(made, f"CREATE TABLE kept AS SELECT * FROM journal WHERE seq = {seq}",
             f"DELETE FROM journal WHERE seq = {seq}")
        refused(made, "journal", "verify")
        edit(made, "INSERT INTO journal SELECT * FROM kept", "DROP TABLE kept")
        journal_is_intact(made)


def test_every_change_stands_in_the_journal(build, _):
    made = in_use(build)
    actions = {entry["action"] for entry in made.json("journal", "list", "--limit", 500)}
    print("#", *sorted(actions))
    for action in ("media.import", "bulletin.approve", "event.add", "broadcast.play", "zone.add", "user.add",
                   "node.enrol"):
        assert action in actions, action


def test_the_one_time_code_is_gone_once_it_was_used(build, _):
    made = in_use(build)
    assert "One-time code" in made.controller.text()
    assert not (made.data / "admin-code").exists()


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(in_use(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
