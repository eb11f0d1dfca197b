"""Hostile and broken peers on both ports, during a broadcast that nobody may disturb."""
import concurrent.futures
import functools
import os
import random
import socket
import ssl
import struct
import subprocess
import time

import tap
from shared import (all_sounded, ends_in_good_order, logs, over, play, sleep_until, sound, sounds_like, station,
                    targets, voice)

SECONDS = 16
AT_ONCE_S = 8  # long before silence would end it
DEADLINE_S = 40  # handshakes and sessions are given 10 s, web clients 20 s
BAD_SPARE = "Nút bị chiếm"


def ended(sock, within_s=DEADLINE_S):
    """Read until the other end closes; seconds it took. TimeoutError when it does not."""
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        sock.settimeout(max(0.1, within_s - (time.monotonic() - began)))
        try:
            if not sock.recv(65536):
                return time.monotonic() - began
        except (ConnectionError, ssl.SSLError, BrokenPipeError):
            return time.monotonic() - began
    raise TimeoutError(f"still open after {within_s} s")


def send(sock, data):
    try:
        sock.sendall(data)
    except (ConnectionError, ssl.SSLError, BrokenPipeError):
        pass  # closed while we were sending: that is what ended() looks for
    return ended(sock)


def plain(port):
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def slow(sock, data, every_s=0.4):
    """One byte now and then, until the other end has had enough."""
    began = time.monotonic()
    for byte in data:
        try:
            sock.sendall(bytes([byte]))
            sock.settimeout(every_s)
            if not sock.recv(4096):
                return time.monotonic() - began
        except TimeoutError:
            pass
        except (ConnectionError, ssl.SSLError, BrokenPipeError):
            return time.monotonic() - began
        assert time.monotonic() - began < DEADLINE_S, "a slow peer is kept for ever"
    return ended(sock)


def client_hello(length=400):
    """The start of a handshake that never gets further."""
    return b"\x16\x03\x01" + struct.pack(">H", length) + b"\x01" + struct.pack(">I", length - 4)[1:] + \
        b"\x03\x03" + os.urandom(length)


def as_node(made):
    """A TLS session with the certificate of a node whose program does not run."""
    state = made.nodes[BAD_SPARE].state
    context = ssl.create_default_context(cafile=str(made.data / "pki/ca.crt"))
    context.load_cert_chain(str(state / "node.crt"), str(state / "node.key"))
    context.set_alpn_protocols(["loa/1"])
    return context.wrap_socket(plain(made.run["link_port"]), server_hostname="loa-controller")


def web(made):
    context = ssl.create_default_context(cafile=str(made.data / "pki/ca.crt"))
    context.set_alpn_protocols(["http/1.1"])
    return context.wrap_socket(plain(made.run["web_port"]), server_hostname="localhost")


def frame(kind, payload, length=None, reserved=0):
    return struct.pack(">HBB", len(payload) if length is None else length, kind, reserved) + payload


def many(port, count, first=b""):
    sockets = [plain(port) for _ in range(count)]
    for sock in sockets:
        if first:
            sock.sendall(first)
    return max(ended(sock) for sock in sockets)


