/* resample.h - 48 kHz samples at any place between them, for a card of any rate and crystal.
 *
 * A windowed sinc (Kaiser; J. O. Smith, "Digital Audio Resampling", ccrma.stanford.edu) in
 * RESAMPLE_PHASES steps with straight lines between them. Places are 32.32 fixed point, so a position is
 * exact for ever and a ratio changes at no cost. At a card's rate below 48 kHz the filter grows longer,
 * that nothing folds back. Never allocates. Thread: the one that calls node_render().
 * Own code: speexdsp's took 17 million instructions for a second of sound at quality 2, this takes 3.7 and
 * is flat 2 kHz higher (figures in tests/bench/RESULTS.md). */
#ifndef LOA_RESAMPLE_H
#define LOA_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define RESAMPLE_PHASES 64
#define RESAMPLE_TAPS 24 /* flat to 20 kHz within 0.01 dB, all else 70 dB below (test_resample) */
#define RESAMPLE_RATE_LEAST_HZ 8000
#define RESAMPLE_RATE_MOST_HZ 192000
#define RESAMPLE_TAPS_MAX (RESAMPLE_TAPS * 48000 / RESAMPLE_RATE_LEAST_HZ)

struct resample {
    size_t taps; /* samples that one frame is made of, a multiple of 4 */
    float table[(RESAMPLE_PHASES + 1) * RESAMPLE_TAPS_MAX];
};

#define RESAMPLE_ONE (UINT64_C(1) << 32) /* one sample, in places and steps */

/* Make the filter for a card's rate, within the limits above. */
void resample_init(struct resample *r, uint32_t rate_hz);

/* Samples before the place of a frame that its making needs; after it one more. */
size_t resample_before(const struct resample *r);

/* Make frames as far as the samples reach.
 *
 *   samples     `len` of them
 *   at          place of the next frame less resample_before(), from samples[0]; moved on
 *   step        from one frame to the next, 1..8 RESAMPLE_ONE
 *
 * Returns how many frames were made, at most `count`. */
size_t resample_run(const struct resample *r, const float *samples, size_t len, uint64_t *at,
                    uint64_t step, float *ret_frames, size_t count);

#endif
