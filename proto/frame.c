#include "frame.h"

#include <stdbool.h>
#include <stdlib.h>
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
    *r = (struct frame_reader){0};
}

void frame_reader_deinit(struct frame_reader *r)
{
    free(r->payload);
    frame_reader_init(r);
}

static size_t payload_len(const uint8_t *header)
{
    return (size_t)header[0] << 8 | header[1];
}

static enum err check_header(const uint8_t *header)
{
    unsigned type = header[2];

    if (!type_is_known(type) || header[3] != 0)
        return ERR_FORMAT;
    if (payload_len(header) < bounds_of_type[type].min)
        return ERR_FORMAT;
    if (payload_len(header) > bounds_of_type[type].max)
        return ERR_LIMIT;
    return ERR_OK;
}

static struct bytes take(struct bytes *input, size_t most)
{
    struct bytes taken = bytes_of(input->data, input->len < most ? input->len : most);

    *input = bytes_of(input->data + taken.len, input->len - taken.len);
    return taken;
}

/* Copy from the input until `want` bytes are at `to`, of which `have` are. */
static bool fill(struct frame_reader *r, uint8_t *to, size_t have, size_t want, struct bytes *input)
{
    struct bytes more = take(input, want - have);

    if (more.len > 0)
        memcpy(to + have, more.data, more.len);
    r->have += more.len;
    return have + more.len == want;
}

static struct frame frame_of(const uint8_t *header, const uint8_t *payload)
{
    return (struct frame){(enum frame_type)header[2], bytes_of(payload, payload_len(header))};
}

static enum err read_whole(struct bytes *input, struct frame *ret_frame)
{
    enum err e = input->len >= FRAME_HEADER_BYTES ? check_header(input->data) : ERR_MORE;
    struct bytes whole;

    if (e == ERR_OK && input->len < FRAME_HEADER_BYTES + payload_len(input->data))
        e = ERR_MORE;
    if (e != ERR_OK)
        return e;
    whole = take(input, FRAME_HEADER_BYTES + payload_len(input->data));
    *ret_frame = frame_of(whole.data, whole.data + FRAME_HEADER_BYTES);
    return ERR_OK;
}

static enum err read_pieces(struct frame_reader *r, struct bytes *input, struct frame *ret_frame)
{
    enum err e;

    if (r->have < FRAME_HEADER_BYTES && !fill(r, r->header, r->have, FRAME_HEADER_BYTES, input))
        return ERR_MORE;
    if (r->payload == NULL) {
        e = check_header(r->header);
        if (e != ERR_OK)
            return e;
        r->payload = malloc(payload_len(r->header));
        if (r->payload == NULL)
            return ERR_NOMEM;
    }
    if (!fill(r, r->payload, r->have - FRAME_HEADER_BYTES, payload_len(r->header), input))
        return ERR_MORE;
    *ret_frame = frame_of(r->header, r->payload);
    return ERR_OK;
}

enum err frame_read(struct frame_reader *r, struct bytes *input, struct frame *ret_frame)
{
    enum err e = ERR_MORE;

    if (r->broken)
        return ERR_FORMAT;
    if (r->payload != NULL && r->have == FRAME_HEADER_BYTES + payload_len(r->header))
        frame_reader_deinit(r); /* it was handed out */
    if (r->have == 0)
        e = read_whole(input, ret_frame);
    if (e == ERR_MORE)
        e = read_pieces(r, input, ret_frame);
    r->broken = e != ERR_OK && e != ERR_MORE;
    return e;
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
