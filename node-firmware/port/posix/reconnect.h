/* reconnect.h - which controller to dial next, and how long to wait before.
 *
 * Exponential with full jitter, so that a thousand nodes that lost the same controller do not come back
 * in step. Pure. Thread: any. */
#ifndef LOA_RECONNECT_H
#define LOA_RECONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "units.h"

#define RECONNECT_FIRST_US INT64_C(500000)
#define RECONNECT_LAST_US INT64_C(15000000)
#define RECONNECT_FLOOR_US INT64_C(50000)
#define RECONNECT_ASKED_MAX_US (60 * USEC_PER_MIN)

/* Over how long to spread the next attempt.
 *
 *   known_us  the wish of the last Welcome (resume.h)
 *   asked_ms  Bye.spread_ms; 0 none. Believed up to RECONNECT_SPREAD_MAX_US */
#define RECONNECT_SPREAD_MAX_US (10 * USEC_PER_MIN)
usec_t reconnect_spread_us(usec_t known_us, uint32_t asked_ms);

/* The wait after `attempt` failures in a row (0 = the first).
 *
 *   random    all 32 bits used
 *   asked_us  what the controller asked for (Bye.retry_after); 0 nothing. Believed up to
 *             RECONNECT_ASKED_MAX_US, and spread over half as much again
 *   spread_us over how long nodes are to come back (resume.h); 0 no wish
 *
 * Returns RECONNECT_FLOOR_US or more; what was asked for at least, even if that is less. */
usec_t reconnect_wait_us(uint32_t attempt, uint32_t random, usec_t asked_us, usec_t spread_us);

/* Which controller of an ordered list to dial: the present one until it failed RECONNECT_FAILURES_MAX
 * times in a row, then the next, round and round; back to the first as soon as it was seen healthy. */
#define RECONNECT_FAILURES_MAX 3
#define RECONNECT_LOOK_US USEC_PER_MIN /* how often a standby's node looks at the first */

struct reconnect_list {
    size_t count; /* at least 1 */
    size_t now; /* 0 the first */
    uint32_t failures; /* in a row, of `now` */
};

/* An attempt failed, or a session ended before it was stable. True when another one is dialled next. */
bool reconnect_failed(struct reconnect_list *list);

/* A session was stable: an end of it is the first failure. */
void reconnect_succeeded(struct reconnect_list *list);

/* The first controller answers. True when another one is in use and may be left. */
bool reconnect_first_is_healthy(struct reconnect_list *list);

#endif
