/* prop.h - random numbers for property tests; the seed is printed, and SEED=n replays a run.
 * Thread: the test's. */
#ifndef LOA_PROP_H
#define LOA_PROP_H

#include <stdbool.h>
#include <stdint.h>

struct prop {
    uint64_t state;
    uint64_t seed;
};

/* Start from SEED in the environment, or from the clock; prints "# name: SEED=n" for TAP. */
void prop_init(struct prop *p, const char *name);

uint64_t prop_next(struct prop *p);

/* A number in lo..hi, both inclusive. */
int64_t prop_range(struct prop *p, int64_t lo, int64_t hi);

/* True once in `n` times. */
bool prop_one_in(struct prop *p, int64_t n);

#endif
