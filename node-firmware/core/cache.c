#include "cache.h"

#include <string.h>

#include "log.h"

#define JUDGE_BYTES_A_STEP (256 * 1024)
#define WANT_PACE_US 15000 /* the controller counts messages */
#define NEVER INT64_MIN

static void object_name(const struct media_id *media, char kind, char *ret_name)
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
        *o = (struct cache_object){.state = CACHE_PARTIAL, .judged_mono_us = NEVER};
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
                    bool (*planned)(void *arg, const struct media_id *media, usec_t needed_us),
                    void *arg)
{
    enum err e;

    *c = (struct cache){.port = port,
                        .quota_bytes = quota_bytes > 0 ? quota_bytes : CACHE_QUOTA_DEFAULT,
                        .planned = planned,
                        .planned_arg = arg,
                        .transfer_of = CACHE_NONE,
                        .judged = CACHE_NONE};
    e = port->flash_list(port->ctx, "m.", list_one, c);
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = port->flash_list(port->ctx, "p.", list_one, c);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void tell(struct cache_object *o, loa_MediaResult result)
{
    o->result = result;
    o->tell = true;
}

static void forget(struct cache *c, struct cache_object *o)
{
    char name[PORT_NAME_MAX];

    object_name(&o->media, o->state == CACHE_WHOLE ? 'm' : 'p', name);
    if (c->port->flash_remove(c->port->ctx, name) == ERR_IO)
        c->port->log(c->port->ctx, LOG_WARN, "cache.remove_failed", name);
    if (c->judged == (size_t)(o - c->objects))
        c->judged = CACHE_NONE;
    o->have_bytes = 0;
    if (o->offered || o->tell) {
        o->state = CACHE_PARTIAL;
        o->judged_mono_us = NEVER;
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
    o->kept = offer->needed_us == 0;
    o->needed_us = offer->needed_us;
    o->offered = true;
    if (o->state == CACHE_WHOLE) {
        tell(o, loa_MediaResult_MEDIA_RESULT_CACHED);
        return ERR_OK;
    }
    if (offer->size_bytes > UINT32_MAX) {
        o->offered = false;
        tell(o, loa_MediaResult_MEDIA_RESULT_REFUSED);
        return ERR_OK;
    }
    if (o->state == CACHE_PARTIAL) {
        /* More than all of it cannot be the beginning of it. */
        if (o->have_bytes >= offer->size_bytes)
            forget(c, o);
        o->size_bytes = offer->size_bytes;
    }
    o->tries = 0;
    o->rest_until_us = NEVER;
    return ERR_OK;
}

static void stop_transfer(struct cache *c)
{
    c->transfer_of = CACHE_NONE;
}

void cache_gone(struct cache *c, const loa_MediaGone *gone)
{
    struct cache_object *o = find(c, gone->sha256);

    if (o == NULL)
        return;
    o->offered = false;
    if (c->transfer_of == (size_t)(o - c->objects))
        stop_transfer(c);
}

void cache_link_down(struct cache *c)
{
    stop_transfer(c);
    for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++) {
        c->objects[i].offered = false;
        c->objects[i].tell = false;
    }
}

/* The transfer did not go on: later again, and much later after several times. */
static void failed(struct cache *c, struct cache_object *o, usec_t mono_us)
{
    stop_transfer(c);
    if (++o->tries >= CACHE_TRIES_MAX) {
        o->tries = 0;
        o->rest_until_us = mono_us + CACHE_REST_US;
    }
}

static void flash_failed(struct cache *c, struct cache_object *o, enum err e, usec_t mono_us)
{
    tell(o, e == ERR_LIMIT ? loa_MediaResult_MEDIA_RESULT_NO_SPACE
                           : loa_MediaResult_MEDIA_RESULT_IO_ERROR);
    stop_transfer(c);
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
    object_name(&o->media, 'p', name);
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
            stop_transfer(c);
        }
    }
    if (e != ERR_OK)
        flash_failed(c, o, e, mono_us);
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

