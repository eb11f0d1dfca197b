/* oggpages.h - Opus packets to the pages of an Ogg stream (RFC 7845), for files and for listeners.
 *
 * Mono, 20 ms packets. Thread: any, one object per thread. */
#ifndef LOA_OGGPAGES_H
#define LOA_OGGPAGES_H

#include <stdbool.h>

#include "bytes.h"
#include "err.h"

struct oggpages;

struct oggpages_config {
    uint32_t serial; /* of the logical stream */
    uint16_t preskip_samples; /* decoder delay to drop, at 48 kHz */
    unsigned page_packets; /* at most in one page, 1.. */
    /* Takes a piece of the stream, borrowed; what it returns ends the call that made the piece. */
    enum err (*write)(void *ctx, struct bytes piece, struct err_detail *detail);
    void *ctx;
};

/* Begin a stream: its two header pages are written.
 *
 * ERR_NOMEM; otherwise as write() */
MUST_USE enum err oggpages_new(const struct oggpages_config *config, struct oggpages **ret_pages,
                               struct err_detail *detail);
void oggpages_free(struct oggpages *p); /* NULL is fine */

/* Append one packet of 20 ms.
 *
 *   payload  borrowed
 *   granule  position of its last sample that sounds, pre-skip included
 *   last     the stream ends with it
 *
 * ERR_NOMEM; otherwise as write() */
MUST_USE enum err oggpages_add(struct oggpages *p, struct bytes payload, int64_t granule, bool last,
                               struct err_detail *detail);

#endif
