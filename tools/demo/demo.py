"""tools/dev demo: a station from nothing; a bulletin sounds on three hamlets; the receipts say so."""
import argparse
import datetime
import pathlib
import shutil
import signal
import sys
import tempfile
import time

import report
import sound
from station import Failed, Station

HAMLETS = (("T01", "Thôn Đông"), ("T02", "Thôn Đoài"), ("T03", "Thôn Trung"))
TEXT = ("Đài truyền thanh xã Phú Xuân. Kính mời bà con ba thôn ra nhà văn hóa lúc bảy giờ tối nay "
        "để nghe phổ biến lịch tiêm phòng cho trẻ em. Trân trọng thông báo.")
LEAD_S = 8


def say(text):
    print(f"\n== {text}", flush=True)


def recording(folder, given):
    if given:
        return pathlib.Path(given).resolve()
    return sound.speak(folder / "ban-tin.wav", TEXT)


def build_station(station):
    say("Controller from an empty directory: keys, CA, database")
    station.start()
    password = station.setup()
    say("Three hamlets, three nodes, enrolled with join codes")
    for (code, name), ppm in zip(HAMLETS, (-15, 0, 20)):
        zone = station.zone(code, name)
        station.node(f"Cụm loa {name}", zone, ppm=ppm)
    station.ready()
    print(station.ctl("node", "list"), end="")
    return password


def broadcast(station, file):
    """Import, approve, schedule, wait; returns the finished broadcast."""
    say(f"Import {file.name}, approve, schedule for all hamlets in {LEAD_S} s")
    bulletin = station.bulletin("Thông báo tiêm phòng", file)
    at = datetime.datetime.now(report.VIET_NAM) + datetime.timedelta(seconds=LEAD_S)
    event = station.json("event", "add", "--bulletin", bulletin, "--everyone", "--at",
                         at.strftime("%Y-%m-%dT%H:%M:%S"), "--confirm-quiet", user="lan")
    found = []
    while not found:
        found = [b for b in station.json("broadcast", "list") if b["event"] == event["id"]]
        time.sleep(0.2)
    print(f"on air at {at:%H:%M:%S} for {found[0]['duration_ms'] / 1000:.1f} s")
    return station.broadcast_over(found[0]["id"], timeout=LEAD_S + found[0]["duration_ms"] / 1000 + 60)


def run(station, options):
    file = recording(station.folder, options.file)
    password = build_station(station)
    done = broadcast(station, file)
    say("What the nodes themselves report, and what their sound cards were sent")
    reference = sound.read_any(file)
    measured = {name: report.measure(node, reference, done["start_us"])
                for name, node in station.nodes.items()}
    table = report.rows(station, done)
    report.show(table, measured)
    wrong = report.failures(table, measured)
    for line in wrong:
        print(f"FAILED  {line}")
    if options.once:
        return 1 if wrong else 0
    say("The station stays up; end it with Ctrl-C")
    print(f"console and API  {station.url}   login admin, lan or hung, password {password}")
    print(f"CA certificate   {station.data / 'pki/ca.crt'}")
    for name, node in station.nodes.items():
        print(f"{name}  {node.wav}")
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(prog="tools/dev demo", description=__doc__)
    parser.add_argument("file", nargs="?", help="a recording to broadcast instead of the made one")
    parser.add_argument("--once", action="store_true", help="stop after the table")
    parser.add_argument("--keep", action="store_true", help="with --once: leave logs and WAV files")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="loa-demo-"))
    station = Station(options.build, folder)
    try:
        return run(station, options)
    except Failed as problem:
        print(f"FAILED  {problem}", file=sys.stderr)
        print(f"logs: {folder}", file=sys.stderr)
        options.keep = True
        return 1
    finally:
        station.stop()
        if options.once and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
