"""Where a stretch of sound lies in a recording, to a fraction of a sample: the peak of the
cross-correlation between its samples, by band-limited interpolation."""
import numpy as np

TAPS = 32


def sinc_at(samples, positions):
    """Values of a band-limited signal between its samples (Hann-windowed sinc)."""
    base = np.floor(positions).astype(int)
    out = np.zeros(len(positions))
    for tap in range(-TAPS // 2 + 1, TAPS // 2 + 1):
        x = positions - (base + tap)
        weight = np.sinc(x) * (0.5 + 0.5 * np.cos(2 * np.pi * x / (TAPS + 1)))
        out += samples[np.clip(base + tap, 0, len(samples) - 1)] * weight
    return out


def delay(heard, reference, most):
    """(samples that `heard` is behind `reference`, correlation); both of one length, |delay| <= most."""
    size = 2 * len(reference)
    window = np.hanning(len(reference))
    cross = np.fft.rfft(heard * window, size) * np.conj(np.fft.rfft(reference * window, size))
    lags = np.fft.irfft(cross, size)
    near = np.concatenate([lags[-most:], lags[:most + 1]])
    at = float(np.argmax(near) - most)
    omega = 2 * np.pi * np.arange(len(cross)) / size
    for _ in range(8):  # Newton, on the derivative of the interpolated correlation
        turned = cross * np.exp(1j * omega * at)
        bend = np.sum(omega ** 2 * turned.real)
        if bend <= 0:
            break
        at -= float(np.clip(np.sum(omega * turned.imag) / bend, -0.5, 0.5))
    power = np.sqrt(np.sum((heard * window) ** 2) * np.sum((reference * window) ** 2))
    return at, float(near.max() / power) if power > 0 else 0.0
