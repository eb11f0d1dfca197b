#include "frame.h"

#include <stdbool.h>
#include <string.h>

#include "control.h"
#include "packet.h"
#include "tsync.h"

struct bounds {
    size_t min;
    size_t max;
};

static const struct bounds bounds_of_type[] = {
    [FRAME_CONTROL] = {1, CONTROL_BYTES_MAX},
    [FRAME_BUNDLE] = {BUNDLE_HEADER_BYTES, FRAME_PAYLOAD_MAX},
    [FRAME_CHUNK] = {CHUNK_HEADER_BYTES + 1, CHUNK_HEADER_BYTES + CHUNK_DATA_MAX},
    [FRAME_TIME_REQUEST] = {TSYNC_REQUEST_BYTES, TSYNC_REQUEST_BYTES},
    [FRAME_TIME_REPLY] = {TSYNC_REPLY_BYTES, TSYNC_REPLY_BYTES},
};

static bool type_is_known(unsigned type)
{
    return type >= FRAME_CONTROL && type < sizeof(bounds_of_type) / sizeof(bounds_of_type[0]);
}

void frame_reader_init(struct frame_reader *r)
{
    r->have = 0;
    r->broken = false;
}

static size_t payload_len(const struct frame_reader *r)
{
    return (size_t)r->data[0] << 8 | r->data[1];
}

static enum err check_header(const struct frame_reader *r)
{
    unsigned type = r->data[2];

    if (!type_is_known(type) || r->data[3] != 0)
        return ERR_FORMAT;
    if (payload_len(r) < bounds_of_type[type].min)
        return ERR_FORMAT;
    if (payload_len(r) > bounds_of_type[type].max)
        return ERR_LIMIT;
    return ERR_OK;
}

/* Copy from the input until `want` bytes of the frame are there. */
static bool fill(struct frame_reader *r, struct bytes *input, size_t want)
{
    size_t n = want - r->have < input->len ? want - r->have : input->len;

    if (n > 0) {
        memcpy(r->data + r->have, input->data, n);
        *input = bytes_of(input->data + n, input->len - n);
    }
    r->have += n;
    return r->have == want;
}

enum err frame_read(struct frame_reader *r, struct bytes *input, struct frame *ret_frame)
{
    enum err e;

    if (r->broken)
        return ERR_FORMAT;
    if (r->have < FRAME_HEADER_BYTES) {
        if (!fill(r, input, FRAME_HEADER_BYTES))
            return ERR_MORE;
        e = check_header(r);
        if (e != ERR_OK) {
            r->broken = true;
            return e;
        }
    }
    if (!fill(r, input, FRAME_HEADER_BYTES + payload_len(r)))
        return ERR_MORE;
    ret_frame->type = (enum frame_type)r->data[2];
    ret_frame->payload = bytes_of(r->data + FRAME_HEADER_BYTES, payload_len(r));
    r->have = 0;
    return ERR_OK;
}

enum err frame_write(struct writer *w, enum frame_type type, struct bytes payload)
{
    if (!type_is_known(type) || payload.len > bounds_of_type[type].max) {
        w->failed = true;
        return ERR_LIMIT;
    }
    writer_u16(w, (uint16_t)payload.len);
    writer_u8(w, (uint8_t)type);
    writer_u8(w, 0);
    writer_bytes(w, payload);
    return w->failed ? ERR_LIMIT : ERR_OK;
}
