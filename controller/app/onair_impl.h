/* onair_impl.h - what the files of onair share: the list of broadcasts under way.
 *
 * Not for others. Functions whose records are too big for a stack keep them static, as scratch of one call.
 * Thread: main. */
#ifndef LOA_ONAIR_IMPL_H
#define LOA_ONAIR_IMPL_H

#include "emergency.h"
#include "event.h"
#include "onair.h"

#define ONAIR_VARIANTS_MAX 8 /* of one occurrence */
#define ONAIR_ANSWERS_MAX 256 /* stored at once */
#define ONAIR_NAMED_MAX /* by one order */ \
    (sizeof(((loa_OrderBody *)NULL)->nodes) / sizeof(((loa_OrderBody *)NULL)->nodes[0]))

/* What a node said, until it is stored. */
struct onair_answer {
    struct node_id node;
    bool is_ack; /* else a receipt */
    loa_OrderAck ack;
    loa_Receipt receipt;
    enum err result; /* of storing it; ERR_NOT_FOUND: it belongs to nothing under way */
};

/* An order that leaves after the transaction that stored it. */
struct onair_send {
    struct node_id node;
    struct order_id order;
};

/* What nodes are offered at the start of each session, for good. */
struct onair_emergency {
    bool is_known; /* else it is read from the store before its next use */
    loa_MediaOffer offers[EMERGENCY_SIGNALS];
    size_t count;
};

struct onair {
    struct onair_config config;
    struct broadcast *live; /* ONAIR_BROADCASTS_MAX places */
    size_t count;
    usec_t planned_us; /* when onair_plan() last ran */
    struct broadcast_id played[ONAIR_VARIANTS_MAX]; /* by hand, last: the variants of one play */
    size_t played_count;
    struct onair_answer *answers; /* ONAIR_ANSWERS_MAX places */
    size_t answer_count;
    bool unsettled; /* something else made a step due */
    struct onair_send *sends;
    size_t send_count, send_size;
    size_t issued; /* orders to one node each, in this step */
    struct onair_emergency emergency;
    struct broadcast begun; /* the last alert as it was stored, for onair_start(); id 0: none */
};

/* True when an error has a cause that would stop all else, too; one broadcast's own stops only that. */
bool onair_concerns_all(enum err e);

/* What the nodes of one occurrence hear: those with the same languages together, each with its broadcast. */
struct onair_variant {
    char name[LANGUAGES_TEXT_SIZE];
    struct bulletin bulletin; /* with the parts of this variant only */
    struct node_id *nodes; /* ascending */
    size_t count;
};

struct onair_variants {
    struct onair_variant at[ONAIR_VARIANTS_MAX];
    size_t count;
};

/* Divide nodes by what they hear of a bulletin; without nodes it is one variant, as written.
 *
 *   nodes  ascending
 *   v      zeroed or filled before; freed by onair_variants_clear() */
MUST_USE enum err onair_variants_make(struct onair *o, const struct bulletin *b,
                                      const struct zone *zones, size_t zone_count,
                                      const struct node_id *nodes, size_t count,
                                      struct onair_variants *v);
void onair_variants_clear(struct onair_variants *v);
const struct onair_variant *onair_variants_find(const struct onair_variants *v, const char *name);

/* Take a stored broadcast into the list. ERR_LIMIT; ERR_EXISTS: held already. */
MUST_USE enum err onair_hold(struct onair *o, struct broadcast_id id);

/* Likewise the last alert as onair_play_alert() left it, without reading it again. ERR_LIMIT; ERR_NOT_FOUND: it is another. */
MUST_USE enum err onair_hold_alert(struct onair *o, struct broadcast_id id);

struct broadcast *onair_find(struct onair *o, struct broadcast_id id); /* NULL: not under way */

/* Approved and not expired? The sentence for the person who asked in detail. */
MUST_USE enum err onair_may_sound(const struct bulletin *b, usec_t start_us,
                                  struct err_detail *detail);

