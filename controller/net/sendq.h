/* sendq.h - what waits to be sent on one connection, and what goes first.
 *
 * Control before bundles before media. Each class is bounded: control and media refuse what does not fit
 * (the connection is then closed), bundles drop the oldest, and those whose time has passed are skipped.
 * Frames are handed out whole, one at a time, so that a later one of a higher class overtakes at the next
 * frame border. Pure. Thread: the shard's. */
#ifndef LOA_SENDQ_H
#define LOA_SENDQ_H

#include "bundle.h"
#include "netcmd.h"

#define SENDQ_CONTROL_MAX (256 * 1024) /* bytes */
#define SENDQ_MEDIA_MAX (256 * 1024)
#define SENDQ_BUNDLES_MAX 64

struct sendq_list {
    struct queue_item *head;
    struct queue_item **tail;
    size_t bytes;
};

enum sendq_class {
    SENDQ_NONE = 0,
    SENDQ_CONTROL,
    SENDQ_BUNDLE,
    SENDQ_MEDIA,
};

struct sendq {
    struct sendq_list control;
    struct sendq_list media;
    struct bundle *bundles[SENDQ_BUNDLES_MAX]; /* ring */
    unsigned bundle_first;
    unsigned bundle_count;
    enum sendq_class front; /* what sendq_peek() showed */
    size_t front_bytes;
};

void sendq_init(struct sendq *q);
void sendq_deinit(struct sendq *q);

/* Append frames of NETCMD_SEND_CONTROL or _MEDIA, or the Bye of NETCMD_CLOSE, which always fits.
 *
 *   cmd  taken over on ERR_OK; its data are whole frames, at = 0
 *
 * ERR_LIMIT  the class is full; cmd stays the caller's */
MUST_USE enum err sendq_put(struct sendq *q, struct netcmd *cmd);

/* Append a bundle, taking a reference. Returns how many older ones were dropped for it: 0 or 1. */
unsigned sendq_put_bundle(struct sendq *q, struct bundle *b);

/* True when nothing waits. */
bool sendq_is_empty(const struct sendq *q);

/* Show the frame to send next.
 *
 *   now_us       station time; bundles that end at or before it are dropped
 *   ret_frame    borrowed until sendq_pop()
 *   ret_dropped  bundles dropped by this call; always written
 *
 * Returns SENDQ_NONE when nothing waits. */
enum sendq_class sendq_peek(struct sendq *q, usec_t now_us, struct bytes *ret_frame,
                            unsigned *ret_dropped);

/* Remove what the last sendq_peek() showed. */
void sendq_pop(struct sendq *q);

/* Forget bundles and media: the connection is being closed. Returns the number of bundles. */
unsigned sendq_drop_audio(struct sendq *q);

#endif
