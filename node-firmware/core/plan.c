#include "plan.h"

#include <string.h>

#include "check.h"
#include "record.h"

#define FLAG_BEGUN 1U
#define FLAG_DONE 2U
#define PREFIX_BYTES 3 /* flags, length of the body */

void plan_init(struct plan *p, const struct node_port *port)
{
    memset(p, 0, sizeof(*p));
    p->port = port;
}

struct plan_entry *plan_find(struct plan *p, uint64_t order_id)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++)
        if (p->entries[i].used && p->entries[i].order_id == order_id)
            return &p->entries[i];
    return NULL;
}

static void fill_item(const loa_OrderItem *from, struct content_item *ret_item)
{
    static const struct media_id none;

    memcpy(ret_item->media.sha256, from->sha256, SHA256_BYTES);
    ret_item->samples = (int64_t)from->duration_ms * 48;
    ret_item->gain_mdb = from->gain_mdb;
    ret_item->silent = memcmp(&ret_item->media, &none, sizeof(none)) == 0;
}

static void lay_out(const loa_OrderBody *body, struct content_layout *ret_layout)
{
    *ret_layout = (struct content_layout){.count = body->items_count,
                                          .repeats = body->repeats > 0 ? body->repeats : 1,
                                          .pause_samples = (int64_t)body->pause_ms * 48};
    for (size_t i = 0; i < body->items_count; i++)
        fill_item(&body->items[i], &ret_layout->items[i]);
}

/* Were there no expiry; a programme without an end of its own, live speech, ends by it. */
static usec_t programme_end_us(const loa_OrderBody *body)
{
    struct content_layout layout;
    usec_t length_us = INT64_MAX;
    int64_t total;

    lay_out(body, &layout);
    total = content_total_samples(&layout);
    if (total / 48 < INT64_MAX / USEC_PER_MSEC)
        length_us = total / 48 * USEC_PER_MSEC;
    if (body->max_duration_ms > 0 && (usec_t)body->max_duration_ms * USEC_PER_MSEC < length_us)
        length_us = (usec_t)body->max_duration_ms * USEC_PER_MSEC;
    return length_us < INT64_MAX - body->start_us ? body->start_us + length_us : body->expires_us;
}

usec_t plan_end_us(const loa_OrderBody *body)
{
    usec_t end_us = programme_end_us(body);

    return end_us < body->expires_us ? end_us : body->expires_us;
}

static void fill(struct plan_entry *e, const loa_OrderBody *body)
{
    e->used = true;
    e->kind = body->kind;
    e->order_id = body->order_id;
    e->broadcast_id = body->broadcast_id;
    e->priority = (enum priority)body->priority;
    e->rank = body->rank;
    e->cuts_equal = body->cuts_equal;
    e->issued_us = body->issued_us;
    e->start_us = body->start_us;
    e->expires_us = body->expires_us;
    e->stream_id = body->stream_id;
    lay_out(body, &e->layout);
    e->live = body->kind == loa_OrderKind_ORDER_KIND_PLAY && body->items_count == 0;
    e->has_fallback = e->live && body->has_fallback && body->fallback.duration_ms > 0;
    if (e->has_fallback)
        fill_item(&body->fallback, &e->fallback);
    e->grace_us = (usec_t)body->grace_ms * USEC_PER_MSEC;
    e->origin_us = body->start_us;
    e->planned_end_us = e->end_us = body->expires_us;
    if (body->kind != loa_OrderKind_ORDER_KIND_PLAY)
        return;
    e->planned_end_us = programme_end_us(body);
    e->end_us = plan_end_us(body);
    if (e->end_us < e->planned_end_us)
        e->end_reason = loa_Reason_REASON_EXPIRED;
}

static struct plan_entry *free_entry(struct plan *p)
{
    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++)
        if (!p->entries[i].used)
            return &p->entries[i];
    return NULL;
}

/* Append one record; NULL memory is impossible, too little is ERR_LIMIT. */
static enum err append(struct plan *p, uint8_t flags, struct bytes body, struct bytes signature,
                       size_t *ret_at, size_t *ret_len)
{
    uint8_t payload[PREFIX_BYTES + 2560 + 80];
    struct writer w, record;

    writer_init(&w, payload, sizeof(payload));
    writer_u8(&w, flags);
    writer_u16(&w, (uint16_t)body.len);
    writer_bytes(&w, body);
    writer_bytes(&w, signature);
    if (w.failed)
        return ERR_LIMIT;
    writer_init(&record, p->bytes + p->bytes_len, sizeof(p->bytes) - p->bytes_len);
    record_write(&record, writer_view(&w));
    if (record.failed)
        return ERR_LIMIT;
    *ret_at = p->bytes_len;
    *ret_len = record.at;
    p->bytes_len += record.at;
    return ERR_OK;
}

enum err plan_add(struct plan *p, struct bytes body, struct bytes signature,
                  const loa_OrderBody *decoded, struct plan_entry **ret_entry)
{
    struct plan_entry *e;
    size_t at, len;
    enum err error;

    if (plan_find(p, decoded->order_id) != NULL)
        return ERR_EXISTS;
    e = free_entry(p);
    if (e == NULL)
        return ERR_LIMIT;
    error = append(p, 0, body, signature, &at, &len);
    if (error != ERR_OK)
        return error;
    *e = (struct plan_entry){.at = at, .len = len};
    fill(e, decoded);
    p->count++;
    p->dirty = true;
    *ret_entry = e;
    return ERR_OK;
}

static bool split(struct bytes payload, uint8_t *ret_flags, struct bytes *ret_body,
                  struct bytes *ret_signature)
{
    struct reader r;
    uint16_t len;

