#include "broadcast.h"

#include <stdio.h>
#include <string.h>

#include "check.h"

const char *broadcast_state_name(enum broadcast_state s)
{
    static const char *const names[] = {
        [BROADCAST_PLANNED] = "planned",     [BROADCAST_ON_AIR] = "on_air",
        [BROADCAST_ENDED] = "ended",         [BROADCAST_CLOSED] = "closed",
        [BROADCAST_CANCELLED] = "cancelled", [BROADCAST_MISSED] = "missed",
    };

    return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] : NULL;
}

const char *target_state_name(enum target_state s)
{
    static const char *const names[] = {
        [TARGET_WAITING] = "waiting", [TARGET_ORDERED] = "ordered", [TARGET_ACCEPTED] = "accepted",
        [TARGET_REFUSED] = "refused", [TARGET_RECEIPT] = "receipt", [TARGET_SILENT] = "silent",
    };

    return (size_t)s < sizeof(names) / sizeof(names[0]) ? names[s] : NULL;
}

const char *broadcast_verdict_name(loa_Verdict v)
{
    static const char *const names[] = {
        [loa_Verdict_VERDICT_NONE] = "none",
        [loa_Verdict_VERDICT_ACCEPTED] = "accepted",
        [loa_Verdict_VERDICT_BAD_SIGNATURE] = "bad_signature",
        [loa_Verdict_VERDICT_NOT_FOR_ME] = "not_for_me",
        [loa_Verdict_VERDICT_EXPIRED] = "expired",
        [loa_Verdict_VERDICT_REPLAYED] = "replayed",
        [loa_Verdict_VERDICT_QUIET_HOURS] = "quiet_hours",
        [loa_Verdict_VERDICT_TOO_LONG] = "too_long",
        [loa_Verdict_VERDICT_TOO_FAR] = "too_far",
        [loa_Verdict_VERDICT_FULL] = "full",
        [loa_Verdict_VERDICT_MALFORMED] = "malformed",
        [loa_Verdict_VERDICT_MUTED] = "muted",
        [loa_Verdict_VERDICT_NOT_READY] = "not_ready",
    };

    return (size_t)v < sizeof(names) / sizeof(names[0]) ? names[v] : "none";
}

usec_t broadcast_end_us(const struct broadcast *b)
{
    int64_t plays = b->repeats > 1 ? (int64_t)b->repeats : 1;

    return b->start_us +
           (plays * b->duration_ms + (plays - 1) * (int64_t)b->pause_ms) * USEC_PER_MSEC;
}

usec_t broadcast_over_us(const struct broadcast *b)
{
    usec_t end_us = broadcast_end_us(b);

    return b->expires_us != 0 && b->expires_us < end_us ? b->expires_us : end_us;
}

/* The node may hold the order and has not told how it ended. */
static bool is_open(const struct broadcast_target *t)
{
    return t->state == TARGET_ORDERED || t->state == TARGET_ACCEPTED;
}

static bool is_to_stop(const struct broadcast *b, const struct broadcast_target *t)
{
    return b->state == BROADCAST_CANCELLED || t->withdrawn;
}

bool broadcast_is_to_stop(const struct broadcast *b, const struct broadcast_target *t)
{
    return is_open(t) && is_to_stop(b, t);
}

/* When an unanswered order is due again. 0 stands for "at once"; a time in the future can only come
 * from a clock that was set back while the station was down. */
static usec_t again_us(usec_t sent_us, usec_t now_us)
{
    return sent_us == 0 || sent_us > now_us ? now_us : sent_us + BROADCAST_ORDER_RETRY_US;
}

/* When to send to a target next, were it reachable; INT64_MAX never. */
static usec_t send_due_us(const struct broadcast *b, const struct broadcast_target *t,
                          usec_t now_us)
{
    usec_t over_us = broadcast_over_us(b);

    if (now_us >= over_us || over_us <= b->start_us)
        return INT64_MAX;
    if (is_to_stop(b, t))
        return is_open(t) && !t->stop_answered ? again_us(t->stop_us, now_us) : INT64_MAX;
    if (b->state != BROADCAST_PLANNED && b->state != BROADCAST_ON_AIR)
        return INT64_MAX;
    if (t->state == TARGET_WAITING && t->verdict == loa_Verdict_VERDICT_FULL)
        return t->ordered_us <= now_us ? t->ordered_us + BROADCAST_FULL_RETRY_US : now_us;
    return t->state == TARGET_WAITING || t->state == TARGET_ORDERED
               ? again_us(t->ordered_us, now_us)
               : INT64_MAX;
}

