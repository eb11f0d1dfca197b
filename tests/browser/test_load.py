"""The first visit over 1 Mbit/s and 100 ms is usable within 2 s: sign-in, then what is on air."""
from browsing import browse
import tap
from shared import bare, logs


def made_station(build):
    made = bare(build, key="browser")
    made.setup()
    return made


def test_the_first_visit_is_light(build, _folder):
    found = browse(made_station(build), "load")
    for part, took in found.items():
        print(f"# {part}: {took['bytes'] / 1000:.1f} kB, {took['ms']} ms", flush=True)


def test_a_part_that_did_not_come_comes_with_reload(build, _folder):
    browse(made_station(build), "load", part="missed")


if __name__ == "__main__":
    tap.main(globals(), logs)
