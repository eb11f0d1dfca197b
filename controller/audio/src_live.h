/* src_live.h - a source whose sound comes while it is on air: levelled, limited, encoded once.
 *
 * Stored parts may come before and after the live one, on one timeline and through one encoder: what comes before
 * ends where the live part starts; what comes after follows at its planned end, or as soon as its ring is closed
 * and empty.
 * Reads a pcmring on the audio thread. Packet k sounds at start + k · 20 ms; what was said at an instant
 * sounds one playout delay later. Input that comes too late leaves a gap (nodes conceal it) and the sound
 * goes on one delay later than it came; input that comes too fast waits in the ring, which paces its
 * writer. The delay may grow while on air, at a pause of the voice, by what is missing; it never shrinks.
 * Thread: the audio thread, except src_live_new(), and what takes struct live_control: any. */
#ifndef LOA_SRC_LIVE_H
#define LOA_SRC_LIVE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "partsound.h"
#include "pcmring.h"
#include "source.h"

#define SRC_LIVE_DELAY_MIN_US (150 * USEC_PER_MSEC)
#define SRC_LIVE_DELAY_MAX_US (3 * USEC_PER_SEC)

struct src_live_plan {
    usec_t start_us; /* nothing sounds before */
    struct partsound *before, *after; /* stored parts around the live one, NULL none */
    usec_t end_us; /* the live part ends by then, 0 never: `after` follows */
    usec_t delay_us; /* playout delay, SRC_LIVE_DELAY_MIN_US..SRC_LIVE_DELAY_MAX_US */
    unsigned bundle_packets; /* handed out together: 1..25 */
    bool trim_start; /* drop what came before it can sound */
    bool level; /* with gentle gain control */
    uint32_t bitrate_bps;
};

enum src_live_part {
    SRC_LIVE_BEFORE = 0,
    SRC_LIVE_ON, /* the ring is read */
    SRC_LIVE_AFTER, /* it is not any more */
};

/* What other threads may see and set while it runs. Outlives the source. */
struct live_control {
    atomic_int part; /* enum src_live_part */
    _Atomic usec_t end_us; /* when the last stored part ends; valid from SRC_LIVE_AFTER on */
    atomic_bool paced; /* its writer waits for us: what piles up is not dropped in pauses */
    _Atomic usec_t delay_us; /* wanted playout delay */
    _Atomic usec_t in_force_us; /* the present one */
    _Atomic usec_t heard_us; /* station time when input last came; 0 never */
    atomic_int level_mdb; /* RMS of the last 20 ms as they came */
    atomic_uint late; /* times the input came too late and left a gap */
};

/* How many packets stored parts take; NULL: none. The live part begins with the next. */
uint32_t src_live_packets(const struct partsound *parts);

/* Make one.
 *
 *   plan     its parts are the source's from ERR_OK on
 *   ring     its own reference is taken
 *   control  borrowed for the life of the source
 *
 * ERR_ARG  the plan is out of range; ERR_NOMEM */
MUST_USE enum err src_live_new(const struct src_live_plan *plan, struct pcmring *ring,
                               struct live_control *control, struct source **ret_source);

#endif
