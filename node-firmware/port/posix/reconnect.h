/* reconnect.h - how long to wait before the next attempt to connect.
 *
 * Exponential with full jitter, so that a thousand nodes that lost the same controller do not come back
 * in step. Pure. Thread: any. */
#ifndef LOA_RECONNECT_H
#define LOA_RECONNECT_H

#include "units.h"

#define RECONNECT_FIRST_US INT64_C(500000)
#define RECONNECT_LAST_US INT64_C(15000000)
#define RECONNECT_FLOOR_US INT64_C(50000)
#define RECONNECT_ASKED_MAX_US (60 * USEC_PER_MIN)

/* The wait after `attempt` failures in a row (0 = the first).
 *
 *   random    all 32 bits used
 *   asked_us  what the controller asked for (Bye.retry_after); 0 nothing. Believed up to
 *             RECONNECT_ASKED_MAX_US, and spread over half as much again
 *
 * Returns RECONNECT_FLOOR_US or more; what was asked for at least, even if that is less. */
usec_t reconnect_wait_us(uint32_t attempt, uint32_t random, usec_t asked_us);

#endif
