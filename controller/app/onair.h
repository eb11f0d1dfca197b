/* onair.h - the station's present: every broadcast that is planned, on air or not yet accounted for.
 *
 * Turns events into broadcasts (onair_plan), broadcasts into signed orders, and what nodes answer into
 * stored receipts. Decisions are broadcast.h's; this module stores first and sends afterwards, so that
 * nothing a node was told is unknown after kill -9. It reaches nodes and streams through struct
 * onair_ports only. Thread: main. */
#ifndef LOA_ONAIR_H
#define LOA_ONAIR_H

#include "api.h"
#include "broadcast.h"
#include "db.h"
#include "err.h"
#include "order.h"
#include "registry.h"
#include "station.h"

#define ONAIR_HORIZON_US (7 * USEC_PER_DAY) /* how far ahead occurrences become broadcasts */
#define ONAIR_NEAR_US (2 * USEC_PER_DAY) /* planned first, and may take all places */
#define ONAIR_BROADCASTS_MAX 512 /* held at a time */
#define ONAIR_FAR_MAX \
    (ONAIR_BROADCASTS_MAX / 4 * 3) /* held before something beyond ONAIR_NEAR_US */
#define ONAIR_STOP_AHEAD_US (10 * USEC_PER_SEC) /* what "all" includes, as on the nodes */
#define ONAIR_PLAN_EVERY_US (10 * USEC_PER_SEC)
#define ONAIR_SEND_MAX 4096 /* nodes at once */

struct onair_ports {
    void *ctx;
    /* Queue one message to a node. ERR_NOT_FOUND: not connected. */
    enum err (*send)(void *ctx, struct node_id node, const loa_Msg *msg);
    /* Likewise the same one to each of 1..ONAIR_SEND_MAX nodes, in this order. ERR_NOT_FOUND: none is connected. */
    enum err (*send_many)(void *ctx, const struct node_id *nodes, size_t count, const loa_Msg *msg);
    /* Begin and end streaming a broadcast's programme (engine.h). Starting twice is ERR_EXISTS. */
    enum err (*stream_start)(void *ctx, const struct broadcast *b, struct err_detail *detail);
    void (*stream_stop)(void *ctx, struct stream_id stream);
    /* Let a node have a stream's bundles. */
    enum err (*stream_join)(void *ctx, struct node_id node, struct stream_id stream);
    /* A broadcast was over before this node could be told of it: raise an alarm. */
    void (*missed)(void *ctx, struct node_id node);
};

struct onair_config {
    struct db *db;
    struct registry *registry;
    const struct station *station;
    struct order_signer *signer;
    struct onair_ports ports; /* copied; everything borrowed for the life of the object */
};

struct onair;

/* Make it and load what a former run left unfinished.
 *
 * ERR_NOMEM; otherwise as the store */
MUST_USE enum err onair_new(const struct onair_config *config, usec_t now_us,
                            struct onair **ret_onair);
void onair_free(struct onair *o);

/* Make broadcasts of all occurrences until ONAIR_HORIZON_US that have none, withdraw or retarget those that are no
 * longer what people want (replan.h, broadcast_retarget), and note as missed what the station slept through. Call after any change of the schedule
 * and every ONAIR_PLAN_EVERY_US. */
MUST_USE enum err onair_plan(struct onair *o, usec_t now_us);

/* Do what is due: send orders, change states, close. Returns when to call again at the latest. */
usec_t onair_step(struct onair *o, usec_t now_us);

/* Plan one broadcast by hand, inside the caller's transaction; it lives only from onair_committed() on.
 *
 * ERR_LIMIT   ONAIR_BROADCASTS_MAX under way
 * ERR_STATE   the bulletin may not sound (not approved, expired) */
MUST_USE enum err onair_play(struct onair *o, const struct api_play *play, usec_t now_us,
                             struct broadcast_id *ret_id, struct err_detail *detail);
MUST_USE enum err onair_committed(struct onair *o, struct broadcast_id id);

