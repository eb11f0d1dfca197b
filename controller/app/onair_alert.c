#include <stdio.h>

#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"

/* A part of the caller's transaction of its own. */
static enum err issue(struct onair *o, struct broadcast *b, struct node_id node, usec_t now_us,
                      struct order_id *ret_order)
{
    enum err e = db_begin(o->config.db);

    if (e == ERR_OK)
        e = db_end(o->config.db, onair_issue_shared(o, b, node, now_us, ret_order));
    if (e != ERR_OK)
        onair_forget_order(b, *ret_order);
    return e;
}

/* What cannot be issued now is tried again by the steps; the alert stands. */
static enum err order_ready(struct onair *o, struct broadcast *b, usec_t now_us)
{
    for (size_t i = 0; i < b->target_count; i++) {
        struct node_id node = b->targets[i].node;
        struct order_id order = b->targets[i].order;
        enum err e = ERR_OK;

        if (!onair_is_ready(o, node))
            continue;
        if (order.v == 0)
            e = issue(o, b, node, now_us, &order);
        if (e != ERR_OK && onair_concerns_all(e))
            return e;
        if (e != ERR_OK) {
            log_event(LOG_ERROR, "broadcast.step_failed", "broadcast=%llu node=%u error=%s",
                      (unsigned long long)b->id.v, node.v, err_name(e));
            return ERR_OK;
        }
        broadcast_ordered(b, node, order, now_us);
    }
    return ERR_OK;
}

enum err onair_play_alert(struct onair *o, const struct onair_alert *what, usec_t now_us,
                          struct broadcast_id *ret_id, struct err_detail *detail)
{
    struct bulletin bulletin = {
        .priority = what->priority,
        .state = BULLETIN_APPROVED,
        .part_count = 1,
        .parts = {{.kind = PART_MEDIA, .media = what->media, .duration_ms = what->media_ms}},
    };
    struct broadcast b = {
        .start_us = what->start_us,
        .repeats = what->plays,
        .pause_ms = what->pause_ms,
    };
    enum err e;

    if (o->count == ONAIR_BROADCASTS_MAX)
        return err_set(detail, ERR_LIMIT,
                       "%d broadcasts are under way already; stop or wait for some",
                       ONAIR_BROADCASTS_MAX);
    snprintf(bulletin.title, sizeof(bulletin.title), "%s", what->title);
    e = onair_store(o, &b, &bulletin, &b.id);
    if (e == ERR_OK)
        e = broadcast_set_targets(&b, what->nodes, what->node_count);
    if (e == ERR_OK)
        e = order_ready(o, &b, now_us);
    if (e == ERR_OK)
        e = store_broadcast_add_targets(o->config.db, b.id, b.targets, b.target_count);
    if (e != ERR_OK) {
        broadcast_deinit(&b);
        return db_explain(o->config.db, e, detail);
    }
    *ret_id = b.id;
    o->begun = b;
    return ERR_OK;
}

enum err onair_hold_alert(struct onair *o, struct broadcast_id id)
{
    if (id.v == 0 || o->begun.id.v != id.v)
        return ERR_NOT_FOUND;
    if (o->count == ONAIR_BROADCASTS_MAX)
        return ERR_LIMIT;
    o->live[o->count++] = o->begun;
    o->begun = (struct broadcast){0};
    return ERR_OK;
}
