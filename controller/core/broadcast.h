/* broadcast.h - one occurrence while and after it is on air: who must sound it, who did.
 *
 * A broadcast is planned from an occurrence, ordered to its nodes as they are reachable, goes on air at
 * start_us, ends, and closes when each target has a receipt or a reason why there is none.
 * Pure: decisions take time as an argument and come out as actions; the caller stores and sends.
 * Thread: main. */
#ifndef LOA_BROADCAST_H
#define LOA_BROADCAST_H

#include <stdbool.h>
#include <stddef.h>

#include "bulletin.h"
#include "control.h"
#include "err.h"
#include "units.h"

#define BROADCAST_RECEIPT_GRACE_US \
    (30 * USEC_PER_SEC) /* after the end, for receipts of connected nodes */
#define BROADCAST_ORDER_RETRY_US (3 * USEC_PER_SEC)
#define BROADCAST_FULL_RETRY_US (10 * USEC_PER_MIN) /* a full node may have room again */
#define BROADCAST_GRACE_US (10 * USEC_PER_SEC) /* that a live source may be lost */
#define BROADCAST_SOURCE_SIZE BULLETIN_SOURCE_SIZE

enum broadcast_state {
    BROADCAST_PLANNED = 0,
    BROADCAST_ON_AIR,
    BROADCAST_ENDED, /* over; receipts may still come */
    BROADCAST_CLOSED, /* each target accounted for */
    BROADCAST_CANCELLED, /* before or during play; becomes CLOSED like the others, cancelled_us stays */
    BROADCAST_MISSED, /* no order was ever sent, the station was down meanwhile; final */
};

enum target_state {
    TARGET_WAITING =
        0, /* no order out: not connected yet, or the node has no room (verdict FULL) */
    TARGET_ORDERED, /* order sent, no answer */
    TARGET_ACCEPTED,
    TARGET_REFUSED, /* verdict says why */
    TARGET_RECEIPT, /* receipt says what happened */
    TARGET_SILENT, /* closed without a receipt: never reached, or reached and nothing heard since */
};

struct broadcast_target {
    struct node_id node;
    enum target_state state;
    struct order_id order;
    usec_t ordered_us; /* last sent, or tried in vain; 0 never, or due at once */
    loa_Verdict verdict;
    bool has_receipt;
    loa_Receipt receipt;
    char note[120]; /* for people when there is no receipt; in English */
    struct order_id stop; /* the STOP order, 0 none yet */
    usec_t stop_us; /* when it was last sent, 0 due at once */
    bool stop_answered;
    bool withdrawn; /* no longer meant since it was planned: it gets a STOP of its own */
};

/* Where sound comes from that is made while it is on air. */
struct broadcast_live {
    char source
        [BROADCAST_SOURCE_SIZE]; /* "stream", "microphone", or an address; "" = stored media only */
    bool has_fallback;
    struct part fallback; /* sounds when the source is lost */
    bool has_recording;
    struct media_id recording; /* of what went on air */
};

struct broadcast {
    struct broadcast_id id;
    struct event_id event; /* 0: started by hand */
    struct bulletin_id bulletin;
    char title[BULLETIN_TITLE_SIZE];
    enum priority priority;
    enum broadcast_state state;
    usec_t start_us;
    usec_t
        occurrence_us; /* where its event has it, 0: as start_us; it may have waited for another one */
    usec_t expires_us; /* nothing of it sounds from then on; 0: from the end of the last play on */
    usec_t cancelled_us; /* 0: it was not */
    uint32_t duration_ms; /* of one play */
    uint32_t repeats; /* plays in all, 1..10 */
    uint32_t pause_ms; /* between two plays */
    uint32_t rank; /* operator's order within the level (priority.h) */
    bool cuts_equal;
    struct stream_id stream;
    char variant[LANGUAGES_TEXT_SIZE]; /* of its bulletin (variant.h) */
    size_t media_count;
    struct part media[BULLETIN_PARTS_MAX];
    struct broadcast_live live;
    size_t target_count;
    struct broadcast_target *targets; /* owned, in order of node */
    size_t next_target; /* of broadcast_step(); not stored */
};

/* "planned", "on_air", ...; NULL outside the set. */
const char *broadcast_state_name(enum broadcast_state s);
const char *target_state_name(enum target_state s);
const char *broadcast_verdict_name(loa_Verdict v); /* "quiet_hours"; "none" outside the set */

/* End of the last play, us; a pause follows each play but the last. */
usec_t broadcast_end_us(const struct broadcast *b);

/* Does its sound come while it is on air? */
bool broadcast_is_live(const struct broadcast *b);

/* Which of its parts is a relay or live; media_count: none. What comes before and after it is part of the same stream. */
size_t broadcast_live_part(const struct broadcast *b);

/* When nothing of it sounds any more: the end of the last play or expires_us, whichever is first. */
usec_t broadcast_over_us(const struct broadcast *b);

/* Allocate the targets; nodes in any order, duplicates dropped. broadcast_deinit frees; accepts zeroed. */
MUST_USE enum err broadcast_set_targets(struct broadcast *b, const struct node_id *nodes,
                                        size_t count);
