"""sync: how far apart the nodes of one broadcast sound, from the first audible sample to the last.

8 nodes on the dummy card of a sound server, recorded together sample by sample (jack_rec), and 8 `wav`
nodes with crystals from -200 to +200 ppm. Of the windows of the whole programme the peak of the
cross-correlation with the recording is interpolated; a lost or repeated sample is a step of 20.8 us.
With snapserver and snapclient installed, these play in the same sound server by the same method.
"""
import itertools
import os
import pathlib
import shutil
import subprocess
import time

import numpy as np

import figures
import jack
import peak
import sound
from bed import whole_second_in
from shared import over
from start import PPM_MOST, real_minus_mono_us
from station import Program, wait_for

WINDOW = sound.RATE // 10
SEARCH = 2000  # samples
STEP_US = 10.4  # half a sample
LEAD_S = 16
SNAP_CLIENTS = 4


def programme(folder, seconds):
    """Noise up to about 4 kHz, never the same: every window can be placed."""
    noise = np.random.default_rng(7).normal(size=seconds * sound.RATE)
    spectrum = np.fft.rfft(noise)
    hz = np.fft.rfftfreq(len(noise), 1 / sound.RATE)
    samples = np.fft.irfft(spectrum * (hz > 100) / np.maximum(1, hz / 1000) ** 2, len(noise))
    path = pathlib.Path(folder) / f"ồn trắng {seconds}.wav"
    sound.write_wav(path, 0.1 * samples / np.std(samples))
    return path


def lateness(channel, at, rate, reference):
    """us after its place of each window of the recording, when sample 0 belongs to frame `at` of the
    channel, whose card makes `rate` frames in the time of one."""
    found = []
    for begin in range(0, len(reference) - WINDOW, WINDOW):
        heard = peak.sinc_at(channel, at + (begin + np.arange(WINDOW)) * rate)
        late, alike = peak.delay(heard, reference[begin:begin + WINDOW], SEARCH)
        found.append(late * 1e6 / sound.RATE if alike > 0.5 else np.nan)
    return np.array(found)


def steps(late):
    """Windows after which the sound lies half a sample or more elsewhere for good."""
    before, after = (np.array([np.nanmedian(late[i + a:i + b]) for i in range(4, len(late) - 4)])
                     for a, b in ((-4, 0), (0, 4)))
    return int(np.sum(np.abs(np.diff(np.abs(after - before) > STEP_US).clip(0)) > 0)) + int(
        np.isnan(late).sum())


def pairs(late):
    """{what: us between two nodes}; rows of `late` are nodes, columns windows."""
    apart = [np.abs(a - b) for a, b in itertools.combinations(late, 2)]
    return {"first window": [p[0] for p in apart], "all windows": np.concatenate(apart)}


def recorded(path, count):
    """What jack_rec wrote, one row a channel."""
    out = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-"], check=True,
                         capture_output=True).stdout
    return np.frombuffer(out, dtype="<f4").astype(float).reshape(-1, count).T


def out_ports(pattern):
    listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False).stdout
    return [port for port in listed.split("\n") if pattern in port and "system:" not in port]


def record(folder, name, ports, seconds):
    tape = folder / f"{name}.wav"
    return tape, Program(["jack_rec", "-f", tape, "-d", seconds, "-b", "16", *ports],
                         folder / f"{name}.log").start()


def measure_cards(tape, count, reference, about):
    channels = recorded(tape, count)
    piece = reference[:sound.RATE]
    coarse = [about - sound.RATE + sound.align(c[about - sound.RATE:about + 3 * sound.RATE], piece)[0]
              for c in channels]
    at = round(float(np.median(coarse)))
    return np.array([lateness(c, at, 1.0, reference) for c in channels]), channels, at


def measure_wav(bed, nodes, reference, planned_us):
    rows = []
    for node in nodes:
        stamp, rate = sound.first_sample(node.wav), 1 + node.ppm * 1e-6
        since_us = planned_us - stamp["mono_us"] - bed.real_us
        rows.append(lateness(sound.read_wav(node.wav), since_us * rate * sound.RATE / 1e6, rate,
                             reference))
    return np.array(rows)