def by_anybody(made):
    """Name: function that returns after how many seconds the peer was got rid of."""
    link, web_port = made.run["link_port"], made.run["web_port"]
    rnd = random.Random(7).randbytes
    return {
        "link garbage": lambda: send(plain(link), rnd(200_000)),
        "link http": lambda: send(plain(link), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        "link slow": lambda: slow(plain(link), client_hello()),
        "link half open": lambda: many(link, 60),
        "link half hello": lambda: many(link, 40, client_hello()[:50]),
        "web garbage": lambda: send(plain(web_port), rnd(200_000)),
        "web http": lambda: send(plain(web_port), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        "web half open": lambda: many(web_port, 40),
        "web slow handshake": lambda: slow(plain(web_port), client_hello()),
        "web slow request": lambda: slow(web(made), b"GET / HTTP/1.1\r\nHost: " + b"x" * 4000),
        "web garbage inside": lambda: send(web(made), rnd(100_000)),
        "web long header": lambda: send(
            web(made), b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 300_000 + b"\r\n\r\n"),
        "web many headers": lambda: send(
            web(made), b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 50_000 + b"\r\n"),
        "web long body": lambda: send(
            web(made), b"POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            b"application/json\r\nConnection: close\r\nContent-Length: 99999999\r\n\r\n" + b"{" * 2_000_000),
    }


def by_a_node(made):
    """The same, with the certificate of a node; one after the other, as each session ends the last."""
    rnd = random.Random(8).randbytes
    return {
        "node long frame": lambda: send(as_node(made), frame(1, b"", length=65535) + rnd(70_000)),
        "node long time": lambda: send(as_node(made), frame(4, b"x" * 9)),
        "node strange type": lambda: send(as_node(made), frame(99, b"abc")),
        "node reserved byte": lambda: send(as_node(made), frame(1, b"abc", reserved=1)),
        "node bad message": lambda: send(as_node(made), frame(1, rnd(300))),
        "node too early": lambda: send(as_node(made), frame(4, b"x" * 8)),
        "node wrong way": lambda: send(as_node(made), frame(2, b"x" * 18)),
        "node silent": lambda: ended(as_node(made)),
        "node slow": lambda: slow(as_node(made), frame(1, b"y" * 400)),
    }


@functools.cache
def station_with_spare(build):
    made = station(build)
    made.node(BAD_SPARE, made.zones[0], audio="null")
    made.ready()
    made.nodes[BAD_SPARE].end()
    return made


def ask(function):
    try:
        return function()
    except Exception as problem:  # judged by the case that asks for it
        return problem


@functools.cache
def under_fire(build):
    """All attacks at once while a broadcast sounds: (how each ended, broadcast, recording)."""
    made = station_with_spare(build)
    file = voice(made.folder, SECONDS)
    broadcast = play(made, made.bulletin("Dưới làn đạn", file), "--zone", made.zones[1], "--zone",
                     made.zones[2])
    targets(made, broadcast["id"], "accepted")
    sleep_until(broadcast["start_us"] - 1_000_000)
    todo, nodes = by_anybody(made), by_a_node(made)
    with concurrent.futures.ThreadPoolExecutor(len(todo) + 1) as pool:
        in_turn = pool.submit(lambda: {name: ask(function) for name, function in nodes.items()})
        found = dict(zip(todo, pool.map(ask, todo.values())))
        found.update(in_turn.result())
    return found, over(made, broadcast["id"]), sound.read_any(file)


def rid_of(build, within_s, *names):
    found, _, _ = under_fire(build)
    for name in [n for n in found if n.startswith(names)]:
        print(f"# {name}: {found[name]!r}" if isinstance(found[name], Exception) else f"# {name}: {found[name]:.1f} s")
        assert isinstance(found[name], float) and found[name] < within_s, f"{name}: {found[name]!r}"


def test_the_others_play_on_undisturbed(build, _):
    made = station_with_spare(build)
    _, broadcast, reference = under_fire(build)
    all_sounded(broadcast)
    names = {t["name"] for t in broadcast["targets"]}
    sounds_like([n for n in made.nodes.values() if n.name in names], reference, broadcast["start_us"])


def test_garbage_on_the_link_port_is_hung_up_on(build, _):
    rid_of(build, AT_ONCE_S, "link garbage", "link http")


def test_slow_and_half_open_handshakes_are_given_up(build, _):
    rid_of(build, DEADLINE_S, "link slow", "link half")


def test_a_node_that_breaks_the_protocol_is_hung_up_on(build, _):
    rid_of(build, AT_ONCE_S, "node long", "node strange", "node reserved", "node bad", "node too", "node wrong")


def test_a_node_that_says_nothing_is_hung_up_on(build, _):
    rid_of(build, DEADLINE_S, "node silent", "node slow")


def test_garbage_on_the_web_port_is_hung_up_on(build, _):
    rid_of(build, AT_ONCE_S, "web garbage", "web http", "web long", "web many")


def test_slow_and_half_open_web_clients_are_given_up(build, _):
    rid_of(build, DEADLINE_S, "web half", "web slow")


def s_client(made, *more):
    out = subprocess.run(["timeout", "5", "openssl", "s_client", "-ign_eof", "-connect", made.link, "-alpn",
                          "loa/1", "-CAfile", str(made.data / "pki/ca.crt"), *map(str, more)],
                         stdin=subprocess.PIPE, capture_output=True, text=True, errors="replace", check=False)
    return out.stdout + out.stderr


def connected(made):
    return made.controller.text().count("node.connected")


def certificate(folder, name, issuer_crt, issuer_key, days, subject, *extra):
    """A P-256 certificate for client authentication."""
    key, csr, crt, ext = (folder / f"{name}.{s}" for s in ("key", "csr", "crt", "ext"))
    ext.write_text("extendedKeyUsage = clientAuth\nkeyUsage = critical, digitalSignature\n"
                   "basicConstraints = critical, CA:FALSE\n")

    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    openssl("req", "-new", "-key", key, "-subj", f"/CN={subject}", "-out", csr)
    openssl("x509", "-req", "-in", csr, "-CA", issuer_crt, "-CAkey", issuer_key, "-set_serial",
            random.randrange(1, 1 << 60), "-days", days, "-extfile", ext, "-out", crt, *extra)
    return "-cert", crt, "-key", key


def not_let_in(made, *identity):
    before = connected(made)
    text = s_client(made, *identity)
    assert "alert" in text, text[-600:]
    assert connected(made) == before


def test_a_client_without_a_certificate_is_refused(build, _):
    not_let_in(station_with_spare(build))


def test_a_certificate_of_a_foreign_authority_is_refused(build, folder):
    made = station_with_spare(build)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.crt", "-subj",
                    "/CN=loa-ca-27148", "-days", "9"], check=True, capture_output=True)
    not_let_in(made, *certificate(folder, "foreign", folder / "ca.crt", folder / "ca.key", 9, "loa-node-1"))


def test_an_expired_certificate_is_refused(build, folder):
    made = station_with_spare(build)
    pki = made.data / "pki"
    identity = certificate(folder, "expired", pki / "ca.crt", pki / "ca.key", 0, "loa-node-1")
    time.sleep(2)
    not_let_in(made, *identity)


def test_a_certificate_that_is_not_a_nodes_is_refused(build, folder):
    made = station_with_spare(build)
    pki = made.data / "pki"
    not_let_in(made, *certificate(folder, "other", pki / "ca.crt", pki / "ca.key", 9, "loa-order-signer"))


def test_a_certificate_the_station_never_recorded_is_refused(build, folder):
    """Signed by the right authority, as after a theft of its key: the registry does not know it."""
    made = station_with_spare(build)
    pki = made.data / "pki"
    before = connected(made)
    s_client(made, *certificate(folder, "forged", pki / "ca.crt", pki / "ca.key", 9, "loa-node-1"))
    assert connected(made) == before
    assert made.record(next(iter(made.nodes)))["online"]


def test_both_ports_serve_as_before(build, folder):
    made = station_with_spare(build)
    under_fire(build)
    made.node_again(made.nodes[BAD_SPARE])
    made.ready()
    file = voice(folder, 2)
    all_sounded(over(made, play(made, made.bulletin("Bình yên", file))["id"]))


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(station_with_spare(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
