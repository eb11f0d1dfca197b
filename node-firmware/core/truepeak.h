/* truepeak.h - the highest value that a converter makes of samples, between them too.
 *
 * ITU-R BS.1770-4 annex 2: four times oversampled by its 48 taps in four phases; reads a tone at most
 * 0.7 dB low. Never allocates. Thread: the one that calls node_render(). */
#ifndef LOA_TRUEPEAK_H
#define LOA_TRUEPEAK_H

#include <stddef.h>

#define TRUEPEAK_TAPS 12
#define TRUEPEAK_BLOCK 32

struct truepeak {
    float tail[TRUEPEAK_TAPS - 1]; /* the last samples, oldest first */
    float tail_peak;
};

/* Forget the last samples: silence comes before the next. */
void truepeak_restart(struct truepeak *t);

/* Take samples in.
 *
 *   samples  at most TRUEPEAK_BLOCK
 *   peak     the largest size among them
 *   known    a true peak that was seen before
 *
 * Returns the larger of `known` and the true peak; what cannot exceed `known` costs next to nothing. */
float truepeak_add(struct truepeak *t, const float *samples, size_t count, float peak, float known);

#endif
