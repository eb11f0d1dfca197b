#!/usr/bin/env python3
"""Make the table of vietnamese.h out of a catalogue: embed_po.py OUTPUT.c CATALOGUE.po."""
import re
import sys

ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.+)"$', re.M)


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        pairs = ENTRY.findall(file.read())
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write('#include "vietnamese.h"\n\nconst struct vietnamese_pair vietnamese_pairs[] = {\n')
        for english, text in pairs:
            file.write(f'    {{"{english}",\n     "{text}"}},\n')
        file.write("};\nconst size_t vietnamese_count = sizeof(vietnamese_pairs) / "
                   "sizeof(vietnamese_pairs[0]);\n")


if __name__ == "__main__":
    main()
