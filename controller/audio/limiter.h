/* limiter.h - gain, then a look-ahead limiter that keeps a true-peak ceiling without clipping.
 *
 * Judges the signal between the samples too (4 × oversampled, BS.1770-4 annex 2), holds the lowest gain
 * that any peak within the look-ahead asks for, releases it slowly, and smooths it over the look-ahead,
 * so the gain arrives before the peak without a step. A ceiling is kept within about 0.2 dB, since the
 * moving gain itself bends the signal between samples: measure what comes out.
 * Thread: any, one object per thread. */
#ifndef LOA_LIMITER_H
#define LOA_LIMITER_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define LIMITER_DELAY_SAMPLES 256

struct limiter;

/* Make a limiter.
 *
 *   gain_mdb     -100,000..60,000
 *   ceiling_mdb  true peak that the output keeps, -60,000..0
 *
 * ERR_ARG / ERR_NOMEM */
MUST_USE enum err limiter_new(int32_t gain_mdb, int32_t ceiling_mdb, struct limiter **ret_limiter);
void limiter_free(struct limiter *l);

/* Process in place; output sample i is input sample i - LIMITER_DELAY_SAMPLES (zeros at the start). */
void limiter_process(struct limiter *l, float *pcm, size_t samples);

#endif