/* When waiting for receipts ends: 0 when none is to come. */
static usec_t close_due_us(const struct broadcast *b)
{
    usec_t last_us = b->cancelled_us;
    usec_t over_us = broadcast_over_us(b);
    bool waiting = false;

    for (size_t i = 0; i < b->target_count; i++) {
        const struct broadcast_target *t = &b->targets[i];

        if (!is_open(t))
            continue;
        waiting = true;
        if (!t->stop_answered)
            last_us = over_us;
        else if (t->stop_us > last_us)
            last_us = t->stop_us;
    }
    if (!waiting)
        return 0;
    if (b->state != BROADCAST_CANCELLED || last_us > over_us)
        last_us = over_us;
    return last_us + BROADCAST_RECEIPT_GRACE_US;
}

static const char *why_silent(const struct broadcast *b, const struct broadcast_target *t,
                              bool connected)
{
    bool cancelled = is_to_stop(b, t);

    if (t->state == TARGET_WAITING && t->verdict == loa_Verdict_VERDICT_FULL)
        return "the node had no room for it: its plan was full of nearer orders";
    if (t->state == TARGET_WAITING) {
        if (b->expires_us != 0 && b->expires_us <= b->start_us)
            return "no order sent: the bulletin expires before the start";
        if (b->state == BROADCAST_MISSED)
            return "no order sent: the station was not running";
        if (t->ordered_us != 0)
            return "no order sent: the station could not make one, its log says why";
        if (cancelled)
            return "no order sent: cancelled before the node was connected";
        return "no order sent: the node was never connected in time";
    }
    if (cancelled && t->stop_answered)
        return "stopped: the node confirmed the stop, but sent no receipt";
    if (cancelled)
        return connected ? "stop sent to the connected node, which did not answer"
                         : "cancelled, but the node could not be reached to stop it";
    if (t->state == TARGET_ORDERED)
        return connected ? "order sent to the connected node, which did not answer"
                         : "order sent, then the node was lost before it answered";
    return connected ? "order accepted and the node is connected, but it sent no receipt"
                     : "order accepted, then the node was lost; its receipt may still come";
}

static void account_for_all(struct broadcast *b, bool (*is_ready)(void *, struct node_id),
                            void *ctx)
{
    for (size_t i = 0; i < b->target_count; i++) {
        struct broadcast_target *t = &b->targets[i];

        if (t->state != TARGET_WAITING && !is_open(t))
            continue;
        snprintf(t->note, sizeof(t->note), "%s", why_silent(b, t, is_ready(ctx, t->node)));
        t->state = TARGET_SILENT;
    }
}

static bool was_ordered(const struct broadcast *b)
{
    for (size_t i = 0; i < b->target_count; i++) {
        if (b->targets[i].state != TARGET_WAITING && b->targets[i].state != TARGET_SILENT)
            return true;
    }
    return false;
}

/* Go one state further when it is time; *ret_due_us otherwise says when it will be. */
static bool advance(struct broadcast *b, usec_t now_us, bool (*is_ready)(void *, struct node_id),
                    void *ctx, usec_t *ret_due_us)
{
    usec_t over_us = broadcast_over_us(b);
    usec_t due_us = INT64_MAX;

    switch (b->state) {
    case BROADCAST_PLANNED:
        if (now_us >= over_us && !was_ordered(b)) {
            b->state = BROADCAST_MISSED;
            account_for_all(b, is_ready, ctx);
            return true;
        }
        due_us = b->start_us < over_us ? b->start_us : over_us;
        if (now_us >= due_us)
            b->state = now_us >= over_us ? BROADCAST_ENDED : BROADCAST_ON_AIR;
        break;
    case BROADCAST_ON_AIR:
        due_us = over_us;
        if (now_us >= due_us)
            b->state = BROADCAST_ENDED;
        break;
    case BROADCAST_ENDED:
    case BROADCAST_CANCELLED:
        due_us = close_due_us(b);
        if (now_us >= due_us) {
            account_for_all(b, is_ready, ctx);
            b->state = BROADCAST_CLOSED;
        }
        break;
    case BROADCAST_CLOSED:
    case BROADCAST_MISSED:
        break;
    }
    *ret_due_us = due_us;
    return now_us >= due_us;
}

/* The earliest time at which one of the reachable targets is due. */
static usec_t next_send_us(const struct broadcast *b, usec_t now_us,
                           bool (*is_ready)(void *, struct node_id), void *ctx)
{
    usec_t next_us = INT64_MAX;

    for (size_t i = 0; i < b->target_count; i++) {
        usec_t due_us = send_due_us(b, &b->targets[i], now_us);

        if (due_us < next_us && is_ready(ctx, b->targets[i].node))
            next_us = due_us;
    }
    return next_us;
}

