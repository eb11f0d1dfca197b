"""memory: resident memory of the controller for each connected and each streaming node."""
import time

import figures
from crowd import Crowd


def run(options):
    figures.heading("memory", f"tools/dev bench memory --crowd {options.crowd}")
    with Crowd(options.build, options.crowd, cores=False) as crowd:
        empty = figures.memory_kib(crowd.pid)["VmRSS"]
        crowd.connect()
        time.sleep(3)
        idle = figures.memory_kib(crowd.pid)["VmRSS"]
        crowd.play()
        time.sleep(10)
        streaming = figures.memory_kib(crowd.pid)["VmRSS"]
        found = {"empty_kib": empty, "idle_kib_a_node": (idle - empty) / options.crowd,
                 "streaming_kib_a_node": (streaming - empty) / options.crowd}
        crowd.end_fleet()
    figures.figure("controller without nodes", f"{empty / 1024:.1f} MiB")
    figures.figure(f"{options.crowd} connected", f"{found['idle_kib_a_node'] * 1.024:.1f} kB a node")
    figures.figure(f"{options.crowd} streaming", f"{found['streaming_kib_a_node'] * 1.024:.1f} kB a node", "45 kB")
    return found
