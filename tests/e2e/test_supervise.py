"""What is wrong with a node reaches the operator in time: its link, its sensors, its own ears."""
import json
import signal

import tap
from shared import (HAMLETS, NODE_CONFIG, ends_in_good_order, journal_is_intact, local, logged_us, logs, now_us,
                    over, receipts, refused, schedule, station, voice, wait_for)

LINK_BOUND_S = 10
FAULT_BOUND_S = 30


def alarms(made, node=None, *more):
    return [a for a in made.json("alarm", "list", *more) if node is None or a["node_name"] == node.name]


def raised(made, node, kind, bound_s):
    """Wait for an alarm of this kind; returns it with the seconds that it took by the station's own log."""
    began_us = now_us()

    def there():
        return [a for a in alarms(made, node) if a["kind"] == kind]

    found = wait_for(f"the alarm {kind}", there, timeout=bound_s + 10, every=0.1)[0]
    raised_us = logged_us(made.controller, "alarm.raised", f"node={found['node']}", f"kind={kind}")
    return found, (raised_us - began_us) / 1e6


def cleared(made, node, timeout=40):
    wait_for("all alarms to clear", lambda: not alarms(made, node), timeout, every=0.2)


def test_a_frozen_node_is_an_alarm_within_ten_seconds_and_clears_by_itself(build, _):
    made = station(build, hamlets=1)
    node = made.nodes[HAMLETS[0][1]]
    assert alarms(made) == [], alarms(made)
    node.process.send_signal(signal.SIGSTOP)  # TCP stays open, nothing is said any more
    try:
        alarm, took_s = raised(made, node, "link_lost", LINK_BOUND_S)
    finally:
        node.process.send_signal(signal.SIGCONT)
    print(f"# link_lost after {took_s:.1f} s")
    assert 0 < took_s <= LINK_BOUND_S, f"{took_s:.1f} s"
    assert (alarm["level"], alarm["stands"], alarm["acknowledged_by"]) == ("critical", True, ""), alarm
    cleared(made, node)
    history = alarms(made, node, "--all")
    assert [a["kind"] for a in history] == ["link_lost"], history
    assert history[0]["cleared_us"] > history[0]["since_us"], history


def test_an_alarm_is_acknowledged_by_a_person_and_stays_in_the_journal(build, _):
    made = station(build, hamlets=1)
    alarm = alarms(made, None, "--all")[0]
    made.ctl("alarm", "acknowledge", alarm["id"], user="lan")
    assert alarms(made, None, "--all")[0]["acknowledged_by"] == "lan"
    assert "before" in refused(made, "alarm", "acknowledge", alarm["id"], user="lan")
    actions = [e["action"] for e in made.json("journal", "list", "--limit", 500)]
    told = [a for a in actions if a.startswith("alarm.")]
    assert told == ["alarm.raise", "alarm.clear", "alarm.acknowledge"], told
    journal_is_intact(made)


def test_sensors_raise_alarms_within_thirty_seconds_and_clear_them(build, folder):
    made = station(build, hamlets=1)
    temperature, mains, mute = (folder / name for name in ("temp1_input", "online", "value"))
    for path, text in ((temperature, "45000"), (mains, "1"), (mute, "0")):
        path.write_text(text)
    node = made.node("Cột điện", made.zones[1], config=NODE_CONFIG + f"""[sensors]
temperature_file = {temperature}
mains_file = {mains}
mute_file = {mute}
[limits]
temperature_max_c = 70
""")
    made.ready()
    assert made.record(node.name)["status"]["temperature_mc"] == 45000
    began_us = now_us()
    for path, text in ((temperature, "70000"), (mains, "0"), (mute, "1")):
        path.write_text(text)
    wanted = {"temperature_high", "mains_lost", "muted_locally"}
    wait_for("three alarms", lambda: {a["kind"] for a in alarms(made, node)} == wanted,
             FAULT_BOUND_S + 10, every=0.2)
    number = made.record(node.name)["id"]
    took_s = max(logged_us(made.controller, "alarm.raised", f"node={number}", f"kind={kind}") - began_us
                 for kind in wanted) / 1e6
    print(f"# three faults after {took_s:.1f} s")
    assert 0 < took_s <= FAULT_BOUND_S
    assert made.record(node.name)["status"]["faults"] == ["temperature_high", "mains_lost"]
    assert made.metric('loa_alarms{level="warning"}') == 2
    for path, text in ((temperature, "45000"), (mains, "1"), (mute, "0")):
        path.write_text(text)
    cleared(made, node)


