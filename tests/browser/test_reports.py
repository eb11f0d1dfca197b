"""Evidence and administration: reports from receipts, the journal and its proof, accounts, rules."""
from browsing import PASSWORD, browse
import tap
from shared import bare, logs, over, speech

_made = {}


def station(build, folder):
    if not _made:
        made = bare(build, key="browser")
        made.setup()
        zone = made.zone("T01", "Thôn Đông")
        made.node("Cụm loa nhà văn hóa", zone)
        made.ready()
        bulletin = made.bulletin("Thông báo tiêm phòng", speech(folder))
        over(made, made.json("play", bulletin, "--everyone", "--confirm-quiet", user="lan")["id"])
        _made["it"] = made
    return _made["it"]


def test_a_report_shows_what_receipts_say_and_comes_as_a_file(build, folder):
    made = station(build, folder)
    csv = browse(made, "reports", part="report")["csv"]
    assert "Thôn Đông" in csv, csv


def test_the_journal_is_read_and_proved(build, folder):
    made = station(build, folder)
    browse(made, "reports", part="journal")


def test_an_administrator_adds_an_account_and_changes_the_rules(build, folder):
    made = station(build, folder)
    browse(made, "reports", part="admin")
    made.ctl("login", "mai", "--password-stdin", stdin=PASSWORD + "\n", user="mai")
    assert made.json("whoami", user="mai")["user"]["roles"] == ["operator", "approver"]
    shown = made.json("station", "show")
    assert shown["profile"] == "rural" and shown["name"] == "Xã Phú Xuân Mới", shown


if __name__ == "__main__":
    tap.main(globals(), logs)