void broadcast_deinit(struct broadcast *b);

/* Let a planned broadcast mean these nodes: what changed since it was planned. Who is new waits for an order, also
 * who comes back; who is no longer meant is withdrawn and gets a STOP when it may hold the order.
 *
 *   meant    ascending, each once
 *   changed  called for each target that changed; is_new: it was none before
 *
 * ERR_STATE  not planned any more: who has begun sounds it to the end; ERR_NOMEM; the broadcast is unchanged */
MUST_USE enum err broadcast_retarget(struct broadcast *b, const struct node_id *meant, size_t count,
                                     void (*changed)(void *ctx, const struct broadcast_target *t,
                                                     bool is_new),
                                     void *ctx);

struct broadcast_target *broadcast_target(struct broadcast *b,
                                          struct node_id node); /* NULL: not targeted */

/* What the caller should do next, one action a call. */
enum broadcast_action_kind {
    BROADCAST_NOTHING = 0,
    BROADCAST_SEND_ORDER, /* sign and send a PLAY order to `node`; then broadcast_ordered() */
    BROADCAST_SEND_STOP, /* a STOP order to `node`; then broadcast_stop_ordered() */
    BROADCAST_STATE_CHANGED /* store the new state; journal it */
};

struct broadcast_action {
    enum broadcast_action_kind kind;
    struct node_id node;
    struct order_id order; /* SEND_*: the order to repeat under its own id; 0: make a new id */
};

/* Decide at an instant.
 *
 *   is_ready  tells whether a node can be sent to now; ctx is passed through
 *
 * Returns at most one action; call again until BROADCAST_NOTHING. *ret_next_us is when to ask again at
 * the latest (INT64_MAX never); ask also when a node has become ready or has answered.
 *
 * A broadcast loaded from the store goes on where it was: orders without an answer are repeated, and
 * what was due meanwhile happens now. When it closes, targets without a receipt become SILENT with the
 * reason in `note`. */
struct broadcast_action broadcast_step(struct broadcast *b, usec_t now_us,
                                       bool (*is_ready)(void *ctx, struct node_id), void *ctx,
                                       usec_t *ret_next_us);

/* True when a target may hold its order and is to end it. */
bool broadcast_is_to_stop(const struct broadcast *b, const struct broadcast_target *t);

/* Note that an order went out, or was tried and lost: it is repeated after BROADCAST_ORDER_RETRY_US, or
 * when the node reconnects, until it is answered. Store the id before the bytes leave: a receipt for
 * an order that the station forgot is refused. */
void broadcast_ordered(struct broadcast *b, struct node_id node, struct order_id order,
                       usec_t now_us);
void broadcast_stop_ordered(struct broadcast *b, struct node_id node, struct order_id order,
                            usec_t now_us);

/* The order or stop that was due to a node could not be made: try again after BROADCAST_ORDER_RETRY_US, the
 * other targets meanwhile. */
void broadcast_send_failed(struct broadcast *b, struct node_id node, usec_t now_us);

/* Take in what a node said. FULL, also after ACCEPTED when nearer orders pushed it out, is no refusal: the
 * order is offered again every BROADCAST_FULL_RETRY_US. A receipt is welcome at any time, also after closing; of several about
 * one order (the node restarted in between) the newest counts.
 *
 * ERR_NOT_FOUND  not a target, or an order this broadcast did not give
 * ERR_EXISTS     known already (answer it all the same)
 * ERR_FORMAT     a verdict or outcome outside the protocol's set */
MUST_USE enum err broadcast_on_ack(struct broadcast *b, struct node_id node,
                                   const loa_OrderAck *ack);
MUST_USE enum err broadcast_on_receipt(struct broadcast *b, struct node_id node,
                                       const loa_Receipt *receipt);

/* A node's link came up again: an unanswered order is due at once. */
void broadcast_on_reconnect(struct broadcast *b, struct node_id node);

/* The node came back without all of its plan: what it had accepted is due at once. */
void broadcast_on_plan_lost(struct broadcast *b, struct node_id node);

/* Cancel, or end early; each node that may hold the order gets a STOP. The caller stores and journals.
 * ERR_STATE when over already. */
MUST_USE enum err broadcast_cancel(struct broadcast *b, usec_t now_us);

/* Let a live broadcast end at an instant, because its speaker hung up: the regular end, no cancelling. The
 * caller stores. ERR_STATE when it is over already. */
MUST_USE enum err broadcast_hang_up(struct broadcast *b, usec_t at_us);

/* Fill the signed body of the PLAY order for one node. */
void broadcast_fill_order(const struct broadcast *b, const char *station_code, struct node_id node,
                          struct order_id order, usec_t now_us, loa_OrderBody *ret_body);

/* Likewise the STOP order. */
void broadcast_fill_stop(const struct broadcast *b, const char *station_code, struct node_id node,
                         struct order_id order, usec_t now_us, loa_OrderBody *ret_body);

#endif
