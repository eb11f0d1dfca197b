/* fanout.h - which connections of one shard have which streams, and what is out but has not sounded yet.
 *
 * The newest bundles of each stream are kept until their time has passed, so that a node that joins late
 * gets them at once and enters in progress. A stream is forgotten when nobody has joined and nothing is
 * kept, and FANOUT_END_US after its end. Thread: the shard's. */
#ifndef LOA_FANOUT_H
#define LOA_FANOUT_H

#include "bundle.h"
#include "conn.h"

#define FANOUT_STREAMS_MAX 64
#define FANOUT_RECENT_MAX SENDQ_BUNDLES_MAX
#define FANOUT_END_US (2 * USEC_PER_SEC)

struct fanout_stream {
    struct stream_id id;
    struct bundle *recent[FANOUT_RECENT_MAX]; /* ring, oldest first */
    unsigned first;
    unsigned count;
    struct conn **members; /* owned array */
    size_t member_count;
    size_t member_size;
};

struct fanout {
    struct fanout_stream *streams[FANOUT_STREAMS_MAX];
    size_t stream_count;
};

void fanout_deinit(struct fanout *f); /* accepts zeroed */

/* Let a connection have a stream, what is kept of it first. Joining twice is harmless; with
 * CONN_STREAMS_MAX joined the oldest join ends.
 *
 * ERR_LIMIT  FANOUT_STREAMS_MAX streams known
 * ERR_NOMEM */
MUST_USE enum err fanout_join(struct fanout *f, struct conn *c, struct stream_id stream,
                              usec_t now_us);
void fanout_leave(struct fanout *f, struct conn *c, struct stream_id stream);
void fanout_leave_all(struct fanout *f, struct conn *c);

/* Send to all who joined, and keep for those who will; takes its own references.
 *
 * ERR_LIMIT / ERR_NOMEM  as fanout_join(); nobody got it */
MUST_USE enum err fanout_bundle(struct fanout *f, struct bundle *b, usec_t now_us);

/* Forget what has passed. */
void fanout_tick(struct fanout *f, usec_t now_us);

#endif
