#!/usr/bin/env python3
"""Draw what was recorded: recorded.json, whose figures stand in RESULTS.md, as SVG in plots/; `--check` only compares.

Each row is a distribution, from its median to its 99th percentile with a dot at its worst, or one figure; a stroke is
its bound. The axis is logarithmic. The same figures make the same bytes."""
import argparse
import json
import pathlib
import sys
from xml.sax.saxutils import escape

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, LABEL, RIGHT, TOP, ROW, BOTTOM = 760, 300, 70, 44, 24, 34
INK, BAR, BOUND = "#333", "#4a7db5", "#c0392b"


def axis(plot):
    """Ends of the axis, whole decades or halves of them, and the place of a value on it."""
    values = np.array([row[key] for row in plot["rows"] for key in ("p50", "p99", "worst", "bound") if key in row], dtype=float)
    low, high = np.floor(2 * np.log10(values.min() * 0.9)) / 2, np.ceil(2 * np.log10(values.max() * 1.1)) / 2
    span = WIDTH - LABEL - RIGHT
    return low, high, lambda value: LABEL + span * (np.log10(value) - low) / (high - low)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ticks(low, high, x, bottom):
    for decade in np.arange(np.ceil(low), np.floor(high) + 1):
        at = x(10**decade)
        yield f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}" stroke="#ddd"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{10**decade:,g}</text>'


def draw_row(row, y, x):
    yield f'<text x="{LABEL - 10}" y="{y + 4}" text-anchor="end">{escape(row["name"])}</text>'
    first, last = x(row["p50"]), x(row.get("p99", row["p50"]))
    if last - first > 1:
        yield f'<line x1="{first:.1f}" y1="{y}" x2="{last:.1f}" y2="{y}" stroke="{BAR}" stroke-width="7"/>'
    yield f'<circle cx="{first:.1f}" cy="{y}" r="5" fill="{BAR}"/>'
    if "worst" in row:
        yield f'<circle cx="{x(row["worst"]):.1f}" cy="{y}" r="3" fill="none" stroke="{INK}"/>'
    if "bound" in row:
        at = x(row["bound"])
        yield f'<line x1="{at:.1f}" y1="{y - 9}" x2="{at:.1f}" y2="{y + 9}" stroke="{BOUND}" stroke-width="2"/>'
    text = number(row["p50"]) + (f" – {number(row['p99'])}" if "p99" in row else "")
    end = max(x(row[key]) for key in ("p50", "p99", "worst", "bound") if key in row)
    yield f'<text x="{end + 10:.1f}" y="{y + 4}" fill="#666">{text}</text>'


def draw(plot):
    bottom = TOP + ROW * len(plot["rows"])
    low, high, x = axis(plot)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + BOTTOM}" '
             f'viewBox="0 0 {WIDTH} {bottom + BOTTOM}" font-family="sans-serif" font-size="12" fill="{INK}">',
             f'<rect width="{WIDTH}" height="{bottom + BOTTOM}" fill="#fff"/>',
             f'<text x="10" y="22" font-size="14">{escape(plot["title"])}</text>', *ticks(low, high, x, bottom)]
    for i, row in enumerate(plot["rows"]):
        lines += draw_row(row, TOP + ROW * i + ROW // 2, x)
    return "\n".join([*lines, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 when a plot is not of these figures")
    check, stale = parser.parse_args().check, []
    for name, plot in json.loads((HERE / "recorded.json").read_text(encoding="utf-8")).items():
        file, text = HERE / "plots" / f"{name}.svg", draw(plot)
        if check and (not file.exists() or file.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not check:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"plots/{name}.svg is not of recorded.json; run tests/bench/plot.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
