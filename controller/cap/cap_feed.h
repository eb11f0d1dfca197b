/* cap_feed.h - the messages that an Atom (RFC 4287) or RSS 2.0 feed names.
 *
 * Thread: any. */
#ifndef LOA_CAP_FEED_H
#define LOA_CAP_FEED_H

#include "bytes.h"
#include "err.h"
#include "units.h"

#define CAP_FEED_ENTRIES_MAX 100
#define CAP_FEED_LINK_SIZE 1024

struct cap_feed_entry {
    char link[CAP_FEED_LINK_SIZE]; /* address of the message, as the feed has it */
    uint8_t key[SHA256_BYTES]; /* changes when the feed says that the message changed */
};

/* Read a feed. Of an entry with several links the one of type application/cap+xml counts, else the first that
 * is no link to the feed itself; entries without one are left out.
 *
 *   ret_entries  CAP_FEED_ENTRIES_MAX places; further entries are left out
 *
 * ERR_FORMAT  neither Atom nor RSS, or XML that cap_xml_read() refuses */
MUST_USE enum err cap_feed_read(struct bytes data, struct cap_feed_entry *ret_entries,
                                size_t *ret_count);

#endif
