/* pacer.h - when a sound card with a given crystal error plays which frame.
 *
 * Frame f sounds at start + f / (rate * (1 + ppm * 1e-6)); the card asks for frames in periods of
 * PACER_PERIOD_FRAMES, PACER_LATENCY_US before they sound. Pure. Thread: any. */
#ifndef LOA_PACER_H
#define LOA_PACER_H

#include <stdbool.h>

#include "units.h"

#define PACER_PERIOD_FRAMES 480
#define PACER_LATENCY_US INT64_C(20000)
#define PACER_PPM_MAX 1000.0

struct pacer {
    usec_t start_mono_us; /* frame 0 sounds */
    double frames_per_us;
    int64_t taken; /* frames already asked for */
};

/* Begin with a card opened at `mono_us`; ppm in -PACER_PPM_MAX..PACER_PPM_MAX. */
void pacer_init(struct pacer *p, double ppm, usec_t mono_us);

/* True when the card asks for one more period at `mono_us`: frames pacer.taken onwards, which then
 * counts as taken. Call until false. */
bool pacer_take(struct pacer *p, usec_t mono_us, int64_t *ret_first_frame);

/* When this frame sounds. */
usec_t pacer_mono(const struct pacer *p, int64_t frame);

#endif
