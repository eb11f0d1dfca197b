/* cache.h - recordings on flash, named by their SHA-256; the node's end of the media dialogue.
 *
 * Whole objects are "m.<hex>", unfinished ones "p.<hex>". One transfer at a time, the earliest needed
 * first; each wanted piece is made durable before the next, and a transfer goes on behind the last
 * durable piece after any interruption. An object becomes "m." only when the SHA-256 of what the flash
 * really holds is right, and is judged again before it is played. Room is made by removing what nobody
 * plans, the longest unused first, then what is needed last; never what is needed within CACHE_KEEP_US
 * or before the newcomer, nor the emergency set. PROTOCOL.md section 6 (media). Never allocates.
 * Thread: the one that calls node_step(). */
#ifndef LOA_CACHE_H
#define LOA_CACHE_H

#include <stdbool.h>

#include "control.h"
#include "digest.h"
#include "err.h"
#include "packet.h"
#include "port.h"
#include "units.h"

#define CACHE_OBJECTS_MAX 1024
#define CACHE_QUOTA_DEFAULT (UINT64_C(256) << 20)
#define CACHE_PIECE_BYTES 65536U
#define CACHE_FRESH_US (15 * USEC_PER_MIN) /* a judgement counts for so long */
#define CACHE_ANSWER_US (10 * USEC_PER_SEC) /* a piece must have moved within this time */
#define CACHE_TRIES_MAX 3
#define CACHE_REST_US USEC_PER_MIN /* after so many failures */
#define CACHE_KEEP_US (48 * USEC_PER_HOUR) /* what is needed within this time stays */
#define CACHE_NOT_NEEDED INT64_MAX

enum cache_state {
    CACHE_FREE = 0, /* the place is not used */
    CACHE_PARTIAL, /* some of it is on flash, or nothing yet */
    CACHE_JUDGING, /* all of it is on flash as "p.", being hashed */
    CACHE_WHOLE,
};

struct cache_object {
    struct media_id media;
    enum cache_state state;
    bool offered; /* the controller can serve it */
    bool kept; /* offered with needed_us = 0: never removed to make room (emergency set) */
    bool wanted_check; /* somebody waits for a judgement */
    bool tell; /* the controller must hear the result below */
    loa_MediaResult result;
    uint64_t size_bytes;
    uint64_t have_bytes; /* durable */
    usec_t needed_us; /* station time of the first planned use */
    uint64_t used; /* order of last use */
    usec_t judged_mono_us; /* INT64_MIN never */
    usec_t rest_until_us; /* local time */
    uint8_t tries;
};

struct cache {
    const struct node_port *port;
    uint64_t quota_bytes;
    usec_t (*needed_in)(void *arg, const struct media_id *media, usec_t offered_us);
    void *needed_in_arg;
    uint64_t use_counter;
    uint32_t damaged; /* whole objects that were not what their name says, or could not be read */
    uint32_t refused; /* objects on flash beyond the places here, or with odd names */
    size_t count; /* places in use, scattered */
    struct cache_object objects[CACHE_OBJECTS_MAX];
    /* the transfer under way */
    size_t transfer_of; /* CACHE_NONE */
    uint32_t transfer; /* number of the last one */
    uint64_t piece_at, piece_end; /* bytes of the piece that was asked for: next and last */
    usec_t moved_us;
    usec_t next_want_us;
    /* the judgement under way */
    size_t judged; /* CACHE_NONE */
    uint64_t judged_bytes;
    struct digest digest;
    uint8_t buffer[CHUNK_DATA_MAX];
};

#define CACHE_NONE SIZE_MAX

/* Find out what the flash holds.
 *
 *   needed_in  how long until the next planned use, us: by an order that uses `media` (NULL: offers only),
 *              or by an offer for the station time offered_us (0 none); CACHE_NOT_NEEDED without one
 *
 * ERR_IO  the flash cannot be listed: the cache is empty, and works as far as the flash lets it */
MUST_USE enum err cache_init(struct cache *c, const struct node_port *port, uint64_t quota_bytes,
                             usec_t (*needed_in)(void *arg, const struct media_id *media,
                                                 usec_t offered_us),
                             void *arg);

/* The controller offers a recording.
 *
 * ERR_FORMAT  size 0; the session must end */
MUST_USE enum err cache_offer(struct cache *c, const loa_MediaOffer *offer);

/* The controller cannot serve it (any more). */
void cache_gone(struct cache *c, const loa_MediaGone *gone);

/* A piece arrived; one of another transfer is passed over. */
void cache_chunk(struct cache *c, const struct chunk *chunk, usec_t mono_us);

/* The session ended: offers are void, the transfer stops where it is. */
void cache_link_down(struct cache *c);

/* Judge, ask for the next piece, report; call often. At most about 256 kB are hashed in one call.
 *
 *   linked   a session is ready
 *   ret_msg  written when true is returned: send it
 *   ret_next_us  local time of the next work, only lowered
 *
 * Returns true when there is a message to send; call again. */
bool cache_step(struct cache *c, usec_t mono_us, bool linked, loa_Msg *ret_msg,
                usec_t *ret_next_us);

/* Is it here and sound? Begins a judgement when the last one is older than CACHE_FRESH_US.
 *
 * ERR_OK         whole and judged
 * ERR_MORE       being judged: ask again
 * ERR_NOT_FOUND  not here, or not whole yet */
MUST_USE enum err cache_ready(struct cache *c, const struct media_id *media, usec_t mono_us);

/* It could not be read when it was played: remove it and have it fetched again. */
void cache_drop(struct cache *c, const struct media_id *media);

/* Something of it lacked when it was played: the last judgement no longer counts. */
void cache_doubt(struct cache *c, const struct media_id *media);

/* Judge it when it is in doubt. */
void cache_check(struct cache *c, const struct media_id *media);

/* Where a whole object lies.
 *
 *   ret_name  PORT_NAME_MAX bytes
 *
 * ERR_NOT_FOUND */
MUST_USE enum err cache_find(struct cache *c, const struct media_id *media, char *ret_name,
                             uint64_t *ret_size_bytes);

/* True when the object is whole. */
bool cache_holds(const struct cache *c, const struct media_id *media);

uint64_t cache_bytes(const struct cache *c);
uint32_t cache_whole_count(const struct cache *c);

#endif
