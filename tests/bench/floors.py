"""What the fan-out is compared with: the floor (floor.c), snapserver and icecast2, each read by listeners.c."""
import contextlib
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import figures
from crowd import BITRATE_BPS, READER_CORE, SERVER_CORE, on_core
from shared import voice
from station import Failed, wait_for

HTTP_GET = b"GET /do.ogg HTTP/1.0\r\nHost: localhost\r\nUser-Agent: @NUMBER@\r\n\r\n"
ICECAST = """<icecast>
 <limits><clients>{clients}</clients><sources>2</sources><queue-size>524288</queue-size>
  <client-timeout>60</client-timeout><header-timeout>60</header-timeout><source-timeout>60</source-timeout>
  <burst-size>0</burst-size></limits>
 <authentication><source-password>do</source-password><admin-user>do</admin-user>
  <admin-password>do</admin-password></authentication>
 <hostname>localhost</hostname>
 <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
 <listen-socket><port>{tls_port}</port><bind-address>127.0.0.1</bind-address><ssl>1</ssl></listen-socket>
 <paths><basedir>{folder}</basedir><logdir>{folder}</logdir><webroot>{folder}</webroot><adminroot>{folder}</adminroot>
  <ssl-certificate>{folder}/cert.pem</ssl-certificate></paths>
 <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>2</loglevel></logging>
 <security><chroot>0</chroot><changeowner><user>icecast2</user><group>icecast</group></changeowner></security>
</icecast>
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Listeners:
    """N connections that read, on the readers' core; made by `with`, ready inside."""

    def __init__(self, build, count, port, tls="none", request=b"", timeout=120):
        self.request = tempfile.NamedTemporaryFile()
        self.request.write(request)
        self.request.flush()
        self.argv = on_core(READER_CORE, [f"{build}/tests/bench/listeners", count, port, tls,
                                          *([self.request.name] if request else [])])
        self.timeout = timeout
        self.found = None

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise Failed("the listeners could not connect")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.found = json.loads(self.process.communicate(timeout=30)[0])
        self.request.close()


def floor(build, count, bundle_ms, frame_bytes, seconds, tls=True, sliced=128):
    """CPU of sending alone, us a connection and second; the same slices as the controller's unless 0."""
    argv = [f"{build}/tests/bench/floor", "--connections", count, "--bundle-ms", bundle_ms, "--bytes", frame_bytes,
            "--seconds", seconds, "--slice", sliced, *(["--tls"] if tls else [])]
    with subprocess.Popen(on_core(SERVER_CORE, argv), stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().split()[1]
        with Listeners(build, count, port, "key" if tls else "none"):
            found = json.loads(server.communicate(timeout=60 + seconds)[0])
    if found["refused"]:
        figures.progress(f"floor: {found['refused']} sends of {found['sends']} found the reader behind")
    return found["cpu_us"] / found["sends"] * 1000 / bundle_ms


@contextlib.contextmanager
def ended(argv, **how):
    """A program that is ended afterwards."""
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **how)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def cpu_while(process, seconds):
    cpu, wall = figures.cpu_seconds(process.pid), time.monotonic()
    time.sleep(seconds)
    return (figures.cpu_seconds(process.pid) - cpu) / (time.monotonic() - wall) * 1e6


def snap_hello():
    said = json.dumps({"Arch": "x86_64", "ClientName": "Snapclient", "HostName": "do", "ID": "@NUMBER@",
                       "Instance": 1, "MAC": "00:00:00:00:00:00", "OS": "Linux", "SnapStreamProtocolVersion": 2,
                       "Version": "0.26.0"}).encode()
    payload = struct.pack("<I", len(said)) + said
    return struct.pack("<HHHiiiiI", 5, 1, 0, 0, 0, 0, 0, len(payload)) + payload


def snapserver(build, count, bundle_ms, seconds):
    """Snapcast's server at equal packets, Opus without TLS. None: not installed."""
    if shutil.which("snapserver") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        fifo, port = f"{folder}/fifo", free_port()
        subprocess.run(["mkfifo", fifo], check=True)
        source = (f"pipe://{fifo}?name=do&mode=read&sampleformat=48000:16:2&chunk_ms={bundle_ms}"
                  f"&codec=opus:BITRATE:{BITRATE_BPS},COMPLEXITY:5")
        config = pathlib.Path(f"{folder}/snapserver.conf")  # without it the one in /etc adds its own stream
        config.write_text(f"[stream]\nport = {port}\nsource = {source}\n[tcp]\nenabled = false\n[http]\n"
                          "enabled = false\n[logging]\nfilter = *:error\n")
        argv = ["snapserver", "-c", config, "--server.datadir", folder]
        feed = ["ffmpeg", "-nostdin", "-re", "-stream_loop", "-1", "-i", voice(folder, 20), "-f", "s16le", "-ac", "2",
                "-ar", "48000", "-y", fifo]
        with ended(on_core(SERVER_CORE, argv)) as server, ended(on_core(READER_CORE, feed)):
            wait_for("snapserver to listen", lambda: answers(port), 20)
            with Listeners(build, count, port, request=snap_hello()) as listeners:
                time.sleep(3)
                cpu = cpu_while(server, seconds)
        return {"cpu_us_a_client_and_second": cpu / count, "bytes_a_read": listeners.found["bytes"] / max(1, listeners.found["reads"]),
                "ended": listeners.found["ended"]}


def icecast(build, count, page_ms, seconds, tls=True):
    """Icecast at equal pages of Ogg Opus. None: not installed."""
    if shutil.which("icecast2") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o777)
        port, tls_port = free_port(), free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-keyout", f"{folder}/key.pem", "-out",
                        f"{folder}/crt.pem"], check=True, capture_output=True)
        both = pathlib.Path(f"{folder}/crt.pem").read_text() + pathlib.Path(f"{folder}/key.pem").read_text()
        pathlib.Path(f"{folder}/cert.pem").write_text(both)
        config = pathlib.Path(f"{folder}/icecast.xml")
        config.write_text(ICECAST.format(clients=count + 10, port=port, tls_port=tls_port, folder=folder))
        feed = ["ffmpeg", "-nostdin", "-re", "-stream_loop", "-1", "-i", voice(folder, 20), "-ac", "1", "-c:a", "libopus",
                "-b:a", str(BITRATE_BPS), "-page_duration", str(page_ms * 1000), "-f", "ogg", "-content_type",
                "application/ogg", f"icecast://source:do@127.0.0.1:{port}/do.ogg"]
        with ended(on_core(SERVER_CORE, ["icecast2", "-c", config])) as server:
            wait_for("icecast2 to listen", lambda: answers(port), 20)
            with ended(on_core(READER_CORE, feed)):
                time.sleep(2)
                with Listeners(build, count, tls_port if tls else port, "any" if tls else "none",
                               HTTP_GET) as listeners:
                    time.sleep(3)
                    cpu = cpu_while(server, seconds)
        return {"cpu_us_a_client_and_second": cpu / count, "bytes_a_read": listeners.found["bytes"] / max(1, listeners.found["reads"]),
                "ended": listeners.found["ended"]}
