/* level.h - the last stage before the card: fade, volume, limiter, meter.
 *
 * The limiter acts at once and lets go over 100 ms, so nothing ever exceeds LEVEL_CEILING. Never
 * allocates. Thread: the one that calls node_render(). */
#ifndef LOA_LEVEL_H
#define LOA_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "truepeak.h"

#define LEVEL_CEILING 0.98F
#define LEVEL_SILENCE_MDB (-120000) /* what a meter shows when there was nothing */

struct level {
    float fade; /* 0..1 */
    float fade_in_step, fade_out_step; /* a frame */
    float volume, volume_target;
    float limiter; /* present gain reduction, 0..1 */
    float release; /* a frame */
    struct truepeak truepeak;
    float source_peak,
        sent_peak; /* largest sizes in the last level_apply(), before and behind it */
};

struct meter {
    double sum; /* of squares */
    uint64_t frames;
    float peak; /* true peak */
};

/* Set the ramps for a card rate. */
void level_init(struct level *l, uint32_t rate_hz);

/* Thousandths of a decibel; reached within about 10 ms, at once while faded out. */
void level_set_volume(struct level *l, int32_t volume_mdb);

/* Start at silence: the next frames fade in. */
void level_restart(struct level *l);

/* Work on frames in place and meter what comes out.
 *
 *   sounding  false fades out over 10 ms, true in over 5 ms
 *   meters    up to two, may be NULL */
void level_apply(struct level *l, float *frames, size_t count, bool sounding, struct meter *a,
                 struct meter *b);

/* Frames that a fade-out needs. */
size_t level_fade_out_frames(uint32_t rate_hz);

/* Let `m` hold what `more` held too, and `more` nothing. */
void meter_move(struct meter *m, struct meter *more);

int32_t meter_rms_mdb(const struct meter *m);
int32_t meter_peak_mdb(const struct meter *m);

#endif
