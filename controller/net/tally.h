/* tally.h - one shard's counters: written by the shard alone, read by main.
 *
 * Thread: tally_get() any, the rest the shard's. */
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
    uint64_t v = atomic_load_explicit(&t->v[counter], memory_order_relaxed);

    atomic_store_explicit(&t->v[counter], v + n, memory_order_relaxed);
}

/* One less, of a gauge. */
static inline void tally_less(struct tally *t, enum net_counter counter)
{
    tally_add(t, counter, UINT64_MAX);
}

static inline uint64_t tally_get(const struct tally *t, enum net_counter counter)
{
    return atomic_load_explicit(&t->v[counter], memory_order_relaxed);
}

#endif
