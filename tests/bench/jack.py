"""A sound server whose dummy card paces the nodes, for what is recorded from them sample by sample (jack_rec)."""
import contextlib
import os
import shutil
import subprocess

import figures
import sound
from bed import Bed
from station import Program, wait_for

PERIOD_FRAMES = 480


def is_missing():
    """Whether a program of it is; told as the figure then."""
    for program in ("jackd", "jack_rec", "jack_lsp"):
        if shutil.which(program) is None:
            figures.figure("skipped", f"there is no {program}; install the package jackd2")
            return True
    return False


def listed():
    return subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False).stdout


def missed(server):
    """Periods that the simulated card missed."""
    return server.text().count("JackEngine::XRun")


@contextlib.contextmanager
def played_on(build):
    """(bed, server); whatever still plays is ended before the server is."""
    name = f"loa{os.getpid()}"
    os.environ.update(JACK_DEFAULT_SERVER=name, JACK_NO_AUDIO_RESERVATION="1", JACK_NO_START_SERVER="1")
    with Bed(build) as bed:
        server = Program(["jackd", "-n", name, "-R", "-d", "dummy", "-r", sound.RATE, "-p",
                          PERIOD_FRAMES, "-C", "2", "-P", "2"], bed.folder / "jackd.log").start()
        try:
            wait_for("jackd to run", lambda: "system:" in listed())
            yield bed, server
        finally:
            for node in bed.nodes.values():
                node.end()
            server.end()
