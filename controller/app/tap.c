#include "tap.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"

#define SLOTS 64

struct slot {
    struct engine_bundle bundle;
    uint8_t payload[FRAME_PAYLOAD_MAX];
};

struct tap {
    uv_async_t wake;
    void (*on_bundle)(void *ctx, const struct engine_bundle *bundle);
    void *ctx;
    atomic_size_t written;
    atomic_size_t read;
    atomic_uint_least64_t dropped;
    struct slot slots[SLOTS];
};

static void on_wake(uv_async_t *wake)
{
    struct tap *t = wake->data;
    size_t at = atomic_load_explicit(&t->read, memory_order_relaxed);

    while (at != atomic_load_explicit(&t->written, memory_order_acquire)) {
        t->on_bundle(t->ctx, &t->slots[at % SLOTS].bundle);
        atomic_store_explicit(&t->read, ++at, memory_order_release);
    }
}

enum err tap_new(uv_loop_t *loop, void (*on_bundle)(void *ctx, const struct engine_bundle *bundle),
                 void *ctx, struct tap **ret_tap)
{
    struct tap *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return ERR_NOMEM;
    t->on_bundle = on_bundle;
    t->ctx = ctx;
    t->wake.data = t;
    if (uv_async_init(loop, &t->wake, on_wake) != 0) {
        free(t);
        return ERR_NOMEM;
    }
    *ret_tap = t;
    return ERR_OK;
}

void tap_put(struct tap *t, const struct engine_bundle *bundle)
{
    size_t at = atomic_load_explicit(&t->written, memory_order_relaxed);
    struct slot *s = &t->slots[at % SLOTS];

    if (at - atomic_load_explicit(&t->read, memory_order_acquire) == SLOTS) {
        atomic_fetch_add_explicit(&t->dropped, 1, memory_order_relaxed);
        return;
    }
    s->bundle = *bundle;
    memcpy(s->payload, bundle->payload.data, bundle->payload.len);
    s->bundle.payload.data = s->payload;
    atomic_store_explicit(&t->written, at + 1, memory_order_release);
    uv_async_send(&t->wake);
}

uint64_t tap_dropped(const struct tap *t)
{
    return atomic_load_explicit(&t->dropped, memory_order_relaxed);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void tap_close(struct tap *t)
{
    if (t != NULL)
        uv_close((uv_handle_t *)&t->wake, on_closed);
}
