#include "packet.h"

#define BUNDLE_LAST 0x01 /* flag bit; the others must be 0 */
#define COUNT_OFFSET 16
#define FLAGS_OFFSET 17

static void write_header(struct bundle_writer *b, const struct packet *first)
{
    b->first = *first;
    writer_u32(&b->w, first->stream.v);
    writer_u32(&b->w, first->seq);
    writer_i64(&b->w, first->pts_us);
    writer_u8(&b->w, 0);
    writer_u8(&b->w, 0);
}

void bundle_begin(struct bundle_writer *b, void *memory, size_t size)
{
    *b = (struct bundle_writer){0};
    writer_init(&b->w, memory, size);
}

static bool follows(const struct bundle_writer *b, const struct packet *p)
{
    return p->stream.v == b->first.stream.v && p->seq == b->first.seq + b->count &&
           p->pts_us == b->first.pts_us + b->count * PACKET_US;
}

enum err bundle_add(struct bundle_writer *b, const struct packet *p)
{
    size_t header = b->w.at == 0 ? BUNDLE_HEADER_BYTES : 0;

    if (p->payload.len < 1 || p->payload.len > PACKET_PAYLOAD_MAX || p->stream.v == 0)
        return ERR_ARG;
    if (b->count > 0 && !follows(b, p))
        return ERR_ARG;
    if (b->count >= BUNDLE_PACKETS_MAX || b->w.size - b->w.at < header + 2 + p->payload.len)
        return ERR_LIMIT;
    if (b->w.at == 0)
        write_header(b, p);
    writer_u16(&b->w, (uint16_t)p->payload.len);
    writer_bytes(&b->w, p->payload);
    b->count++;
    return ERR_OK;
}

enum err bundle_finish(struct bundle_writer *b, bool last, const struct packet *end,
                       struct bytes *ret_payload)
{
    if (b->count == 0) {
        if (!last || end == NULL || b->w.size < BUNDLE_HEADER_BYTES)
            return ERR_STATE;
        write_header(b, end);
    }
    b->w.data[COUNT_OFFSET] = b->count;
    b->w.data[FLAGS_OFFSET] = last ? BUNDLE_LAST : 0;
    *ret_payload = writer_view(&b->w);
    return ERR_OK;
}

static struct bytes next_payload(struct reader *r)
{
    size_t len = reader_u16(r);

    if (len < 1 || len > PACKET_PAYLOAD_MAX)
        r->failed = true;
    return reader_bytes(r, len);
}

enum err bundle_open(struct bundle_reader *b, struct bytes payload)
{
    struct bundle_reader out = {0};
    struct reader all;
    uint8_t flags;

    reader_init(&all, payload);
    out.stream.v = reader_u32(&all);
    out.seq = reader_u32(&all);
    out.pts_us = reader_i64(&all);
    out.count = reader_u8(&all);
    flags = reader_u8(&all);
    out.last = (flags & BUNDLE_LAST) != 0;
    out.r = all;
    if (out.count > BUNDLE_PACKETS_MAX || (flags & ~BUNDLE_LAST) != 0 || out.stream.v == 0)
        return ERR_FORMAT;
    if (out.count == 0 && !out.last)
        return ERR_FORMAT;
    for (int i = 0; i < out.count; i++)
        next_payload(&all);
    if (!reader_done(&all))
        return ERR_FORMAT;
    *b = out;
    return ERR_OK;
}

enum err bundle_next(struct bundle_reader *b, struct packet *ret_packet)
{
    if (b->at >= b->count)
        return ERR_NOT_FOUND;
    ret_packet->stream = b->stream;
    ret_packet->seq = b->seq + b->at;
    ret_packet->pts_us = b->pts_us + b->at * PACKET_US;
    ret_packet->payload = next_payload(&b->r);
    b->at++;
    return ERR_OK;
}

enum err chunk_write(struct writer *w, const struct chunk *c)
{
    if (c->data.len < 1 || c->data.len > CHUNK_DATA_MAX)
        return ERR_LIMIT;
    writer_u32(w, c->transfer);
    writer_u32(w, c->offset);
    writer_bytes(w, c->data);
    return w->failed ? ERR_LIMIT : ERR_OK;
}

enum err chunk_read(struct bytes payload, struct chunk *ret_chunk)
{
    struct reader r;
    struct chunk c;

    reader_init(&r, payload);
    c.transfer = reader_u32(&r);
    c.offset = reader_u32(&r);
    if (r.failed || reader_left(&r) < 1 || reader_left(&r) > CHUNK_DATA_MAX)
        return ERR_FORMAT;
    c.data = reader_bytes(&r, reader_left(&r));
    *ret_chunk = c;
    return ERR_OK;
}
