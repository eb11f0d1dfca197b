#include <stdlib.h>

#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"
#include "store_order.h"

#define ISSUES_MAX 64 /* orders to one node each of a step: a signature takes a millisecond */

static enum err make_room(struct onair *o)
{
    size_t size = o->send_size > 0 ? 2 * o->send_size : 256;
    struct onair_send *sends;

    if (o->send_count < o->send_size)
        return ERR_OK;
    sends = realloc(o->sends, size * sizeof(*sends));
    if (sends == NULL)
        return ERR_NOMEM;
    o->sends = sends;
    o->send_size = size;
    return ERR_OK;
}

static bool is_shared(const struct broadcast *b, const struct broadcast_action *action)
{
    return action->kind == BROADCAST_SEND_STOP || b->priority == PRIORITY_EMERGENCY ||
           b->target_count > ONAIR_NAMED_MAX;
}

bool onair_send_may(const struct onair *o, const struct broadcast *b,
                    const struct broadcast_action *action)
{
    return action->kind == BROADCAST_STATE_CHANGED || action->order.v != 0 ||
           is_shared(b, action) || o->issued < ISSUES_MAX;
}

static enum err issue(struct onair *o, struct broadcast *b, const struct broadcast_action *action,
                      usec_t now_us, struct order_id *ret_order)
{
    if (action->kind == BROADCAST_SEND_STOP)
        return onair_issue_stop(o, b, action->node, now_us, ret_order);
    if (is_shared(b, action))
        return onair_issue_shared(o, b, action->node, now_us, ret_order);
    o->issued++;
    return onair_issue(o, b, action->node, now_us, ret_order);
}

enum err onair_send_later(struct onair *o, struct broadcast *b,
                          const struct broadcast_action *action, usec_t now_us)
{
    struct order_id order = action->order;
    enum err e = make_room(o);

    if (e == ERR_OK && order.v == 0)
        e = issue(o, b, action, now_us, &order);
    if (e != ERR_OK)
        return e;
    if (action->kind == BROADCAST_SEND_STOP)
        broadcast_stop_ordered(b, action->node, order, now_us);
    else
        broadcast_ordered(b, action->node, order, now_us);
    e = store_broadcast_set_target(o->config.db, b->id, broadcast_target(b, action->node));
    if (e != ERR_OK && action->order.v == 0)
        onair_forget_order(b, order); /* it is rolled back for all whom it names */
    if (e == ERR_OK)
        o->sends[o->send_count++] = (struct onair_send){action->node, order};
    return e;
}

enum err onair_send_ordered(struct onair *o, const struct broadcast *b)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < b->target_count; i++) {
        if (b->targets[i].state != TARGET_ORDERED)
            continue;
        e = make_room(o);
        if (e == ERR_OK)
            o->sends[o->send_count++] =
                (struct onair_send){b->targets[i].node, b->targets[i].order};
    }
    return e;
}

static enum err send_one(struct onair *o, struct order_id id, const struct node_id *nodes,
                         size_t count)
{
    static struct store_order row;
    static loa_Msg msg;
    enum err e = store_order_get(o->config.db, id, &row);

    if (e != ERR_OK)
        return e;
    msg = (loa_Msg)loa_Msg_init_zero;
    msg.which_body = loa_Msg_order_tag;
    msg.body.order = row.order;
    return o->config.ports.send_many(o->config.ports.ctx, nodes, count, &msg);
}

void onair_send_all(struct onair *o)
{
    struct node_id nodes[ONAIR_SEND_MAX];
    size_t count;

    for (size_t i = 0; i < o->send_count; i += count) {
        struct order_id order = o->sends[i].order;
        enum err e;

        for (count = 0; count < ONAIR_SEND_MAX && i + count < o->send_count &&
                        o->sends[i + count].order.v == order.v;
             count++)
            nodes[count] = o->sends[i + count].node;
        e = send_one(o, order, nodes, count);
        if (e != ERR_OK)
            log_event(LOG_WARN, "order.not_sent", "node=%u nodes=%zu order=%llu error=%s",
                      nodes[0].v, count, (unsigned long long)order.v, err_name(e));
    }
    o->send_count = 0;
}
