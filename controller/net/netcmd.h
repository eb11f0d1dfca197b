/* netcmd.h - what main and the audio thread ask of a shard.
 *
 * One allocation an order, also of one to many, owned by whoever has taken it out of the queue; bundles travel by
 * their own item instead (bundle.h). Thread: made by any, consumed by the shard. */
#ifndef LOA_NETCMD_H
#define LOA_NETCMD_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"
#include "queue.h"
#include "units.h"

enum netcmd_kind {
    NETCMD_NONE = 0,
    NETCMD_SEND_CONTROL, /* data: whole frames */
    NETCMD_SEND_MEDIA, /* likewise */
    NETCMD_CLOSE, /* data: a Bye frame, or empty */
    NETCMD_JOIN,
    NETCMD_LEAVE,
    NETCMD_BUNDLE, /* not a netcmd: see bundle_of_item() */
    NETCMD_STOP,
    NETCMD_SHAKEN, /* not a netcmd: a handshake_job comes back (handshakers.h) */
    NETCMD_SEND_MANY, /* not a netcmd: a netcmd_many */
};

struct netcmd {
    struct queue_item item; /* first; its kind is the enum above */
    uint64_t conn;
    struct stream_id stream; /* JOIN, LEAVE */
    size_t at; /* bytes of data already sent */
    size_t len;
    uint8_t data[];
};

/* One control frame for many connections. */
struct netcmd_many {
    struct queue_item item; /* first */
    struct bytes frame; /* kept behind the connections */
    size_t count;
    uint64_t conns[];
};

/* Make one, with a copy of its data; NULL without memory. */
struct netcmd *netcmd_new(enum netcmd_kind kind, uint64_t conn, struct bytes data);

/* Likewise one for those of `conns` that `meant` says; *ret_many is NULL when they are none. ERR_NOMEM */
MUST_USE enum err netcmd_many_new(const uint64_t *conns, size_t count,
                                  bool (*meant)(void *ctx, uint64_t conn), void *ctx,
                                  struct bytes frame, struct netcmd_many **ret_many);

static inline struct netcmd *netcmd_of_item(struct queue_item *item)
{
    return (struct netcmd *)(void *)item;
}

static inline struct netcmd_many *netcmd_many_of_item(struct queue_item *item)
{
    return (struct netcmd_many *)(void *)item;
}

#endif
