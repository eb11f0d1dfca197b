/* waveform.h - signals for tests: make them, read and write them, lay one over the other.
 *
 * All are mono floats, ±1 full scale. Thread: any. */
#ifndef LOA_WAVEFORM_H
#define LOA_WAVEFORM_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Heap memory; free with waveform_free(). */
struct waveform {
    float *pcm;
    size_t samples;
    uint32_t rate_hz;
};

void waveform_free(struct waveform *w);

/* Make `samples` zeros. */
MUST_USE enum err waveform_new(size_t samples, uint32_t rate_hz, struct waveform *ret_w);

/* Add to what is there: a sine; a sine that glides from one frequency to the other; white noise. */
void waveform_add_sine(struct waveform *w, double hz, double amplitude);
void waveform_add_sweep(struct waveform *w, double from_hz, double to_hz, double amplitude);
void waveform_add_noise(struct waveform *w, uint64_t seed, double amplitude);

/* Read a RIFF/WAVE file of 16-bit integers or 32-bit floats, first channel; a header that was not
 * finished (a program killed while writing) is fine. Write 16-bit integers, clipped.
 *
 * ERR_NOT_FOUND / ERR_FORMAT / ERR_IO */
MUST_USE enum err waveform_read_wav(const char *path, struct waveform *ret_w);
MUST_USE enum err waveform_write_wav(const char *path, const struct waveform *w);

struct waveform_match {
    double correlation; /* -1..1 of the parts that overlap; 1 = same up to a positive factor */
    double lag_samples; /* b[i] fits a[i + lag]: a comes later by so much; to about 0.01 samples */
};

/* Find where b fits a best, by cross-correlation over all lags at which at least half of the shorter
 * overlaps. Rates must be equal. */
MUST_USE enum err waveform_match(const struct waveform *a, const struct waveform *b,
                                 struct waveform_match *ret_match);

#endif
