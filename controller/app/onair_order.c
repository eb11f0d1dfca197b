#include <string.h>

#include "log.h"
#include "onair_impl.h"
#include "store_order.h"
#include "store_station.h"

/* Ids of stops that leave without the store: apart from its counter, and never twice. */
#define ORDER_ID_UNSTORED (UINT64_C(1) << 62)

static enum err sign(struct onair *o, const loa_OrderBody *body, loa_Order *ret_order)
{
    struct writer w;
    size_t signature_len;
    enum err e;

    writer_init(&w, ret_order->body.bytes, sizeof(ret_order->body.bytes));
    e = control_encode_order(&w, body);
    if (e != ERR_OK)
        return e;
    ret_order->body.size = (pb_size_t)writer_view(&w).len;
    e = order_sign(o->config.signer, writer_view(&w), ret_order->signature.bytes, &signature_len);
    if (e == ERR_OK)
        ret_order->signature.size = (pb_size_t)signature_len;
    return e;
}

/* Number, sign and keep one; `body` has everything but its number. */
static enum err issue(struct onair *o, const struct broadcast *b, struct node_id node,
                      loa_OrderBody *body, struct order_id *ret_id)
{
    static struct store_order row;
    uint64_t id;
    enum err e = store_station_next(o->config.db, STORE_COUNTER_ORDER, &id);

    if (e != ERR_OK)
        return e;
    body->order_id = id;
    row = (struct store_order){
        .id = {id},
        .broadcast = b->id,
        .node = node,
        .kind = body->kind,
        .issued_us = body->issued_us,
        .expires_us = body->expires_us,
    };
    e = sign(o, body, &row.order);
    if (e == ERR_OK)
        e = store_order_add(o->config.db, &row);
    if (e == ERR_OK)
        ret_id->v = id;
    return e;
}

enum err onair_issue(struct onair *o, struct broadcast *b, struct node_id node, usec_t now_us,
                     struct order_id *ret_id)
{
    static loa_OrderBody body;

    broadcast_fill_order(b, o->config.station->code, node, (struct order_id){0}, now_us, &body);
    return issue(o, b, node, &body, ret_id);
}

/* Issue an order to this target and to those after it that `wants` names: as many as it has room for, or all of them when
 * it names nobody.
 *
 *   number  where a target keeps the order's */
static enum err
issue_to_many(struct onair *o, struct broadcast *b, loa_OrderBody *body,
              bool (*wants)(const struct broadcast *b, const struct broadcast_target *t),
              struct order_id *(*number)(struct broadcast_target *t), struct order_id *ret_id)
{
    struct broadcast_target *first = broadcast_target(b, (struct node_id){body->nodes[0]});
    struct broadcast_target *last = first;
    enum err e;

    if (body->everyone)
        body->nodes_count = 0;
    for (struct broadcast_target *t = first + 1;
         t < b->targets + b->target_count && body->nodes_count < ONAIR_NAMED_MAX; t++) {
        if (!wants(b, t))
            continue;
        last = t;
        if (!body->everyone)
            body->nodes[body->nodes_count++] = t->node.v;
    }
    e = issue(o, b, (struct node_id){0}, body, ret_id);
    for (struct broadcast_target *t = first; e == ERR_OK && t <= last; t++)
        if (t == first || wants(b, t))
            *number(t) = *ret_id;
    return e;
}

static bool wants_order(const struct broadcast *b, const struct broadcast_target *t)
{
    (void)b;
    return t->order.v == 0;
}

static struct order_id *order_number(struct broadcast_target *t)
{
    return &t->order;
}

/* Too many to be named, and each node that may sound is one of them? */
static bool is_for_everyone(const struct onair *o, struct broadcast *b)
{
    for (size_t i = 0; b->target_count > ONAIR_NAMED_MAX && i < registry_count(o->config.registry);
         i++) {
        const struct node_record *node = &registry_at(o->config.registry, i)->record;
        const struct broadcast_target *t = broadcast_target(b, node->id);

        if (node->state == NODE_STATE_ACTIVE && (t == NULL || !wants_order(b, t)))
            return false;
    }
    return b->target_count > ONAIR_NAMED_MAX;
}

enum err onair_issue_shared(struct onair *o, struct broadcast *b, struct node_id node,
                            usec_t now_us, struct order_id *ret_id)
{
    static loa_OrderBody body;

    broadcast_fill_order(b, o->config.station->code, node, (struct order_id){0}, now_us, &body);
    body.everyone = is_for_everyone(o, b);
    return issue_to_many(o, b, &body, wants_order, order_number, ret_id);
}

