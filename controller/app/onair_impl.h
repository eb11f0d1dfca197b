/* onair_impl.h - what the files of onair share: the list of broadcasts under way.
 *
 * Not for others. Functions whose records are too big for a stack keep them static, as scratch of one call.
 * Thread: main. */
#ifndef LOA_ONAIR_IMPL_H
#define LOA_ONAIR_IMPL_H

#include "onair.h"

struct onair {
    struct onair_config config;
    struct broadcast *live; /* ONAIR_BROADCASTS_MAX places */
    size_t count;
    usec_t planned_us; /* when onair_plan() last ran */
};

/* Take a stored broadcast into the list. ERR_LIMIT; ERR_EXISTS: held already. */
MUST_USE enum err onair_hold(struct onair *o, struct broadcast_id id);

struct broadcast *onair_find(struct onair *o, struct broadcast_id id); /* NULL: not under way */

/* Approved and not expired? The sentence for the person who asked in detail. */
MUST_USE enum err onair_may_sound(const struct bulletin *b, usec_t start_us,
                                  struct err_detail *detail);

/* Fill a broadcast from its bulletin and store it, with the next stream id. */
MUST_USE enum err onair_store(struct onair *o, struct broadcast *b, const struct bulletin *bulletin,
                              struct broadcast_id *ret_id);

/* Offer one broadcast's media to one node, if connected. */
void onair_offer(struct onair *o, const struct broadcast *b, struct node_id node);

/* Tell every connected node to end a broadcast, or with 0 all that sounds, by one signed order that waits for
 * no disk. The stored STOP orders follow and are repeated until they are answered. */
void onair_silence(struct onair *o, struct broadcast_id broadcast, usec_t now_us);

/* Sign, store and remember a new order; it is sent by onair_send_order(). Inside a transaction. */
MUST_USE enum err onair_issue(struct onair *o, struct broadcast *b, struct node_id node,
                              loa_OrderKind kind, usec_t now_us, struct order_id *ret_id);

/* Send a stored order. ERR_NOT_FOUND: no such order, or the node is not connected. */
MUST_USE enum err onair_send_order(struct onair *o, struct node_id node, struct order_id id);

#endif
