"""Where the processor time of a process goes: by thread, and how long its threads waited for a processor.

On a machine whose processors others use too, what a thread waited for one is not its own doing; what it neither ran nor
waited is: then it had nothing to do.
"""
import pathlib
import time

GROUPS = {"loa-tls": "handshakes", "loa-net": "shards", "loa-audio": "sound", "loa-controller": "main"}


def _group(name):
    return next((group for prefix, group in GROUPS.items() if name.startswith(prefix)), "others")


class Spent:
    """From its making on: seconds by group of threads, `ran` and `queued` (for a processor)."""

    def __init__(self, pid):
        self.folder = pathlib.Path(f"/proc/{pid}/task")
        self.began = time.monotonic()
        self.before = self._read()

    def _read(self):
        found = {}
        for task in self.folder.iterdir():
            try:
                name = (task / "comm").read_text(encoding="utf-8").strip()
                ran, queued = (int(ns) / 1e9 for ns in (task / "schedstat").read_text(encoding="ascii").split()[:2])
            except OSError:
                continue  # it has ended
            old = found.get(_group(name), (0.0, 0.0))
            found[_group(name)] = (old[0] + ran, old[1] + queued)
        return found

    def so_far(self):
        now = self._read()
        zero = (0.0, 0.0)
        each = {group: tuple(new - old for new, old in zip(now[group], self.before.get(group, zero))) for group in now}
        return {"seconds": time.monotonic() - self.began,
                "ran": {group: ran for group, (ran, _) in each.items()},
                "queued": {group: queued for group, (_, queued) in each.items()}}


def a_node(spent, count):
    """Milliseconds a node as a person reads them, the dearest group first."""
    ran = sorted(spent["ran"].items(), key=lambda item: -item[1])
    return f"{sum(spent['ran'].values()) * 1e3 / count:.2f} ms a node (" + ", ".join(
        f"{group} {seconds * 1e3 / count:.2f}" for group, seconds in ran if seconds * 1e3 / count >= 0.05) + ")"


def idle_s(spent, group):
    """How long a group of one thread had nothing to do."""
    return max(0.0, spent["seconds"] - spent["ran"].get(group, 0.0) - spent["queued"].get(group, 0.0))
