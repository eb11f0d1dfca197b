/* frame.h - the framing of the node link: length, type, payload.
 *
 * PROTOCOL.md section 3. A frame is 4 bytes of header and at most FRAME_PAYLOAD_MAX bytes, so that it
 * fits one TLS record. The reader takes the stream in pieces of any size and hands out whole frames;
 * what a type may carry at most is checked on the header, before the payload arrives.
 * A frame that comes whole is not copied; memory is taken only for one that comes in pieces. Thread: the owner's. */
#ifndef LOA_FRAME_H
#define LOA_FRAME_H

#include "bytes.h"
#include "err.h"

#define FRAME_HEADER_BYTES 4
#define FRAME_PAYLOAD_MAX 16380
#define FRAME_BYTES_MAX (FRAME_HEADER_BYTES + FRAME_PAYLOAD_MAX)

enum frame_type {
    FRAME_NONE = 0,
    FRAME_CONTROL = 1, /* one loa.Msg, up to 4,096 bytes */
    FRAME_BUNDLE = 2, /* audio packets, up to FRAME_PAYLOAD_MAX (packet.h) */
    FRAME_CHUNK = 3, /* a piece of a media file, up to 8 + 8,192 bytes (packet.h) */
    FRAME_TIME_REQUEST = 4, /* exactly 8 bytes (tsync.h) */
    FRAME_TIME_REPLY = 5, /* exactly 24 bytes */
};

/* One frame, borrowed until the next call that takes the reader, from it or from the input. */
struct frame {
    enum frame_type type;
    struct bytes payload;
};

struct frame_reader {
    uint8_t header[FRAME_HEADER_BYTES]; /* of a frame that comes in pieces */
    uint8_t *payload; /* its own, once the header is there; owned */
    size_t have; /* of both */
    bool broken; /* a header was bad, or memory lacked: the session must end */
};

void frame_reader_init(struct frame_reader *r);

/* Give back what it holds, and be as it was after frame_reader_init(). Accepts zeroed. */
void frame_reader_deinit(struct frame_reader *r);

/* Take as many bytes from the front of *input as the current frame still lacks.
 *
 *   input      borrowed; advanced past what was taken, so call again while ERR_OK
 *   ret_frame  written on ERR_OK; valid until the next call, as long as what the input points to
 *
 * ERR_MORE    all of the input was taken and the frame is not complete yet
 * ERR_FORMAT  unknown type or non-zero reserved byte; the reader stays broken
 * ERR_LIMIT   longer than its type allows; the reader stays broken
 * ERR_NOMEM   for a frame in pieces; the reader stays broken */
MUST_USE enum err frame_read(struct frame_reader *r, struct bytes *input, struct frame *ret_frame);

/* Write header and payload.
 *
 *   w  receives FRAME_HEADER_BYTES + payload.len bytes
 *
 * ERR_LIMIT  payload longer than the type allows, or w too small; w is then failed */
MUST_USE enum err frame_write(struct writer *w, enum frame_type type, struct bytes payload);

#endif
