#include "bundle.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "check.h"
#include "frame.h"
#include "packet.h"

struct bundle_link {
    struct queue_item item; /* first, so that it leads back here */
    struct bundle *bundle;
};

struct bundle {
    atomic_uint refs;
    struct stream_id stream;
    usec_t pts_us;
    usec_t length_us;
    usec_t end_us;
    bool last;
    struct bundle_link links[BUNDLE_SHARDS_MAX];
    size_t len;
    uint8_t frame[];
};

enum err bundle_new(struct bytes payload, struct bundle **ret_bundle)
{
    struct bundle_reader r;
    struct bundle *b;
    struct writer w;

    if (bundle_open(&r, payload) != ERR_OK)
        return ERR_FORMAT;
    b = calloc(1, sizeof(*b) + FRAME_HEADER_BYTES + payload.len);
    if (b == NULL)
        return ERR_NOMEM;
    atomic_init(&b->refs, 1);
    b->stream = r.stream;
    b->pts_us = r.pts_us;
    b->last = r.last;
    b->length_us = r.count * PACKET_US;
    b->end_us = r.last ? INT64_MAX : r.pts_us + b->length_us;
    b->len = FRAME_HEADER_BYTES + payload.len;
    writer_init(&w, b->frame, b->len);
    CHECK(frame_write(&w, FRAME_BUNDLE, payload) == ERR_OK);
    for (size_t i = 0; i < BUNDLE_SHARDS_MAX; i++) {
        b->links[i].bundle = b;
        b->links[i].item.cost_bytes = b->len;
    }
    *ret_bundle = b;
    return ERR_OK;
}

struct bundle *bundle_ref(struct bundle *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void bundle_unref(struct bundle *b)
{
    if (b != NULL && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
        free(b);
}

struct stream_id bundle_stream(const struct bundle *b)
{
    return b->stream;
}

usec_t bundle_pts_us(const struct bundle *b)
{
    return b->pts_us;
}

usec_t bundle_length_us(const struct bundle *b)
{
    return b->length_us;
}

usec_t bundle_end_us(const struct bundle *b)
{
    return b->end_us;
}

bool bundle_is_last(const struct bundle *b)
{
    return b->last;
}

struct bytes bundle_frame(const struct bundle *b)
{
    return bytes_of(b->frame, b->len);
}

struct queue_item *bundle_item(struct bundle *b, unsigned shard)
{
    CHECK(shard < BUNDLE_SHARDS_MAX);
    return &b->links[shard].item;
}

struct bundle *bundle_of_item(struct queue_item *item)
{
    return ((struct bundle_link *)(void *)item)->bundle;
}