static bool wants_stop(const struct broadcast *b, const struct broadcast_target *t)
{
    return t->stop.v == 0 && broadcast_is_to_stop(b, t);
}

static struct order_id *stop_number(struct broadcast_target *t)
{
    return &t->stop;
}

enum err onair_issue_stop(struct onair *o, struct broadcast *b, struct node_id node, usec_t now_us,
                          struct order_id *ret_id)
{
    static loa_OrderBody body;

    broadcast_fill_stop(b, o->config.station->code, node, (struct order_id){0}, now_us, &body);
    body.everyone = b->state == BROADCAST_CANCELLED && b->target_count > ONAIR_NAMED_MAX;
    return issue_to_many(o, b, &body, wants_stop, stop_number, ret_id);
}

static enum err order_one(struct onair *o, loa_OrderKind kind, struct node_id node, usec_t now_us,
                          uint64_t *ret_order)
{
    static loa_OrderBody body;
    static loa_Msg msg;
    uint64_t id;
    enum err e = store_station_next(o->config.db, STORE_COUNTER_ORDER, &id);

    if (e != ERR_OK)
        return e;
    body = (loa_OrderBody)loa_OrderBody_init_zero;
    body.order_id = id;
    memcpy(body.station, o->config.station->code, sizeof(body.station));
    body.kind = kind;
    body.priority = loa_Priority_PRIORITY_NORMAL;
    body.nodes[0] = node.v;
    body.nodes_count = 1;
    body.issued_us = now_us;
    body.start_us = now_us;
    body.expires_us = now_us + ONAIR_TEST_US;
    msg = (loa_Msg)loa_Msg_init_zero;
    msg.which_body = loa_Msg_order_tag;
    e = sign(o, &body, &msg.body.order);
    if (e == ERR_OK)
        e = o->config.ports.send(o->config.ports.ctx, node, &msg);
    if (e == ERR_OK)
        *ret_order = id;
    return e;
}

enum err onair_test(struct onair *o, struct node_id node, usec_t now_us, uint64_t *ret_order)
{
    return order_one(o, loa_OrderKind_ORDER_KIND_TEST, node, now_us, ret_order);
}

enum err onair_reboot(struct onair *o, struct node_id node, usec_t now_us, uint64_t *ret_order)
{
    return order_one(o, loa_OrderKind_ORDER_KIND_REBOOT, node, now_us, ret_order);
}

/* To all that are connected. */
static void to_ready(struct onair *o, const loa_Msg *msg)
{
    size_t total = registry_count(o->config.registry), count = 0;
    struct node_id nodes[ONAIR_SEND_MAX];

    for (size_t i = 0; i < total; i++) {
        const struct node_entry *entry = registry_at(o->config.registry, i);
        enum err e = ERR_OK;

        if (entry->live.ready)
            nodes[count++] = entry->record.id;
        if (count == ONAIR_SEND_MAX || (count > 0 && i + 1 == total)) {
            e = o->config.ports.send_many(o->config.ports.ctx, nodes, count, msg);
            count = 0;
        }
        if (e != ERR_OK)
            log_event(LOG_WARN, "order.not_sent", "until=%u kind=stop error=%s", entry->record.id.v,
                      err_name(e));
    }
}

void onair_silence(struct onair *o, struct broadcast_id broadcast, usec_t now_us)
{
    static loa_OrderBody body;
    static loa_Msg msg;

    body = (loa_OrderBody)loa_OrderBody_init_zero;
    body.order_id = ORDER_ID_UNSTORED | (uint64_t)now_us;
    memcpy(body.station, o->config.station->code, sizeof(body.station));
    body.kind = loa_OrderKind_ORDER_KIND_STOP;
    body.broadcast_id = broadcast.v;
    body.everyone = true;
    body.issued_us = now_us;
    body.start_us = now_us;
    body.expires_us = now_us + USEC_PER_MIN;
    msg = (loa_Msg)loa_Msg_init_zero;
    msg.which_body = loa_Msg_order_tag;
    if (sign(o, &body, &msg.body.order) != ERR_OK) {
        log_event(LOG_ERROR, "order.not_signed", "kind=stop");
        return;
    }
    to_ready(o, &msg);
}
