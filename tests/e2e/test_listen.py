"""Listening to what is on air over HTTP: the very packets of the broadcast, for people and for other programs."""
import base64
import json
import os
import subprocess

import numpy as np
import tap
from shared import ends_in_good_order, in_real_time, logs, over, play, refused, sleep_until, sound, voice, wait_for
from test_live import Speaker, a_voice, disturbed, live_station


PASSWORD = "Loa-truyen-thanh-1\n"


def listener(made, broadcast, file, user="lan"):
    """loactl listen, as a process of its own."""
    env = dict(os.environ, LOACTL_SERVER=made.url, LOACTL_CA=str(made.data / "pki/ca.crt"),
               LOACTL_STATE=str(made.folder / f"loactl-{user}"))
    return subprocess.Popen([str(made.build / "tools/loactl/loactl"), "listen", str(broadcast), "--output", str(file)],
                            env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process):
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err.decode()


def is_ogg_opus(file):
    found = json.loads(subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", str(file)], check=True,
                                      capture_output=True).stdout)["streams"]
    assert len(found) == 1 and found[0]["codec_name"] == "opus", found


def alike(file, reference):
    at, found = sound.align(np.pad(sound.read_any(file), sound.RATE), reference)
    print(f"# alike {found:.3f}, {at / sound.RATE - 1:.2f} s into what was listened to", flush=True)
    return found


def live_listened(made, folder):
    """Six seconds of speech, recorded by a listener: for in_real_time()."""
    speaker = Speaker(made, "--zone", made.zones[0], "--title", "Nghe kiểm tra")
    said = a_voice(folder, 6)

    def on_air():
        return [b for b in made.json("broadcast", "list") if b["title"] == "Nghe kiểm tra" and b["state"] != "closed"]

    number = wait_for("the broadcast", on_air, every=0.1)[0]["id"]
    file = folder / "nghe.opus"
    process = listener(made, number, file)
    speaker.speak(said, early_s=2.5)
    broadcast = over(made, speaker.hang_up())
    ended(process)
    is_ogg_opus(file)
    found = alike(file, said)

    def judge():
        assert found > 0.9, found

    return disturbed(made, speaker, broadcast), judge


def test_live_speech_is_listened_to_while_it_is_spoken(build, folder):
    made = live_station(build)
    in_real_time(lambda: live_listened(made, folder))


def cached_broadcast(made, folder, seconds):
    """A broadcast that every node plays from its own cache, and the recording."""
    recording = voice(folder, seconds)
    bulletin = made.bulletin("Bản tin", recording)
    return play(made, bulletin, "--zone", made.zones[1]), sound.read_wav(recording)


def test_a_broadcast_from_the_nodes_own_caches_is_listened_to_too(build, folder):
    made = live_station(build)
    broadcast, reference = cached_broadcast(made, folder, 8)
    early, late = folder / "từ đầu.opus", folder / "vào sau.opus"
    first = listener(made, broadcast["id"], early)
    sleep_until(broadcast["start_us"] + 3_000_000)
    second = listener(made, broadcast["id"], late)
    row = over(made, broadcast["id"])["targets"][0]
    ended(first)
    ended(second)
    assert row["receipt"]["carrier"] == "cache", row
    is_ogg_opus(early)
    is_ogg_opus(late)
    assert alike(early, reference) > 0.9
    assert alike(late, reference[6 * sound.RATE:]) > 0.9, "who came later does not hear the rest of it"
    assert len(sound.read_any(late)) < 6.5 * sound.RATE, "who came later hears what was before"


def test_any_player_listens_with_a_token_as_its_password_and_changes_nothing_with_it(build, folder):
    made = live_station(build)
    token = (made.folder / "loactl-lan/session").read_text().splitlines()[2]
    basic = base64.b64encode(f"nghe:{token}".encode()).decode()
    broadcast, reference = cached_broadcast(made, folder, 5)
    file = folder / "máy nghe.opus"
    url = f"{made.url}/api/v1/broadcasts/{broadcast['id']}/listen"
    curl = ["curl", "-sS", "--noproxy", "*", "--cacert", str(made.data / "pki/ca.crt"), "-H", f"Authorization: Basic {basic}"]
    subprocess.run([*curl, "-o", str(file), url], check=True, timeout=60)
    is_ogg_opus(file)
    assert alike(file, reference) > 0.9
    asked = [*curl, "-o", "/dev/null", "-w", "%{http_code}"]
    for method, path, status in (("POST", "/api/v1/broadcasts/stop", "401"), ("GET", "/api/v1/whoami", "200")):
        found = subprocess.run([*asked, "-X", method, made.url + path], check=True, capture_output=True, text=True)
        assert found.stdout == status, (method, path, found.stdout)
    over(made, broadcast["id"])


def test_who_signs_out_or_is_disabled_hears_no_more_and_others_go_on(build, folder):
    made = live_station(build)
    nga = made.json("user", "add", "nga", "--name", "Lê Thị Nga", "--role", "operator", "--password-stdin", stdin=PASSWORD)
    broadcast, _ = cached_broadcast(made, folder, 40)
    stays = listener(made, broadcast["id"], folder / "ở lại.opus")
    wait_for("the start", lambda: made.json("broadcast", "show", broadcast["id"])["state"] == "on_air")
    for sign_off in (("logout", {"user": "nga"}), ("user", "set", nga["id"], "--disabled", "yes", {})):
        made.ctl("login", "nga", "--password-stdin", user="nga", stdin=PASSWORD)
        leaves = listener(made, broadcast["id"], folder / "ra đi.opus", user="nga")
        wait_for("the first sound", lambda: (folder / "ra đi.opus").exists() and (folder / "ra đi.opus").stat().st_size > 0)
        *words, how = sign_off
        made.ctl(*words, **how)
        leaves.communicate(timeout=20)
        assert made.json("broadcast", "show", broadcast["id"])["state"] == "on_air" and stays.poll() is None
        (folder / "ra đi.opus").unlink()
    over(made, broadcast["id"])
    ended(stays)
    assert len(sound.read_any(folder / "ở lại.opus")) > 39 * sound.RATE


def test_what_is_not_on_air_is_refused_in_one_sentence(build, folder):
    made = live_station(build)
    refused(made, "listen", 99999, "--output", folder / "x", user="lan")
    over_id = [b["id"] for b in made.json("broadcast", "list") if b["state"] == "closed"][0]
    refused(made, "listen", over_id, "--output", folder / "x", user="lan")


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(live_station(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
