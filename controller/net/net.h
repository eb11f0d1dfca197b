/* net.h - the controller's end of the node link: a listener and its threads, seen from the main thread.
 *
 * S shard threads, each with its own loop and its own SO_REUSEPORT listener, do TLS, framing, session
 * rules, clock answers and fan-out; handshakes are done by threads of their own (handshakers.h). Main hears of them in batches on its own loop and speaks to them
 * through bounded queues; nothing here blocks. A connection is a number that is never reused: one that
 * is gone is ERR_NOT_FOUND and disturbs nobody. What a shard has not yet reported may still be sent to;
 * it is dropped there and CLOSED follows.
 * Thread: main (the one that runs `loop`), except net_bundle(). */
#ifndef LOA_NET_H
#define LOA_NET_H

#include <uv.h>

#include "bundle.h"
#include "handshakers.h"
#include "netevent.h"
#include "stime.h"

#define NET_SHARDS_MAX BUNDLE_SHARDS_MAX
#define NET_HANDSHAKERS_MAX HANDSHAKERS_MAX
#define NET_SEND_MAX (96 * 1024) /* bytes of one net_send() */

struct net_limits {
    uint32_t connections; /* in all, 1..100,000; further ones are closed at once */
    uint32_t handshakes; /* in progress in one shard, 1..4,096; further ones wait in the backlog */
    uint32_t
        waiting; /* accepted in one shard, without a place and so without a link; further ones are closed at once */
    uint32_t
        enrolments; /* open in one shard, 1..256; further ones keep their place among the handshakes until they have one */
    /* The same by one source (netsource.h), 1 or more; further ones wait for a place, those of others do
     * not. Sessions are not limited by source: a whole commune may come through one address of a carrier. */
    uint32_t handshakes_of_one;
    uint32_t enrolments_of_one;
    uint32_t handshake_ms; /* until a handshake, and later an enrolment, must be done */
};

/* 25,000 connections; 768 handshakes, 512 of one source; 4,096 that wait; 256 enrolments, 192 of one source; 10 s. Waiting costs
 * some kilobytes and no processor time, so also some thousand nodes behind one address come in as fast as handshakes are
 * done, and none is closed on the way. */
struct net_limits net_limits_default(void);

struct net_config {
    const char *address; /* numeric IPv4 or IPv6; "::" takes IPv4 too */
    uint16_t port; /* 0: any free one, see net_port() */
    unsigned shards; /* 1..NET_SHARDS_MAX */
    unsigned handshakers; /* threads for handshakes, 1..NET_HANDSHAKERS_MAX */
    struct link_credentials credentials; /* of the controller; copied */
    const struct stime *stime; /* borrowed until net_free() */
    struct net_limits limits;
    void (*on_event)(void *ctx, const struct net_event *event); /* must not call net_free() */
    void (*on_turn)(void *ctx); /* after each batch of them, 256 at most; NULL: nothing; likewise */
    void *ctx;
};

enum net_class {
    NET_CONTROL = 0, /* goes before audio */
    NET_MEDIA, /* goes after audio: CHUNK frames */
};

struct net;

/* Listen and start the threads.
 *
 * ERR_ARG     a number of config is out of range
 * ERR_FORMAT  address or credentials; detail says which
 * ERR_EXISTS  somebody else listens on this port
 * ERR_IO / ERR_NOMEM */
MUST_USE enum err net_new(uv_loop_t *loop, const struct net_config *config, struct net **ret_net,
                          struct err_detail *detail);

/* Say Bye SHUTDOWN to every node, wait up to 1 s for it to go out, join the threads. No event is delivered
 * any more. The loop must run on until its handles are closed. NULL is harmless. */
void net_free(struct net *n);

uint16_t net_port(const struct net *n);

/* Seal and open session tickets with these keys from now on; copied. Before it: those of the credentials. */
void net_set_tickets(struct net *n, const struct ticketring *tickets);

/* Send whole frames.
 *
 *   frames  copied; 4..NET_SEND_MAX bytes
 *
 * ERR_NOT_FOUND  no such connection, or net_close() was called
 * ERR_ARG        not whole frames
 * ERR_BUSY       its shard is behind; nothing was queued
 * A connection that does not take what is queued for it is closed (NET_REASON_TOO_SLOW). */
MUST_USE enum err net_send(struct net *n, uint64_t conn, struct bytes frames, enum net_class cls);

/* Encode one message and send it as NET_CONTROL. ERR_FORMAT, ERR_LIMIT as control_encode(). */
MUST_USE enum err net_send_message(struct net *n, uint64_t conn, const loa_Msg *msg);

/* Likewise one message to many, encoded once, to one after the other; what is asked for later goes out later, too.
 *
 *   conns  copied; those that are gone are left out
 *
 * ERR_BUSY / ERR_NOMEM  not to those of one shard at least */
MUST_USE enum err net_send_many(struct net *n, const uint64_t *conns, size_t count,
                                const loa_Msg *msg);

/* Send what is queued as NET_CONTROL, then Bye, then close, all within 1 s. CLOSED follows.
 *
 *   bye  copied; NULL for none
 *
 * ERR_NOT_FOUND  no such connection, or already being closed */
MUST_USE enum err net_close(struct net *n, uint64_t conn, const loa_Bye *bye);

/* Let a connection have the bundles of a stream, those first that are out and not yet stale.
 * Joining twice is harmless; at most 8 streams a connection, then the oldest join ends.
 *
 * ERR_NOT_FOUND / ERR_BUSY as net_send() */
MUST_USE enum err net_stream_join(struct net *n, uint64_t conn, struct stream_id stream);
MUST_USE enum err net_stream_leave(struct net *n, uint64_t conn, struct stream_id stream);

/* Fan one bundle out to those who joined its stream. Never allocates; a lock is held for the push only.
 * Thread: any, while the net exists.
 *
 *   b  the net takes its own references; hand each bundle over once
 *
 * ERR_BUSY  at least one shard is behind and did not get it; counted as dropped */
MUST_USE enum err net_bundle(struct net *n, struct bundle *b);

/* Present value, summed over the shards. */
uint64_t net_count(const struct net *n, enum net_counter counter);

#endif
