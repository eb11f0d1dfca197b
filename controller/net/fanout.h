/* fanout.h - which connections of one shard have which streams, and what is out but has not sounded yet.
 *
 * A bundle goes to its members in slices, spread over most of its own length, so that thousands of nodes make no
 * burst and whatever else the shard has to do comes in between. The newest bundles of each stream are kept until
 * their time has passed, so that a node that joins late gets them at once and enters in progress. A stream is forgotten when nobody has joined and nothing is
 * kept, and FANOUT_END_US after its end. Thread: the shard's. */
#ifndef LOA_FANOUT_H
#define LOA_FANOUT_H

#include "bundle.h"
#include "conn.h"

#define FANOUT_STREAMS_MAX 64
#define FANOUT_RECENT_MAX SENDQ_BUNDLES_MAX
#define FANOUT_END_US (2 * USEC_PER_SEC)
#define FANOUT_SLICE 128 /* connections served in one go: one or two milliseconds */
#define FANOUT_SPREAD_PERCENT 75 /* of a bundle's length */

struct fanout_stream {
    struct stream_id id;
    struct bundle *recent[FANOUT_RECENT_MAX]; /* ring, oldest first */
    unsigned first;
    unsigned count;
    unsigned waiting; /* of the newest: not sent to all yet; the oldest of them is on its round */
    usec_t round_us; /* when that round began */
    struct conn **members; /* owned array; those before `served` have what is on its round */
    size_t served;
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

/* Take what all who joined are to have, and keep it for those who will; takes its own reference.
 *
 * ERR_LIMIT  as fanout_join(), or FANOUT_RECENT_MAX wait already; nobody gets it
 * ERR_NOMEM  as fanout_join() */
MUST_USE enum err fanout_bundle(struct fanout *f, struct bundle *b, usec_t now_us);

/* Send the slices that are due. Returns the instant of the next one, which may have passed; INT64_MAX: none. */
usec_t fanout_step(struct fanout *f, usec_t now_us);

/* Forget what has passed. */
void fanout_tick(struct fanout *f, usec_t now_us);

#endif
