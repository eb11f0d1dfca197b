/* source.h - where the packets of a stream come from: stored media now; live speech and relays later.
 *
 * A source hands out 20 ms Opus packets in order, each with its place on the stream's timeline. Only
 * the audio thread calls next_packet(); it must not allocate, lock, log or touch a file. Everything
 * else is called by the owner, before the engine has it and after the engine gave it back. */
#ifndef LOA_SOURCE_H
#define LOA_SOURCE_H

#include "bytes.h"
#include "err.h"
#include "units.h"

struct source_packet {
    uint32_t seq; /* its number on the timeline; grows by 1, also over what was skipped */
    usec_t pts_us; /* station time of its first decoded sample */
    struct bytes payload; /* 1..PACKET_PAYLOAD_MAX, borrowed until the next call on this source */
};

struct source;

struct source_ops {
    /* Hand out the next packet that ends after from_us and starts at until_us or before. What ends
     * earlier is skipped for good.
     *
     *   ret_packet  on ERR_MORE and ERR_NOT_FOUND nothing is written
     *
     * ERR_MORE       not yet
     * ERR_NOT_FOUND  the source has ended */
    enum err (*next_packet)(struct source *s, usec_t from_us, usec_t until_us,
                            struct source_packet *ret_packet);

    /* Where the timeline stands: seq and pts_us of what comes next, or of the end. No payload. */
    struct source_packet (*position)(const struct source *s);

    void (*free)(struct source *s);
};

/* First member of every source. */
struct source {
    const struct source_ops *ops;
};

#endif
