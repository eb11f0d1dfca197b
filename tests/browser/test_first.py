"""The console from an empty station: wizard, sign-in, roles, every page, both languages, phone and desktop."""
from browsing import PASSWORD, browse
import tap
from shared import bare, logs


_made = {}


def station(build):
    if not _made:
        _made["it"] = bare(build, key="browser")
    return _made["it"]


def test_the_wizard_sets_a_station_up(build, _folder):
    made = station(build)
    browse(made, "first", part="wizard", code=(made.data / "admin-code").read_text().strip())
    made.ctl("login", "admin", "--password-stdin", stdin=PASSWORD + "\n")
    assert [z["name"] for z in made.json("zone", "list")] == ["Thôn Đông"]
    assert made.json("station", "show")["name"] == "Đài truyền thanh xã Phú Xuân"


def test_every_page_is_sound_in_both_languages_and_sizes(build, _folder):
    made = station(build)
    made.ctl("user", "add", "ky-thuat", "--name", "Lê Văn Kỹ", "--role", "technician", "--password-stdin",
             stdin=PASSWORD + "\n")
    made.node("Cụm loa nhà văn hóa", made.json("zone", "list")[0]["id"])
    made.ready()
    browse(made, "first", part="pages")


if __name__ == "__main__":
    tap.main(globals(), logs)
