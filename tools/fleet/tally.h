/* tally.h - a distribution of measured values: how many, percentiles, the worst.
 *
 * Keeps every value up to TALLY_KEPT, then a fair sample of all (Vitter's algorithm R). Thread: one. */
#ifndef LOA_TALLY_H
#define LOA_TALLY_H

#include <stddef.h>
#include <stdint.h>

#define TALLY_KEPT 1000000

struct tally {
    double *values; /* owned */
    size_t kept;
    size_t room;
    uint64_t seen;
    double least;
    double most;
    uint64_t random;
};

/* Add one; zeroed memory is an empty tally. Values that cannot be kept for lack of memory still count
 * for `seen`, `least` and `most`. */
void tally_add(struct tally *t, double value);

/* Value below which the part `p` (0..1) of all lies; 0 when empty. Sorts what is kept. */
double tally_at(struct tally *t, double p);

void tally_free(struct tally *t);

#endif
