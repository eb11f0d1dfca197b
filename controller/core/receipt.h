/* receipt.h - what became of a broadcast, counted over its targets for people.
 *
 * Thread: main; plain data. */
#ifndef LOA_RECEIPT_H
#define LOA_RECEIPT_H

#include <stddef.h>

#include "broadcast.h"

#define RECEIPT_REASONS ((size_t)_loa_Reason_MAX + 1)

/* targets = open + sounded + partly + missed + refused + silent. */
struct receipt_summary {
    size_t targets;
    size_t open; /* waiting, ordered or accepted: still to come */
    size_t sounded;
    size_t partly;
    size_t missed;
    size_t refused; /* by the node; the verdict says why */
    size_t silent; /* no receipt; the note says why */
    size_t by_reason[RECEIPT_REASONS]; /* of partly and missed, indexed by loa_Reason */
    size_t gaps; /* in all */
    /* Of those that sounded or partly sounded; 0 when there is none. Times are station time. */
    usec_t first_start_us;
    usec_t last_start_us;
    int32_t worst_start_error_us; /* the largest, either sign, by the nodes' own clocks */
};

/* Count the targets of a broadcast, at any time. */
void receipt_summarise(const struct broadcast *b, struct receipt_summary *ret_summary);

/* Add one more target to a zeroed or begun summary: for targets listed page by page. */
void receipt_add(struct receipt_summary *s, const struct broadcast_target *t);

/* "sounded", "quiet_hours", "cache"; "none" outside the set. */
const char *receipt_outcome_name(loa_Outcome outcome);
const char *receipt_reason_name(loa_Reason reason);
const char *receipt_carrier_name(loa_Carrier carrier);

#endif