struct broadcast_action broadcast_step(struct broadcast *b, usec_t now_us,
                                       bool (*is_ready)(void *ctx, struct node_id), void *ctx,
                                       usec_t *ret_next_us)
{
    struct broadcast_action action = {.kind = BROADCAST_NOTHING};
    usec_t send_us;
    usec_t due_us;

    /* The order goes out before the change of state is written: an emergency waits for no disk. The
     * search goes on where it stopped, so that a thousand targets cost one pass, not a thousand. */
    for (; b->next_target < b->target_count; b->next_target++) {
        const struct broadcast_target *t = &b->targets[b->next_target];

        if (send_due_us(b, t, now_us) > now_us || !is_ready(ctx, t->node))
            continue;
        action.node = t->node;
        action.kind = is_to_stop(b, t) ? BROADCAST_SEND_STOP : BROADCAST_SEND_ORDER;
        action.order = is_to_stop(b, t) ? t->stop : t->order;
        *ret_next_us = now_us;
        return action;
    }
    b->next_target = 0;
    if (advance(b, now_us, is_ready, ctx, &due_us)) {
        action.kind = BROADCAST_STATE_CHANGED;
        *ret_next_us = now_us;
        return action;
    }
    send_us = next_send_us(b, now_us, is_ready, ctx);
    *ret_next_us = send_us < due_us ? send_us : due_us;
    return action;
}

void broadcast_ordered(struct broadcast *b, struct node_id node, struct order_id order,
                       usec_t now_us)
{
    struct broadcast_target *t = broadcast_target(b, node);

    CHECK(t != NULL && order.v != 0);
    t->order = order;
    t->ordered_us = now_us;
    if (t->state == TARGET_WAITING)
        t->state = TARGET_ORDERED;
}

void broadcast_stop_ordered(struct broadcast *b, struct node_id node, struct order_id order,
                            usec_t now_us)
{
    struct broadcast_target *t = broadcast_target(b, node);

    CHECK(t != NULL && order.v != 0);
    t->stop = order;
    t->stop_us = now_us;
}

void broadcast_send_failed(struct broadcast *b, struct node_id node, usec_t now_us)
{
    struct broadcast_target *t = broadcast_target(b, node);

    CHECK(t != NULL);
    if (is_to_stop(b, t))
        t->stop_us = now_us;
    else
        t->ordered_us = now_us;
}

enum err broadcast_on_ack(struct broadcast *b, struct node_id node, const loa_OrderAck *ack)
{
    struct broadcast_target *t = broadcast_target(b, node);

    if (t == NULL || ack->order_id == 0)
        return ERR_NOT_FOUND;
    if (ack->verdict <= loa_Verdict_VERDICT_NONE || ack->verdict > _loa_Verdict_MAX)
        return ERR_FORMAT;
    if (ack->order_id == t->stop.v) {
        if (t->stop_answered)
            return ERR_EXISTS;
        t->stop_answered = true;
        return ERR_OK;
    }
    if (ack->order_id != t->order.v)
        return ERR_NOT_FOUND;
    if (ack->verdict == loa_Verdict_VERDICT_FULL && is_open(t)) {
        t->verdict = ack->verdict;
        t->state = TARGET_WAITING;
        return ERR_OK;
    }
    if (t->state != TARGET_ORDERED)
        return ERR_EXISTS;
    t->verdict = ack->verdict;
    t->state = ack->verdict == loa_Verdict_VERDICT_ACCEPTED ? TARGET_ACCEPTED : TARGET_REFUSED;
    if (t->state == TARGET_REFUSED)
        snprintf(t->note, sizeof(t->note), "refused by the node: %s",
                 broadcast_verdict_name(ack->verdict));
    return ERR_OK;
}

enum err broadcast_on_receipt(struct broadcast *b, struct node_id node, const loa_Receipt *receipt)
{
    struct broadcast_target *t = broadcast_target(b, node);

    if (t == NULL || receipt->broadcast_id != b->id.v || receipt->order_id == 0 ||
        receipt->order_id != t->order.v || t->verdict == loa_Verdict_VERDICT_REPLAYED)
        return ERR_NOT_FOUND;
    if (receipt->outcome <= loa_Outcome_OUTCOME_NONE || receipt->outcome > _loa_Outcome_MAX ||
        receipt->reason > _loa_Reason_MAX || receipt->carrier > _loa_Carrier_MAX)
        return ERR_FORMAT;
    if (t->has_receipt && t->receipt.receipt_id == receipt->receipt_id)
        return ERR_EXISTS;
    t->receipt = *receipt;
    t->has_receipt = true;
    t->state = TARGET_RECEIPT;
    t->note[0] = '\0';
    return ERR_OK;
}

