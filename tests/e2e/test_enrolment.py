"""How a node comes into a station and how it is thrown out: join codes, doubles, revocation."""
import atexit
import functools
import re
import shutil
import sqlite3
import subprocess
import time

import tap
from shared import (HAMLETS, all_sounded, bare, ends_in_good_order, logs, one_line, over, play, sound,
                    sounds_like, station, voice, wait_for)
from station import Program


def join_code(made, name, *more):
    return made.json("node", "join-code", "--zone", made.zones[0], "--name", name, *more)


def enrol(made, folder, code):
    """Start a node with a code that must be refused: (exit status, its one line)."""
    out = subprocess.run([str(made.build / "node-firmware/port/posix/loa-node"), "--state",
                          str(folder / "nút"), "--controller", made.link, "--audio", "null",
                          "--join", code], capture_output=True, text=True, timeout=20, check=False)
    lines = [line for line in out.stderr.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line)]
    return out.returncode, one_line("\n".join(lines))


def another_secret(code):
    """The same station's pin behind a secret that nobody was given."""
    return ("2" if code[0] != "2" else "3") + code[1:]


def test_a_wrong_code_is_refused_in_one_line(build, folder):
    made = station(build)
    code = join_code(made, "Đoán mò")["code"]
    status, line = enrol(made, folder, another_secret(code))
    assert status == 1 and "join code" in line, (status, line)
    assert not (folder / "nút/node.crt").exists()


def test_a_used_code_is_refused_in_one_line(build, folder):
    made = station(build)
    made.node("Thôn bốn", made.zones[0], audio="null")
    made.ready()
    used = made.nodes["Thôn bốn"].argv[-1]
    status, line = enrol(made, folder, used)
    assert status == 1 and "used" in line, (status, line)


def test_a_node_that_lost_the_answer_is_given_it_again_and_nobody_else_is(build, folder):
    made = station(build, hamlets=0, key="lost-")  # refusals are counted by address
    code = join_code(made, "Mất trả lời")["code"]
    argv = [str(made.build / "node-firmware/port/posix/loa-node"), "--state", str(folder / "mất"),
            "--controller", made.link, "--audio", "null", "--join", code]

    def joined(log):
        node = Program(argv, folder / log).start()
        wait_for("the node to be let in", lambda: "link.up" in node.text())
        assert node.end() == 0
        return (folder / "mất/node.crt").read_text()
    first = joined("first.log")
    (folder / "mất/node.crt").unlink()  # as if it had never come
    assert joined("again.log") == first
    assert sum(n["name"] == "Mất trả lời" for n in made.json("node", "list")) == 1
    status, line = enrol(made, folder, code)
    assert status == 1 and "used" in line, (status, line)


def test_an_expired_code_is_refused_in_one_line(build, folder):
    made = station(build)
    code = join_code(made, "Hết hạn", "--valid-s", 60)["code"]
    with sqlite3.connect(made.data / "loa.db", timeout=10) as db:  # a minute passes
        db.execute("UPDATE join_code SET expires_us = expires_us - 60000000 "
                   "WHERE id = (SELECT max(id) FROM join_code)")
    status, line = enrol(made, folder, code)
    assert status == 1 and "expired" in line, (status, line)


def test_a_withdrawn_code_is_refused_in_one_line(build, folder):
    made = station(build)
    code = join_code(made, "Rút lại")["code"]
    number = next(c["id"] for c in made.json("node", "join-codes") if c["name"] == "Rút lại")
    made.ctl("node", "withdraw-code", number)
    status, line = enrol(made, folder, code)
    assert status == 1, (status, line)


def test_a_malformed_code_is_refused_before_anything_is_sent(build, folder):
    made = station(build)
    good = join_code(made, "Gõ sai")["code"]
    for code in ("", "abc", good[:-1], good + "0", good[:-1] + "!", "u" * 32, "ế" * 32):
        status, line = enrol(made, folder, code)
        assert status == 2 and "--join" in line, (code, status, line)


def test_the_code_of_another_station_is_refused_before_the_secret_is_sent(build, folder):
    made = station(build)
    other = bare(build, key="other")
    other.setup()
    zone = other.zone("X01", "Nơi khác")
    code = other.json("node", "join-code", "--zone", zone, "--name", "Nơi khác")["code"]
    answered = made.controller.text().count("enrol.answered")
    status, line = enrol(made, folder, code)
    assert status == 1 and "not the controller" in line, (status, line)
    assert made.controller.text().count("enrol.answered") == answered


def test_a_node_of_another_station_is_not_let_in(build, folder):
    made = station(build)
    other = bare(build, key="other2")
    other.setup()
    node = other.node("Lạc đường", other.zone("X01", "Nơi khác"), audio="null")
    other.ready()
    node.end()
    lost = Program([*map(str, node.base[:3]), "--controller", made.link, "--audio", "null"],
                   folder / "lost.log").start()
    wait_for("the link to be refused", lambda: "link.down" in lost.text())
    connected = made.controller.text().count("node.connected")
    time.sleep(1)
    assert "link.up" not in lost.text()
    assert made.controller.text().count("node.connected") == connected
    assert lost.end() == 0


