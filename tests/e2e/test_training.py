"""A station to practise on: it says so, takes nodes of this machine alone, and tools/dev training leaves nothing behind."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

import tap
from shared import bare, default_config, ends_in_good_order, logs, wait_for

# Another address than the one that is listened on, which every machine has.
ELSEWHERE = "127.0.0.2"
EVERYWHERE = {"address": "0.0.0.0"}
TRAINING = pathlib.Path(__file__).resolve().parents[2] / "tools/demo/training.py"


def reachable(made, address):
    with contextlib.suppress(ConnectionRefusedError), \
            socket.create_connection((address, made.run["link_port"]), timeout=10):
        return True
    return False


def other_addresses():
    """This machine's own, as others on its networks see it; some have none."""
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    return [address for address in found if "." in address]


def says(made):
    """What a station with an administrator says of itself."""
    made.ctl("setup", "--code", (made.data / "admin-code").read_text().strip(), "--login", "admin", "--name",
             "Quản trị viên", "--password-stdin", stdin="Loa-truyen-thanh-1\n")
    return made.json("station", "show")["training"]


def test_a_training_station_takes_nodes_of_this_machine_alone(build, _folder):
    made = bare(build, default_config(link=EVERYWHERE), options=["--training"])
    assert says(made) is True
    for address in (ELSEWHERE, *other_addresses()):
        assert not reachable(made, address), address
    made.node("Cụm loa tập", made.zone("T01", "Thôn Đông"), audio="null")
    made.ready()
    ends_in_good_order(made)


def test_any_other_station_listens_where_it_is_told(build, _folder):
    made = bare(build, default_config(link=EVERYWHERE))
    assert says(made) is False
    for address in (ELSEWHERE, *other_addresses()):
        assert reachable(made, address), address
    ends_in_good_order(made)


def test_training_needs_data_of_its_own(build, _folder):
    out = subprocess.run([f"{build}/controller/app/loa-controller", "--training"], capture_output=True, text=True,
                         timeout=60, check=False)
    assert out.returncode == 2 and "--data" in out.stderr, out


def test_the_one_command_shows_where_to_practise_and_leaves_nothing(build, folder):
    log = folder / "training.log"
    with open(log, "w", encoding="utf-8") as out:
        run = subprocess.Popen([sys.executable, str(TRAINING), "--build", str(build), "--console", str(folder)],
                               stdout=out, stderr=out, env=dict(os.environ, TMPDIR=str(folder)))
    try:
        wait_for("the training to be ready",
                 lambda: "CA certificate" in log.read_text(encoding="utf-8") or run.poll() is not None, timeout=240)
        said = log.read_text(encoding="utf-8")
        assert run.poll() is None, said
        shown = dict(re.findall(r"^(console|password|CA certificate) +(.+)$", said, re.MULTILINE))
        place = next(folder.glob("loa-training-*"))
        env = dict(os.environ, LOACTL_SERVER=shown["console"], LOACTL_CA=shown["CA certificate"],
                   LOACTL_STATE=str(folder / "loactl"))

        def ctl(*args, stdin=None):
            return subprocess.run([f"{build}/tools/loactl/loactl", *args], env=env, input=stdin, text=True,
                                  capture_output=True, check=True, timeout=60).stdout

        ctl("login", "ky", "--password-stdin", stdin=shown["password"] + "\n")
        assert json.loads(ctl("station", "show", "--json"))["training"] is True
        assert len(ctl("node", "list").splitlines()) == 4, "a head and three nodes"
        assert not list(place.glob("*.wav.json")), "no node has a card, not even a file"
    finally:
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 0, log.read_text(encoding="utf-8")
    assert not list(folder.glob("loa-training-*")), "its directory is gone"


if __name__ == "__main__":
    tap.main(globals(), logs)
