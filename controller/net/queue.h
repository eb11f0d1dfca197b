/* queue.h - a bounded queue from any thread into one loop.
 *
 * Items are linked through memory of their owner, so that a push never allocates. The bound is a cost in
 * bytes. The consumer is woken by a uv_async, once for any number of pushes.
 * Thread: queue_push() any; the others the consumer's. */
#ifndef LOA_QUEUE_H
#define LOA_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "err.h"

struct queue_item {
    struct queue_item *next;
    size_t cost_bytes;
    int kind; /* the owner's: what the item is part of */
};

struct queue {
    pthread_mutex_t lock;
    struct queue_item *head; /* oldest */
    struct queue_item **tail;
    size_t cost_bytes;
    size_t limit_bytes;
    bool closed;
    bool woken; /* on_ready is on its way for what is here */
    uv_async_t async;
    void (*on_ready)(void *ctx);
    void *ctx;
    void (*on_closed)(void *ctx);
};

/* Start; `on_ready` is called on the loop after pushes and should take all, or call queue_wake().
 *
 *   q  caller's memory, until on_closed of queue_close()
 *
 * ERR_IO  no descriptor for the wake-up */
MUST_USE enum err queue_init(struct queue *q, uv_loop_t *loop, size_t limit_bytes,
                             void (*on_ready)(void *ctx), void *ctx);

/* Append.
 *
 *   item   owner's memory until taken; cost_bytes and kind are set by the owner
 *   force  beyond the bound too: only for what is itself bounded
 *
 * ERR_LIMIT  the bound would be exceeded; the item stays the caller's
 * ERR_STATE  closed; likewise */
MUST_USE enum err queue_push(struct queue *q, struct queue_item *item, bool force);

/* Append what can wait, without a wake-up: it is taken with what comes next, or when the pusher calls queue_wake().
 * Errors as queue_push(). */
MUST_USE enum err queue_push_later(struct queue *q, struct queue_item *item, bool force);

/* Take the oldest `max` items as a list, in order; NULL when there are none. */
struct queue_item *queue_take(struct queue *q, size_t max);

/* Call on_ready again in a later turn of the loop. */
void queue_wake(struct queue *q);

/* True when the bound is reached: a producer that can wait should. Thread: any. */
bool queue_is_full(struct queue *q);

/* Refuse further pushes and close the wake-up. Returns what was left, now the caller's. `on_closed` may be
 * NULL; nobody may push after it. */
MUST_USE struct queue_item *queue_close(struct queue *q, void (*on_closed)(void *ctx));

#endif
