#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"

#define STEP_EVERY_US (5 * USEC_PER_SEC) /* at the latest, whatever broadcasts say */
#define SENDS_MAX 1024 /* orders of one step; the rest leaves in the next */

/* Orders leave only after the transaction that stored them. */
struct sends {
    size_t count;
    struct {
        struct node_id node;
        struct order_id order;
    } at[SENDS_MAX];
};

static bool is_over(const struct broadcast *b)
{
    return b->state == BROADCAST_CLOSED || b->state == BROADCAST_MISSED;
}

static bool node_is_ready(void *ctx, struct node_id node)
{
    struct onair *o = ctx;
    const struct node_entry *entry = registry_find(o->config.registry, node);

    return entry != NULL && entry->live.ready;
}

struct broadcast *onair_find(struct onair *o, struct broadcast_id id)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->live[i].id.v == id.v)
            return &o->live[i];
    }
    return NULL;
}

enum err onair_hold(struct onair *o, struct broadcast_id id)
{
    enum err e;

    if (onair_find(o, id) != NULL)
        return ERR_EXISTS;
    if (o->count == ONAIR_BROADCASTS_MAX)
        return ERR_LIMIT;
    e = store_broadcast_get(o->config.db, id, &o->live[o->count]);
    if (e == ERR_OK)
        o->count++;
    return e;
}

static enum err load_unfinished(struct onair *o)
{
    const struct store_broadcast_filter filter = {
        .state_mask = 1U << BROADCAST_PLANNED | 1U << BROADCAST_ON_AIR | 1U << BROADCAST_ENDED |
                      1U << BROADCAST_CANCELLED,
    };
    struct db_page page = {0};
    static struct store_broadcast_row rows[16];
    size_t count;

    do {
        enum err e = store_broadcast_list(o->config.db, &filter, &page, rows, 16, &count);

        if (e != ERR_OK)
            return e;
        for (size_t i = 0; i < count; i++) {
            e = onair_hold(o, rows[i].broadcast.id);
            if (e != ERR_OK)
                return e;
        }
    } while (count == 16);
    return ERR_OK;
}

enum err onair_new(const struct onair_config *config, usec_t now_us, struct onair **ret_onair)
{
    struct onair *o = calloc(1, sizeof(*o));
    enum err e = ERR_NOMEM;

    if (o == NULL)
        return ERR_NOMEM;
    o->config = *config;
    o->live = calloc(ONAIR_BROADCASTS_MAX, sizeof(*o->live));
    if (o->live == NULL)
        goto out;
    e = load_unfinished(o);
    if (e != ERR_OK)
        goto out;
    o->planned_us = now_us - ONAIR_PLAN_EVERY_US;
    *ret_onair = o;
out:
    if (e != ERR_OK)
        onair_free(o);
    return e;
}

void onair_free(struct onair *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->count; i++)
        broadcast_deinit(&o->live[i]);
    free(o->live);
    free(o);
}

static void end_stream(struct onair *o, const struct broadcast *b)
{
    if (b->stream.v != 0)
        o->config.ports.stream_stop(o->config.ports.ctx, b->stream);
}

/* Issue the order, or repeat it under its own id, and remember to send it after the commit. */
static enum err send_later(struct onair *o, struct broadcast *b,
                           const struct broadcast_action *action, loa_OrderKind kind, usec_t now_us,
                           struct sends *out)
{
    struct order_id order = action->order;
    enum err e = ERR_OK;

    if (out->count == SENDS_MAX)
        return ERR_BUSY;
    if (order.v == 0)
        e = onair_issue(o, b, action->node, kind, now_us, &order);
    if (e != ERR_OK)
        return e;
    if (kind == loa_OrderKind_ORDER_KIND_STOP)
        broadcast_stop_ordered(b, action->node, order, now_us);
    else
        broadcast_ordered(b, action->node, order, now_us);
    out->at[out->count].node = action->node;
    out->at[out->count].order = order;
    out->count++;
    return store_broadcast_set_target(o->config.db, b->id, broadcast_target(b, action->node));
}

static enum err store_new_state(struct onair *o, struct broadcast *b)
{
    enum err e = store_broadcast_set_state(o->config.db, b);

    for (size_t i = 0; e == ERR_OK && is_over(b) && i < b->target_count; i++)
        e = store_broadcast_set_target(o->config.db, b->id, &b->targets[i]);
    if (b->state != BROADCAST_PLANNED && b->state != BROADCAST_ON_AIR)
        end_stream(o, b);
    log_event(LOG_INFO, "broadcast.state", "broadcast=%llu state=%s", (unsigned long long)b->id.v,
              broadcast_state_name(b->state));
    return e;
}

