/* hearing.h - is what the card plays heard by the microphone? Their loudness over time is compared.
 *
 * From shortly before a broadcast for HEARING_US at most, what goes to the card and what the microphone brings are
 * each summed up in blocks of HEARING_BLOCK_US by their local time. Heard is what rises and falls together, at any
 * delay from -HEARING_LEAD_BLOCKS to HEARING_LAG_BLOCKS: the silence before the start counts, so a steady sound is judged, too. A horn of
 * another cluster that plays the same within earshot is heard as well. Pure, never allocates.
 * Thread: the one that calls node_step(). Times: local. */
#ifndef LOA_HEARING_H
#define LOA_HEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "units.h"

#define HEARING_US (12 * USEC_PER_SEC)
#define HEARING_BLOCK_US (50 * USEC_PER_MSEC)
#define HEARING_BLOCKS ((size_t)(HEARING_US / HEARING_BLOCK_US))
#define HEARING_LAG_BLOCKS 30 /* air, card and driver delay what is heard by less than 1.5 s, ... */
#define HEARING_LEAD_BLOCKS 6 /* ... or hand it over late, which looks like 0.3 s early */

struct hearing_block {
    float power; /* sum of squares */
    uint32_t samples;
};

struct hearing {
    bool open; /* the microphone is */
    bool listens; /* blocks are filled */
    uint64_t order_id; /* of what sounds, 0 none yet */
    usec_t begun_us;
    usec_t heard_us; /* when the next sample of the microphone was heard; 0 none came */
    struct hearing_block played[HEARING_BLOCKS];
    struct hearing_block heard[HEARING_BLOCKS];
};

/* Listen from now on; the microphone is open. */
void hearing_begin(struct hearing *h, usec_t mono_us);

/* Frames that the card plays from mono_us on. */
void hearing_played(struct hearing *h, usec_t mono_us, const float *frames, size_t count,
                    uint32_t rate_hz);

/* Samples that the microphone brought by mono_us. */
void hearing_listen(struct hearing *h, usec_t mono_us, const float *samples, size_t count,
                    uint32_t rate_hz);

/* Judge and stop listening.
 *
 * HEARD_NOT_MEASURED  too little was played or brought to tell */
loa_Heard hearing_end(struct hearing *h, usec_t mono_us);

#endif
