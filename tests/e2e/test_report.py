"""Reports: what sounded, what a node that was off missed, and what was stopped, add up to the truth."""
import csv
import html.parser
import io

import tap
from shared import ends_in_good_order, logs, over, play, sleep_until, station, voice, wait_for

ON, OFF = "Thôn Đông", "Thôn Đoài"


def stopped_while_on_air(made, bulletin):
    broadcast = play(made, bulletin)
    sleep_until(broadcast["start_us"] + 2_000_000)
    made.ctl("broadcast", "stop", broadcast["id"], user="lan")
    return over(made, broadcast["id"])


def saved(made, folder, by, form):
    path = folder / f"báo cáo.{form}"
    made.ctl("report", "save", by, path, "--format", form)
    return path.read_bytes()


class Cells(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.rows = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data):
        if self.rows and data.strip():
            self.rows[-1].append(data.strip())


def test_the_numbers_of_a_day_are_right(build, folder):
    made = station(build, hamlets=2)
    short = made.bulletin("Bản tin ngắn", voice(folder, 3))
    long = made.bulletin("Bản tin dài", voice(folder, 30))
    over(made, play(made, short)["id"])
    made.nodes[OFF].end()
    wait_for("it to be off", lambda: [n for n in made.json("node", "list")
                                      if n["name"] == OFF and not n["online"]])
    over(made, play(made, short)["id"])
    stopped_while_on_air(made, long)

    items = {row["zone_name"]: row for row in made.json("report", "show", "day")}
    assert items[ON]["planned"] == items[OFF]["planned"] == 3, items
    assert (items[ON]["sounded"], items[ON]["partly"], items[ON]["missed"]) == (2, 1, 0), items
    assert (items[OFF]["sounded"], items[OFF]["partly"], items[OFF]["missed"]) == (1, 0, 2), items
    assert items[ON]["partly_by"] == {"stopped": 1}, items
    assert items[OFF]["missed_by"] == {"not_reached": 2}, items
    assert 6000 <= items[ON]["played_ms"] < 40000, items

    rows = list(csv.reader(io.StringIO(saved(made, folder, "level", "csv").decode("utf-8-sig"))))
    assert [row[:6] for row in rows[1:]] == [["Thông thường", ON, "3", "2", "1", "0"],
                                             ["Thông thường", OFF, "3", "1", "0", "2"],
                                             ["Tổng cộng", "", "6", "3", "1", "2"]], rows
    assert rows[2][-1] == "không kết nối được: 2", rows

    page = Cells()
    page.feed(saved(made, folder, "month", "html").decode("utf-8"))
    assert page.rows[-1][:5] == ["Tổng cộng", "6", "3", "1", "2"], page.rows
    assert not page.tags & {"script", "img", "link", "iframe"}, page.tags


def test_all_end_in_good_order(build, _):
    ends_in_good_order(station(build, hamlets=2))


tap.main(globals(), logs)
