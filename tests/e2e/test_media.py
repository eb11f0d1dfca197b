"""Bad recordings, a decoder that fails, and a full disk: a sentence each, and nothing is left behind."""
import atexit
import contextlib
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading

import numpy as np
import tap
from shared import (Station, default_config, ends_in_good_order, journal_is_intact, logs, one_line, refused,
                    sound, speech, station, steady, voice, wait_for)

# A decoder that crashes or hangs on files that say so. It is told the upload as "file:PATH".
WRAPPER = """#!/bin/sh
for word; do case $word in file:*) input=${word#file:} ;; esac; done
case "$(/usr/bin/head -c 5 "$input")" in
CRASH) kill -SEGV $$ ;;
HANG!) exec /usr/bin/sleep 600 ;;
FAIL!) exit 7 ;;
FLOOD) exec /usr/bin/cat /dev/zero >&2 ;;
*) exec /usr/bin/ffmpeg "$@" ;;
esac
"""
_hang = {}


@functools.cache
def with_wrapper(build):
    """A station without nodes whose decoder is the wrapper; a hanging import is under way already."""
    wrapper = pathlib.Path(tempfile.mkdtemp(prefix="loa-e2e-")) / "ffmpeg"
    wrapper.write_text(WRAPPER)
    wrapper.chmod(0o755)
    atexit.register(shutil.rmtree, wrapper.parent, True)
    made = station(build, hamlets=0, config=default_config(audio={"ffmpeg": wrapper}))
    made.wrapper = wrapper
    file = made.folder / "treo.wav"
    file.write_bytes(b"HANG!" + bytes(3000))
    _hang["thread"] = threading.Thread(
        target=lambda: _hang.update(out=made.ctl("media", "import", file, user="lan", check=False)))
    _hang["thread"].start()
    wait_for("the hanging import to be handed in", lambda: left(made, but_hanging=False), every=0.01)
    return made


def left(made, but_hanging=True):
    """Files of uploads and half-made media; the one of the hanging import is not counted."""
    found = list((made.data / "tmp").iterdir())
    found += [f for f in (made.data / "media").rglob("*") if f.is_file() and f.suffix != ".opus"]
    hanging = but_hanging and _hang and _hang["thread"].is_alive()
    return found[1:] if hanging else found


def kept(made):
    return sorted(f.name for f in (made.data / "media").rglob("*.opus"))


def refuses(made, path, *words):
    before = kept(made)
    listed = len(made.json("media", "list"))
    line = refused(made, "media", "import", path, user="lan")
    print(f"# {path.name}: {line}")
    assert not words or any(word in line for word in words), line
    wait_for("the upload to be removed", lambda: not left(made), timeout=5)
    assert kept(made) == before and len(made.json("media", "list")) == listed
    return line


def convert(source, target, *options):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(source), *options, str(target)], check=True)
    return target


def cut(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * share)])
    return path


def test_every_usual_format_is_imported_and_levelled(build, folder):
    made = with_wrapper(build)
    source = speech(folder)
    for suffix in ("wav", "mp3", "m4a", "ogg", "flac", "opus"):
        media = made.json("media", "import", convert(source, folder / f"ban tin.{suffix}"), user="lan")
        print(f"# {suffix}: {media['loudness_mlufs']} mLUFS, {media['true_peak_mdb']} mdBTP")
        assert abs(media["loudness_mlufs"] + 16000) < 1000, media
        assert media["true_peak_mdb"] <= -1000, media


def test_the_same_file_twice_is_one_recording(build, folder):
    made = with_wrapper(build)
    file = voice(folder, 2)
    first = made.json("media", "import", file, user="lan")
    count = len(made.json("media", "list"))
    second = made.json("media", "import", file, "--title", "Tên khác", user="lan")
    assert first["sha256"] == second["sha256"]
    assert len(made.json("media", "list")) == count