def test_a_node_hears_its_own_horn_or_says_that_it_does_not(build, _):
    made = station(build, hamlets=1)
    dead = made.nodes[HAMLETS[0][1]]  # what its card plays is not what the next node's microphone hears
    node = made.node("Tai thính", made.zones[0], config=NODE_CONFIG,
                     microphone=lambda own: f"wav:{own}")
    deaf = made.node("Tai điếc", made.zones[0], config=NODE_CONFIG,
                     microphone=lambda _: f"wav:{dead.wav}")
    made.ready()
    heard = made.json("node", "test", made.record(node.name)["id"], user="lan")
    print(f"# heard: {heard}")
    assert (heard["state"], heard["tries"]) == ("heard", 1) and heard["margin_mdb"] > 10000, heard
    table = refused_test(made, deaf)
    print(f"# not heard: {table}")
    assert (table["state"], table["tries"]) == ("not_heard", 3), table
    raised(made, deaf, "not_heard", FAULT_BOUND_S)
    assert made.json("node", "test", made.record(dead.name)["id"])["state"] == "not_measured"
    assert not [a for a in alarms(made) if a["node_name"] != deaf.name], alarms(made)


def test_receipts_and_reports_say_whether_microphones_heard_it(build, folder):
    made = station(build, hamlets=1)
    dead = made.nodes[HAMLETS[0][1]]
    number = made.record(dead.name)["id"]
    made.ctl("node", "set", number, "--muted", "yes")
    try:
        broadcast = schedule(made, made.bulletin("Nghe thử", voice(folder, 8)), 8)
        found = {name: r["heard"] for name, r in receipts(over(made, broadcast["id"])).items()}
    finally:
        made.ctl("node", "set", number, "--muted", "no")
    print(f"# {found}")
    judged = {name: heard for name, heard in found.items() if heard != "not_measured"}  # who has no microphone
    assert judged == {"Tai thính": "yes", "Tai điếc": "no", dead.name: "none"}, found
    rows = made.json("report", "show", "day")
    assert (sum(r["heard"] for r in rows), sum(r["not_heard"] for r in rows)) == (1, 1), rows


def refused_test(made, node):
    """A test whose exit status says that something is wrong."""
    out = made.ctl("node", "test", made.record(node.name)["id"], "--json", check=False)
    assert out.returncode == 1, out
    return json.loads(out.stdout)


def test_a_muted_node_is_not_tested(build, _):
    made = station(build, hamlets=1)
    number = made.record(HAMLETS[0][1])["id"]
    made.ctl("node", "set", number, "--muted", "yes")
    assert "unmute it" in refused(made, "node", "test", number)
    made.ctl("node", "set", number, "--muted", "no")


def test_a_node_restarts_by_order_also_when_nothing_may_sound(build, _):
    made = station(build, hamlets=1)
    node = made.nodes[HAMLETS[0][1]]
    far = int(local(now_us() + 12 * 3_600_000_000)[11:13])
    made.ctl("station", "set", "--allowed-from", f"{far:02}:00", "--allowed-to", f"{far:02}:30")
    try:
        made.ctl("node", "reboot", made.record(node.name)["id"])
        wait_for("the node to end for its restart", lambda: not node.alive())
    finally:
        made.ctl("station", "set", "--allowed-from", "00:00", "--allowed-to", "24:00")
    assert "node.rebooting" in node.text() and node.process.returncode == 0, node.text()[-2000:]
    made.node_again(node)
    made.ready()
    cleared(made, node)


def test_what_stands_is_known_after_a_restart_of_the_controller(build, _):
    made = station(build, hamlets=1)
    node = made.nodes[HAMLETS[0][1]]
    node.end()
    alarm, _ = raised(made, node, "link_lost", LINK_BOUND_S)
    made.restart(signal.SIGKILL)
    assert alarms(made, node)[0]["id"] == alarm["id"]
    made.node_again(node)
    cleared(made, node)


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(station(build, hamlets=1))


if __name__ == "__main__":
    tap.main(globals(), logs)
