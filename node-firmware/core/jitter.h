/* jitter.h - put audio packets back in order and hold them until their presentation time.
 *
 * A ring of JITTER_SLOTS copies by sequence number, with a cursor at the next packet to decode. What
 * was taken stays in its slot until a later packet needs it, so that a reader may step back (the port
 * flushed what was rendered). Never allocates. Thread: the one that calls node_step(). */
#ifndef LOA_JITTER_H
#define LOA_JITTER_H

#include <stdbool.h>

#include "err.h"
#include "packet.h"

#define JITTER_SLOTS 256 /* 5.12 s */

struct jitter_slot {
    bool used;
    uint32_t seq;
    usec_t pts_us;
    uint16_t len;
    uint8_t payload[PACKET_PAYLOAD_MAX];
};

struct jitter {
    bool started; /* a packet was taken in: the numbers below mean something */
    uint32_t cursor; /* sequence number that is next to decode */
    uint32_t newest; /* highest sequence number held */
    uint32_t late, duplicate, ahead; /* refused, by reason */
    struct jitter_slot slots[JITTER_SLOTS];
};

/* Forget all packets; the counts stay. */
void jitter_reset(struct jitter *j);

/* Insert one received packet.
 *
 *   p       borrowed, copied
 *   now_us  station time that is being rendered
 *
 * ERR_STATE   its presentation time is over, or it is too old for the ring; counted in `late`
 * ERR_EXISTS  already held; counted in `duplicate`
 * ERR_LIMIT   more than JITTER_SLOTS in front of the cursor; counted in `ahead`, nothing changed */
MUST_USE enum err jitter_push(struct jitter *j, const struct packet *p, usec_t now_us);

/* First packet at or after the cursor, or NULL. Valid until the next push. */
const struct jitter_slot *jitter_front(const struct jitter *j);

/* Step over the front packet and what is missing before it. */
void jitter_pop(struct jitter *j);

/* Put the cursor on the earliest held packet that has not ended at pts_us. */
void jitter_seek(struct jitter *j, usec_t pts_us);

/* How much audio lies in front of an instant, from the newest packet, us; 0 for none. */
usec_t jitter_ahead_us(const struct jitter *j, usec_t now_us);

#endif
