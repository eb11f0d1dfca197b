/* packet.h - what BUNDLE and CHUNK frames carry: Opus packets with presentation times, pieces of files.
 *
 * PROTOCOL.md section 4. All packets of a stream are 20 ms of Opus at 48 kHz mono and follow one
 * another, so a bundle states the number and presentation time of its first packet only. Encoders and
 * decoders work in the caller's memory and never allocate. Thread: any. */
#ifndef LOA_PACKET_H
#define LOA_PACKET_H

#include "bytes.h"
#include "err.h"
#include "units.h"

#define PACKET_PAYLOAD_MAX 1275 /* RFC 6716 section 3.4, R2 */
#define BUNDLE_PACKETS_MAX 50 /* one second */
#define BUNDLE_HEADER_BYTES 18
#define CHUNK_HEADER_BYTES 8
#define CHUNK_DATA_MAX 8192

/* One Opus packet of a stream, payload borrowed. */
struct packet {
    struct stream_id stream;
    uint32_t seq; /* 0, 1, 2 ... from the first packet of the stream; wraps */
    usec_t pts_us; /* station time at which its first decoded sample sounds */
    struct bytes payload; /* 1..PACKET_PAYLOAD_MAX bytes */
};

/* Builds the payload of one BUNDLE frame in the caller's memory. */
struct bundle_writer {
    struct writer w;
    struct packet first;
    uint8_t count;
};

/* Walks the payload of one BUNDLE frame. */
struct bundle_reader {
    struct reader r;
    struct stream_id stream;
    uint32_t seq;
    usec_t pts_us;
    uint8_t count; /* packets in the bundle, 0..BUNDLE_PACKETS_MAX */
    uint8_t at;
    bool last; /* the stream ends with this bundle */
};

/* Start a bundle.
 *
 *   memory  at least BUNDLE_HEADER_BYTES; FRAME_PAYLOAD_MAX suffices for any bundle that fits a frame */
void bundle_begin(struct bundle_writer *b, void *memory, size_t size);

/* Append a packet; it must follow the one before (same stream, next seq, pts + 20 ms).
 *
 * ERR_ARG    does not follow, or payload out of range; bundle unchanged
 * ERR_LIMIT  BUNDLE_PACKETS_MAX reached or memory full; bundle unchanged: finish it, begin another */
MUST_USE enum err bundle_add(struct bundle_writer *b, const struct packet *p);

/* Finish; the view is borrowed from the writer's memory. With `last` the receiver expects no more of
 * this stream. A bundle without packets is allowed only with `last`; `end` then names stream, next seq
 * and presentation time of the end, and may be NULL otherwise.
 *
 * ERR_STATE  no packets and not last */
MUST_USE enum err bundle_finish(struct bundle_writer *b, bool last, const struct packet *end,
                                struct bytes *ret_payload);

/* Check the whole payload, then start walking it.
 *
 *   payload  borrowed as long as the reader is used
 *
 * ERR_FORMAT  header, counts or lengths do not fit the bytes exactly; nothing to read */
MUST_USE enum err bundle_open(struct bundle_reader *b, struct bytes payload);

/* Next packet, payload borrowed.
 *
 * ERR_NOT_FOUND  all were read */
MUST_USE enum err bundle_next(struct bundle_reader *b, struct packet *ret_packet);

/* A piece of a media file in answer to MediaWant. */
struct chunk {
    uint32_t transfer; /* as the node chose it */
    uint32_t offset; /* of the first byte in the file */
    struct bytes data; /* 1..CHUNK_DATA_MAX bytes, borrowed */
};

/* ERR_LIMIT  data too long or w too small */
MUST_USE enum err chunk_write(struct writer *w, const struct chunk *c);

/* ERR_FORMAT  too short, empty or too long */
MUST_USE enum err chunk_read(struct bytes payload, struct chunk *ret_chunk);

#endif