def loa(bed, options):
    """({name: lateness}, steps found in a copy with one sample taken out)"""
    zone = bed.zone("T01", "Thôn Đông")
    half = options.nodes
    for i in range(half):
        bed.add(f"Thẻ {i + 1}", zone, audio="portaudio:system")
        wait_for("the node to open its card", lambda: len(out_ports(":out_0")) > i, 20, 0.2)
    ports = out_ports(":out_0")
    for i in range(half):
        bed.add(f"Tệp {i + 1}", zone,
                ppm=round(-PPM_MOST + 2 * PPM_MOST * i / max(1, half - 1), 3))
    bed.ready(60)
    file = programme(bed.folder, options.seconds)
    reference = sound.read_any(file)
    bulletin = bed.bulletin("Đo đồng bộ", file)
    begin_us = whole_second_in(LEAD_S)
    planned = bed.at(bulletin, begin_us)
    bed.real_us = real_minus_mono_us()
    tape, recorder = record(bed.folder, "tape", ports, LEAD_S + options.seconds + 3)
    begun_us = time.time() * 1e6
    done = over(bed, planned["id"], timeout=LEAD_S + options.seconds + 60)
    whole = sum((t["receipt"] or {}).get("outcome") == "sounded" for t in done["targets"])
    figures.figure("receipts that say all sounded", f"{whole} of {len(done['targets'])}")
    recorder.process.wait(60)
    about = round((planned["start_us"] - begun_us) * sound.RATE / 1e6)
    cards, channels, at = measure_cards(tape, half, reference, about)
    cut = np.delete(channels[0], at + len(reference) // 2)
    nodes = [n for n in bed.nodes.values() if n.name.startswith("Tệp")]
    return {"cards": cards, "wav, crystals -200 to +200 ppm":
            measure_wav(bed, nodes, reference, planned["start_us"])}, steps(
                lateness(cut, at, 1.0, reference))


def snapcast(folder, options):
    """The peer, where it is installed: its clients on ALSA's JACK plug-in."""
    if shutil.which("snapserver") is None or shutil.which("snapclient") is None:
        return None
    home = folder / "snap"
    home.mkdir()
    (home / ".asoundrc").write_text(
        'pcm.rawjack { type jack playback_ports { 0 system:playback_1 1 system:playback_2 } }\n'
        'pcm.jk { type plug slave { pcm "rawjack" } }\n', encoding="utf-8")
    env = {**os.environ, "HOME": str(home)}
    fifo, file = home / "fifo", programme(folder, options.seconds)
    os.mkfifo(fifo)
    port = 20000 + os.getpid() % 20000
    (home / "server.conf").write_text(
        f"[stream]\nport = {port}\nsource = pipe://{fifo}?name=t&sampleformat=48000:16:2&codec=pcm\n"
        f"[http]\nenabled = false\n[tcp]\nport = {port + 1}\n[server]\ndatadir = {home}\n",
        encoding="utf-8")
    programs = [Program(["snapserver", "-c", home / "server.conf"], home / "server.log", env).start()]
    try:
        time.sleep(2)
        for i in range(SNAP_CLIENTS):
            programs.append(Program(["snapclient", "-h", "127.0.0.1", "-p", port, "-i", i + 1,
                                     "--player", "alsa", "-s", "jk", "--hostID", f"c{i}"],
                                    home / f"client-{i}.log", env).start())
        feeder = Program(["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-t", "8", "-i",
                          "anullsrc=r=48000:cl=mono", "-re", "-i", file, "-filter_complex",
                          "[0][1]concat=n=2:v=0:a=1", "-f", "s16le", "-ac", "2", "-ar", "48000",
                          "-y", fifo], home / "feeder.log").start()
        programs.append(feeder)
        wait_for("the clients to open their cards",
                 lambda: len(out_ports("out_000")) >= SNAP_CLIENTS, 20, 0.2)
        tape, recorder = record(folder, "snap", out_ports("out_000"), options.seconds + 14)
        recorder.process.wait(options.seconds + 60)
    finally:
        for program in reversed(programs):
            program.end()
    reference = sound.read_any(file)
    channels = recorded(tape, SNAP_CLIENTS)
    first = sound.align(channels[0], reference[2 * sound.RATE:4 * sound.RATE])[0]
    return np.array([lateness(c, round(first) - 2 * sound.RATE, 1.0, reference)
                     for c in channels])


def report(name, late, found):
    for what, us in pairs(late).items():
        us = np.asarray(us)
        missing = int(np.isnan(us).sum())
        value = figures.distribution(us[~np.isnan(us)])
        found[f"{name}, {what}: us between two"] = value
        figures.figure(f"{name}, {what}: us between two", figures.text(value, digits=1) +
                       (f", {missing} windows without" if missing else ""))
        histogram(us[~np.isnan(us)])
    lost = [steps(row) for row in late]
    found[f"{name}: steps"] = lost
    figures.figure(f"{name}: lost or repeated samples (steps of {STEP_US} us or more)", sum(lost))


def histogram(us):
    edges = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1e9]
    counts, _ = np.histogram(us, edges)
    for low, high, count in zip(edges, edges[1:], counts):
        if count:
            top = f"{high:5.0f}" if high < 1e9 else "     "
            print(f"    {low:5.0f}..{top} us {count:7d} {'#' * max(1, round(50 * count / counts.max()))}")


def run(options):
    figures.heading("sync", f"tools/dev bench sync --nodes {options.nodes} --seconds "
                    f"{options.seconds}")
    if jack.is_missing():
        return {}
    found = {}
    with jack.played_on(options.build) as (bed, server):
        late, control = loa(bed, options)
        figures.figure("steps found in a copy with one sample taken out", control, "1")
        for what, rows in late.items():
            report(f"Loa, {what}", rows, found)
        for node in bed.nodes.values():
            node.end()
        late = snapcast(bed.folder, options)
        if late is None:
            figures.figure("Snapcast", "not installed (snapserver, snapclient)")
        else:
            report("Snapcast", late, found)
        figures.figure("periods that the simulated card missed",
                       jack.missed(server))
    return found
