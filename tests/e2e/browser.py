"""A browser as far as the station sees one: a cookie, server-sent events, a WebSocket; over TLS, nothing else."""
import base64
import http.client
import json
import os
import socket
import ssl
import struct
import time


class Browser:
    """Signed in with a cookie at a station."""

    def __init__(self, made, login="lan", password="Loa-truyen-thanh-1", **more):
        self.port = made.run["web_port"]
        self.trusted = ssl.create_default_context(cafile=str(made.data / "pki/ca.crt"))
        self.cookie = self.csrf = ""
        status, headers, body = self.ask("POST", "/login", {"login": login, "password": password, **more})
        assert status == 200, (status, body)
        self.cookie = headers["set-cookie"].split(";")[0]
        self.csrf = body["csrf"]

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, JSON or bytes) of one request below /api/v1; a path with a host's "/" as "//x"."""
        link = http.client.HTTPSConnection("localhost", self.port, context=self.trusted, timeout=60)
        whole = path[1:] if path.startswith("//") else "/api/v1" + path
        sent = {"Cookie": self.cookie, "X-Loa-Csrf": self.csrf, **(headers or {})}
        try:
            link.request(method, whole, None if body is None else json.dumps(body),
                         {**sent, "Content-Type": "application/json"} if body is not None else sent)
            answer = link.getresponse()
            data = answer.read()
        finally:
            link.close()
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.status, answer.headers, json.loads(data) if is_json and data else data

    def connect(self):
        plain = socket.create_connection(("localhost", self.port), timeout=60)
        return self.trusted.wrap_socket(plain, server_hostname="localhost")

    def head(self, path, *lines):
        return "\r\n".join([f"GET {path} HTTP/1.1", f"Host: localhost:{self.port}", f"Cookie: {self.cookie}", *lines,
                            "", ""]).encode()


class Events:
    """An EventSource."""

    def __init__(self, browser, path="/api/v1/updates"):
        self.link = browser.connect()
        self.link.sendall(browser.head(path, "Accept: text/event-stream"))
        self.held = b""
        head = self._until(b"\r\n\r\n").decode()
        assert " 200 " in head.splitlines()[0], head
        assert "content-type: text/event-stream" in head.lower(), head

    def _until(self, mark):
        while mark not in self.held:
            piece = self.link.recv(65536)
            if not piece:
                raise EOFError(self.held)
            self.held += piece
        taken, self.held = self.held.split(mark, 1)
        return taken

    def next(self, timeout=40):
        """(name, data) of the next event; the comments that keep the line alive are none."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            lines = self._until(b"\n\n").decode().splitlines()
            found = dict(line.split(": ", 1) for line in lines if ": " in line)
            if "event" in found:
                return found["event"], json.loads(found["data"])
        raise TimeoutError(f"no event came within {timeout} s")

    def wait(self, wanted, condition=lambda data: True, timeout=40):
        return self.wait_each((wanted, condition), timeout=timeout)[0]

    def wait_each(self, *wanted, timeout=40):
        """The first data that meets each of the (name, condition), in whatever order they come."""
        end = time.monotonic() + timeout
        found = {}
        while len(found) < len(wanted):
            name, data = self.next(timeout)
            assert time.monotonic() < end, f"of {wanted} only {found} came, at last {name}: {data}"
            for i, (sought, condition) in enumerate(wanted):
                if i not in found and name == sought and condition(data):
                    found[i] = data
        return [found[i] for i in range(len(wanted))]

    def close(self):
        self.link.close()


class Refused(Exception):
    """The answer to a WebSocket's handshake was no; the status."""


class Socket:
    """A WebSocket (RFC 6455), as much of it as a page needs."""

    def __init__(self, browser, path, protocol="loa-talk", origin=None, cookie=True):
        self.link = browser.connect()
        lines = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
                 f"Origin: {origin or f'https://localhost:{browser.port}'}"]
        if protocol:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        head = browser.head(path, *lines)
        if not cookie:
            head = head.replace(browser.cookie.encode(), b"x=1")
        self.link.sendall(head)
        self.held = b""
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = self.link.recv(4096)
            if not piece:
                raise Refused(0)
            answer += piece
        answer, self.held = answer.split(b"\r\n\r\n", 1)
        status = int(answer.split()[1])
        if status != 101:
            self.link.close()
            raise Refused(status)
        assert f"sec-websocket-protocol: {protocol}" in answer.decode().lower(), answer

    def send(self, data, opcode=2, final=True):
        mask = os.urandom(4)
        length = struct.pack("!BB", 0x80 * final | opcode, 0x80 | len(data)) if len(data) < 126 else (
            struct.pack("!BBH", 0x80 * final | opcode, 0x80 | 126, len(data)))
        self.link.sendall(length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def say(self, **fields):
        self.send(json.dumps(fields).encode(), 1)

    def _take(self, count):
        while len(self.held) < count:
            piece = self.link.recv(65536)
            if not piece:
                raise EOFError
            self.held += piece
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def hear(self):
        """The next message: a dict, or the code of a Close as an int."""
        while True:
            first, length = self._take(2)
            if length == 126:
                length, = struct.unpack("!H", self._take(2))
            data = self._take(length)
            if first & 15 == 1:
                return json.loads(data)
            if first & 15 == 8:
                return struct.unpack("!H", data[:2])[0] if data else 1005
            if first & 15 == 9:
                self.send(data, 10)

    def drop(self):
        """As a phone that lost the link: no word of goodbye."""
        self.link.close()
