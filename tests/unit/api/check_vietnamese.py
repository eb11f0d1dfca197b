#!/usr/bin/env python3
"""Every sentence that the API may say has its Vietnamese: check_vietnamese.py SOURCE_ROOT VI_PO.

Reads the formats of err_set() out of the C sources and compares them with the catalogue; prints TAP.
"""
import pathlib
import re
import sys
import unicodedata

# Said to administrators at start and to nodes, never by the API.
ELSEWHERE = ("controller/net/", "controller/app/config.c", "controller/app/datadir.c", "controller/app/main.c",
             "controller/app/wiring", "controller/app/capfolder.c", "controller/app/training", "controller/store/migrate.c")
# Stored with broadcasts and said when they are shown; and what the web server says by itself (web.h, say).
SAID_LATER = (
    ("controller/core/broadcast.c", r'(?:return|\?|:)\s+"([^"]{16,})"'),
    ("controller/core/broadcast.c", r'snprintf\(t->note, sizeof\(t->note\), "([^"]{3,})"'),
    ("controller/core/broadcast_targets.c", r'snprintf\(t->note, sizeof\(t->note\), "([^"]{3,})"'),
    ("controller/app/onair_plan.c", r'(?:\?|:)\s+"([^"]{16,})"'),
    ("controller/net/web.c", r'\brefuse\(x, [^";]*"([^"]+)"\)'),
    ("controller/net/web_parse.c", r'\brefuse\(\s*\d[^";]*"([^"]+)"\)'),
    ("controller/net/web_send.c", r'\bweb_error\(x, [^";]*"([^"]+)"\)'),
)
WIDTHS = {"PRIu64": "lu", "PRId64": "ld", "PRIu32": "u"}
CONVERSION = re.compile(r"%(?:(\d)\$)?[-0-9.*]*(?:ll|l|z|h)?([a-zA-Z%])")
ENTRY = re.compile(r'^msgid "(.+)"\nmsgstr "(.*)"$', re.M)
TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(PRI[a-z]\d+))')


def skip_arguments(text, at, count):
    """Behind `count` arguments of a call whose parenthesis is open before `at`."""
    depth = 1
    while count > 0:
        char = text[at]
        if char == '"':
            at = TOKEN.match(text, at).end()
            continue
        depth += (char in "([{") - (char in ")]}")
        count -= char == "," and depth == 1
        at += 1
    return at


def literal(text, at):
    said = ""
    while True:
        token = TOKEN.match(text, at)
        if token is None:
            return said
        said += token.group(1) if token.group(1) is not None else WIDTHS[token.group(2)]
        at = token.end()


def sentences(root):
    """Each format with the place where it stands first."""
    found = {}
    for name, call in SAID_LATER:
        text = (root / name).read_text(encoding="utf-8")
        said = re.findall(call, text)
        assert said, f"{name} says nothing"
        for sentence in said:
            found.setdefault(sentence, name)
    for folder in ("controller", "schedules"):
        for path in sorted((root / folder).rglob("*.c")):
            name = path.relative_to(root).as_posix()
            if name.startswith(ELSEWHERE):
                continue
            text = path.read_text(encoding="utf-8")
            for call in re.finditer(r"\berr_set\(", text):
                said = literal(text, skip_arguments(text, call.end(), 2))
                if said and said != "%s":
                    found.setdefault(said, f"{name}:{text.count(chr(10), 0, call.start()) + 1}")
            if name == "controller/api/api.c":
                part = text[text.index("sentence_of(enum err"):text.index("void call_say(")]
                for said in re.findall(r'return "(.+?)";', part):
                    found.setdefault(said, name)
            for said in re.findall(r'\b(?:refused|anonymous)\(c, (?:[^";]*"",)?[^";]*"([^"]{5,})"\)', text):
                found.setdefault(said, name)
    return found


def conversions(text, numbered):
    """Letters of the conversions, in the order of their arguments."""
    letters = [(int(m.group(1) or 0), m.group(2)) for m in CONVERSION.finditer(text) if m.group(2) != "%"]
    if numbered and any(number for number, _ in letters):
        letters.sort()
    return [letter for _, letter in letters]


def main():
    root = pathlib.Path(sys.argv[1])
    catalogue = dict(ENTRY.findall(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8")))
    said = sentences(root)
    missing = [f"{place}: {text}" for text, place in said.items() if not catalogue.get(text)]
    unlike = [text for text, vi in catalogue.items()
              if conversions(text, False) != conversions(vi, True)]
    plain = [text for text in said if catalogue.get(text, "ạ").isascii()]
    loose = [text for text, vi in catalogue.items() if unicodedata.normalize("NFC", vi) != vi]
    unused = [text for text in catalogue if " " in text and text[-1] in ".?" and text not in said]
    cases = [
        (f"each of {len(said)} sentences has its Vietnamese", missing + ([] if len(said) > 400 else ["too few found"])),
        ("each translation takes what its sentence brings", unlike),
        ("each translation is written with diacritics", plain),
        ("each translation is composed (NFC)", loose),
        ("no translation is of a sentence that is gone", unused),
    ]
    print(f"1..{len(cases)}")
    for number, (name, faults) in enumerate(cases, 1):
        for fault in faults:
            print(f"# {fault}")
        print(f"{'not ok' if faults else 'ok'} {number} - {name}")
    sys.exit(any(faults for _, faults in cases))


if __name__ == "__main__":
    main()
