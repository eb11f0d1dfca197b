/* handshakers.h - threads that shake hands in TLS, so that the shards never wait for it.
 *
 * A full handshake costs milliseconds of processor time, a resumed one hundredths; which of them it is shows only
 * inside. So every flight of a handshake is a job: a shard hands over the link with the bytes that came,
 * a thread feeds them, and the job comes back through the shard's queue. In between the link belongs to
 * the thread. A link keeps to the thread whose configuration it was made with. The queues are bounded by
 * what is in them: one job for each handshake in progress, of which the shards let no more in than they may.
 * What has been begun goes before what is new, and nothing is done for a peer that has gone meanwhile.
 * The threads yield to the rest of the program (nice). Thread: handshakers_* any, but for new and free. */
#ifndef LOA_HANDSHAKERS_H
#define LOA_HANDSHAKERS_H

#include <stdatomic.h>

#include "link.h"
#include "queue.h"

#define HANDSHAKERS_MAX 8

struct handshakers;

/* One flight of one handshake. */
struct handshake_job {
    struct queue_item item; /* first; its way back, of the kind that the shard gave it */
    struct queue *reply; /* the shard's, which takes it back in any case */
    uint64_t conn;
    struct link *link;
    bool begun; /* not the first flight */
    atomic_bool vain; /* the peer has gone: set by the shard, at any time */
    usec_t rx_us; /* station time at which the bytes came */
    enum err result; /* of link_feed(); ERR_CANCELLED: not fed, in vain or too late */
    struct err_detail detail;
    size_t len;
    uint8_t data[];
};

/* Start the threads.
 *
 *   count        1..HANDSHAKERS_MAX
 *   credentials  of LINK_SERVER, copied
 *
 * ERR_FORMAT  credentials; ERR_IO  no thread; ERR_NOMEM */
MUST_USE enum err handshakers_new(unsigned count, const struct link_credentials *credentials,
                                  struct handshakers **ret_handshakers);

/* Give back all jobs undone, from now on. */
void handshakers_stop(struct handshakers *h);

/* Join the threads; every job must have come back. NULL is harmless. */
void handshakers_free(struct handshakers *h);

/* Make a link for thread `number`, 0 and up, any number. Errors as link_new(). */
MUST_USE enum err handshakers_link(struct handshakers *h, uint64_t number, struct link **ret_link);

/* Hand a job over; it comes back soon. */
void handshakers_do(struct handshakers *h, uint64_t number, struct handshake_job *job);

/* Seal and open tickets with these keys from now on. */
void handshakers_set_tickets(struct handshakers *h, const struct ticketring *tickets);

#endif
