#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"

#define STEP_EVERY_US (5 * USEC_PER_SEC) /* at the latest, whatever broadcasts say */

static bool is_over(const struct broadcast *b)
{
    return b->state == BROADCAST_CLOSED || b->state == BROADCAST_MISSED;
}

bool onair_is_ready(const struct onair *o, struct node_id node)
{
    const struct node_entry *entry = registry_find(o->config.registry, node);

    return entry != NULL && entry->live.ready;
}

static bool node_is_ready(void *ctx, struct node_id node)
{
    return onair_is_ready(ctx, node);
}

bool onair_concerns_all(enum err e)
{
    return e == ERR_IO || e == ERR_NOMEM || e == ERR_BUSY;
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
            if (e != ERR_OK && onair_concerns_all(e))
                return e;
            if (e != ERR_OK)
                log_event(LOG_ERROR, "broadcast.not_loaded", "broadcast=%llu error=%s",
                          (unsigned long long)rows[i].broadcast.id.v, err_name(e));
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
    o->answers = calloc(ONAIR_ANSWERS_MAX, sizeof(*o->answers));
    if (o->live == NULL || o->answers == NULL)
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
    broadcast_deinit(&o->begun);
    free(o->live);
    free(o->answers);
    free(o->sends);
    free(o);
}

const struct broadcast *onair_broadcast(struct onair *o, struct broadcast_id id)
{
    return onair_find(o, id);
}

const struct broadcast *onair_at(const struct onair *o, size_t i)
{
    return i < o->count ? &o->live[i] : NULL;
}

static void end_stream(struct onair *o, const struct broadcast *b)
{
    if (b->stream.v != 0)
        o->config.ports.stream_stop(o->config.ports.ctx, b->stream);
}

void onair_forget_order(struct broadcast *b, struct order_id order)
{
    for (size_t i = 0; order.v != 0 && i < b->target_count; i++) {
        if (b->targets[i].order.v == order.v)
            b->targets[i].order.v = 0;
        if (b->targets[i].stop.v == order.v)
            b->targets[i].stop.v = 0;
    }
}

static enum err store_new_state(struct onair *o, struct broadcast *b, usec_t now_us)
{
    enum err e = store_broadcast_set_state(o->config.db, b);

    for (size_t i = 0; e == ERR_OK && is_over(b) && i < b->target_count; i++)
        e = store_broadcast_set_target(o->config.db, b->id, &b->targets[i]);
    if (b->state != BROADCAST_PLANNED && b->state != BROADCAST_ON_AIR)
        end_stream(o, b);
    log_event(LOG_INFO, "broadcast.state", "broadcast=%llu state=%s", (unsigned long long)b->id.v,
              broadcast_state_name(b->state));
    if (e == ERR_OK && b->state == BROADCAST_MISSED)
        e = onair_missed(o, b, b->id, now_us);
    return e;
}

static enum err apply(struct onair *o, struct broadcast *b, const struct broadcast_action *action,
                      usec_t now_us)
{
    switch (action->kind) {
    case BROADCAST_SEND_ORDER:
    case BROADCAST_SEND_STOP:
        return onair_send_later(o, b, action, now_us);
    case BROADCAST_STATE_CHANGED:
        return store_new_state(o, b, now_us);
    case BROADCAST_NOTHING:
        break;
    }
    return ERR_OK;
}

/* What a failed action changed in memory was rolled back in the store, order numbers with it: go on from what
 * is stored. A stop holds whether or not it could be stored. */
static void follow_store(struct onair *o, struct broadcast *b)
{
    static struct broadcast stored;

    if (store_broadcast_get(o->config.db, b->id, &stored) != ERR_OK)
        return;
    if (b->cancelled_us != 0 && !is_over(&stored)) {
        stored.state = BROADCAST_CANCELLED;
        stored.cancelled_us = b->cancelled_us;
    }
    broadcast_deinit(b);
    *b = stored;
}

/* An action in a part of the step's transaction of its own, so that one that fails takes no other along. */
static enum err try_action(struct onair *o, struct broadcast *b,
                           const struct broadcast_action *action, usec_t now_us)
{
    enum err e = db_begin(o->config.db);

    return e == ERR_OK ? db_end(o->config.db, apply(o, b, action, now_us)) : e;
}

/* One broadcast's actions until it has none; all in the transaction of the step. An error is one that
 * concerns every broadcast; one target's bad row or order is tried again later. */
