"""Check what the compiler does not: layers, cycles, places of libraries, headers, sizes, format.

Every finding is one line `path:line: what is wrong and what to do`; exit 1 when there is one.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folder -> layer. An include goes to the same folder or to a lower layer, never sideways.
LAYERS = {
    "proto/base": 0,
    "proto": 1,
    "schedules": 1,
    "controller/core": 2,
    "controller/audio": 3,
    "controller/cap": 3,
    "controller/store": 3,
    "controller/net": 3,
    "node-firmware/core": 3,
    "controller/api": 4,
    "controller/app": 5,
    "node-firmware/port/posix": 5,
    "tools/loactl": 5,
}

# First part of a third-party header -> the only folders that include it.
LIBRARIES = {
    "uv.h": ["controller/net", "controller/app", "node-firmware/port/posix"],
    "mbedtls": ["proto"],
    "psa": ["proto"],
    "opus": ["controller/audio", "node-firmware/core"],
    "ogg": ["controller/audio", "node-firmware/core"],
    "portaudio.h": ["controller/audio", "node-firmware/port/posix"],
    "sqlite3.h": ["controller/store"],
    "pb_common.h": ["proto"],
    "pb_decode.h": ["proto"],
    "pb_encode.h": ["proto"],
    "libical": ["schedules"],
    "ebur128.h": ["controller/audio"],
    "utf8proc.h": ["controller/audio"],
    "libwebsockets.h": ["controller/net"],
    "jansson.h": ["controller/api", "controller/cap", "tools/loactl"],
    "curl": ["controller/audio", "tools/loactl"],
    "argon2.h": ["controller/api"],
    "liboath/oath.h": ["controller/api"],
    "ini.h": ["controller/app", "controller/cap"],
    "libxml": ["controller/cap"],
    "xmlsec": ["controller/cap"],
    "openssl": ["controller/cap"],
}

# What needs no library: ISO C, POSIX and Linux.
SYSTEM = re.compile(r"(arpa|linux|net|netinet|sys)/|(ctype|dirent|errno|fcntl|getopt|inttypes|limits|locale|malloc|"
                    r"math|netdb|poll|pthread|sched|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|"
                    r"stdbool|stddef|stdint|stdio|stdlib|string|termios|time|unistd)\.h$")

SOURCE_LINES_MAX = 500
TEST_LINES_MAX = 650
FUNCTION_LINES_MAX = 80
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
PROTOTYPE = re.compile(r"^(?:MUST_USE\s+|_Noreturn\s+)*(?!static|typedef|extern|struct \w+ \{)"
                       r"(?:const\s+)?(?:unsigned\s+|struct\s+|enum\s+)?\w+[\s*]+(\w+)\(")
STRUCT = re.compile(r"^(?:struct|enum|union) (\w+)\b", re.MULTILINE)
CODE_NAME = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?:\(\))?`")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

findings = []


def say(path, line, text):
    findings.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def tracked():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return [ROOT / p for p in out.splitlines() if (ROOT / p).is_file()]


def folder_of(path):
    return str(path.parent.relative_to(ROOT))


def module_of(path):
    """A module is name.c, name.h and what its own files share: name_impl.h, name_priv.h, name_*.c."""
    stem = re.sub(r"_(impl|priv)$", "", path.stem)
    parts = stem.split("_")
    for n in range(1, len(parts)):
        shared = "_".join(parts[:n])
        if any((path.parent / f"{shared}_{kind}.h").exists() for kind in ("impl", "priv")):
            return f"{folder_of(path)}/{shared}"
    return f"{folder_of(path)}/{stem}"


def check_includes(files):
    """Layers, libraries and cycles between modules."""
    headers = {}
    for path in files:
        if path.suffix == ".h" and folder_of(path) in LAYERS:
            if path.name in headers:
                say(path, 1, f"a second header of this name stands in {folder_of(headers[path.name])}; "
                    "rename one, includes are by bare name")
            headers[path.name] = path
    edges = {}
    for path in files:
        folder = folder_of(path)
        if path.suffix not in (".c", ".h") or folder not in LAYERS:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            name = match.group(2)
            check_library(path, number, folder, name, match.group(1) == "<")
            target = headers.get(name)
            if match.group(1) == "<" or target is None:
                continue
            there = folder_of(target)
            if there != folder and LAYERS[there] >= LAYERS[folder]:
                say(path, number, f"{folder} (layer {LAYERS[folder]}) may not include {name} of {there} "
                    f"(layer {LAYERS[there]}); move the code or pass it in")
            a, b = module_of(path), module_of(target)
            if a != b:
                edges.setdefault(a, {})[b] = (path, number)
    find_cycle(edges)


def check_library(path, number, folder, name, is_system):
    allowed = LIBRARIES.get(name) or LIBRARIES.get(name.split("/")[0])
    if allowed and folder not in allowed:
        say(path, number, f"<{name}> belongs to {', '.join(allowed)} only; use the wrapper there")
    elif is_system and not allowed and not SYSTEM.match(name):
        say(path, number, f"<{name}> is no library of ARCHITECTURE.md; give it its place there and in LIBRARIES")


def find_cycle(edges):
    state = {}

    def visit(node, trail):
        state[node] = 1
        for target, (path, number) in sorted(edges.get(node, {}).items()):
            if state.get(target) == 1:
                cycle = trail[trail.index(target):] + [target]
                say(path, number, f"this include closes a cycle: {' -> '.join(cycle)}")
            elif target not in state:
                visit(target, trail + [target])
        state[node] = 2

    for node in sorted(edges):
        if node not in state:
            visit(node, [node])


def check_header(path, text):
    if not text.startswith(f"/* {path.name} - "):
        say(path, 1, f"start with `/* {path.name} - what it is ...`, then invariant, thread, units")
    if folder_of(path) not in LAYERS:
        return
    types = STRUCT.findall(text) + ["priority"]
    prefixes = {path.stem} | set(types) | {t.split("_")[0] for t in types}
    prefixes |= {p.stem for p in path.parent.glob("*.c")}
    for number, line in enumerate(text.splitlines(), 1):
        match = PROTOTYPE.match(line)
        if not match:
            continue
        name = match.group(1)
        if not any(name == p or name.startswith(p + "_") for p in prefixes):
            say(path, number, f"{name}() does not start with its module's name or a type of this header")


def check_source(path, text):
    lines = text.splitlines()
    limit = SOURCE_LINES_MAX if folder_of(path) in LAYERS else TEST_LINES_MAX
    if len(lines) > limit:
        say(path, len(lines), f"{len(lines)} lines; split by responsibility (at most {limit})")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start > FUNCTION_LINES_MAX:
                say(path, start, f"function of {number - start} lines; name its steps "
                    f"(at most {FUNCTION_LINES_MAX})")
            start = None


def check_text(path):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    if path.suffix in (".c", ".h", ".py", ".md", ".yaml", ".proto", ".sql", ".build", ".ics",
                       ".ts", ".tsx", ".mjs", ".css"):
        if unicodedata.normalize("NFC", text) != text:
            say(path, 1, "text is not in Unicode normal form C; run it through `uconv -x nfc`")
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip() and path.suffix != ".ics":
                say(path, number, "white space at the end of the line")
            if UNFINISHED.search(line) and path.name != "lint.py":
                say(path, number, "unfinished work belongs into the tracker, not into the code")
    return text


def check_walks(files):
    """The functions and types that ARCHITECTURE.md's walks name exist."""
    words = set()
    for path in files:
        if path.suffix in (".c", ".h") and folder_of(path) in LAYERS:
            code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            words.update(re.findall(r"\w+", code))
    path = ROOT / "ARCHITECTURE.md"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for name in CODE_NAME.findall(line):
            if name not in words:
                say(path, number, f"{name} is not in the source; name what does it now")