/* Likewise one whose sound comes while it is on air. */
MUST_USE enum err onair_play_live(struct onair *o, const struct api_live *live,
                                  struct broadcast_id *ret_id, struct err_detail *detail);

/* Likewise one of stored media that needs no approval: who may alert is decided before. Texts and nodes are
 * borrowed. */
struct onair_alert {
    const char *title;
    enum priority priority;
    struct media_id media;
    uint32_t media_ms;
    const struct node_id *nodes;
    size_t node_count;
    usec_t start_us;
    uint32_t plays; /* 1..10 */
    uint32_t pause_ms;
};
/* The orders of those that are connected are stored with it, so that one commit accepts the alert and lets them go. */
MUST_USE enum err onair_play_alert(struct onair *o, const struct onair_alert *what, usec_t now_us,
                                   struct broadcast_id *ret_id, struct err_detail *detail);

/* As onair_committed(), and its orders leave before anything else is done. */
MUST_USE enum err onair_start(struct onair *o, struct broadcast_id id, usec_t now_us);

/* A broadcast under way, borrowed until the next call; NULL: it is not. */
const struct broadcast *onair_broadcast(struct onair *o, struct broadcast_id id);

/* One by one; NULL: there are no more. */
const struct broadcast *onair_at(const struct onair *o, size_t i);

/* The sound of a live broadcast ended at a presentation time: that is its regular end. */
void onair_hung_up(struct onair *o, struct broadcast_id id, usec_t end_us, usec_t now_us);

/* A node sounds a broadcast that is over: it missed the end of live sound. Tell it. */
void onair_on_status(struct onair *o, const loa_Status *status, usec_t now_us);

/* Silence one broadcast, or all that sound or are about to: STOP orders leave at once, even when the disk
 * fails.
 *
 * ERR_NOT_FOUND  not under way */
MUST_USE enum err onair_stop(struct onair *o, struct broadcast_id id, usec_t now_us);
size_t onair_stop_all(struct onair *o, usec_t now_us);

/* Let a node's board start anew: a signed order of its own, as onair_test(). */
MUST_USE enum err onair_reboot(struct onair *o, struct node_id node, usec_t now_us,
                               uint64_t *ret_order);

/* Let a node play its test tone: a signed order of its own, which expires in ONAIR_TEST_US.
 *
 * ERR_NOT_FOUND  it is not connected */
#define ONAIR_TEST_US (30 * USEC_PER_SEC)
MUST_USE enum err onair_test(struct onair *o, struct node_id node, usec_t now_us,
                             uint64_t *ret_order);

/* A node's session stands: offer it its media and let its orders go out again, with the next onair_settle().
 *
 *   orders_held  Hello's: fewer than it accepted make all of them due */
void onair_node_ready(struct onair *o, struct node_id node, uint32_t orders_held, usec_t now_us);

/* The emergency set in the store has changed: read it anew and offer it to all connected nodes. After each change, since it
 * is read only once. */
void onair_emergency_changed(struct onair *o);

/* What nodes say. Acks and receipts are kept in memory until onair_settle() or until some hundreds have gathered: a node
 * whose receipt is not acknowledged sends it again. */
void onair_on_ack(struct onair *o, struct node_id node, const loa_OrderAck *ack, usec_t now_us);
void onair_on_receipt(struct onair *o, struct node_id node, const loa_Receipt *receipt,
                      usec_t now_us);
void onair_on_join(struct onair *o, struct node_id node, struct stream_id stream);

/* Store what nodes have said in one transaction, acknowledge receipts after it, and do what has become due. Call it after each
 * batch of messages. */
void onair_settle(struct onair *o, usec_t now_us);

/* The next broadcast of a bulletin whose sound comes while it is on air, and which is on air or begins within
 * ahead_us; NULL: no more. Borrowed until the next other call.
 *
 *   at  0 before the first call */
const struct broadcast *onair_next_live(const struct onair *o, size_t *at, usec_t now_us,
                                        usec_t ahead_us);

/* True while something sounds or starts within `within_us`. */
bool onair_is_busy(const struct onair *o, usec_t now_us, usec_t within_us);

#endif
