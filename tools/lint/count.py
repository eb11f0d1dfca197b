"""Print `N passed, N failed[, N skipped]`, counted in test cases, from Meson's testlog.json."""
import json
import re
import sys

CASE = re.compile(r"^(not )?ok\b[^#\n]*(#\s*SKIP\b[ :]*(.*))?", re.IGNORECASE)
REASON_LINES = 40


def count(entry):
    """Cases of one test program: its TAP lines, or the program itself where it prints none."""
    passed = failed = 0
    skips = []
    for line in (entry.get("stdout") or "").splitlines():
        match = CASE.match(line)
        if not match:
            continue
        if match.group(2):
            skips.append((line, match.group(3) or "no reason given"))
        elif match.group(1):
            failed += 1
        else:
            passed += 1
    bad = entry["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")
    if passed + failed + len(skips) == 0:
        if entry["result"] == "SKIP":
            skips.append((entry["name"], "the whole program"))
        else:
            passed, failed = int(not bad), int(bad)
    elif bad and failed == 0:
        failed = 1  # it crashed or timed out after its last case
    return passed, failed, skips


def reasons(entry):
    """What a program's TAP says of the cases that failed; Meson shows its stderr alone."""
    told = []
    telling = False
    for line in (entry.get("stdout") or "").splitlines():
        if CASE.match(line):
            telling = line.startswith("not ok")
            left = REASON_LINES
        if telling and left:
            told.append(line)
            left -= 1
    return told


def main():
    passed = failed = skipped = 0
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            entry = json.loads(line)
            more_passed, more_failed, skips = count(entry)
            passed += more_passed
            failed += more_failed
            skipped += len(skips)
            if more_failed:
                print(f"failed: {entry['name']} ({more_failed})", *reasons(entry), sep="\n    ")
            for case, reason in skips:
                print(f"skipped: {entry['name']}: {case.strip()[:100]} ({reason.strip()})")
    if passed + failed == 0:
        print("no test ran", file=sys.stderr)
        return 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
