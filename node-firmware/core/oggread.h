/* oggread.h - Opus packets out of an Ogg Opus object on flash (RFC 7845), with a small buffer.
 *
 * Reads pages through port->flash_read in pieces of OGGREAD_PIECE; seeks by bisection over the granule
 * positions. Pages are checked by libogg (CRC), packets are put together here, because libogg's own
 * stream layer allocates as it goes; after oggread_init() nothing does. Only mono, one logical stream.
 * Thread: the one that calls node_render(). */
#ifndef LOA_OGGREAD_H
#define LOA_OGGREAD_H

#include <stdbool.h>

#include <ogg/ogg.h>

#include "bytes.h"
#include "err.h"
#include "packet.h"
#include "port.h"

#define OGGREAD_PIECE 4096

struct oggread {
    const struct node_port *port;
    char name[PORT_NAME_MAX];
    uint64_t size_bytes;
    uint64_t read_at; /* next byte to ask the flash for */
    uint64_t data_at; /* first byte after the two headers */
    uint32_t serial;
    uint16_t preskip;
    ogg_sync_state sync;
    ogg_page page; /* inside sync; valid while page_left */
    bool page_open;
    int segment; /* next lacing value of the page */
    long body_at;
    int64_t next_pos; /* of the packet that comes next */
    long next_page; /* number the next page should bear, -1 after a jump */
    bool skip_partial; /* the page begins with the end of a packet whose start was not read */
    uint8_t packet[PACKET_PAYLOAD_MAX];
    size_t packet_len; /* collected so far */
    bool packet_bad; /* too long: skipped */
};

/* Allocate the page buffer once. ERR_NOMEM */
MUST_USE enum err oggread_init(struct oggread *o);
void oggread_deinit(struct oggread *o);

/* Open an object at its first packet.
 *
 *   port  borrowed while the object is read
 *
 * ERR_NOT_FOUND / ERR_IO from the flash; ERR_FORMAT not mono Ogg Opus */
MUST_USE enum err oggread_open(struct oggread *o, const struct node_port *port, const char *name,
                               uint64_t size_bytes);

/* Next packet.
 *
 *   ret_payload  borrowed until the next call
 *   ret_pos      first decoded sample of the packet on the recording's own time, 48 kHz samples;
 *                negative during the decoder's pre-skip
 *   ret_samples  its length
 *
 * ERR_NOT_FOUND  the end; ERR_IO; ERR_FORMAT a damaged page or packet: a call later goes on behind it */
MUST_USE enum err oggread_next(struct oggread *o, struct bytes *ret_payload, int64_t *ret_pos,
                               int32_t *ret_samples);

/* Go to the last packet that starts at or before a position, at most about 64 kB of reading away from
 * it: the caller drops packets until the one it wants.
 *
 * ERR_IO */
MUST_USE enum err oggread_seek(struct oggread *o, int64_t pos);

#endif
