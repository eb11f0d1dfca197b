/* enrol.h - slow down those who guess join codes.
 *
 * Counts wrong codes per source (netsource.h) and in all, in
 * windows of ENROL_WINDOW_US. Right codes cost nothing, so a depot can enrol a hundred nodes in a row.
 * Never allocates; when ENROL_SOURCES_MAX sources are held the one whose window began first is forgotten,
 * and the limit over all sources still holds. PROTOCOL.md section 8. Thread: main. */
#ifndef LOA_ENROL_H
#define LOA_ENROL_H

#include "netsource.h"
#include "units.h"

#define ENROL_WINDOW_US (INT64_C(10) * USEC_PER_MIN)
#define ENROL_WRONG_PER_SOURCE 5
#define ENROL_WRONG_IN_ALL 300
#define ENROL_SOURCES_MAX 256

struct enrol_source {
    struct netsource source;
    uint32_t wrong; /* since from_us; 0: the slot is free */
    usec_t from_us;
};

/* Caller's memory; zeroed is ready. Needs no destroy call. */
struct enrol_limiter {
    struct enrol_source sources[ENROL_SOURCES_MAX];
    struct enrol_source all;
};

/* Ask before a code is judged.
 *
 *   address            numeric IPv4 or IPv6; anything else counts as one common source
 *   now_us             any clock; what lies after now_us counts as now
 *   ret_retry_after_s  1..600, written on ERR_BUSY only
 *
 * ERR_BUSY  too many wrong codes; the code must not be looked at */
MUST_USE enum err enrol_limiter_ask(struct enrol_limiter *l, const char *address, usec_t now_us,
                                    uint32_t *ret_retry_after_s);

/* Count a code that was wrong, used or expired. */
void enrol_limiter_wrong(struct enrol_limiter *l, const char *address, usec_t now_us);

#endif