def check_format(files):
    sources = [str(p) for p in files if p.suffix in (".c", ".h")]
    out = subprocess.run(["clang-format", "--dry-run", *sources], capture_output=True, text=True)
    for line in out.stderr.splitlines():
        match = re.match(r"(.*?):(\d+):\d+: warning: code should be clang-formatted", line)
        if match:
            say(pathlib.Path(match.group(1)), match.group(2), "run clang-format -i on this file")


def check_tidy(build):
    database = json.loads((build / "compile_commands.json").read_text())
    names = {str((build / e["file"]).resolve()) for e in database}
    wanted = sorted(n for n in names if n.endswith(".c") and pathlib.Path(n).is_relative_to(ROOT)
                    and not pathlib.Path(n).is_relative_to(build)
                    and folder_of(pathlib.Path(n)) in LAYERS)
    print(f"clang-tidy: {len(wanted)} files", file=sys.stderr)
    out = subprocess.run(["run-clang-tidy", "-quiet", "-j2", "-p", str(build),
                          "-extra-arg=-Wno-unknown-warning-option", *wanted],
                         capture_output=True, text=True)
    for line in re.sub(r"\x1b\[[0-9;]*m", "", out.stdout).splitlines():
        match = re.match(r"(\S+?):(\d+):\d+: (?:warning|error): (.*)", line)
        if not match:
            continue
        path = (build / match.group(1)).resolve()
        if path.is_relative_to(ROOT):
            say(path, match.group(2), match.group(3))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--no-tidy", action="store_true", help="skip clang-tidy, the slow part")
    options = parser.parse_args()
    files = tracked()
    for path in files:
        text = check_text(path)
        if text is None or path.suffix not in (".c", ".h"):
            continue
        check_source(path, text)
        if path.suffix == ".h":
            check_header(path, text)
    check_includes(files)
    check_walks(files)
    check_format(files)
    if not options.no_tidy:
        check_tidy(options.build.resolve())
    for finding in dict.fromkeys(findings):
        print(finding)
    print(f"lint: {len(set(findings))} findings in {len(files)} files", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
