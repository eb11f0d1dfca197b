"""Stations of many nodes for the benches; some hold recordings, some must be streamed to."""
import datetime
import tempfile

from shared import VIET_NAM, now_us
from station import Failed, Station, default_config, wait_for

FLASH_BYTES = 16 << 20
ROOM_BYTES = 24 << 10  # orders and receipts fit, 4 s of sound at 64 kbit/s do not
BITRATE_BPS = 64000
CARRIERS = ("cache", "stream")


def fill_flash(state):
    """Leave so little of a node's flash that no recording fits: it asks for a stream."""
    (state / "flash").mkdir(parents=True)
    with open(state / "flash/khac", "wb") as other:
        other.truncate(FLASH_BYTES - ROOM_BYTES)


class Bed(Station):
    """A running station; made and removed by `with`."""

    def __init__(self, build):
        super().__init__(build, tempfile.mkdtemp(prefix="loa-bench-"),
                         default_config(audio={"bitrate_bps": BITRATE_BPS}))

    def __enter__(self):
        self.start()
        self.setup()
        return self

    def __exit__(self, *_):
        self.remove()

    def add(self, name, zone, carrier="cache", ppm=0, audio=None):
        """One more node whose receipts will name that carrier."""
        node = self.node(name, zone, audio=audio, ppm=ppm, config="[flash]\nquota_mib = 16\n",
                         before=fill_flash if carrier == "stream" else None)
        node.carrier = carrier
        return node

    def at(self, bulletin, start_us, *where):
        """A one-off event on a whole second; returns its broadcast."""
        local = datetime.datetime.fromtimestamp(start_us / 1e6, VIET_NAM)
        event = self.json("event", "add", "--bulletin", bulletin, "--at",
                          local.strftime("%Y-%m-%dT%H:%M:%S"), "--confirm-quiet",
                          *(where or ("--everyone",)), user="lan")["id"]
        return wait_for("the event to be planned",
                        lambda: [b for b in self.json("broadcast", "list") if b["event"] == event],
                        every=0.1)[0]


def whole_second_in(seconds):
    return (now_us() // 1_000_000 + seconds) * 1_000_000


def by_carrier(bed, broadcast):
    """{node name: carrier}; every target must have sounded, or the figures would mean nothing."""
    for target in broadcast["targets"]:
        receipt = target["receipt"] or {}
        if receipt.get("outcome") != "sounded":
            raise Failed(f"{target['name']} did not sound: {receipt or target['note']}")
    return {t["name"]: t["receipt"]["carrier"] for t in broadcast["targets"]}
