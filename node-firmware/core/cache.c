#include "cache_impl.h"

#include <string.h>

#include "log.h"

void cache_object_name(const struct media_id *media, char kind, char *ret_name)
{
    ret_name[0] = kind;
    ret_name[1] = '.';
    bytes_to_hex(bytes_of(media->sha256, SHA256_BYTES), ret_name + 2);
}

static struct cache_object *find(struct cache *c, const uint8_t sha256[SHA256_BYTES])
{
    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++)
        if (c->objects[i].state != CACHE_FREE &&
            memcmp(c->objects[i].media.sha256, sha256, SHA256_BYTES) == 0)
            return &c->objects[i];
    return NULL;
}

static struct cache_object *add(struct cache *c, const uint8_t sha256[SHA256_BYTES])
{
    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++) {
        struct cache_object *o = &c->objects[i];

        if (o->state != CACHE_FREE)
            continue;
        *o = (struct cache_object){.state = CACHE_PARTIAL, .judged_mono_us = CACHE_NEVER};
        memcpy(o->media.sha256, sha256, SHA256_BYTES);
        o->used = ++c->use_counter;
        c->count++;
        return o;
    }
    return NULL;
}

static void list_one(void *arg, const char *name, uint64_t size_bytes)
{
    struct cache *c = arg;
    uint8_t sha256[SHA256_BYTES];
    struct cache_object *o;

    if (strlen(name) != 2 + 2 * SHA256_BYTES ||
        bytes_from_hex(name + 2, sha256, SHA256_BYTES) != ERR_OK) {
        c->refused++;
        return;
    }
    o = find(c, sha256);
    if (o == NULL)
        o = add(c, sha256);
    if (o == NULL) {
        c->refused++;
        return;
    }
    if (name[0] == 'm') {
        o->state = CACHE_WHOLE;
        o->size_bytes = o->have_bytes = size_bytes;
    } else if (o->state != CACHE_WHOLE) {
        /* The last piece may have been written without having been made durable. */
        o->have_bytes =
            size_bytes == 0 ? 0 : (size_bytes - 1) / CACHE_PIECE_BYTES * CACHE_PIECE_BYTES;
    }
}

enum err cache_init(struct cache *c, const struct node_port *port, uint64_t quota_bytes,
                    usec_t (*needed_in)(void *arg, const struct media_id *media, usec_t offered_us),
                    void *arg)
{
    enum err e;

    *c = (struct cache){.port = port,
                        .quota_bytes = quota_bytes > 0 ? quota_bytes : CACHE_QUOTA_DEFAULT,
                        .needed_in = needed_in,
                        .needed_in_arg = arg,
                        .transfer_of = CACHE_NONE,
                        .judged = CACHE_NONE};
    e = port->flash_list(port->ctx, "m.", list_one, c);
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = port->flash_list(port->ctx, "p.", list_one, c);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

void cache_tell(struct cache_object *o, loa_MediaResult result)
{
    o->result = result;
    o->tell = true;
}

void cache_forget(struct cache *c, struct cache_object *o)
{
    char name[PORT_NAME_MAX];

    cache_object_name(&o->media, o->state == CACHE_WHOLE ? 'm' : 'p', name);
    if (c->port->flash_remove(c->port->ctx, name) == ERR_IO)
        c->port->log(c->port->ctx, LOG_WARN, "cache.remove_failed", name);
    if (c->judged == (size_t)(o - c->objects))
        c->judged = CACHE_NONE;
    o->have_bytes = 0;
    if (o->offered || o->tell) {
        o->state = CACHE_PARTIAL;
        o->judged_mono_us = CACHE_NEVER;
    } else {
        o->state = CACHE_FREE;
        c->count--;
    }
}

enum err cache_offer(struct cache *c, const loa_MediaOffer *offer)
{
    struct cache_object *o = find(c, offer->sha256);

    if (offer->size_bytes == 0)
        return ERR_FORMAT;
    if (o == NULL)
        o = add(c, offer->sha256);
    if (o == NULL)
        return ERR_OK;
    o->kept = offer->needed_us == 0 || (o->kept && o->offered);
    /* Several broadcasts of one recording: the next of them counts. */
    if (!o->offered || c->needed_in(c->needed_in_arg, NULL, offer->needed_us) <
                           c->needed_in(c->needed_in_arg, NULL, o->needed_us))
        o->needed_us = offer->needed_us;
    o->offered = true;
    if (o->state == CACHE_WHOLE) {
        cache_tell(o, loa_MediaResult_MEDIA_RESULT_CACHED);
        return ERR_OK;
    }
    if (offer->size_bytes > UINT32_MAX) {
        o->offered = false;
        cache_tell(o, loa_MediaResult_MEDIA_RESULT_REFUSED);
        return ERR_OK;
    }
    if (o->state == CACHE_PARTIAL) {
        /* More than all of it cannot be the beginning of it. */
        if (o->have_bytes >= offer->size_bytes)
            cache_forget(c, o);
        o->size_bytes = offer->size_bytes;
    }
    o->tries = 0;
    o->rest_until_us = CACHE_NEVER;
    return ERR_OK;
}

void cache_gone(struct cache *c, const loa_MediaGone *gone)
{
    struct cache_object *o = find(c, gone->sha256);

    if (o == NULL)
        return;
    o->offered = false;
    if (c->transfer_of == (size_t)(o - c->objects))
        cache_stop_transfer(c);
}

void cache_link_down(struct cache *c)
{
    cache_stop_transfer(c);
    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++) {
        c->objects[i].offered = false;
        c->objects[i].tell = false;
        c->objects[i].kept = false; /* said anew, before all other offers */
    }
}