def test_a_recording_is_cut_and_its_silence_left_out_and_its_shape_says_so(build, folder):
    made = with_wrapper(build)
    noise = sound.read_any(steady(folder, 2))
    file = folder / "có lặng.wav"
    sound.write_wav(file, np.concatenate([np.zeros(2 * sound.RATE), noise, np.zeros(3 * sound.RATE)]))
    whole = made.json("media", "import", file, user="lan")
    shape = made.json("media", "peaks", whole["sha256"], "--count", 7)
    assert shape["duration_ms"] == 7000 and len(shape["peaks"]) == 7, shape
    assert max(shape["peaks"][:2] + shape["peaks"][4:]) < 40 and min(shape["peaks"][2:4]) > 80, shape
    trimmed = made.json("media", "import", file, "--trim", "yes", user="lan")
    assert abs(trimmed["duration_ms"] - 2400) <= 40, trimmed
    piece = made.json("media", "import", file, "--from-ms", 2500, "--to-ms", 3500, "--fade-in-ms", 200, user="lan")
    assert piece["duration_ms"] == 1000, piece
    shape = made.json("media", "peaks", piece["sha256"], "--count", 10)["peaks"]
    assert shape[0] < 0.7 * min(shape[2:]), shape
    line = refused(made, "media", "import", file, "--from-ms", 7000, user="lan")
    assert "Nothing is left" in line, line
    refused(made, "media", "import", file, "--from-ms", 9, "--to-ms", 3, user="lan")
    refused(made, "media", "peaks", whole["sha256"], "--count", 4001)
    refused(made, "media", "peaks", "0" * 64)


def test_a_text_is_spoken_as_people_read_it(build, _):
    made = station(build)
    made.ctl("dictionary", "set", "NVH", "nhà văn hóa", user="lan")
    out = made.json("media", "speak", "Mời bà con họp lúc 19h30 ngày 5/12 tại NVH thôn 4.", "--title", "Họp thôn",
                    "--voice", "central", user="lan")
    assert out["spoken"] == ("Mời bà con họp lúc mười chín giờ ba mươi phút ngày mùng năm tháng mười hai "
                             "tại nhà văn hóa thôn bốn."), out
    assert 4000 < out["duration_ms"] < 15000 and -18000 < out["loudness_mlufs"] < -15000, out
    again = made.json("media", "speak", "-", "--title", "Đọc từ tệp", user="lan", stdin="Một hai ba.\n")
    assert again["spoken"] == "Một hai ba.\n" and again["sha256"] != out["sha256"], again
    refused(made, "media", "speak", "★ ★", "--title", "Không đọc được", user="lan")
    assert not left(made), left(made)


def test_an_empty_file_is_refused(build, folder):
    file = folder / "rỗng.wav"
    file.write_bytes(b"")
    refuses(with_wrapper(build), file, "empty")


def test_a_file_that_is_not_there_is_refused(build, folder):
    refuses(with_wrapper(build), folder / "không có.wav", "cannot be read")
    refuses(with_wrapper(build), folder, "cannot be read")


def test_truncated_recordings_are_refused(build, folder):
    source = speech(folder)
    for suffix in ("wav", "m4a", "flac", "ogg"):
        refuses(with_wrapper(build), cut(convert(source, folder / f"cụt.{suffix}")))


def test_what_is_not_sound_is_refused(build, folder):
    for name, content in (("văn bản.txt", "Kính gửi bà con. ".encode() * 500), ("ngẫu nhiên.mp3", os.urandom(50_000)),
                          ("chương trình.wav", open("/bin/ls", "rb").read()), ("không.wav", bytes(100_000)),
                          ("trang.mp3", b"<html><body>404</body></html>")):
        (folder / name).write_bytes(content)
        refuses(with_wrapper(build), folder / name)
    film = folder / "phim câm.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=red:size=64x64:duration=1", str(film)],
                   check=True)
    refuses(with_wrapper(build), film)