/* Remove what was needed least recently until `bytes` more fit. */
static bool make_room(struct cache *c, const struct cache_object *keep, uint64_t bytes)
{
    for (;;) {
        struct cache_object *oldest = NULL;

        if (bytes <= c->quota_bytes && cache_bytes(c) <= c->quota_bytes - bytes &&
            c->port->flash_free_bytes(c->port->ctx) >= bytes)
            return true;
        for (size_t i = 0; i < CACHE_OBJECTS_MAX; i++) {
            struct cache_object *o = &c->objects[i];

            if (o->state == CACHE_FREE || o == keep || o->have_bytes == 0 || o->kept ||
                (o->offered && o->state != CACHE_WHOLE) || i == c->transfer_of ||
                c->planned(c->planned_arg, &o->media, o->needed_us))
                continue;
            if (oldest == NULL || o->used < oldest->used)
                oldest = o;
        }
        if (oldest == NULL)
            return false;
        /* Not asked for again in this session: two would push each other out for ever. */
        oldest->offered = oldest->tell = false;
        forget(c, oldest);
    }
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
    if (!make_room(c, o, o->size_bytes - o->have_bytes)) {
        tell(o, loa_MediaResult_MEDIA_RESULT_NO_SPACE);
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

static void judged_bad(struct cache *c, struct cache_object *o, const char *event)
{
    char name[PORT_NAME_MAX];

    object_name(&o->media, 'm', name);
    c->port->log(c->port->ctx, LOG_WARN, event, name);
    tell(o, loa_MediaResult_MEDIA_RESULT_HASH_MISMATCH);
    forget(c, o);
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
        judged_bad(c, o, "cache.hash_mismatch");
        return;
    }
    o->judged_mono_us = mono_us;
    if (o->state == CACHE_WHOLE)
        return;
    object_name(&o->media, 'p', from);
    object_name(&o->media, 'm', to);
    e = c->port->flash_rename(c->port->ctx, from, to);
    if (e != ERR_OK) {
        o->state = CACHE_PARTIAL;
        o->have_bytes = (o->size_bytes - 1) / CACHE_PIECE_BYTES * CACHE_PIECE_BYTES;
        flash_failed(c, o, e, mono_us);
        return;
    }
    o->state = CACHE_WHOLE;
    o->used = ++c->use_counter;
    tell(o, loa_MediaResult_MEDIA_RESULT_CACHED);
}

/* Hash some more of the object that is being judged; true when there is more to do. */
static bool judge(struct cache *c, usec_t mono_us)
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
    object_name(&o->media, o->state == CACHE_WHOLE ? 'm' : 'p', name);
    for (size_t done = 0; done < JUDGE_BYTES_A_STEP && c->judged_bytes < o->size_bytes;) {
        uint64_t left = o->size_bytes - c->judged_bytes;
        size_t len = 0;
        enum err e =
            c->port->flash_read(c->port->ctx, name, c->judged_bytes, c->buffer,
                                left < sizeof(c->buffer) ? (size_t)left : sizeof(c->buffer), &len);

        if (e != ERR_OK || len == 0) {
            c->judged = CACHE_NONE;
            o->wanted_check = false;
            judged_bad(c, o, "cache.unreadable");
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

static void lower(usec_t *next_us, usec_t to_us)
{
    if (to_us < *next_us)
        *next_us = to_us;
}

bool cache_step(struct cache *c, usec_t mono_us, bool linked, loa_Msg *ret_msg, usec_t *ret_next_us)
{
    if (judge(c, mono_us))
        lower(ret_next_us, mono_us);
    if (!linked)
        return false;
    if (report(c, ret_msg))
        return true;
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

enum err cache_ready(struct cache *c, const struct media_id *media, usec_t mono_us)
{
    struct cache_object *o = find(c, media->sha256);

    if (o == NULL || o->state != CACHE_WHOLE)
        return ERR_NOT_FOUND;
    o->used = ++c->use_counter;
    if (o->judged_mono_us != NEVER && mono_us - o->judged_mono_us < CACHE_FRESH_US)
        return ERR_OK;
    o->wanted_check = true;
    return ERR_MORE;
}

void cache_drop(struct cache *c, const struct media_id *media)
{
    struct cache_object *o = find(c, media->sha256);

    if (o != NULL && o->state == CACHE_WHOLE)
        judged_bad(c, o, "cache.unreadable");
}

void cache_doubt(struct cache *c, const struct media_id *media)
{
    struct cache_object *o = find(c, media->sha256);

    if (o != NULL)
        o->judged_mono_us = NEVER;
}

void cache_check(struct cache *c, const struct media_id *media)
{
    struct cache_object *o = find(c, media->sha256);

    if (o != NULL && o->judged_mono_us == NEVER)
        o->wanted_check = true;
}

enum err cache_find(struct cache *c, const struct media_id *media, char *ret_name,
                    uint64_t *ret_size_bytes)
{
    struct cache_object *o = find(c, media->sha256);

    if (o == NULL || o->state != CACHE_WHOLE)
        return ERR_NOT_FOUND;
    object_name(&o->media, 'm', ret_name);
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
