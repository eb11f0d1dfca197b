"""An emergency with two persons from phones, heard on the horns and silenced again; a drill; the inbox."""

from browsing import browse
import tap
from shared import bare, default_config, kept_folder, last_sound_us, logs, now_us, wait_for
from test_capwire import POLICY, message

_made = {}


def station(build):
    if not _made:
        folder = kept_folder("browser-alerts-")
        _made["folder"] = folder
        (folder / "policy.ini").write_text(POLICY, encoding="utf-8")
        made = bare(build, default_config(cap={"policy": folder / "policy.ini"}), key="browser")
        made.setup()
        zones = [made.zone(code, name) for code, name in (("T01", "Thôn Đông"), ("T02", "Thôn Đoài"))]
        for name, zone in zip(("Cụm loa thôn Đông", "Cụm loa thôn Đoài"), zones):
            made.node(name, zone)
        made.ready()
        _made["it"] = made
    return _made["it"]


def test_two_persons_alert_one_hamlet_and_cancel(build, _folder):
    made = station(build)
    before_us = now_us()
    browse(made, "alerts", part="policy")
    found = browse(made, "alerts", part="send")
    alert = made.json("alert", "show", found["alert"])
    assert alert["state"] == "live" and alert["decided_by"] and alert["author"] != alert["decided_by"], alert
    near, far = made.nodes.values()
    wait_for("the siren", lambda: last_sound_us(near, before_us, now_us() - 500_000) > 0, 30, every=0.5)
    browse(made, "alerts", part="cancel", alert=found["alert"])
    silent_us = now_us() + 1_000_000
    assert last_sound_us(near, silent_us, silent_us + 1_500_000) == 0, "the horn sounds on"
    assert last_sound_us(far, before_us, silent_us) == 0, "another hamlet heard it"
    assert made.json("alert", "show", found["alert"])["state"] == "cancelled"


def test_a_drill_says_that_it_is_one_and_is_no_emergency(build, _folder):
    made = station(build)
    found = browse(made, "alerts", part="drill")
    alert = made.json("alert", "show", found["alert"])
    assert alert["drill"] and alert["state"] == "live", alert
    made.ctl("stop")


def test_a_message_from_outside_is_judged_by_a_person(build, folder):
    made = station(build)
    xml, _ = message("inbox-1", severity="Minor", text="Mưa lớn trong đêm nay.")
    path = folder / "message.xml"
    path.write_text(xml, encoding="utf-8")
    sent = made.json("alert", "send", path)
    assert sent["result"] == "waiting", sent
    browse(made, "alerts", part="inbox", message=sent["message"])
    assert made.json("alert", "message", sent["message"])["state"] == "dismissed"


def test_a_report_of_others_can_only_be_read(build, folder):
    made = station(build)
    _, about = message("27148.1", sender="27148")
    xml, _ = message("report-1", kind="Error", refs=(about,))
    path = folder / "report.xml"
    path.write_text(xml, encoding="utf-8")
    sent = made.json("alert", "send", path)
    assert sent["result"] == "waiting" and not sent["verdict"]["releasable"], sent
    browse(made, "alerts", part="report", message=sent["message"])
    assert made.json("alert", "message", sent["message"])["state"] == "dismissed"


if __name__ == "__main__":
    tap.main(globals(), logs)
