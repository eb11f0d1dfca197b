"""The table of a broadcast, from the nodes' own receipts, and what their WAV files say."""
import datetime
import statistics

import sound

CORRELATION_MIN = 0.9
VIET_NAM = datetime.timezone(datetime.timedelta(hours=7))


def rows(station, broadcast):
    """One row a target: what was planned, what the node says it did, and how it differs from the others."""
    starts = [t["receipt"]["actual_start_us"] for t in broadcast["targets"]
              if t.get("receipt") and t["receipt"]["actual_start_us"]]
    middle = statistics.median(starts) if starts else 0
    names = {n["id"]: n["name"] for n in station.json("node", "list")}
    table = []
    for target in broadcast["targets"]:
        receipt = target.get("receipt") or {}
        actual = receipt.get("actual_start_us") or 0
        table.append({
            "node": names.get(target["node"], str(target["node"])),
            "planned_us": broadcast["start_us"],
            "late_ms": (actual - broadcast["start_us"]) / 1000 if actual else None,
            "offset_ms": (actual - middle) / 1000 if actual else None,
            "gaps": receipt.get("gaps"),
            "rms_db": receipt["rms_mdb"] / 1000 if "rms_mdb" in receipt else None,
            "carrier": receipt.get("carrier", "-"),
            "outcome": receipt.get("outcome", target["state"]),
        })
    return table


def measure(node, reference, planned_us):
    """Lay a node's WAV over the recording: how alike, and how far from the planned instant it began."""
    recording = sound.read_wav(node.wav)
    first = sound.first_sample(node.wav)
    rate = 1 + node.ppm * 1e-6  # frames of this card in one frame of station time
    position, correlation = sound.align(recording, sound.stretch(reference, rate))
    started_us = first["station_us"] + position / rate * 1e6 / sound.RATE
    return {"correlation": correlation, "error_ms": (started_us - planned_us) / 1000}


def clock(us):
    return datetime.datetime.fromtimestamp(us / 1e6, VIET_NAM).strftime("%H:%M:%S.%f")[:-3]


def show(table, measured):
    head = ["node", "planned", "start", "offset", "gaps", "level", "carrier", "outcome", "WAV alike",
            "WAV start"]
    lines = [head]
    for row in table:
        found = measured.get(row["node"], {})
        lines.append([
            row["node"], clock(row["planned_us"]),
            "-" if row["late_ms"] is None else f"{row['late_ms']:+.3f} ms",
            "-" if row["offset_ms"] is None else f"{row['offset_ms']:+.3f} ms",
            "-" if row["gaps"] is None else str(row["gaps"]),
            "-" if row["rms_db"] is None else f"{row['rms_db']:.1f} dBFS",
            str(row["carrier"]), str(row["outcome"]),
            f"{found['correlation']:.3f}" if found else "-",
            f"{found['error_ms']:+.3f} ms" if found else "-",
        ])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def failures(table, measured):
    """Sentences, one for each thing that is not as it should be."""
    found = []
    for row in table:
        if row["outcome"] != "sounded":
            found.append(f"{row['node']}: {row['outcome']}")
        if row["gaps"]:
            found.append(f"{row['node']}: {row['gaps']} gaps")
        alike = measured.get(row["node"], {}).get("correlation", 0.0)
        if alike < CORRELATION_MIN:
            found.append(f"{row['node']}: its WAV correlates with the recording at {alike:.3f} only")
    return found
