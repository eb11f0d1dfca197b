/* store_broadcast.h - keep each broadcast, its targets, and every receipt exactly once.
 *
 * An occurrence (event and start) becomes one broadcast a variant only, however often it is planned. Thread: main. */
#ifndef LOA_STORE_BROADCAST_H
#define LOA_STORE_BROADCAST_H

#include "broadcast.h"
#include "db.h"

/* Which broadcasts to list. Zeroed: all. */
struct store_broadcast_filter {
    unsigned state_mask; /* bits 1 << enum broadcast_state; 0 all */
    usec_t from_us; /* start_us at or after */
    usec_t before_us; /* start_us before; 0 no bound */
    struct event_id event; /* 0 any */
    struct bulletin_id bulletin; /* 0 any */
};

/* One line of the list. */
struct store_broadcast_row {
    struct broadcast broadcast; /* with media, without targets: nothing to free */
    uint32_t targets; /* how many */
    uint32_t states[TARGET_SILENT + 1]; /* of them, in each target_state */
    uint32_t sounded; /* newest receipt says OUTCOME_SOUNDED */
};

struct store_receipt {
    uint64_t id; /* of the row */
    struct node_id node;
    usec_t received_us;
    loa_Receipt receipt;
};

/* Add a broadcast with its media and targets.
 *
 *   broadcast  id is ignored; event 0: by hand, always a new broadcast
 *
 * ERR_EXISTS     this occurrence is a broadcast already
 * ERR_NOT_FOUND  no such event, bulletin or node */
MUST_USE enum err store_broadcast_add(struct db *db, const struct broadcast *broadcast,
                                      struct broadcast_id *ret_id);

/* Add more targets, all of them but receipts. Inside a transaction when more than one.
 *
 * ERR_EXISTS  one is already; ERR_NOT_FOUND  no such broadcast or node; ERR_NOMEM */
MUST_USE enum err store_broadcast_add_targets(struct db *db, struct broadcast_id id,
                                              const struct broadcast_target *targets, size_t count);

/* Store the state, duration_ms, expires_us and cancelled_us. ERR_NOT_FOUND */
MUST_USE enum err store_broadcast_set_state(struct db *db, const struct broadcast *broadcast);

/* Store all of a target but its receipt, which has a call of its own.
 *
 * ERR_NOT_FOUND  not a target */
MUST_USE enum err store_broadcast_set_target(struct db *db, struct broadcast_id id,
                                             const struct broadcast_target *target);

/* Store a receipt and set its target to TARGET_RECEIPT. Acknowledge it to the node on ERR_OK and on
 * ERR_EXISTS. A node may give several about one broadcast (it restarted in between): all are kept, the
 * newest is the target's.
 *
 * ERR_EXISTS     this receipt_id of this node is stored already; nothing changed
 * ERR_NOT_FOUND  not a target of that broadcast, or not of its order: it can never be stored (the database
 *                is older than the receipt, or another station's); journal and acknowledge it */
MUST_USE enum err store_broadcast_add_receipt(struct db *db, struct node_id node,
                                              const loa_Receipt *receipt, usec_t now_us);

/* Fetch one with media and targets; broadcast_deinit() frees. ERR_NOT_FOUND; ERR_NOMEM */
MUST_USE enum err store_broadcast_get(struct db *db, struct broadcast_id id,
                                      struct broadcast *ret_broadcast);

/* Find the broadcast of an occurrence.
 *
 *   variant  NULL: any
 *
 * ERR_NOT_FOUND  not planned yet */
MUST_USE enum err store_broadcast_find(struct db *db, struct event_id event, usec_t occurrence_us,
                                       const char *variant, struct broadcast_id *ret_id);

/* Take a broadcast from its event, which was changed: the occurrence can be planned anew. ERR_NOT_FOUND */
MUST_USE enum err store_broadcast_detach(struct db *db, struct broadcast_id id);

/* List in order of start_us (then id). */
MUST_USE enum err store_broadcast_list(struct db *db, const struct store_broadcast_filter *filter,
                                       struct db_page *page, struct store_broadcast_row *rows,
                                       size_t rows_max, size_t *ret_count);

/* List the targets of one, in order of node. */
MUST_USE enum err store_broadcast_targets(struct db *db, struct broadcast_id id,
                                          struct db_page *page, struct broadcast_target *rows,
                                          size_t rows_max, size_t *ret_count);

/* List all receipts of one in the order they came. */
MUST_USE enum err store_broadcast_receipts(struct db *db, struct broadcast_id id,
                                           struct db_page *page, struct store_receipt *rows,
                                           size_t rows_max, size_t *ret_count);

#endif
