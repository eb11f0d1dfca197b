"""How long snapserver takes until each of many clients that come at once has its first sound."""
import asyncio
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

from station import wait_for

HEAD = struct.Struct("<HHHiiiiI")  # type, id, refers to, sent, received, size of what follows
HELLO, CHUNK = 5, 2
PORT = 17704


async def _client(number, port, done):
    text = json.dumps({"Arch": "x86_64", "ClientName": "x", "HostName": f"h{number}", "ID": f"id{number}", "Instance": 1,
                       "MAC": f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}", "OS": "x",
                       "SnapStreamProtocolVersion": 2, "Version": "0.26.0"}).encode()
    body = struct.pack("<I", len(text)) + text
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD.pack(HELLO, 1, 0, 0, 0, 0, 0, len(body)) + body)
    kind = None
    while True:
        fields = HEAD.unpack(await reader.readexactly(HEAD.size))
        await reader.readexactly(fields[-1])
        if kind is None and fields[0] == CHUNK:
            kind = fields[0]
            done.append(time.monotonic())


async def _crowd(count, port, seconds):
    done, began = [], time.monotonic()
    tasks = [asyncio.create_task(_client(i, port, done)) for i in range(count)]
    while len(done) < count and time.monotonic() - began < seconds:
        await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return len(done), (max(done) - began if done else None)


def run(count, seconds=60):
    """(clients that heard something, seconds until the last of them did); None when it is not installed."""
    if shutil.which("snapserver") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        fifo = home / "fifo"
        (home / "server.conf").write_text(
            f"[server]\ndatadir = {home}\n[http]\nenabled = false\n[tcp]\nenabled = false\n[stream]\n"
            f"bind_to_address = 127.0.0.1\nport = {PORT}\n"
            f"source = pipe://{fifo}?name=x&sampleformat=48000:16:2&codec=opus\n", encoding="utf-8")
        with open(home / "log", "wb") as log:
            server = subprocess.Popen(["snapserver", "-c", home / "server.conf"], stdout=log, stderr=log)
        try:
            wait_for("snapserver", fifo.exists, 20)
            feed = subprocess.Popen(["sh", "-c", f"while :; do head -c 19200 /dev/urandom; sleep 0.1; done >{fifo}"])
            try:
                time.sleep(1)
                return asyncio.run(_crowd(count, PORT, seconds))
            finally:
                feed.kill()
                feed.wait()
        finally:
            server.kill()
            server.wait()
