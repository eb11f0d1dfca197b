"""Map and nodes by hand: states at a glance, tone heard and not heard, settings, SIM card, photo, zones and outlines."""
import math
import sqlite3
import time

from browsing import PASSWORD, browse
import tap
from shared import HAMLETS, NODE_CONFIG, bare, logs, play, voice, wait_for

_made = {}
QUARTER_US = 900_000_000
# A made-up commune; millionths of a degree.
PLACES = {"Cụm loa nhà văn hóa": (16_512_300, 107_601_200), "Cụm loa chợ": (16_509_100, 107_611_800),
          "Cụm loa trường học": (16_520_400, 107_608_600)}


def station(build):
    if _made:
        return _made["it"]
    made = bare(build, key="browser")
    made.setup()
    made.ctl("user", "add", "ky-thuat", "--name", "Lê Văn Kỹ", "--role", "technician", "--password-stdin", stdin=PASSWORD + "\n")
    made.zones = [made.zone(code, name) for code, name, _ in HAMLETS]
    hears = made.node("Cụm loa nhà văn hóa", made.zones[0], config=NODE_CONFIG, microphone=lambda own: f"wav:{own}")
    made.node("Cụm loa chợ", made.zones[1], config=NODE_CONFIG, microphone=lambda _: f"wav:{hears.wav}")
    made.node("Cụm loa trường học", made.zones[2], config=NODE_CONFIG)
    made.node("Cụm loa đình làng", made.zones[0], config=NODE_CONFIG)
    made.ready()
    for name, (lat, lon) in PLACES.items():
        made.ctl("node", "set", made.record(name)["id"], "--lat-udeg", lat, "--lon-udeg", lon)
    made.measured = made.record("Cụm loa nhà văn hóa")["id"]
    remember(made, made.measured)
    made.nodes["Cụm loa trường học"].end()
    wait_for("its link to be missed", lambda: not made.record("Cụm loa trường học")["online"])
    _made["it"] = made
    return made


def remember(made, node):
    """Eight days of measurements, as a board with sensors would have left them."""
    now = int(time.time() * 1e6) // QUARTER_US * QUARTER_US
    rows = []
    for i in range(1, 8 * 96):
        at = now - i * QUARTER_US
        sun = math.sin((at / 3.6e9 % 24 + 7 - 6) / 24 * 2 * math.pi)
        talks = (i // 3) % 32 == 0
        rows.append((at, node, 0 if 200 < i < 206 else 1000, round(41_000 + 9_000 * sun + 37 * (i % 11)), round(12_600 + 350 * sun),
                     -9_000 - 50 * (i % 7) if talks else None, 180 + 11 * (i % 17), 22_000, 3_400_000 if talks else 31_000))
    with sqlite3.connect(made.data / "loa.db", timeout=10) as db:
        db.executemany("INSERT INTO node_sample (at_us, node, online_permille, temperature_mc, supply_mv, peak_mdb, "
                       "clock_uncertainty_us, in_bytes, out_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def test_zones_are_arranged_and_outlined(build, _folder):
    made = station(build)
    browse(made, "nodes", part="zones")
    zones = {z["name"]: z for z in made.json("zone", "list")}
    assert "Xóm Mới" not in zones, "deleted again"
    assert zones["Ấp Bến Đò"]["parent"] == zones["Thôn Đoài"]["id"] and zones["Ấp Bến Đò"]["languages"] == ["vi", "km"], zones
    assert zones["Thôn Đoài"]["rank"] < zones["Thôn Đông"]["rank"], zones
    drawn = zones["Thôn Đông"]["polygon"]["coordinates"][0]
    assert len(drawn) == 5 and drawn[0] == drawn[-1], drawn
    assert len(zones["Thôn Đoài"]["polygon"]["coordinates"][0]) == 6, "as the file has it"


def test_a_technician_looks_after_nodes(build, _folder):
    made = station(build)
    browse(made, "nodes", part="technician")
    node = made.record("Cụm loa nhà văn hóa 1")
    assert (node["volume_mdb"], node["emergency_volume_mdb"], node["delay_us"]) == (-6000, -2000, 120_000), node
    assert (node["sim_number"], node["sim_due"], node["has_photo"]) == ("0912345678", "2026-01-31", True), node
    assert node["test"]["state"] == "heard", node["test"]
    assert made.record("Cụm loa chợ")["test"]["state"] == "not_heard"
    restarted = made.nodes["Cụm loa nhà văn hóa"]
    wait_for("the node to end for its restart", lambda: not restarted.alive())
    assert "node.rebooting" in restarted.text()


def test_an_operator_sees_what_sounds_and_mutes(build, folder):
    made = station(build)
    bulletin = made.bulletin("Bản tin thử loa", voice(folder, 60))
    started = play(made, bulletin)
    try:
        browse(made, "nodes", part="operator", measured=made.measured)
    finally:
        made.ctl("broadcast", "stop", started["id"], user="lan")
    assert not made.record("Cụm loa đình làng")["muted"], "muted and unmuted again"
    assert made.record("Cụm loa đình làng")["volume_mdb"] == -4000
    said = [e["action"] for e in made.json("journal", "list")]
    assert said.count("node.change") >= 3 or said.count("node.changed") >= 3, sorted(set(said))


def test_tiles_of_the_station_lie_below_the_map(build, _folder):
    browse(station(build), "nodes", part="tiles")


if __name__ == "__main__":
    tap.main(globals(), logs)
