/* netcmd.h - what main and the audio thread ask of a shard.
 *
 * One allocation an order, owned by whoever has taken it out of the queue; bundles travel by their own
 * item instead (bundle.h). Thread: made by any, consumed by the shard. */
#ifndef LOA_NETCMD_H
#define LOA_NETCMD_H

#include <stdint.h>

#include "bytes.h"
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
};

struct netcmd {
    struct queue_item item; /* first; its kind is the enum above */
    uint64_t conn;
    struct stream_id stream; /* JOIN, LEAVE */
    size_t at; /* bytes of data already sent */
    size_t len;
    uint8_t data[];
};

static inline struct netcmd *netcmd_of_item(struct queue_item *item)
{
    return (struct netcmd *)(void *)item;
}

#endif