def test_two_nodes_with_one_identity_replace_each_other_and_the_station_recovers(build, folder):
    made = station(build)
    name = HAMLETS[0][1]
    node = made.nodes[name]
    node.end()
    shutil.copytree(node.state, folder / "bản sao")
    made.node_again(node)
    made.ready()
    copy = Program([node.base[0], "--state", folder / "bản sao", *node.base[3:], "--audio", "null"],
                   folder / "copy.log").start()
    wait_for("the older session to be replaced", lambda: "link.bye code=4" in node.text())
    time.sleep(3)
    assert copy.alive() and node.alive()
    assert copy.end() == 0
    made.ready()
    file = voice(folder, 3)
    broadcast = over(made, play(made, made.bulletin("Sau bản sao", file), "--zone", made.zones[0])["id"])
    rows = [t for t in broadcast["targets"] if t["name"] == name]
    assert rows[0]["receipt"]["outcome"] == "sounded", rows
    sounds_like([node], sound.read_any(file), broadcast["start_us"])


@functools.cache
def thrown_out(build):
    """Revoke a live node; (node, its record, seconds until its link ended)."""
    made = station(build)
    node = made.node("Thôn năm", made.zones[0], audio="null")
    made.ready()
    record = made.record(node.name)
    began = time.monotonic()
    made.ctl("node", "revoke", record["id"])
    wait_for("the link to end", lambda: "link.bye code=3" in node.text(), every=0.005)
    took_s = time.monotonic() - began
    del made.nodes[node.name]
    atexit.register(node.end)
    return node, record, took_s


def test_revocation_ends_a_live_connection_at_once(build, _):
    _, _, took_s = thrown_out(build)
    print(f"# {took_s * 1000:.0f} ms from the command to the end of the link")
    assert took_s < 5


def test_a_revoked_node_does_not_come_back(build, _):
    made = station(build)
    node, record, _ = thrown_out(build)
    wait_for("the node to try again",
             lambda: f"node.refused node={record['id']} " in made.controller.text(), timeout=30)
    after = made.controller.text().split(f"node.refused node={record['id']} ")[1]
    assert f"node.connected node={record['id']} " not in after
    assert not made.record(node.name)["online"]
    assert made.record(node.name)["state"] == "revoked"
    node.end()


def s_client(made, node, *more):
    """Connect with a node's certificate; what openssl saw until the server closed, 4 s at most.

    It stays connected to the end: under TLS 1.3 tickets and refusals come after the handshake."""
    out = subprocess.run(
        ["timeout", "4", "openssl", "s_client", "-ign_eof", "-connect", made.link, "-alpn", "loa/1",
         "-cert", str(node.state / "node.crt"), "-key", str(node.state / "node.key"), "-CAfile",
         str(made.data / "pki/ca.crt"), "-verify_hostname", "loa-controller", *map(str, more)],
        stdin=subprocess.PIPE, capture_output=True, text=True, errors="replace", check=False)
    return out.stdout + out.stderr


def test_a_revoked_node_does_not_come_back_with_a_session_ticket_either(build, folder):
    made = station(build)
    node = made.node("Thôn sáu", made.zones[0], audio="null")
    made.ready()
    node.end()
    record = made.record(node.name)
    ticket = folder / "ticket"
    first = s_client(made, node, "-sess_out", ticket)
    assert ticket.exists(), first
    assert "Reused, " in s_client(made, node, "-sess_in", ticket), "the ticket did not work before"
    made.ctl("node", "revoke", record["id"])
    connected = made.controller.text().count(f"node.connected node={record['id']} ")
    s_client(made, node, "-sess_in", ticket)
    s_client(made, node)
    assert made.controller.text().count(f"node.connected node={record['id']} ") == connected
    del made.nodes[node.name]


def test_guessed_codes_are_slowed_down(build, folder):
    made = station(build)
    code = join_code(made, "Dò mã")["code"]
    guesses = Program([*map(str, (made.build / "node-firmware/port/posix/loa-node", "--state",
                                  folder / "dò", "--controller", made.link, "--audio", "null",
                                  "--join", another_secret(code)))], folder / "guess.log")
    for _ in range(8):
        guesses.start()
        wait_for("an answer", lambda: not guesses.alive() or "enrol.waiting" in guesses.text())
        if guesses.alive():
            break
    assert guesses.alive(), "eight wrong codes in a row were all judged"
    assert "Too many wrong join codes" in guesses.text()
    assert guesses.end() in (0, 1)
    right = Program([*guesses.argv[:-1], code], folder / "right.log").start()
    wait_for("the right code to wait too", lambda: "enrol.waiting" in right.text())
    right.end()


def test_nodes_that_are_in_already_sound_all_the_while(build, folder):
    made = station(build)
    file = voice(folder, 2)
    broadcast = over(made, play(made, made.bulletin("Vẫn phát", file), "--zone", made.zones[1])["id"])
    all_sounded(broadcast)
    sounds_like([made.nodes[HAMLETS[1][1]]], sound.read_any(file), broadcast["start_us"])


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
