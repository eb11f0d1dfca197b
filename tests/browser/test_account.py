"""A person's own account in the console, the dictionary of names, and the ways from one screen to the next."""
from browsing import browse
import tap
from shared import bare, logs, speech

_made = {}


def station(build):
    if not _made:
        _made["it"] = bare(build, key="browser")
        _made["it"].setup()
    return _made["it"]


def test_words_of_what_was_done_cover_no_button_of_a_phone(build, _folder):
    browse(station(build), "account", part="toasts")


def test_who_walked_away_is_signed_out_but_not_from_what_is_on_air(build, _folder):
    browse(station(build), "account", part="idle")


def test_a_name_is_read_as_the_dictionary_says(build, _folder):
    made = station(build)
    browse(made, "account", part="dictionary")
    assert [(d["written"], d["spoken"]) for d in made.json("dictionary", "list")] == [("Wat Pong", "Vát Pông")]


def test_an_approved_bulletin_leads_to_the_calendar(build, folder):
    made = station(build)
    bulletin = made.bulletin("Lịch tiêm chủng", speech(folder))
    browse(made, "account", part="plan", bulletin=bulletin, title="Lịch tiêm chủng")


def test_what_waits_is_told_to_the_approver_alone(build, folder):
    made = station(build)
    made.bulletin("Họp thôn", speech(folder), approve=False)
    browse(made, "account", part="waits", title="Họp thôn")


def test_a_second_factor_is_set_up_and_asked_for(build, _folder):
    browse(station(build), "account", part="secondFactor")


if __name__ == "__main__":
    tap.main(globals(), logs)
