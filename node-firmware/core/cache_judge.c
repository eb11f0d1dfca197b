#include <string.h>

#include "cache_impl.h"
#include "log.h"

#define JUDGE_BYTES_A_STEP (256 * 1024)

void cache_judged_bad(struct cache *c, struct cache_object *o, const char *event)
{
    char name[PORT_NAME_MAX];

    cache_object_name(&o->media, 'm', name);
    c->port->log(c->port->ctx, LOG_WARN, event, name);
    cache_tell(o, loa_MediaResult_MEDIA_RESULT_HASH_MISMATCH);
    c->damaged += o->state == CACHE_WHOLE;
    cache_forget(c, o);
}

static void judge_end(struct cache *c, struct cache_object *o, usec_t mono_us)
{
    uint8_t sha256[SHA256_BYTES];
    char from[PORT_NAME_MAX], to[PORT_NAME_MAX];
    enum err e = ERR_OK;

    digest_finish(&c->digest, sha256);
    c->judged = CACHE_NONE;
    o->wanted_check = false;
    if (memcmp(sha256, o->media.sha256, SHA256_BYTES) != 0) {
        cache_judged_bad(c, o, "cache.hash_mismatch");
        return;
    }
    o->judged_mono_us = mono_us;
    if (o->state == CACHE_WHOLE)
        return;
    cache_object_name(&o->media, 'p', from);
    cache_object_name(&o->media, 'm', to);
    e = c->port->flash_rename(c->port->ctx, from, to);
    if (e != ERR_OK) {
        o->state = CACHE_PARTIAL;
        o->have_bytes = (o->size_bytes - 1) / CACHE_PIECE_BYTES * CACHE_PIECE_BYTES;
        cache_flash_failed(c, o, e, mono_us);
        return;
    }
    o->state = CACHE_WHOLE;
    o->used = ++c->use_counter;
    cache_tell(o, loa_MediaResult_MEDIA_RESULT_CACHED);
}

/* Hash some more of the object that is being judged; true when there is more to do. */
bool cache_judge_step(struct cache *c, usec_t mono_us)
{
    struct cache_object *o;
    char name[PORT_NAME_MAX];

    for (size_t i = 0; c->judged == CACHE_NONE && i < CACHE_OBJECTS_MAX; i++)
        if (c->objects[i].state == CACHE_JUDGING ||
            (c->objects[i].state == CACHE_WHOLE && c->objects[i].wanted_check)) {
            c->judged = i;
            c->judged_bytes = 0;
            digest_init(&c->digest);
        }
    if (c->judged == CACHE_NONE)
        return false;
    o = &c->objects[c->judged];
    cache_object_name(&o->media, o->state == CACHE_WHOLE ? 'm' : 'p', name);
    for (size_t done = 0; done < JUDGE_BYTES_A_STEP && c->judged_bytes < o->size_bytes;) {
        uint64_t left = o->size_bytes - c->judged_bytes;
        size_t len = 0;
        enum err e =
            c->port->flash_read(c->port->ctx, name, c->judged_bytes, c->buffer,
                                left < sizeof(c->buffer) ? (size_t)left : sizeof(c->buffer), &len);

        if (e != ERR_OK || len == 0) {
            c->judged = CACHE_NONE;
            o->wanted_check = false;
            cache_judged_bad(c, o, "cache.unreadable");
            return true;
        }
        digest_update(&c->digest, bytes_of(c->buffer, len));
        c->judged_bytes += len;
        done += len;
    }
    if (c->judged_bytes == o->size_bytes)
        judge_end(c, o, mono_us);
    return true;
}