static enum err apply(struct onair *o, struct broadcast *b, const struct broadcast_action *action,
                      usec_t now_us, struct sends *out)
{
    switch (action->kind) {
    case BROADCAST_SEND_ORDER:
        return send_later(o, b, action, loa_OrderKind_ORDER_KIND_PLAY, now_us, out);
    case BROADCAST_SEND_STOP:
        return send_later(o, b, action, loa_OrderKind_ORDER_KIND_STOP, now_us, out);
    case BROADCAST_STATE_CHANGED:
        return store_new_state(o, b);
    case BROADCAST_NOTHING:
        break;
    }
    return ERR_OK;
}

/* One broadcast's actions until it has none; all in the transaction of the step. */
static enum err step_one(struct onair *o, struct broadcast *b, usec_t now_us, struct sends *out,
                         bool *begun, usec_t *next_us)
{
    for (;;) {
        usec_t again_us = INT64_MAX;
        struct broadcast_action action = broadcast_step(b, now_us, node_is_ready, o, &again_us);
        enum err e;

        if (action.kind == BROADCAST_NOTHING) {
            if (again_us < *next_us)
                *next_us = again_us;
            return ERR_OK;
        }
        if (!*begun) {
            e = db_begin(o->config.db);
            if (e != ERR_OK)
                return e;
            *begun = true;
        }
        e = apply(o, b, &action, now_us, out);
        if (e != ERR_OK)
            return e;
    }
}

static void drop_finished(struct onair *o)
{
    size_t kept = 0;

    for (size_t i = 0; i < o->count; i++) {
        if (is_over(&o->live[i]))
            broadcast_deinit(&o->live[i]);
        else
            o->live[kept++] = o->live[i];
    }
    memset(&o->live[kept], 0, (o->count - kept) * sizeof(*o->live));
    o->count = kept;
}

/* What a failed step changed in memory was rolled back in the store, order numbers with it: go on from what is
 * stored. A stop holds whether or not it could be stored. */
static void follow_store(struct onair *o)
{
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];
        static struct broadcast stored;

        if (store_broadcast_get(o->config.db, b->id, &stored) != ERR_OK)
            continue;
        if (b->cancelled_us != 0 && !is_over(&stored)) {
            stored.state = BROADCAST_CANCELLED;
            stored.cancelled_us = b->cancelled_us;
        }
        broadcast_deinit(b);
        *b = stored;
    }
}

usec_t onair_step(struct onair *o, usec_t now_us)
{
    static struct sends out;
    usec_t next_us = now_us + STEP_EVERY_US;
    bool begun = false;
    enum err e = ERR_OK;

    out.count = 0;
    if (now_us - o->planned_us >= ONAIR_PLAN_EVERY_US)
        e = onair_plan(o, now_us);
    for (size_t i = 0; e == ERR_OK && i < o->count; i++)
        e = step_one(o, &o->live[i], now_us, &out, &begun, &next_us);
    if (begun)
        e = db_end(o->config.db, e == ERR_BUSY ? ERR_OK : e);
    if (e != ERR_OK) {
        /* A full disk must not silence what is already known to the nodes; try again soon. */
        log_event(LOG_ERROR, "onair.step_failed", "error=%s", err_name(e));
        if (begun)
            follow_store(o);
        return now_us + USEC_PER_SEC;
    }
    for (size_t i = 0; i < out.count; i++) {
        if (onair_send_order(o, out.at[i].node, out.at[i].order) != ERR_OK)
            log_event(LOG_WARN, "order.not_sent", "node=%u order=%llu", out.at[i].node.v,
                      (unsigned long long)out.at[i].order.v);
    }
    drop_finished(o);
    return next_us;
}

/* A stop survives a crash, but does not wait for a disk: nodes are told first. */
static void keep_cancelled(struct onair *o, struct broadcast *b)
{
    end_stream(o, b);
    if (store_broadcast_set_state(o->config.db, b) != ERR_OK)
        log_event(LOG_ERROR, "onair.stop_not_stored", "broadcast=%llu",
                  (unsigned long long)b->id.v);
}

enum err onair_stop(struct onair *o, struct broadcast_id id, usec_t now_us)
{
    struct broadcast *b = onair_find(o, id);
    enum err e;

    if (b == NULL)
        return ERR_NOT_FOUND;
    e = broadcast_cancel(b, now_us);
    if (e == ERR_OK) {
        onair_silence(o, id, now_us);
        keep_cancelled(o, b);
        onair_step(o, now_us);
    }
    return e;
}

