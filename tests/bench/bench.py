"""tools/dev bench: figures as distributions and ratios; nothing here passes or fails by the clock."""
import argparse
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(TOP / "tools/demo"), str(TOP / "tests/e2e")]

import alert
import alert4000
import card
import decide
import encode
import fanout
import figures
import idle
import imports
import memory
import mouth
import quick
import recover
import size
import start
import stop
import store
import storm
import sync
from station import Failed

BENCHES = {"start": start, "idle": idle, "encode": encode, "import": imports, "size": size,
           "card": card, "sync": sync, "recover": recover, "stop": stop, "alert": alert, "storm": storm,
           "decide": decide, "mouth": mouth, "fanout": fanout, "alert-at-4000": alert4000, "memory": memory,
           "store": store, "quick": quick}
BY_NAME_ONLY = ("card", "sync", "recover", "stop", "alert", "storm", "mouth", "fanout", "alert-at-4000",
                "memory", "store", "quick")


def main():
    lines = [f"  {name:14}{bench.__doc__.splitlines()[0].split(': ', 1)[1]}"
             for name, bench in BENCHES.items()]
    parser = argparse.ArgumentParser(prog="tools/dev bench", description=__doc__,
                                     epilog="\n".join(lines),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run; none: all but {', '.join(BY_NAME_ONLY)}")
    parser.add_argument("--json", action="store_true", help="end with all figures as JSON")
    parser.add_argument("--nodes", type=int, default=8, help="start, sync, recover: how many (%(default)s)")
    parser.add_argument("--seconds", type=int, default=60, help="sync: of the programme (%(default)s)")
    parser.add_argument("--broadcasts", type=int, default=6, help="start: how many (%(default)s)")
    parser.add_argument("--bitrate", type=int, default=32000,
                        help="size: of the recording (%(default)s)")
    parser.add_argument("--stop-ms", type=int, default=0,
                        help="card: let it miss so much in the middle of each broadcast (%(default)s)")
    parser.add_argument("--members", type=int, default=150, help="stop, alert: how many (%(default)s)")
    parser.add_argument("--storm", type=int, default=2000, help="storm: how many (%(default)s)")
    parser.add_argument("--crowd", type=int, default=1000,
                        help="fanout, memory, alert-at-4000: nodes (%(default)s)")
    parser.add_argument("--bundle-ms", type=int, default=60, choices=range(40, 801, 20), metavar="MS",
                        help="fanout, alert-at-4000: sound in a packet, 40 to 800 (%(default)s)")
    parser.add_argument("--peers", action="store_true", help="fanout: snapserver and icecast2 instead of ourselves")
    parser.add_argument("--ours-us", type=float, default=0.0, help="fanout --peers: what ourselves took, for the ratio")
    parser.add_argument("--rows", type=int, default=10_000_000, help="store: of history (%(default)s)")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in options.names:
        if name not in BENCHES:
            parser.error(f"there is no bench named {name}; choose from {', '.join(BENCHES)}")
    names = options.names or [name for name in BENCHES if name not in BY_NAME_ONLY]
    try:
        results = {name: BENCHES[name].run(options) for name in names}
    except Failed as problem:
        print(f"FAILED  {problem}", file=sys.stderr)
        return 1
    if options.json:
        figures.dump({"machine": figures.machine(), "results": results})
    return 0


if __name__ == "__main__":
    sys.exit(main())
