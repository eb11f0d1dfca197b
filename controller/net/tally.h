/* tally.h - one shard's counters: written by the shard, read by main.
 *
 * Thread: any. */
#ifndef LOA_TALLY_H
#define LOA_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

#include "netevent.h"

struct tally {
    _Atomic uint64_t v[NET_COUNT_COUNT_];
};

static inline void tally_add(struct tally *t, enum net_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&t->v[counter], n, memory_order_relaxed);
}

/* One less, of a gauge. */
static inline void tally_less(struct tally *t, enum net_counter counter)
{
    atomic_fetch_sub_explicit(&t->v[counter], 1, memory_order_relaxed);
}

static inline uint64_t tally_get(const struct tally *t, enum net_counter counter)
{
    return atomic_load_explicit(&t->v[counter], memory_order_relaxed);
}

#endif
