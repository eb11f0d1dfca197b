"""size: bytes of the programs, a node's largest stack frames, instructions for a second of its sound."""
import pathlib
import re
import subprocess
import tempfile

import figures
from shared import voice

PROGRAMS = ("controller/app/loa-controller", "node-firmware/port/posix/loa-node", "tools/loactl/loactl")
DRIVER = "tests/bench/node_second"
ENCODER = "tests/bench/station_file"
FEW_S, MANY_S = 2, 12
NODE_PARTS = ("node-firmware", "proto", "schedules")
FRAMES_SHOWN = 8


def section_sizes(program):
    """{text, data, bss} in bytes, as `size` prints them."""
    lines = subprocess.run(["size", str(program)], check=True, capture_output=True, text=True).stdout
    return dict(zip(("text", "data", "bss"), map(int, lines.splitlines()[1].split()[:3])))


def stack_frames(build):
    """The largest [(bytes, function)] of loa-node when it was built with -fstack-usage, else []."""
    program = build / "node-firmware/port/posix/loa-node"
    symbols = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
    linked = {line.split()[-1] for line in symbols.splitlines()}
    found = []
    for part in NODE_PARTS:
        for file in (build / part).rglob("*.su"):
            for line in file.read_text(encoding="utf-8").splitlines():
                where, size, how = line.rsplit("\t", 2)
                function = where.rsplit(":", 1)[1]
                if function in linked:
                    found.append((int(size), function + ("" if how == "static" else f" ({how})")))
    return sorted(found, reverse=True)[:FRAMES_SHOWN]


def instructions(driver, media, seconds, ppm, folder):
    out = folder / f"callgrind.{seconds}"
    ran = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", driver, media,
                          str(seconds), str(ppm)], check=True, capture_output=True, text=True)
    return int(re.search(r"Collected\s*:\s*(\d+)", ran.stderr).group(1)), out


def station_file(build, folder, bitrate):
    """A voice as the station itself stores it: another encoder chooses other modes of Opus."""
    pcm = folder / "a.f32"
    subprocess.run(["ffmpeg", "-v", "error", "-i", voice(folder, MANY_S + 2), "-ac", "1", "-ar", "48000",
                    "-f", "f32le", pcm], check=True)
    made = subprocess.run([build / ENCODER, pcm, folder, str(bitrate)], check=True, capture_output=True,
                          text=True)
    return pathlib.Path(made.stdout.strip())


def per_library(few, many):
    """Instructions a second of sound by the program or library they are in."""
    def read(out):
        text = subprocess.run(["callgrind_annotate", "--threshold=100", str(out)], check=True,
                              capture_output=True, text=True).stdout
        found = {}
        for count, where in re.findall(r"^\s*([\d,]+) \(.*\[(\S+)\]$", text, re.MULTILINE):
            name = pathlib.Path(where).name
            found[name] = found.get(name, 0) + int(count.replace(",", ""))
        return found

    before, after = read(few), read(many)
    cost = {name: (n - before.get(name, 0)) / (MANY_S - FEW_S) for name, n in after.items()}
    return sorted(((n, c) for n, c in cost.items() if c > 1000), key=lambda item: -item[1])


def run(options):
    figures.heading("size", "tools/dev bench size")
    build = pathlib.Path(options.build).resolve()
    found = {f"{pathlib.Path(p).name}: bytes": section_sizes(build / p) for p in PROGRAMS
             if (build / p).exists()}
    for size, function in stack_frames(build):
        found[f"stack frame of {function}: bytes"] = size
    with tempfile.TemporaryDirectory(prefix="loa-bench-") as folder:
        folder = pathlib.Path(folder)
        media = station_file(build, folder, options.bitrate)
        for ppm in (0, 100):
            figures.progress(f"counting, card {ppm} ppm off")
            few, few_out = instructions(build / DRIVER, media, FEW_S, ppm, folder)
            many, many_out = instructions(build / DRIVER, media, MANY_S, ppm, folder)
            what = f"node, {options.bitrate // 1000} kbit/s, card {ppm} ppm off: M instructions a second"
            found[what] = (many - few) / (MANY_S - FEW_S) / 1e6
        top = per_library(few_out, many_out)
    for what, value in found.items():
        figures.figure(what, figures.text(value) if isinstance(value, dict) else
                       f"{value:.2f}" if isinstance(value, float) else value,
                       "15" if "instructions" in what else "")
    for name, cost in top:
        found[f"of which {name}"] = cost / 1e6
        figures.figure(f"  of which {name}", f"{cost / 1e6:.2f}")
    return found
