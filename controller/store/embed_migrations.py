"""Write migrations/NNN_name.sql as a C table: embed_migrations.py OUTPUT FILE..."""

import pathlib
import sys


def main(output, files):
    lines = ['#include "migrate.h"', ""]
    names = []
    for number, path in enumerate(map(pathlib.Path, files), start=1):
        if not path.name.startswith(f"{number:03d}_"):
            sys.exit(f"{path.name}: expected migration number {number:03d}")
        data = path.read_bytes() + b"\0"
        names.append(path.stem)
        lines.append(f"static const char sql_{number:03d}[] = {{")
        for at in range(0, len(data), 24):
            lines.append("    " + " ".join(f"{b}," for b in data[at : at + 24]))
        lines.append("};")
    lines.append("")
    lines.append("const struct migration migrations[] = {")
    for number, name in enumerate(names, start=1):
        lines.append(f'    {{"{name}", sql_{number:03d}}},')
    lines.append("};")
    lines.append("const size_t migrations_count = sizeof migrations / sizeof *migrations;")
    pathlib.Path(output).write_text("\n".join(lines) + "\n")


main(sys.argv[1], sys.argv[2:])
