#include <string.h>

#include "cache_impl.h"

#define WANT_PACE_US 15000 /* the controller counts messages */

void cache_stop_transfer(struct cache *c)
{
    c->transfer_of = CACHE_NONE;
}

/* The transfer did not go on: later again, and much later after several times. */
static void failed(struct cache *c, struct cache_object *o, usec_t mono_us)
{
    cache_stop_transfer(c);
    if (++o->tries >= CACHE_TRIES_MAX) {
        o->tries = 0;
        o->rest_until_us = mono_us + CACHE_REST_US;
    }
}

void cache_flash_failed(struct cache *c, struct cache_object *o, enum err e, usec_t mono_us)
{
    cache_tell(o, e == ERR_LIMIT ? loa_MediaResult_MEDIA_RESULT_NO_SPACE
                                 : loa_MediaResult_MEDIA_RESULT_IO_ERROR);
    cache_stop_transfer(c);
    o->tries = 0;
    o->rest_until_us = mono_us + CACHE_REST_US;
}

void cache_chunk(struct cache *c, const struct chunk *chunk, usec_t mono_us)
{
    struct cache_object *o;
    char name[PORT_NAME_MAX];
    enum err e;

    if (c->transfer_of == CACHE_NONE || chunk->transfer != c->transfer)
        return;
    o = &c->objects[c->transfer_of];
    if (chunk->offset != c->piece_at || chunk->data.len > c->piece_end - c->piece_at) {
        failed(c, o, mono_us);
        return;
    }
    cache_object_name(&o->media, 'p', name);
    e = c->port->flash_write(c->port->ctx, name, c->piece_at, chunk->data);
    c->piece_at += chunk->data.len;
    c->moved_us = mono_us;
    if (e == ERR_OK && c->piece_at == c->piece_end) {
        e = c->port->flash_sync(c->port->ctx, name);
        if (e == ERR_OK) {
            o->have_bytes = c->piece_end;
            o->tries = 0;
            if (o->have_bytes == o->size_bytes)
                o->state = CACHE_JUDGING;
            cache_stop_transfer(c);
        }
    }
    if (e != ERR_OK)
        cache_flash_failed(c, o, e, mono_us);
}

/* The unfinished object that is needed first; those of the emergency set before all. */
static struct cache_object *most_wanted(struct cache *c, usec_t mono_us, usec_t *ret_next_us)
{
    struct cache_object *best = NULL;

    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++) {
        struct cache_object *o = &c->objects[i];

        if (o->state != CACHE_PARTIAL || !o->offered)
            continue;
        if (o->rest_until_us > mono_us) {
            if (o->rest_until_us < *ret_next_us)
                *ret_next_us = o->rest_until_us;
            continue;
        }
        if (best == NULL || o->needed_us < best->needed_us)
            best = o;
    }
    return best;
}

static bool ask_piece(struct cache *c, usec_t mono_us, loa_Msg *ret_msg, usec_t *ret_next_us)
{
    struct cache_object *o = most_wanted(c, mono_us, ret_next_us);
    uint64_t length;

    if (o == NULL)
        return false;
    if (!cache_make_room(c, o, o->size_bytes - o->have_bytes)) {
        cache_tell(o, loa_MediaResult_MEDIA_RESULT_NO_SPACE);
        o->rest_until_us = mono_us + CACHE_REST_US;
        return false;
    }
    length = o->size_bytes - o->have_bytes;
    if (length > CACHE_PIECE_BYTES)
        length = CACHE_PIECE_BYTES;
    c->transfer_of = (size_t)(o - c->objects);
    c->transfer++;
    c->piece_at = o->have_bytes;
    c->piece_end = o->have_bytes + length;
    c->moved_us = mono_us;
    c->next_want_us = mono_us + WANT_PACE_US;
    *ret_msg = (loa_Msg){.which_body = loa_Msg_media_want_tag};
    memcpy(ret_msg->body.media_want.sha256, o->media.sha256, SHA256_BYTES);
    ret_msg->body.media_want.offset = o->have_bytes;
    ret_msg->body.media_want.length = (uint32_t)length;
    ret_msg->body.media_want.transfer = c->transfer;
    return true;
}

static void lower(usec_t *next_us, usec_t to_us)
{
    if (to_us < *next_us)
        *next_us = to_us;
}

bool cache_transfer_step(struct cache *c, usec_t mono_us, loa_Msg *ret_msg, usec_t *ret_next_us)
{
    if (c->transfer_of != CACHE_NONE) {
        if (mono_us - c->moved_us < CACHE_ANSWER_US) {
            lower(ret_next_us, c->moved_us + CACHE_ANSWER_US);
            return false;
        }
        failed(c, &c->objects[c->transfer_of], mono_us);
    }
    if (mono_us < c->next_want_us) {
        lower(ret_next_us, c->next_want_us);
        return false;
    }
    return ask_piece(c, mono_us, ret_msg, ret_next_us);
}