uint64_t cache_bytes(const struct cache *c)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++)
        sum += c->objects[i].state != CACHE_FREE ? c->objects[i].have_bytes : 0;
    return sum;
}

uint32_t cache_whole_count(const struct cache *c)
{
    uint32_t n = 0;

    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++)
        n += c->objects[i].state == CACHE_WHOLE;
    return n;
}

static bool report(struct cache *c, loa_Msg *ret_msg)
{
    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++) {
        struct cache_object *o = &c->objects[i];

        if (o->state == CACHE_FREE || !o->tell)
            continue;
        o->tell = false;
        *ret_msg = (loa_Msg){.which_body = loa_Msg_media_state_tag};
        memcpy(ret_msg->body.media_state.sha256, o->media.sha256, SHA256_BYTES);
        ret_msg->body.media_state.result = o->result;
        return true;
    }
    return false;
}

bool cache_step(struct cache *c, usec_t mono_us, bool linked, loa_Msg *ret_msg, usec_t *ret_next_us)
{
    if (cache_judge_step(c, mono_us) && mono_us < *ret_next_us)
        *ret_next_us = mono_us;
    if (!linked)
        return false;
    return report(c, ret_msg) || cache_transfer_step(c, mono_us, ret_msg, ret_next_us);
}

enum err cache_ready(struct cache *c, const struct media_id *media, usec_t mono_us)
{
    struct cache_object *o = find(c, media->sha256);

    if (o == NULL || o->state != CACHE_WHOLE)
        return ERR_NOT_FOUND;
    o->used = ++c->use_counter;
    if (o->judged_mono_us != CACHE_NEVER && mono_us - o->judged_mono_us < CACHE_FRESH_US)
        return ERR_OK;
    o->wanted_check = true;
    return ERR_MORE;
}

void cache_drop(struct cache *c, const struct media_id *media)
{
    struct cache_object *o = find(c, media->sha256);

    if (o != NULL && o->state == CACHE_WHOLE)
        cache_judged_bad(c, o, "cache.unreadable");
}

void cache_doubt(struct cache *c, const struct media_id *media)
{
    struct cache_object *o = find(c, media->sha256);

    if (o != NULL)
        o->judged_mono_us = CACHE_NEVER;
}

void cache_check(struct cache *c, const struct media_id *media)
{
    struct cache_object *o = find(c, media->sha256);

    if (o != NULL && o->judged_mono_us == CACHE_NEVER)
        o->wanted_check = true;
}

enum err cache_find(struct cache *c, const struct media_id *media, char *ret_name,
                    uint64_t *ret_size_bytes)
{
    struct cache_object *o = find(c, media->sha256);

    if (o == NULL || o->state != CACHE_WHOLE)
        return ERR_NOT_FOUND;
    cache_object_name(&o->media, 'm', ret_name);
    *ret_size_bytes = o->size_bytes;
    return ERR_OK;
}

bool cache_holds(const struct cache *c, const struct media_id *media)
{
    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++)
        if (c->objects[i].state == CACHE_WHOLE &&
            memcmp(c->objects[i].media.sha256, media->sha256, SHA256_BYTES) == 0)
            return true;
    return false;
}
