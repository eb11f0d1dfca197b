/* frame_cell.h - a frame number that one thread writes and another reads, without a lock.
 *
 * Processors of 32 bits have no plain 64-bit atomics: a compiler's library puts a lock there, which an
 * audio callback must not wait for. So the writer fills the one of two places that is not shown, then
 * shows it; a reader who finds that another was shown meanwhile reads again, which happens only when the
 * writer made a whole step. What was written before a set is seen after the get that returns it. */
#ifndef LOA_FRAME_CELL_H
#define LOA_FRAME_CELL_H

#include <stdatomic.h>
#include <stdint.h>

struct frame_cell {
    _Atomic uint32_t shown; /* count of sets; its lowest bit says which place holds the value */
    _Atomic uint32_t low[2], high[2];
};

/* One thread only. */
static inline void frame_cell_set(struct frame_cell *c, int64_t frame)
{
    uint32_t next = atomic_load_explicit(&c->shown, memory_order_relaxed) + 1;

    atomic_store_explicit(&c->low[next & 1], (uint32_t)frame, memory_order_release);
    atomic_store_explicit(&c->high[next & 1], (uint32_t)(frame >> 32), memory_order_release);
    atomic_store_explicit(&c->shown, next, memory_order_release);
}

static inline int64_t frame_cell_get(const struct frame_cell *c)
{
    uint32_t before, low, high;

    do {
        before = atomic_load_explicit(&c->shown, memory_order_acquire);
        low = atomic_load_explicit(&c->low[before & 1], memory_order_acquire);
        high = atomic_load_explicit(&c->high[before & 1], memory_order_acquire);
    } while (before != atomic_load_explicit(&c->shown, memory_order_relaxed));
    return (int64_t)((uint64_t)high << 32 | low);
}

#endif
