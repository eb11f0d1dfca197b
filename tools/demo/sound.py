"""Compare recordings: where one begins inside another, and how alike they are once aligned."""
import json
import subprocess
import wave

import numpy as np

RATE = 48000


def read_wav(path):
    """Mono 16-bit WAV as floats in -1..1; also one whose writer was killed: the data says how long."""
    with open(path, "rb") as file:
        head = file.read(44)
        data = file.read()
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise ValueError(f"{path} is not a WAV file")
    usable = len(data) // 2 * 2
    return np.frombuffer(data[:usable], dtype="<i2").astype(np.float64) / 32768.0


def read_any(path):
    """Decode any sound file to 48 kHz mono floats with ffmpeg."""
    out = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-ar", str(RATE), "-"],
        check=True, capture_output=True).stdout
    return np.frombuffer(out, dtype="<f4").astype(np.float64)


def speak(path, text):
    """Say a Vietnamese text into a WAV file; returns its path."""
    subprocess.run(["espeak-ng", "-v", "vi", "-s", "150", "-w", str(path), text], check=True)
    return path


def first_sample(path):
    """What the wav output wrote beside its file: station and monotonic time of sample 0, us."""
    with open(f"{path}.json", encoding="utf-8") as file:
        return json.load(file)


def align(recording, reference):
    """Find `reference` in `recording`.

    Returns (position, correlation): where its sample 0 lies, in samples with a fraction (parabola
    through the peak), and the normalised correlation there, 0..1.
    """
    size = 1 << int(np.ceil(np.log2(len(recording) + len(reference))))
    product = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(reference, size))
    cross = np.fft.irfft(product, size)[:max(1, len(recording) - len(reference) // 2)]
    at = int(np.argmax(np.abs(cross)))
    piece = recording[at:at + len(reference)]
    norm = np.linalg.norm(piece) * np.linalg.norm(reference[:len(piece)])
    correlation = abs(cross[at]) / norm if norm > 0 else 0.0
    fraction = 0.0
    if 0 < at < len(cross) - 1:
        left, mid, right = cross[at - 1], cross[at], cross[at + 1]
        bend = left - 2 * mid + right
        fraction = 0.5 * (left - right) / bend if bend != 0 else 0.0
    return at + fraction, float(min(correlation, 1.0))


def stretch(samples, rate):
    """The samples as a card whose crystal runs `rate` times too fast is sent them."""
    if rate == 1:
        return samples
    return np.interp(np.arange(int(len(samples) * rate)) / rate, np.arange(len(samples)), samples)


def trim(samples, threshold=10 ** (-45 / 20)):
    """Cut silence at both ends; the position of the first kept sample comes along."""
    loud = np.flatnonzero(np.abs(samples) > threshold)
    if len(loud) == 0:
        return samples[:0], 0
    return samples[loud[0]:loud[-1] + 1], int(loud[0])


def is_silent(samples, threshold=10 ** (-60 / 20)):
    return len(samples) == 0 or float(np.max(np.abs(samples))) < threshold


def write_wav(path, samples, rate=RATE):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
