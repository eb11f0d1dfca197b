"""decide: from the bytes of a CAP message to the verdict as JSON, typical and 1.7 MB, signed and not."""
import json
import subprocess

import figures

ROUNDS = 500
LARGE_BYTES = 1_700_000


def run(options):
    figures.heading("decide", "tools/dev bench decide")
    out = subprocess.run([f"{options.build}/tests/bench/decide_judge", str(ROUNDS), str(LARGE_BYTES)], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for name, measured in json.loads(out).items():
        found[name] = {"bytes": measured["bytes"], **figures.distribution(measured["ms"])}
        figures.figure(f"{name}, {measured['bytes']} bytes", figures.text(figures.distribution(measured["ms"]), "ms"),
                       "200 ms" if "large" in name else "5 ms")
    return found
