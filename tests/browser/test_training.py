"""The console of a station to practise on says so on every page."""
from browsing import PASSWORD, browse
import tap
from shared import bare, logs


def test_the_banner_stays_in_both_languages_and_sizes(build, _folder):
    made = bare(build, key="browser", options=["--training"])
    made.ctl("setup", "--code", (made.data / "admin-code").read_text().strip(), "--login", "admin", "--name",
             "Quản trị viên", "--password-stdin", stdin=PASSWORD + "\n")
    browse(made, "training")


if __name__ == "__main__":
    tap.main(globals(), logs)
