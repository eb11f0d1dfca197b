/* store_sample.h - keep what nodes measured, a row a quarter of an hour, and the bytes of their links.
 *
 * Thread: main. */
#ifndef LOA_STORE_SAMPLE_H
#define LOA_STORE_SAMPLE_H

#include <stdbool.h>

#include "db.h"
#include "units.h"

#define STORE_SAMPLE_US (15 * USEC_PER_MIN)
#define STORE_SAMPLE_KEEP_US (62 * USEC_PER_DAY)
#define STORE_MONTH_SIZE 8 /* "2026-11" and its NUL */

struct node_sample {
    usec_t at_us; /* its end */
    uint32_t online_permille;
    bool has_temperature, has_supply, has_peak, has_clock;
    int32_t temperature_mc;
    uint32_t supply_mv;
    int32_t peak_mdb; /* highest */
    uint32_t clock_uncertainty_us; /* highest */
    uint64_t in_bytes, out_bytes; /* of the link since the sample before; in is from the node */
};

struct node_usage {
    uint64_t in_bytes, out_bytes;
};

/* Add a sample and its bytes to the node's month.
 *
 *   month  local: "2026-11"
 *
 * ERR_NOT_FOUND  no such node */
MUST_USE enum err store_sample_add(struct db *db, struct node_id node,
                                   const struct node_sample *sample, const char *month);

/* Fold what was measured in [from_us, to_us) into steps, oldest first: mean of levels, highest of peaks
 * and uncertainty, sum of bytes.
 *
 *   step_us  1..; at_us of a row is the beginning of its step */
MUST_USE enum err store_sample_list(struct db *db, struct node_id node, usec_t from_us,
                                    usec_t to_us, usec_t step_us, struct node_sample *rows,
                                    size_t rows_max, size_t *ret_count);

/* Bytes of a month; none: 0. */
MUST_USE enum err store_sample_usage(struct db *db, struct node_id node, const char *month,
                                     struct node_usage *ret_usage);

/* Forget samples from before, within the room (db.h). */
MUST_USE enum err store_sample_prune(struct db *db, usec_t before_us, size_t *room);

#endif
