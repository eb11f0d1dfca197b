#include "queue.h"

#include "check.h"

static void async_cb(uv_async_t *async)
{
    struct queue *q = async->data;

    q->on_ready(q->ctx);
}

/* With priority inheritance a shard that holds the lock cannot be kept from giving it back to the audio
 * thread by a third one. */
static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attr;

    CHECK(pthread_mutexattr_init(&attr) == 0);
    CHECK(pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) == 0);
    CHECK(pthread_mutex_init(lock, &attr) == 0);
    pthread_mutexattr_destroy(&attr);
}

enum err queue_init(struct queue *q, uv_loop_t *loop, size_t limit_bytes,
                    void (*on_ready)(void *ctx), void *ctx)
{
    *q = (struct queue){.limit_bytes = limit_bytes, .on_ready = on_ready, .ctx = ctx};
    q->tail = &q->head;
    if (uv_async_init(loop, &q->async, async_cb) != 0)
        return ERR_IO;
    q->async.data = q;
    init_lock(&q->lock);
    return ERR_OK;
}

static enum err push(struct queue *q, struct queue_item *item, bool force, bool wake)
{
    enum err e = ERR_OK;

    pthread_mutex_lock(&q->lock);
    if (q->closed) {
        e = ERR_STATE;
    } else if (!force && q->cost_bytes + item->cost_bytes > q->limit_bytes) {
        e = ERR_LIMIT;
    } else {
        item->next = NULL;
        *q->tail = item;
        q->tail = &item->next;
        q->cost_bytes += item->cost_bytes;
        /* Under the lock, because queue_close() may otherwise come in between. */
        if (wake && !q->woken) {
            q->woken = true;
            uv_async_send(&q->async);
        }
    }
    pthread_mutex_unlock(&q->lock);
    return e;
}

enum err queue_push(struct queue *q, struct queue_item *item, bool force)
{
    return push(q, item, force, true);
}

enum err queue_push_later(struct queue *q, struct queue_item *item, bool force)
{
    return push(q, item, force, false);
}

struct queue_item *queue_take(struct queue *q, size_t max)
{
    struct queue_item *list, **end = &list;

    pthread_mutex_lock(&q->lock);
    q->woken = false;
    list = q->head;
    while (max > 0 && *end != NULL) {
        q->cost_bytes -= (*end)->cost_bytes;
        end = &(*end)->next;
        max--;
    }
    q->head = *end;
    *end = NULL;
    if (q->head == NULL)
        q->tail = &q->head;
    pthread_mutex_unlock(&q->lock);
    return list;
}

bool queue_is_full(struct queue *q)
{
    bool full;

    pthread_mutex_lock(&q->lock);
    full = q->cost_bytes >= q->limit_bytes;
    pthread_mutex_unlock(&q->lock);
    return full;
}

void queue_wake(struct queue *q)
{
    uv_async_send(&q->async);
}

static void closed_cb(uv_handle_t *handle)
{
    struct queue *q = handle->data;

    pthread_mutex_destroy(&q->lock);
    if (q->on_closed != NULL)
        q->on_closed(q->ctx);
}

struct queue_item *queue_close(struct queue *q, void (*on_closed)(void *ctx))
{
    struct queue_item *rest;

    pthread_mutex_lock(&q->lock);
    q->closed = true;
    rest = q->head;
    q->head = NULL;
    q->tail = &q->head;
    q->cost_bytes = 0;
    pthread_mutex_unlock(&q->lock);
    q->on_closed = on_closed;
    uv_close((uv_handle_t *)&q->async, closed_cb);
    return rest;
}
