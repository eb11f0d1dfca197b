"""tools/dev training: a station to practise on. Its nodes are processes without sound; all of it is gone at the end."""
import argparse
import pathlib
import signal
import sys
import tempfile
import time

import sound
from station import Failed, Station, default_config

HAMLETS = (("T01", "Thôn Đông", (16_512_300, 107_601_200)), ("T02", "Thôn Đoài", (16_509_100, 107_611_800)),
           ("T03", "Thôn Trung", (16_520_400, 107_608_600)))
# Beside those that Station.setup() makes: admin, lan (operator), hung (approver).
PEOPLE = (("ky", "Lê Văn Kỹ", "technician"), ("huyen", "Phạm Thị Huyền", "district"),
          ("kiem", "Đỗ Văn Kiểm", "auditor"))
APPROVED = (
    ("Lịch tiêm phòng cho trẻ em", "Kính mời bà con đưa trẻ dưới năm tuổi đến trạm y tế xã lúc bảy giờ sáng thứ tư "
     "để tiêm phòng. Khi đi nhớ mang theo sổ tiêm chủng."),
    ("Thu gom rác thải", "Từ tuần này, xe thu gom rác đi qua các thôn vào chiều thứ ba và chiều thứ sáu. Đề nghị bà "
     "con phân loại rác và để trước cổng trước bốn giờ chiều."),
    ("Phòng chống cháy rừng", "Thời tiết đang hanh khô. Đề nghị bà con không đốt nương, không đốt rác gần bìa rừng, "
     "và báo ngay cho xã khi thấy khói lửa."),
)
WAITING = ("Họp thôn cuối tháng", "Kính mời bà con về nhà văn hóa thôn lúc bảy giờ rưỡi tối thứ bảy để họp thôn cuối "
           "tháng và bàn việc sửa đường.")


def people(station, password):
    for login, name, role in PEOPLE:
        station.ctl("user", "add", login, "--name", name, "--role", role, "--password-stdin",
                    stdin=password + "\n")


def hamlets(station):
    for code, name, _ in HAMLETS:
        station.node(f"Cụm loa {name}", station.zone(code, name), audio="null")
    station.ready()
    for _, name, (lat, lon) in HAMLETS:
        station.ctl("node", "set", station.record(f"Cụm loa {name}")["id"], "--lat-udeg", lat, "--lon-udeg", lon)


def bulletins(station):
    for title, text in (*APPROVED, WAITING):
        file = sound.speak(station.folder / f"{title}.wav", text)
        station.bulletin(title, file, approve=(title, text) in APPROVED)


def prepare(station):
    """Start everything; returns the password that all accounts share."""
    station.start()
    password = station.setup()
    people(station, password)
    hamlets(station)
    bulletins(station)
    return password


def tell(station, password):
    logins = ", ".join(("admin", "lan", "hung", *(login for login, _, _ in PEOPLE)))
    print(f"\nTraining mode: no loudspeaker sounds, and nothing is kept. End it with Ctrl-C.\n"
          f"console         {station.url}\n"
          f"accounts        {logins}\n"
          f"password        {password}\n"
          f"CA certificate  {station.data / 'pki/ca.crt'}", flush=True)


def keep_running(station):
    """Until Ctrl-C. A node that ended, because somebody restarted it, is started again as its board would be."""
    while station.controller.alive():
        for node in station.nodes.values():
            if not node.alive():
                node.start()
        time.sleep(1)
    raise Failed("the controller ended: " + station.controller.text()[-800:])


def main():
    parser = argparse.ArgumentParser(prog="tools/dev training", description=__doc__)
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--console", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = default_config(web={"console": pathlib.Path(options.console).resolve()})
    station = Station(options.build, tempfile.mkdtemp(prefix="loa-training-"), config, ["--training"])
    try:
        tell(station, prepare(station))
        keep_running(station)
    except Failed as problem:
        print(f"FAILED  {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 0
    finally:
        station.remove()


if __name__ == "__main__":
    sys.exit(main())
