"""tools/dev bench: figures as distributions and ratios; nothing here passes or fails by the clock."""
import argparse
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(TOP / "tools/demo"), str(TOP / "tests/e2e")]

import card
import encode
import figures
import idle
import imports
import size
import start
from station import Failed

BENCHES = {"start": start, "idle": idle, "encode": encode, "import": imports, "size": size,
           "card": card}
BY_NAME_ONLY = ("card",)


def main():
    lines = [f"  {name:8}{bench.__doc__.splitlines()[0].split(': ', 1)[1]}"
             for name, bench in BENCHES.items()]
    parser = argparse.ArgumentParser(prog="tools/dev bench", description=__doc__,
                                     epilog="\n".join(lines),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run; none: all but card")
    parser.add_argument("--json", action="store_true", help="end with all figures as JSON")
    parser.add_argument("--nodes", type=int, default=8, help="start: how many (%(default)s)")
    parser.add_argument("--broadcasts", type=int, default=6, help="start: how many (%(default)s)")
    parser.add_argument("--bitrate", type=int, default=32000,
                        help="size: of the recording (%(default)s)")
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