void broadcast_on_reconnect(struct broadcast *b, struct node_id node)
{
    struct broadcast_target *t = broadcast_target(b, node);

    if (t == NULL)
        return;
    if (t->state == TARGET_ORDERED)
        t->ordered_us = 0;
    if (!t->stop_answered)
        t->stop_us = 0;
}

void broadcast_on_plan_lost(struct broadcast *b, struct node_id node)
{
    struct broadcast_target *t = broadcast_target(b, node);

    if (t == NULL || t->state != TARGET_ACCEPTED)
        return;
    t->state = TARGET_ORDERED;
    t->ordered_us = 0;
}

enum err broadcast_cancel(struct broadcast *b, usec_t now_us)
{
    if ((b->state != BROADCAST_PLANNED && b->state != BROADCAST_ON_AIR) ||
        now_us >= broadcast_over_us(b))
        return ERR_STATE;
    b->state = BROADCAST_CANCELLED;
    b->cancelled_us = now_us;
    b->next_target = 0;
    return ERR_OK;
}

bool broadcast_is_live(const struct broadcast *b)
{
    return b->live.source[0] != '\0';
}

size_t broadcast_live_part(const struct broadcast *b)
{
    size_t i = 0;

    while (i < b->media_count && !bulletin_part_is_live(&b->media[i]))
        i++;
    return i;
}

enum err broadcast_hang_up(struct broadcast *b, usec_t at_us)
{
    usec_t length_us = at_us - b->start_us;

    if ((b->state != BROADCAST_PLANNED && b->state != BROADCAST_ON_AIR) ||
        at_us >= broadcast_over_us(b))
        return ERR_STATE;
    b->duration_ms = length_us > 0 ? (uint32_t)((length_us + 999) / USEC_PER_MSEC) : 1;
    b->expires_us = 0;
    return ERR_OK;
}

static void fill_common(const struct broadcast *b, const char *station_code, struct node_id node,
                        struct order_id order, usec_t now_us, loa_OrderBody *body)
{
    *body = (loa_OrderBody)loa_OrderBody_init_zero;
    body->order_id = order.v;
    snprintf(body->station, sizeof(body->station), "%s", station_code);
    body->broadcast_id = b->id.v;
    body->nodes[body->nodes_count++] = node.v;
    body->issued_us = now_us;
}

void broadcast_fill_order(const struct broadcast *b, const char *station_code, struct node_id node,
                          struct order_id order, usec_t now_us, loa_OrderBody *ret_body)
{
    usec_t length_us = broadcast_end_us(b) - b->start_us;

    fill_common(b, station_code, node, order, now_us, ret_body);
    ret_body->kind = loa_OrderKind_ORDER_KIND_PLAY;
    ret_body->priority = (loa_Priority)b->priority;
    ret_body->start_us = b->start_us;
    ret_body->expires_us = broadcast_over_us(b);
    for (size_t i = 0; !broadcast_is_live(b) && i < b->media_count && i < BULLETIN_PARTS_MAX; i++) {
        loa_OrderItem *item = &ret_body->items[ret_body->items_count++];

        memcpy(item->sha256, b->media[i].media.sha256, sizeof(item->sha256));
        item->duration_ms = b->media[i].duration_ms;
    }
    if (b->live.has_fallback) {
        ret_body->has_fallback = true;
        memcpy(ret_body->fallback.sha256, b->live.fallback.media.sha256, SHA256_BYTES);
        ret_body->fallback.duration_ms = b->live.fallback.duration_ms;
    }
    if (broadcast_is_live(b))
        ret_body->grace_ms = BROADCAST_GRACE_US / USEC_PER_MSEC;
    ret_body->repeats = b->repeats > 1 ? b->repeats : 1;
    ret_body->pause_ms = b->pause_ms;
    ret_body->stream_id = b->stream.v;
    ret_body->rank = b->rank;
    ret_body->cuts_equal = b->cuts_equal;
    ret_body->max_duration_ms =
        length_us / USEC_PER_MSEC < UINT32_MAX ? (uint32_t)(length_us / USEC_PER_MSEC) : UINT32_MAX;
    snprintf(ret_body->title, sizeof(ret_body->title), "%s", b->title);
}

void broadcast_fill_stop(const struct broadcast *b, const char *station_code, struct node_id node,
                         struct order_id order, usec_t now_us, loa_OrderBody *ret_body)
{
    usec_t over_us = broadcast_over_us(b);

    fill_common(b, station_code, node, order, now_us, ret_body);
    ret_body->kind = loa_OrderKind_ORDER_KIND_STOP;
    ret_body->priority = (loa_Priority)b->priority;
    ret_body->start_us = now_us;
    ret_body->expires_us = over_us > now_us + USEC_PER_MIN ? over_us : now_us + USEC_PER_MIN;
}