def test_a_playlist_disguised_as_a_recording_is_refused(build, folder):
    for name, text in (("m3u.mp3", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
                       ("hls.mp3", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n"),
                       ("concat.mp3", "ffconcat version 1.0\nfile '/usr/share/sounds/alsa/Noise.wav'\n"),
                       ("sdp.mp3", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n"),
                       ("dash.mp3", '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>')):
        (folder / name).write_text(text)
        line = refuses(with_wrapper(build), folder / name)
        assert "passwd" not in line and "root" not in line


def test_two_gigabytes_are_refused_without_being_read(build, folder):
    made = with_wrapper(build)
    huge = folder / "hai giga.wav"
    with open(huge, "wb") as file:
        file.truncate(2 << 30)
    before = made.metric("process_resident_memory_bytes")
    refuses(made, huge)
    assert made.metric("process_resident_memory_bytes") - before < 64 << 20


def test_a_decoder_that_crashes_is_told_in_a_sentence(build, folder):
    for word in ("CRASH", "FAIL!", "FLOOD"):
        file = folder / f"{word}.wav"
        file.write_bytes(word.encode() + bytes(3000))
        refuses(with_wrapper(build), file)


def test_a_missing_decoder_is_told_in_a_sentence(build, folder):
    made = with_wrapper(build)
    aside = made.wrapper.rename(made.wrapper.with_name("aside"))
    try:
        refuses(made, voice(folder, 1), "ffmpeg")
    finally:
        aside.rename(made.wrapper)
    assert made.json("media", "import", voice(folder, 1), user="lan")["sha256"]


def test_a_decoder_that_hangs_is_ended_and_holds_up_nobody(build, _):
    made = with_wrapper(build)
    _hang["thread"].join(90)
    assert not _hang["thread"].is_alive(), "the import hangs for ever"
    assert _hang["out"].returncode == 1
    print("#", one_line(_hang["out"].stderr))
    assert not left(made)


@contextlib.contextmanager
def small_disk(build, folder, below, size):
    """A running station of which one directory lies on a file system of so many bytes."""
    made = Station(build, folder / "nhỏ", default_config())
    place = made.data / below
    place.mkdir(parents=True)
    made.data.chmod(0o700)
    out = subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=0700,size={size}", "none", str(place)],
                         capture_output=True, text=True, check=False)
    if out.returncode != 0:
        raise tap.Skip(f"a small file system cannot be mounted here ({' '.join(out.stderr.split())})")
    try:
        made.start()
        made.setup()
        yield made
        journal_is_intact(made)
        ends_in_good_order(made)
    finally:
        made.stop()
        subprocess.run(["umount", str(place)], check=False)


def refuses_but_goes_on(made, folder, file):
    small = convert(voice(folder, 1), folder / "ngắn.mp3")
    before = [m["sha256"] for m in made.json("media", "list")]
    first = made.json("media", "import", small, user="lan")["sha256"]
    refuses(made, file, "full", "disk", "space")
    assert [m["sha256"] for m in made.json("media", "list")] == [*before, first]
    other = convert(voice(folder, 1.2), folder / "khác.mp3")
    assert made.json("media", "import", other, user="lan")["sha256"] != first


def test_a_disk_that_fills_up_during_decoding_refuses_the_import(build, folder):
    with small_disk(build, folder, "media", "600k") as made:
        refuses_but_goes_on(made, folder, convert(voice(folder, 9), folder / "dài.mp3", "-b:a", "64k"))


def test_a_disk_that_fills_up_during_the_upload_refuses_it(build, folder):
    with small_disk(build, folder, "", "12M") as made:
        refuses_but_goes_on(made, folder, steady(folder, 200))


def test_all_programs_end_in_good_order(build, _):
    ends_in_good_order(with_wrapper(build))


if __name__ == "__main__":
    tap.main(globals(), logs)
