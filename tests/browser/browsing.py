"""What the browser tests share on the side of Python: a station, and Node's half of a test."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "e2e"), str(ROOT / "tools/demo")]

# The station serves the console; without it every page would be the note that it is missing.
os.environ.setdefault("LOA_CONSOLE", str(ROOT / "build/console"))
PASSWORD = "Loa-truyen-thanh-1"


def browse(made, name, timeout=400, **given):
    """Run NAME.mjs against a station; what it printed is in the report. Returns what it wrote last, as JSON, or None."""
    assert (pathlib.Path(os.environ["LOA_CONSOLE"]) / "index.html").exists(), "the console is not built: run tools/dev console"
    given = {"url": made.url, "password": PASSWORD, "name": name, "build": str(made.build), **given}
    out = subprocess.run(["node", str(HERE / f"{name}.mjs"), json.dumps(given)], capture_output=True, text=True,
                         timeout=timeout, check=False)
    assert out.returncode == 0, f"{name}.mjs:\n{out.stdout[-2000:]}\n{out.stderr[-4000:]}"
    lines = out.stdout.strip().splitlines()
    return json.loads(lines[-1]) if lines and lines[-1].startswith(("{", "[")) else None