    reader_init(&r, payload);
    *ret_flags = reader_u8(&r);
    len = reader_u16(&r);
    *ret_body = reader_bytes(&r, len);
    *ret_signature = reader_bytes(&r, reader_left(&r));
    return reader_done(&r) && ret_body->len > 0;
}

struct bytes plan_body(const struct plan *p, const struct plan_entry *e)
{
    struct bytes body, signature;
    uint8_t flags;

    if (!split(bytes_of(p->bytes + e->at + RECORD_HEADER_BYTES, e->len - RECORD_HEADER_BYTES),
               &flags, &body, &signature))
        return bytes_of(NULL, 0);
    return body;
}

static bool load_one(struct plan *p, struct bytes payload, size_t at,
                     enum err (*verify)(void *arg, struct bytes body, struct bytes signature),
                     void *arg, loa_OrderBody *scratch)
{
    struct bytes body, signature;
    struct plan_entry *e = free_entry(p);
    uint8_t flags;

    if (e == NULL || !split(payload, &flags, &body, &signature) ||
        verify(arg, body, signature) != ERR_OK || control_decode_order(body, scratch) != ERR_OK ||
        plan_find(p, scratch->order_id) != NULL)
        return false;
    *e = (struct plan_entry){.at = at, .len = payload.len + RECORD_HEADER_BYTES};
    fill(e, scratch);
    e->begun = e->begun_before = (flags & FLAG_BEGUN) != 0;
    e->done = (flags & FLAG_DONE) != 0;
    p->count++;
    return true;
}

/* Close the gaps that damaged or removed records leave. */
static void compact(struct plan *p)
{
    size_t to = 0, from = 0;

    while (from < p->bytes_len) {
        struct plan_entry *next = NULL;

        for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
            struct plan_entry *e = &p->entries[i];

            if (e->used && e->at >= from && (next == NULL || e->at < next->at))
                next = e;
        }
        if (next == NULL)
            break;
        from = next->at + next->len;
        memmove(p->bytes + to, p->bytes + next->at, next->len);
        next->at = to;
        to += next->len;
    }
    p->bytes_len = to;
}

enum err plan_load(struct plan *p,
                   enum err (*verify)(void *arg, struct bytes body, struct bytes signature),
                   void *arg, loa_OrderBody *scratch)
{
    struct reader r;
    size_t len = 0;
    enum err e;

    e = p->port->flash_read(p->port->ctx, PLAN_OBJECT, 0, p->bytes, sizeof(p->bytes), &len);
    if (e != ERR_OK)
        return e;
    p->bytes_len = len;
    reader_init(&r, bytes_of(p->bytes, len));
    for (;;) {
        struct bytes payload;

        e = record_read(&r, &payload);
        if (e == ERR_NOT_FOUND)
            break;
        if (e != ERR_OK ||
            !load_one(p, payload, (size_t)(payload.data - p->bytes) - RECORD_HEADER_BYTES, verify,
                      arg, scratch))
            p->damaged++;
    }
    if (p->damaged > 0) {
        compact(p);
        p->dirty = true;
        return ERR_FORMAT;
    }
    return ERR_OK;
}

void plan_mark(struct plan *p, struct plan_entry *e, bool begun, bool done)
{
    uint8_t *payload = p->bytes + e->at + RECORD_HEADER_BYTES;
    struct writer w;

    if (e->begun == begun && e->done == done)
        return;
    e->begun = begun;
    e->done = done;
    payload[0] = (uint8_t)((begun ? FLAG_BEGUN : 0) | (done ? FLAG_DONE : 0));
    /* Only the check in front of the payload changes with it. */
    writer_init(&w, p->bytes + e->at, RECORD_HEADER_BYTES);
    record_reseal(&w, bytes_of(payload, e->len - RECORD_HEADER_BYTES));
    CHECK(!w.failed);
    p->dirty = true;
}

struct plan_entry *plan_farthest(struct plan *p, usec_t start_us)
{
    struct plan_entry *farthest = NULL;

    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        struct plan_entry *e = &p->entries[i];

        if (e->used && !e->done && !e->begun && !e->tally.started && e->start_us > start_us &&
            (farthest == NULL || e->start_us > farthest->start_us))
            farthest = e;
    }
    return farthest;
}

void plan_remove(struct plan *p, struct plan_entry *e)
{
    e->used = false;
    p->count--;
    compact(p);
    p->dirty = true;
}

enum err plan_flush(struct plan *p)
{
    enum err e;

    if (!p->dirty)
        return ERR_OK;
    e = p->port->flash_replace(p->port->ctx, PLAN_OBJECT, bytes_of(p->bytes, p->bytes_len));
    p->dirty = e != ERR_OK;
    p->write_failed = e != ERR_OK;
    return e;
}

uint32_t plan_open_count(const struct plan *p)
{
    uint32_t n = 0;

    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++)
        n += p->entries[i].used && !p->entries[i].done &&
             p->entries[i].kind == loa_OrderKind_ORDER_KIND_PLAY;
    return n;
}

usec_t plan_next_use_us(const struct plan *p, const struct media_id *media)
{
    usec_t next_us = INT64_MAX;

    for (size_t i = 0; i < PLAN_ENTRIES_MAX; i++) {
        const struct plan_entry *e = &p->entries[i];

        if (!e->used || e->done || e->start_us >= next_us)
            continue;
        for (size_t k = 0; k < e->layout.count; k++)
            if (memcmp(e->layout.items[k].media.sha256, media->sha256, SHA256_BYTES) == 0)
                next_us = e->start_us;
        if (e->has_fallback && memcmp(e->fallback.media.sha256, media->sha256, SHA256_BYTES) == 0)
            next_us = e->start_us;
    }
    return next_us;
}
