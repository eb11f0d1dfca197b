/* store_order.h - keep signed orders as they were issued, so that the same bytes are sent again after a
 * lost link or a restart.
 *
 * Store an order before it is sent. Thread: main. */
#ifndef LOA_STORE_ORDER_H
#define LOA_STORE_ORDER_H

#include "control.h"
#include "db.h"
#include "units.h"

struct store_order {
    struct order_id id; /* from STORE_COUNTER_ORDER */
    struct broadcast_id broadcast; /* 0: a stop of everything */
    struct node_id node;
    loa_OrderKind kind;
    usec_t issued_us;
    usec_t expires_us; /* not sent again from then on; 0 never */
    loa_Order order;
};

/* ERR_EXISTS     this id was issued before
 * ERR_NOT_FOUND  no such broadcast or node */
MUST_USE enum err store_order_add(struct db *db, const struct store_order *order);

/* ERR_NOT_FOUND  no such order, or forgotten */
MUST_USE enum err store_order_get(struct db *db, struct order_id id, struct store_order *ret_order);

/* Forget orders that expired before this instant, within the room (db.h). */
MUST_USE enum err store_order_prune(struct db *db, usec_t before_us, size_t *room);

#endif
