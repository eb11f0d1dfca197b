"""What the benches share: distributions, what a process costs, what the machine is, how to repeat."""
import json
import os
import pathlib
import statistics
import time

import numpy as np


def distribution(values):
    """p50, p95, p99 and the worst of a list; of the sizes only, whatever their sign."""
    sizes = np.abs(np.asarray(values, dtype=float))
    p50, p95, p99 = (float(np.percentile(sizes, p)) for p in (50, 95, 99))
    return {"p50": p50, "p95": p95, "p99": p99, "worst": float(sizes.max()), "count": len(sizes)}


def spread(values):
    """Median and extremes of a few runs."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values),
            "runs": len(values)}


def text(found, unit="", digits=3):
    """One of the two above as a person reads it."""
    shown = [f"{key} {value:.{digits}f}" if isinstance(value, float) else f"{key} {value}"
             for key, value in found.items()]
    return ", ".join(shown) + (f" ({unit})" if unit else "")


def cpu_seconds(pid):
    """CPU time of a process since its start, all threads, by its own clock (ns, not ticks)."""
    return time.clock_gettime(((~pid) << 3) | 2)


def memory_kib(pid):
    """VmRSS, VmHWM and their parts as /proc tells them, KiB."""
    found = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        key, _, value = line.partition(":")
        if key in ("VmRSS", "VmHWM", "RssAnon", "RssFile", "RssShmem"):
            found[key] = int(value.split()[0])
    return found


class Share:
    """CPU share of a process over a stretch of time, as a fraction of one core."""

    def __init__(self, pid):
        self.pid = pid
        self.cpu = cpu_seconds(pid)
        self.wall = time.monotonic()

    def so_far(self):
        return (cpu_seconds(self.pid) - self.cpu) / (time.monotonic() - self.wall)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), "unknown processor")
    name = os.uname()
    return (f"{os.cpu_count()} cores ({model}), {name.sysname} {name.release} {name.machine}, "
            f"load {os.getloadavg()[0]:.1f}")


def progress(line):
    print(f"  .. {line}", flush=True)


def heading(name, command):
    print(f"\n== {name}\n+ {command}\n  on {machine()}", flush=True)


def figure(what, value, bound=""):
    print(f"  {what}: {value}" + (f"   [bound: {bound}]" if bound else ""), flush=True)


def dump(results):
    print(json.dumps(results, ensure_ascii=False, indent=2))