size_t onair_stop_all(struct onair *o, usec_t now_us)
{
    size_t stopped = 0;

    onair_silence(o, (struct broadcast_id){0}, now_us);
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];

        if (b->start_us > now_us + ONAIR_STOP_AHEAD_US || broadcast_cancel(b, now_us) != ERR_OK)
            continue;
        keep_cancelled(o, b);
        stopped++;
    }
    onair_step(o, now_us);
    return stopped;
}

void onair_node_ready(struct onair *o, struct node_id node, usec_t now_us)
{
    for (size_t i = 0; i < o->count; i++) {
        if (broadcast_target(&o->live[i], node) == NULL)
            continue;
        onair_offer(o, &o->live[i], node);
        broadcast_on_reconnect(&o->live[i], node);
    }
    onair_step(o, now_us);
}

void onair_on_ack(struct onair *o, struct node_id node, const loa_OrderAck *ack, usec_t now_us)
{
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];

        if (broadcast_on_ack(b, node, ack) != ERR_OK)
            continue;
        if (store_broadcast_set_target(o->config.db, b->id, broadcast_target(b, node)) != ERR_OK)
            log_event(LOG_ERROR, "onair.ack_not_stored", "node=%u", node.v);
        if (ack->verdict != loa_Verdict_VERDICT_ACCEPTED)
            log_event(LOG_WARN, "order.refused", "node=%u order=%llu verdict=%d detail=%s", node.v,
                      (unsigned long long)ack->order_id, (int)ack->verdict, LOG_TEXT(ack->detail));
        onair_step(o, now_us);
        return;
    }
}

void onair_on_receipt(struct onair *o, struct node_id node, const loa_Receipt *receipt,
                      usec_t now_us)
{
    struct broadcast *b = onair_find(o, (struct broadcast_id){receipt->broadcast_id});
    enum err e = b != NULL ? broadcast_on_receipt(b, node, receipt) : ERR_OK;
    loa_Msg msg = loa_Msg_init_zero;

    /* What the broadcast does not take (another order's) must not reach its targets in the store. */
    if (e == ERR_OK || e == ERR_EXISTS)
        e = store_broadcast_add_receipt(o->config.db, node, receipt, now_us);
    if (e == ERR_FORMAT)
        e = ERR_NOT_FOUND;
    if (e != ERR_OK && e != ERR_EXISTS && e != ERR_NOT_FOUND) {
        log_event(LOG_ERROR, "receipt.not_stored", "node=%u error=%s", node.v, err_name(e));
        return; /* not acknowledged: the node keeps it and sends it again */
    }
    if (e == ERR_NOT_FOUND)
        log_event(LOG_WARN, "receipt.unknown", "node=%u broadcast=%llu", node.v,
                  (unsigned long long)receipt->broadcast_id);
    if (e == ERR_OK)
        log_event(LOG_INFO, "receipt.stored", "node=%u broadcast=%llu outcome=%d reason=%d", node.v,
                  (unsigned long long)receipt->broadcast_id, (int)receipt->outcome,
                  (int)receipt->reason);
    msg.which_body = loa_Msg_receipt_ack_tag;
    msg.body.receipt_ack.receipt_id = receipt->receipt_id;
    if (o->config.ports.send(o->config.ports.ctx, node, &msg) != ERR_OK)
        return; /* gone; it will send the receipt again */
    onair_step(o, now_us);
}

void onair_on_join(struct onair *o, struct node_id node, struct stream_id stream)
{
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];
        struct err_detail detail = {{0}};
        enum err e;

        if (b->stream.v != stream.v || broadcast_target(b, node) == NULL ||
            (b->state != BROADCAST_PLANNED && b->state != BROADCAST_ON_AIR))
            continue;
        e = o->config.ports.stream_start(o->config.ports.ctx, b, &detail);
        if (e != ERR_OK && e != ERR_EXISTS)
            log_event(LOG_ERROR, "stream.not_started", "broadcast=%llu detail=%s",
                      (unsigned long long)b->id.v, LOG_TEXT(detail.text));
        else if (o->config.ports.stream_join(o->config.ports.ctx, node, stream) != ERR_OK)
            log_event(LOG_WARN, "stream.not_joined", "node=%u", node.v);
        return;
    }
}

bool onair_is_busy(const struct onair *o, usec_t now_us, usec_t within_us)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct broadcast *b = &o->live[i];

        if (b->state == BROADCAST_ON_AIR)
            return true;
        if (b->state == BROADCAST_PLANNED && b->start_us - now_us <= within_us)
            return true;
    }
    return false;
}
