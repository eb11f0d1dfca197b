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

#define ONAIR_HORIZON_US (2 * USEC_PER_DAY) /* how far ahead occurrences become broadcasts */
#define ONAIR_BROADCASTS_MAX 512 /* held at a time */
#define ONAIR_STOP_AHEAD_US (10 * USEC_PER_SEC) /* what "all" includes, as on the nodes */
#define ONAIR_PLAN_EVERY_US (10 * USEC_PER_SEC)

struct onair_ports {
    void *ctx;
    /* Queue one message to a node. ERR_NOT_FOUND: not connected. */
    enum err (*send)(void *ctx, struct node_id node, const loa_Msg *msg);
    /* Begin and end streaming a broadcast's programme (engine.h). Starting twice is ERR_EXISTS. */
    enum err (*stream_start)(void *ctx, const struct broadcast *b, struct err_detail *detail);
    void (*stream_stop)(void *ctx, struct stream_id stream);
    /* Let a node have a stream's bundles. */
    enum err (*stream_join)(void *ctx, struct node_id node, struct stream_id stream);
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

/* Make broadcasts of all occurrences until ONAIR_HORIZON_US that have none, withdraw those whose event was
 * cancelled, and note as missed what the station slept through. Call after any change of the schedule
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

/* Silence one broadcast, or all that sound or are about to: STOP orders leave at once, even when the disk
 * fails.
 *
 * ERR_NOT_FOUND  not under way */
MUST_USE enum err onair_stop(struct onair *o, struct broadcast_id id, usec_t now_us);
size_t onair_stop_all(struct onair *o, usec_t now_us);

/* A node's session stands: offer it its media and let its orders go out again. */
void onair_node_ready(struct onair *o, struct node_id node, usec_t now_us);

/* What nodes say. */
void onair_on_ack(struct onair *o, struct node_id node, const loa_OrderAck *ack, usec_t now_us);
void onair_on_receipt(struct onair *o, struct node_id node, const loa_Receipt *receipt,
                      usec_t now_us);
void onair_on_join(struct onair *o, struct node_id node, struct stream_id stream);

/* True while something sounds or starts within `within_us`. */
bool onair_is_busy(const struct onair *o, usec_t now_us, usec_t within_us);

#endif
