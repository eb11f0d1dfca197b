"""Start a controller and nodes on loopback, from empty directories, and speak to them with loactl."""
import functools
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request


class Failed(Exception):
    """A command was refused; the text is what the person saw."""


class Program:
    """One process of ours; its log goes to a file and it is ended by pid."""

    def __init__(self, argv, log, env=None):
        self.argv = [str(a) for a in argv]
        self.log = pathlib.Path(log)
        self.env = env
        self.process = None

    def start(self):
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.argv, stdout=out, stderr=out, env=self.env,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        return self

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def end(self, how=signal.SIGTERM, timeout=20):
        """Returns the exit status, None when it never ran."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def text(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""


def wait_for(what, condition, timeout=30, every=0.05):
    """Poll until condition() is true; its value is returned. Raises with `what` when time is up."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"waited {timeout} s in vain for: {what}")
        time.sleep(every)


class Station:
    """A controller, its nodes, and the accounts of the people who use it."""

    def __init__(self, build, folder, config="", options=()):
        self.build = pathlib.Path(build).resolve()
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "controller"
        self.config = self.folder / "controller.ini"
        self.config.write_text(config or default_config(), encoding="utf-8")
        self.controller = Program(
            [self.build / "controller/app/loa-controller", "--data", self.data, "--config",
             self.config, *options], self.folder / "controller.log")
        self.nodes = {}
        self.made = 0  # nodes that were ever made: names of folders are not used again
        self.started = False

    # ---- controller ----

    def start(self, timeout=30):
        (self.data / "run.json").unlink(missing_ok=True)
        self.controller.start()

        def running():
            if not self.controller.alive():
                raise Failed("the controller ended: " + self.controller.text()[-800:])
            return (self.data / "run.json").exists()

        wait_for("the controller to listen", running, timeout)
        self.run = json.loads((self.data / "run.json").read_text())
        self.started = True
        return self

    def restart(self, how=signal.SIGTERM, while_down=None):
        """End the controller and start it again on the same ports."""
        self.keep_ports()
        self.controller.end(how)
        if while_down:
            while_down()
        return self.start()

    def keep_ports(self):
        """From the next start on the controller listens where it does now, so that nodes find it."""
        lines, section = [], ""
        for line in self.config.read_text(encoding="utf-8").splitlines():
            section = line if line.startswith("[") else section
            port = {"[link]": self.run["link_port"], "[web]": self.run["web_port"]}.get(section)
            lines.append(f"port = {port}" if port and line.startswith("port") else line)
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def url(self):
        return f"https://localhost:{self.run['web_port']}"

    @property
    def link(self):
        return f"127.0.0.1:{self.run['link_port']}"

    # ---- loactl ----

    def ctl(self, *args, user=None, stdin=None, check=True, timeout=120):
        """Run loactl as a person; returns its standard output. Raises Failed with its one line."""
        who = user or "admin"
        env = dict(os.environ, LOACTL_SERVER=self.url, LOACTL_CA=str(self.data / "pki/ca.crt"),
                   LOACTL_STATE=str(self.folder / f"loactl-{who}"))
        out = subprocess.run([str(self.build / "tools/loactl/loactl"), *map(str, args)],
                             input=stdin, capture_output=True, text=True, env=env, timeout=timeout,
                             check=False)
        if check and out.returncode != 0:
            raise Failed(f"loactl {' '.join(map(str, args))}: {out.stderr.strip()}")
        return out if not check else out.stdout

    def json(self, *args, **kwargs):
        return json.loads(self.ctl(*args, "--json", **kwargs))

    def api(self, path, user="admin"):
        """GET a path of the API with a person's session; returns (status, body as text)."""
        token = (self.folder / f"loactl-{user}/session").read_text().splitlines()[2]
        request = urllib.request.Request(f"{self.url}/api/v1{path}",
                                         headers={"Authorization": f"Bearer {token}"})
        trusted = ssl.create_default_context(cafile=str(self.data / "pki/ca.crt"))
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trusted),
                                             urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def metric(self, name):
        for line in self.api("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        raise Failed(f"the metrics do not name {name}")

    def setup(self, password="Loa-truyen-thanh-1"):
        """The first administrator, by the one-time code; then one operator and one approver."""
        code = (self.data / "admin-code").read_text().strip()
        self.ctl("setup", "--code", code, "--login", "admin", "--name", "Quản trị viên",
                 "--password-stdin", stdin=password + "\n")
        self.ctl("station", "set", "--allowed-from", "00:00", "--allowed-to", "24:00")
        for login, name, role in (("lan", "Nguyễn Thị Lan", "operator"),
                                  ("hung", "Trần Văn Hùng", "approver")):
            self.ctl("user", "add", login, "--name", name, "--role", role, "--password-stdin",
                     stdin=password + "\n")
            self.ctl("login", login, "--password-stdin", user=login, stdin=password + "\n")
        wait_for("the emergency set to be made", lambda: "emergency.ready" in self.controller.text(), 90)
        return password

    # ---- nodes ----

    def zone(self, code, name):
        return self.json("zone", "add", code, "--name", name)["id"]

    def node(self, name, zone, audio=None, ppm=0, config=None, before=None,
             microphone=None):
        """Enrol one node and start it; `name` is unique and names its folder and WAV file.

        config  text of its INI file; before  called with its state directory before it starts;
        microphone  called with the node's WAV file, returns what it listens to"""
        code = self.json("node", "join-code", "--zone", zone, "--name", name)["code"]
        self.made += 1
        number = self.made
        state = self.folder / f"node-{number}"
        wav = self.folder / f"node-{number}.wav"
        argv = [self.build / "node-firmware/port/posix/loa-node", "--state", state, "--controller",
                self.link]
        if config:
            (self.folder / f"node-{number}.ini").write_text(config, encoding="utf-8")
            argv += ["--config", self.folder / f"node-{number}.ini"]
        if microphone:
            argv += ["--microphone", microphone(wav)]
        if before:
            before(state)
        node = Program([*argv, "--audio", audio or f"wav:{wav},ppm={ppm}", "--join", code],
                       self.folder / f"node-{number}.log")
        node.name, node.wav, node.state, node.ppm, node.base = name, wav, state, ppm, argv
        self.nodes[name] = node
        node.start()
        return node

    def node_again(self, node, how=signal.SIGTERM):
        """End a node and start it once more, with another WAV file."""
        node.end(how)
        node.wav = node.wav.with_name(node.wav.stem + "+.wav")
        node.argv = [str(a) for a in (*node.base, "--audio", f"wav:{node.wav},ppm={node.ppm}")]
        node.start()
        return node

    def record(self, name):
        """What the controller says of a node."""
        return next(n for n in self.json("node", "list") if n["name"] == name)

    def ready(self, timeout=30):
        """Wait until every node is connected and knows the time."""
        def all_ready():
            for node in self.nodes.values():
                if not node.alive():
                    raise Failed(f"the node {node.name} ended: {node.text()[-800:]}")
            seen = [n for n in self.json("node", "list")
                    if n.get("online") and (n.get("status") or {}).get("clock_uncertainty_us", 1 << 31) < 5000]
            return len(seen) >= len(self.nodes)

        wait_for("all nodes to be on line with the time", all_ready, timeout, every=0.2)

    # ---- the way of a bulletin ----

    def bulletin(self, title, *files, priority="normal", approve=True):
        """Import, compose, submit, approve unless it is to wait; returns the bulletin's id."""
        media = [self.json("media", "import", f, user="lan")["sha256"] for f in files]
        parts = [arg for m in media for arg in ("--media", m)]
        made = self.json("bulletin", "add", "--title", title, "--priority", priority, *parts,
                         user="lan")
        self.ctl("bulletin", "submit", made["id"], user="lan")
        if approve:
            self.ctl("bulletin", "approve", made["id"], user="hung")
        return made["id"]

    def broadcast_over(self, broadcast, timeout=60):
        """Wait until every target is accounted for; returns the broadcast with its receipts."""
        def closed():
            b = self.json("broadcast", "show", broadcast)
            return b if b["state"] in ("closed", "missed") else None

        return wait_for(f"broadcast {broadcast} to be closed", closed, timeout, every=0.2)

    # ---- end ----

    def stop(self):
        for node in self.nodes.values():
            node.end()
        self.controller.end()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@functools.cache
def sandbox_works():
    """Whether bubblewrap can make namespaces here; many containers forbid it, then a warning is printed."""
    seen = subprocess.run(
        ["bwrap", "--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr", "--ro-bind", "/lib",
         "/lib", "--ro-bind-try", "/lib64", "/lib64", "/usr/bin/true"],
        capture_output=True, text=True, errors="replace", check=False)
    if seen.returncode != 0:
        print("# WARNING: recordings are decoded WITHOUT the sandbox, since bubblewrap does not start here "
              f"({seen.stderr.strip()[:60]}...); run on a machine that permits user namespaces",
              file=sys.stderr, flush=True)
    return seen.returncode == 0


def default_config(**more):
    lines = ["[station]", "code = 27148", "name = Đài truyền thanh xã Phú Xuân",
             "[link]", "address = 127.0.0.1", "port = 0",
             "[web]", "address = 127.0.0.1", "port = 0"]
    if console := os.environ.get("LOA_CONSOLE"):
        lines.append(f"console = {console}")
    if not sandbox_works():
        more["audio"] = {"allow_unsandboxed": "yes", **more.get("audio", {})}
    for section, values in more.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"
