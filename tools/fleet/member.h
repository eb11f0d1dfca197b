/* member.h - one client of the node link: connects, joins, keeps time, answers, listens, reports.
 *
 * It says on the wire what a node says, but plays nothing: it notes when sound arrives. What it learns goes
 * to the fleet's counts. Thread: the loop's. */
#ifndef LOA_MEMBER_H
#define LOA_MEMBER_H

#include <uv.h>

#include "control.h"
#include "fleet_count.h"
#include "fleet_options.h"
#include "frame.h"
#include "joincode.h"
#include "link.h"
#include "tsync.h"

struct OpusDecoder;

#define MEMBER_AIRS 4 /* broadcasts that a member follows at a time */

enum member_state {
    MEMBER_OFF = 0, /* waits for start_us */
    MEMBER_CONNECTING,
    MEMBER_HANDSHAKE,
    MEMBER_JOINING, /* sent its request */
    MEMBER_HELLO, /* waits for Welcome */
    MEMBER_READY,
    MEMBER_REFUSED, /* for good */
};

/* One broadcast that it was ordered to play. */
struct air {
    uint64_t order_id; /* 0: free */
    uint64_t broadcast_id;
    uint32_t stream;
    usec_t start_us; /* station time */
    usec_t end_us;
    bool cached;
    bool asked; /* for the stream */
    bool heard; /* a bundle came */
    bool done; /* receipt sent, not acknowledged */
    uint32_t next_seq;
    uint32_t packets;
    uint32_t lost;
    usec_t first_us; /* presentation time of the first packet that came */
};

struct wire; /* one connection (member.c) */

struct member {
    const struct fleet_options *options;
    struct fleet_count *count;
    uv_loop_t *loop;
    const struct sockaddr *address;
    unsigned index;
    enum member_state state;
    struct node_id node; /* 0: has not joined yet */
    struct joincode code;
    bool has_code;
    struct cert_key *key; /* while joining */
    struct link_config *config; /* of the session; keeps the ticket */
    struct link_config *join_config;
    struct wire *wire;
    struct link *link;
    struct frame_reader frames;
    usec_t start_us; /* monotonic: when to connect next */
    usec_t tried_us; /* when this connection began */
    usec_t dark_us; /* since when it is not audible; 0: it is */
    unsigned attempts;
    usec_t resume_read_us; /* stalled or slow until then; 0 reads */
    usec_t next_trouble_us;
    struct tsync tsync;
    unsigned burst_left;
    usec_t next_burst_us;
    usec_t burst_interval_us;
    usec_t heard_us; /* when anything last came */
    usec_t next_status_us;
    usec_t status_interval_us;
    usec_t spread_us; /* within which to come back, as the controller wishes */
    double skew; /* of its clock, as a factor beyond 1 */
    usec_t origin_us; /* instant at which its clock is right */
    uint64_t random;
    struct air airs[MEMBER_AIRS];
    struct OpusDecoder *decoder; /* NULL: does not decode */
    bool stalls, flaps, slow, wrong_version;
};

/* Begin to connect as soon as start_us has come and it may; called by the tick. */
void member_tick(struct member *m, usec_t now_us, bool may_dial);

/* Vanish without a word, and come back at `start_us`. */
void member_drop(struct member *m, usec_t start_us);

/* End in good order. */
void member_free(struct member *m);

/* Its own clock at a monotonic instant. */
usec_t member_clock(const struct member *m, usec_t now_us);

/* Send one control message. Errors as link_write(). */
MUST_USE enum err member_send(struct member *m, const loa_Msg *msg);

/* member_air.c: orders, streams and receipts. `now_us` is monotonic. */
MUST_USE enum err member_air_order(struct member *m, const loa_Order *order, usec_t now_us);
MUST_USE enum err member_air_bundle(struct member *m, struct bytes payload, usec_t now_us);
void member_air_acked(struct member *m, uint64_t receipt_id);
MUST_USE enum err member_air_tick(struct member *m, usec_t now_us);

/* The link is new: streams and receipts have to be asked for and sent again. */
void member_air_link_up(struct member *m);

#endif