static enum err step_one(struct onair *o, struct broadcast *b, usec_t now_us, bool *begun,
                         usec_t *next_us)
{
    for (;;) {
        usec_t again_us = INT64_MAX;
        enum broadcast_state state = b->state;
        struct broadcast_action action = broadcast_step(b, now_us, node_is_ready, o, &again_us);
        struct broadcast_target before = {.node = {0}};
        enum err e = ERR_OK;

        if (action.kind == BROADCAST_NOTHING || !onair_send_may(o, b, &action)) {
            if (again_us < *next_us)
                *next_us = again_us;
            return ERR_OK;
        }
        if (action.kind != BROADCAST_STATE_CHANGED)
            before = *broadcast_target(b, action.node);
        if (!*begun)
            e = db_begin(o->config.db);
        if (e != ERR_OK)
            return e;
        *begun = true;
        e = try_action(o, b, &action, now_us);
        if (e != ERR_OK && onair_concerns_all(e))
            return e;
        if (e == ERR_OK)
            continue;
        log_event(LOG_ERROR, "broadcast.step_failed", "broadcast=%llu node=%u error=%s",
                  (unsigned long long)b->id.v, action.node.v, err_name(e));
        if (action.kind != BROADCAST_STATE_CHANGED) {
            *broadcast_target(b, action.node) = before;
            broadcast_send_failed(b, action.node, now_us);
            continue;
        }
        b->state = state; /* also when the store cannot be read either */
        follow_store(o, b);
        if (now_us + USEC_PER_SEC < *next_us)
            *next_us = now_us + USEC_PER_SEC;
        return ERR_OK;
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

usec_t onair_step(struct onair *o, usec_t now_us)
{
    usec_t next_us = now_us + STEP_EVERY_US;
    bool begun = false;
    enum err e = ERR_OK;

    o->send_count = o->issued = 0;
    if (now_us - o->planned_us >= ONAIR_PLAN_EVERY_US && onair_plan(o, now_us) != ERR_OK)
        log_event(LOG_ERROR, "onair.plan_failed", NULL); /* what was planned before goes on */
    for (size_t i = 0; e == ERR_OK && i < o->count; i++)
        e = step_one(o, &o->live[i], now_us, &begun, &next_us);
    if (begun)
        e = db_end(o->config.db, e);
    if (e != ERR_OK) {
        /* A full disk must not silence what is already known to the nodes; try again soon. */
        log_event(LOG_ERROR, "onair.step_failed", "error=%s", err_name(e));
        for (size_t i = 0; begun && i < o->count; i++)
            follow_store(o, &o->live[i]);
        return now_us + USEC_PER_SEC;
    }
    onair_send_all(o);
    drop_finished(o);
    return next_us;
}

enum err onair_start(struct onair *o, struct broadcast_id id, usec_t now_us)
{
    struct broadcast *b;
    usec_t next_us = INT64_MAX;
    bool begun = false;
    enum err e = onair_hold_alert(o, id);

    if (e == ERR_NOT_FOUND)
        e = onair_hold(o, id);
    if (e != ERR_OK)
        return e;
    b = onair_find(o, id);
    o->send_count = o->issued = 0;
    e = onair_send_ordered(o, b);
    onair_send_all(o);
    if (e == ERR_OK)
        e = step_one(o, b, now_us, &begun, &next_us);
    if (begun)
        e = db_end(o->config.db, e);
    if (e != ERR_OK && begun)
        follow_store(o, b);
    if (e == ERR_OK)
        onair_send_all(o);
    onair_offer_targets(o, b);
    return e;
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

/* Orders that a node accepted and has not played to the end. */
static uint32_t accepted_by(struct onair *o, struct node_id node, usec_t now_us)
{
    uint32_t count = 0;

    for (size_t i = 0; i < o->count; i++) {
        const struct broadcast_target *t = broadcast_target(&o->live[i], node);

        count += t != NULL && t->state == TARGET_ACCEPTED &&
                 o->live[i].state != BROADCAST_CANCELLED && now_us < broadcast_over_us(&o->live[i]);
    }
    return count;
}

void onair_node_ready(struct onair *o, struct node_id node, uint32_t orders_held, usec_t now_us)
{
    uint32_t accepted = accepted_by(o, node, now_us);

    if (orders_held < accepted)
        log_event(LOG_WARN, "node.plan_lost", "node=%u accepted=%u held=%u", node.v, accepted,
                  orders_held);
    onair_offer_all(o, node);
    for (size_t i = 0; i < o->count; i++) {
        broadcast_on_reconnect(&o->live[i], node);
        if (orders_held < accepted)
            broadcast_on_plan_lost(&o->live[i], node);
    }
    o->unsettled = true;
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