/* Fill a broadcast from its bulletin and store it, with the next stream id. */
MUST_USE enum err onair_store(struct onair *o, struct broadcast *b, const struct bulletin *bulletin,
                              struct broadcast_id *ret_id);

/* Store a new broadcast with the next stream id. Inside a transaction. */
MUST_USE enum err onair_store_new(struct onair *o, struct broadcast *b,
                                  struct broadcast_id *ret_id);

/* Journal a broadcast that was missed, and raise its nodes' alarms. Inside the transaction that stores it, if any. */
MUST_USE enum err onair_missed(struct onair *o, const struct broadcast *b, struct broadcast_id id,
                               usec_t now_us);

/* What planning makes of one occurrence of an event, without targets. */
void onair_outline(const struct event *event, const struct bulletin *bulletin, usec_t start_us,
                   struct broadcast *ret_broadcast);

/* When the broadcast of an event that waits starts: after equal ones on its nodes, but when that would be too late, at
 * its own time, and the nodes decide.
 *
 *   b  with occurrence, length and targets; may be in the list itself */
usec_t onair_wait(const struct onair *o, const struct broadcast *b);

/* Let a planned broadcast mean these nodes (broadcast_retarget), and store it. */
MUST_USE enum err onair_retarget(struct onair *o, struct broadcast *b, const struct node_id *nodes,
                                 size_t count);

/* End what is planned and no longer what its event and bulletin say; most of it is planned anew. */
MUST_USE enum err onair_withdraw(struct onair *o, usec_t now_us);

/* Offer one broadcast's media to 1..ONAIR_SEND_MAX nodes, as far as they are connected; or to all its targets. */
void onair_offer(struct onair *o, const struct broadcast *b, const struct node_id *nodes,
                 size_t count);
void onair_offer_targets(struct onair *o, const struct broadcast *b);

/* Offer a node the emergency set, then all that is planned for it, each recording once, for its first use. */
void onair_offer_all(struct onair *o, struct node_id node);

/* Tell every connected node to end a broadcast, or with 0 all that sounds, by one signed order that waits for
 * no disk. The stored STOP orders follow and are repeated until they are answered. */
void onair_silence(struct onair *o, struct broadcast_id broadcast, usec_t now_us);

/* Sign, store and remember a new PLAY order; it is sent by onair_send_all(). Inside a transaction. */
MUST_USE enum err onair_issue(struct onair *o, struct broadcast *b, struct node_id node,
                              usec_t now_us, struct order_id *ret_id);

/* Likewise one for this target and those after it that have none yet, one signature for all: each of them has its number
 * from then on. It names ONAIR_NAMED_MAX at most, or is for everyone when all active nodes are meant. And a STOP order for
 * this target and those after it that are to be stopped, too; of very many it is for everyone, since it names the
 * broadcast. */
MUST_USE enum err onair_issue_stop(struct onair *o, struct broadcast *b, struct node_id node,
                                   usec_t now_us, struct order_id *ret_id);
MUST_USE enum err onair_issue_shared(struct onair *o, struct broadcast *b, struct node_id node,
                                     usec_t now_us, struct order_id *ret_id);

/* The order was rolled back: those whom it named have none. */
void onair_forget_order(struct broadcast *b, struct order_id order);

bool onair_is_ready(const struct onair *o, struct node_id node);

/* onair_send.c: what leaves after the commit. */

/* True when the action may be done in this step: orders to one node each are so many only that nothing waits for their
 * signatures. */
bool onair_send_may(const struct onair *o, const struct broadcast *b,
                    const struct broadcast_action *action);

/* Issue the action's order, or repeat it under its own id, store that, and note it for onair_send_all(). ERR_NOMEM, or
 * as the store */
MUST_USE enum err onair_send_later(struct onair *o, struct broadcast *b,
                                   const struct broadcast_action *action, usec_t now_us);

/* Note every order of the broadcast that is not answered. ERR_NOMEM  not all of them; they are repeated when due */
MUST_USE enum err onair_send_ordered(struct onair *o, const struct broadcast *b);

/* Send what was noted, to many at once where they share an order; nothing is noted then. */
void onair_send_all(struct onair *o);

#endif
