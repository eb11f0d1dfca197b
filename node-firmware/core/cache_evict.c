#include "cache_impl.h"

static usec_t needed_in(const struct cache *c, const struct cache_object *o)
{
    return o->kept ? 0 : c->needed_in(c->needed_in_arg, &o->media, o->needed_us);
}

/* May it go to make room for something that is needed in `for_us`? */
static bool may_go(const struct cache *c, const struct cache_object *o, usec_t for_us)
{
    usec_t in_us;

    if (o->state == CACHE_FREE || o->have_bytes == 0 || o->kept ||
        (o->offered && o->state != CACHE_WHOLE) || (size_t)(o - c->objects) == c->transfer_of)
        return false;
    in_us = needed_in(c, o);
    return in_us == CACHE_NOT_NEEDED || (in_us >= CACHE_KEEP_US && in_us > for_us);
}

/* What nobody plans goes first, the longest unused before all; then what is needed last. */
static bool goes_before(const struct cache *c, const struct cache_object *a,
                        const struct cache_object *b)
{
    usec_t a_us = needed_in(c, a), b_us = needed_in(c, b);

    return a_us != b_us ? a_us > b_us : a->used < b->used;
}

bool cache_make_room(struct cache *c, const struct cache_object *for_object, uint64_t bytes)
{
    usec_t for_us = needed_in(c, for_object);

    for (;;) {
        struct cache_object *goes = NULL;

        if (bytes <= c->quota_bytes && cache_bytes(c) <= c->quota_bytes - bytes &&
            c->port->flash_free_bytes(c->port->ctx) >= bytes)
            return true;
        for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++) {
            struct cache_object *o = &c->objects[i];

            if (o != for_object && may_go(c, o, for_us) &&
                (goes == NULL || goes_before(c, o, goes)))
                goes = o;
        }
        if (goes == NULL)
            return false;
        /* Not asked for again in this session: two would push each other out for ever. */
        goes->offered = goes->tell = false;
        cache_forget(c, goes);
    }
}
