/* livedelay.h - how long after it was said live sound should sound: as soon as the nodes' links allow.
 *
 * One delay is for all nodes of a broadcast, so one bad link among many must not make everybody wait: of the last
 * LIVEDELAY_REPORTS reports the worst tenth is passed over; those nodes conceal, or are silent, and come
 * back in place. Pure. Thread: main. */
#ifndef LOA_LIVEDELAY_H
#define LOA_LIVEDELAY_H

#include <stddef.h>

#include "units.h"

#define LIVEDELAY_REPORTS 64
#define LIVEDELAY_MARGIN_US (20 * USEC_PER_MSEC) /* that a packet should come early */

struct livedelay {
    usec_t needed_us[LIVEDELAY_REPORTS]; /* the newest ones, in a ring */
    size_t count; /* of all that came */
    usec_t longest_us; /* needed by any of them */
};

/* Note what a node reported.
 *
 *   delay_us   that was in force
 *   margin_us  how early its latest packet came, negative for late */
void livedelay_note(struct livedelay *d, usec_t delay_us, usec_t margin_us);

/* The least delay, within [least_us, most_us], with which nine of ten reports would have had
 * LIVEDELAY_MARGIN_US; least_us before the first report. */
usec_t livedelay_needed(const struct livedelay *d, usec_t least_us, usec_t most_us);

/* The least delay, within [least_us, most_us], with which every report of all that ever came would have had
 * LIVEDELAY_MARGIN_US: for relays, that nobody answers but everybody wants whole. most_us before
 * LIVEDELAY_REPORTS came. */
usec_t livedelay_longest(const struct livedelay *d, usec_t least_us, usec_t most_us);

#endif
