"""A small TAP runner for tests that drive the real programs: functions named test_*, sentences as names."""
import argparse
import pathlib
import sys
import tempfile
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/demo"))


class Skip(Exception):
    """Raised with the reason why a case cannot run here."""


def run(tests, build, explain=lambda: ()):
    """Run the functions in order, each with (build, a folder of its own); print TAP; exit.

    explain  called after a failure for lines that help to understand it"""
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix("test_").replace("_", " ")
        with tempfile.TemporaryDirectory(prefix="loa-e2e-") as folder:
            try:
                test(build, pathlib.Path(folder))
                print(f"ok {number} - {name}", flush=True)
            except Skip as reason:
                print(f"ok {number} - {name} # SKIP {reason}", flush=True)
            except BaseException as problem:  # also a KeyboardInterrupt ends in a report
                failed += 1
                print(f"not ok {number} - {name}", flush=True)
                lines = "".join(traceback.format_exception(problem)).splitlines()
                for line in (*lines, *explain()):
                    print(f"# {line}", flush=True)
                if isinstance(problem, KeyboardInterrupt):
                    break
    sys.exit(1 if failed else 0)


def main(names, explain=lambda: ()):
    """Run the test_* functions among a file's globals(), in their order; --only WORD picks some."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="", help="run only cases with this in their name")
    options = parser.parse_args()
    run([f for name, f in list(names.items()) if name.startswith("test_") and options.only in name],
        options.build, explain)
