"""What a page of the console sees without asking: who is signed in, what is on air, levels; and very many such pages."""
import json
import resource
import selectors
import time

import tap
from browser import Browser, Events
from shared import bare, default_config, ends_in_good_order, logs, play, station, steady, wait_for

WATCHERS = 2000
BYTES_EACH_MOST = 200_000  # of the controller, with the sanitizers' own


def test_a_page_is_told_what_sounds_and_how_loud(build, folder):
    made = station(build, hamlets=2)
    page = Events(Browser(made))
    first = page.wait("snapshot")
    assert {n["name"] for n in first["nodes"]} == set(made.nodes), first["nodes"]
    assert all(n["link"] and n["broadcast"] == 0 for n in first["nodes"]) and first["broadcasts"] == []
    broadcast = play(made, made.bulletin("Ồn", steady(folder, 6)), "--zone", made.zones[0])["id"]
    page.wait("schedule", lambda s: [b["id"] for b in s["next"]] == [broadcast])
    on_air = page.wait("broadcasts", lambda b: b and b[0]["sounding"] == 1)
    assert on_air[0]["id"] == broadcast and on_air[0]["nodes"] == 1 and on_air[0]["state"] == "on_air"
    node = next(n["id"] for n in first["nodes"] if n["zone"] == made.zones[0])
    levels = [page.wait("levels") for _ in range(6)]
    assert all(list(told) == [str(node)] for told in levels), levels
    rms, peak = zip(*(told[str(node)] for told in levels))
    print(f"# rms {rms}, peak {peak}", flush=True)
    assert all(-40_000 < r < 0 for r in rms[1:]) and all(p >= r for r, p in zip(rms, peak))
    page.wait_each(("nodes", lambda data: (node, 0) in [(n["id"], n["broadcast"]) for n in data["nodes"]]),
                   ("broadcasts", lambda b: b == []))
    page.close()


def test_meters_are_asked_for_only_while_somebody_looks(build, folder):
    made = station(build, hamlets=2)
    page = Events(Browser(made))
    page.wait("snapshot")
    play(made, made.bulletin("Ồn nữa", steady(folder, 5)), "--zone", made.zones[0])
    page.wait("levels")
    begun = time.monotonic()
    told = 0
    while time.monotonic() - begun < 3:
        told += page.next()[0] == "levels"
    print(f"# {told} levels in 3 s", flush=True)
    assert told >= 4, told
    page.close()


def test_what_changed_is_named(build, folder):
    made = station(build, hamlets=2)
    page = Events(Browser(made))
    page.wait("snapshot")
    zone = made.zone("T77", "Thôn Mới")
    page.wait("changed", lambda data: f"zone:{zone}" in data["objects"])
    page.close()


def test_who_signs_out_is_told_no_more(build, folder):
    made = station(build, hamlets=2)
    browser = Browser(made)
    page = Events(browser)
    page.wait("snapshot")
    status, headers, _ = browser.ask("POST", "/logout")
    assert status == 204 and "Max-Age=0" in headers["set-cookie"]
    assert browser.ask("GET", "/whoami")[0] == 401
    try:
        while True:
            page.next()
    except EOFError:
        pass


def crowd(browser):
    """So many pages, each with its TLS session; they only read."""
    pages = []
    for _ in range(WATCHERS):
        link = browser.connect()
        link.sendall(browser.head("/api/v1/updates", "Accept: text/event-stream"))
        link.setblocking(False)
        pages.append(link)
    return pages


def all_told(pages, word, timeout=120):
    """Read until each has been sent the word."""
    waiting = {link: b"" for link in pages}
    chooser = selectors.DefaultSelector()
    for link in pages:
        chooser.register(link, selectors.EVENT_READ)
    end = time.monotonic() + timeout
    while waiting and time.monotonic() < end:
        for link in list(waiting):
            try:
                piece = link.recv(65536)
            except OSError:
                continue
            assert piece, "a page that read in time was dropped"
            waiting[link] = waiting[link][-200:] + piece
            if word in waiting[link]:
                del waiting[link]
        chooser.select(0.05)
    assert not waiting, f"{len(waiting)} were not told"
    chooser.close()


def memory(made):
    with open(f"/proc/{made.controller.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def test_two_thousand_pages_watch_at_once(build, folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < WATCHERS + 200:
        raise tap.Skip(f"a process may open only {hard} files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    made = bare(build, default_config(web={"connections": 3000}), "crowd")
    made.setup()
    browser = Browser(made)
    before = memory(made)
    pages = crowd(browser)
    all_told(pages, b"event: snapshot")
    each = (memory(made) - before) / WATCHERS
    began = time.monotonic()
    zone = made.zone("T1", "Thôn Một")
    all_told(pages, f'"zone:{zone}"'.encode())
    print(f"# {WATCHERS} pages: {each / 1000:.1f} kB each, all told {time.monotonic() - began:.2f} s after", flush=True)
    assert each < BYTES_EACH_MOST, each
    for link in pages[:WATCHERS // 2]:
        link.close()
    zone = made.zone("T2", "Thôn Hai")  # the others are served on while half of them go
    all_told(pages[WATCHERS // 2:], f'"zone:{zone}"'.encode())
    for link in pages[WATCHERS // 2:]:
        link.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    ends_in_good_order(made)


def test_the_station_ends_in_good_order(build, folder):
    ends_in_good_order(station(build, hamlets=2))


if __name__ == "__main__":
    tap.main(globals(), logs)
