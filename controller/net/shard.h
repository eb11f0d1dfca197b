/* shard.h - one thread of the node link: its loop, its listener, its connections.
 *
 * Obeys a queue (netcmd.h, bundle.h), reports into main's (conn.h: struct conn_post).
 * Thread: shard_* main; the rest happens in the shard's own thread. */
#ifndef LOA_SHARD_H
#define LOA_SHARD_H

#include <stdatomic.h>

#include "conn.h"
#include "net.h"

/* A connection's number: which shard, which slot there, and a count that never comes back. */
#define SHARD_BITS 4
#define SHARD_SLOT_BITS 20

static inline unsigned shard_of_conn(uint64_t conn)
{
    return (unsigned)(conn & ((1U << SHARD_BITS) - 1));
}

static inline uint32_t shard_slot_of_conn(uint64_t conn)
{
    return (uint32_t)(conn >> SHARD_BITS) & ((1U << SHARD_SLOT_BITS) - 1);
}

struct shard_config {
    unsigned number; /* 0..NET_SHARDS_MAX-1 */
    int listen_fd; /* the shard's from shard_new() on, also when it fails */
    struct handshakers *handshakers; /* borrowed */
    struct net_limits limits;
    const struct stime *stime; /* borrowed */
    struct queue *events; /* borrowed */
    _Atomic uint32_t *open_total; /* connections of all shards, borrowed */
};

struct shard;

/* Make a shard; nothing is accepted before shard_start(). ERR_NOMEM / ERR_IO. */
MUST_USE enum err shard_new(const struct shard_config *config, struct shard **ret_shard);

/* ERR_IO  no thread */
MUST_USE enum err shard_start(struct shard *s);

/* Ask it to say Bye and end. */
void shard_stop(struct shard *s);

/* Wait for its end and free it; stops it if nobody has. NULL is harmless. */
void shard_free(struct shard *s);

/* Hand over an order; it is the shard's on ERR_OK, else still the caller's. ERR_BUSY: it is behind.
 *
 *   must  beyond the bound too */
MUST_USE enum err shard_order(struct shard *s, struct queue_item *order, bool must);

const struct tally *shard_tally(const struct shard *s);

#endif
