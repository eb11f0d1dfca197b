#include "log.h"
#include "onair_impl.h"
#include "store_broadcast.h"

static struct onair_answer *next_answer(struct onair *o, struct node_id node, usec_t now_us)
{
    struct onair_answer *a;

    if (o->answer_count == ONAIR_ANSWERS_MAX)
        onair_settle(o, now_us);
    a = &o->answers[o->answer_count++];
    *a = (struct onair_answer){.node = node, .result = ERR_NOT_FOUND};
    return a;
}

void onair_on_ack(struct onair *o, struct node_id node, const loa_OrderAck *ack, usec_t now_us)
{
    struct onair_answer *a = next_answer(o, node, now_us);

    a->is_ack = true;
    a->ack = *ack;
}

void onair_on_receipt(struct onair *o, struct node_id node, const loa_Receipt *receipt,
                      usec_t now_us)
{
    next_answer(o, node, now_us)->receipt = *receipt;
}

static enum err take_ack(struct onair *o, const struct onair_answer *a)
{
    for (size_t i = 0; i < o->count; i++) {
        struct broadcast *b = &o->live[i];

        if (broadcast_on_ack(b, a->node, &a->ack) == ERR_OK)
            return store_broadcast_set_target(o->config.db, b->id, broadcast_target(b, a->node));
    }
    return ERR_NOT_FOUND;
}

static enum err take_receipt(struct onair *o, const struct onair_answer *a, usec_t now_us)
{
    struct broadcast *b = onair_find(o, (struct broadcast_id){a->receipt.broadcast_id});
    enum err e = b != NULL ? broadcast_on_receipt(b, a->node, &a->receipt) : ERR_OK;

    /* What the broadcast does not take (another order's) must not reach its targets in the store. */
    if (e == ERR_OK || e == ERR_EXISTS)
        e = store_broadcast_add_receipt(o->config.db, a->node, &a->receipt, now_us);
    return e == ERR_FORMAT ? ERR_NOT_FOUND : e;
}

static void tell_ack(const struct onair_answer *a)
{
    if (a->result == ERR_NOT_FOUND)
        return;
    if (a->result != ERR_OK)
        log_event(LOG_ERROR, "onair.ack_not_stored", "node=%u error=%s", a->node.v,
                  err_name(a->result));
    if (a->ack.verdict != loa_Verdict_VERDICT_ACCEPTED)
        log_event(LOG_WARN, "order.refused", "node=%u order=%llu verdict=%d detail=%s", a->node.v,
                  (unsigned long long)a->ack.order_id, (int)a->ack.verdict,
                  LOG_TEXT(a->ack.detail));
}

/* Only now, after the commit: the node forgets what is acknowledged. */
static void acknowledge(struct onair *o, const struct onair_answer *a)
{
    const loa_Receipt *r = &a->receipt;
    loa_Msg msg = {.which_body = loa_Msg_receipt_ack_tag};

    if (a->result != ERR_OK && a->result != ERR_EXISTS && a->result != ERR_NOT_FOUND) {
        log_event(LOG_ERROR, "receipt.not_stored", "node=%u error=%s", a->node.v,
                  err_name(a->result));
        return; /* the node keeps it and sends it again */
    }
    if (a->result == ERR_NOT_FOUND)
        log_event(LOG_WARN, "receipt.unknown", "node=%u broadcast=%llu", a->node.v,
                  (unsigned long long)r->broadcast_id);
    if (a->result == ERR_OK)
        log_event(LOG_INFO, "receipt.stored", "node=%u broadcast=%llu outcome=%d reason=%d",
                  a->node.v, (unsigned long long)r->broadcast_id, (int)r->outcome, (int)r->reason);
    msg.body.receipt_ack.receipt_id = r->receipt_id;
    if (o->config.ports.send(o->config.ports.ctx, a->node, &msg) != ERR_OK)
        return; /* gone; it will send the receipt again */
}

/* All in one transaction, each in a part of its own, so that one that fails takes no other along. When the whole is not
 * stored, memory is ahead of the store: what the broadcasts took comes again with the receipts, and their targets are
 * stored whole when they close. */
static void keep_answers(struct onair *o, usec_t now_us)
{
    enum err e = db_begin(o->config.db);
    bool begun = e == ERR_OK;

    for (size_t i = 0; begun && i < o->answer_count; i++) {
        struct onair_answer *a = &o->answers[i];

        a->result = a->is_ack ? take_ack(o, a) : take_receipt(o, a, now_us);
    }
    if (begun)
        e = db_end(o->config.db, ERR_OK);
    for (size_t i = 0; i < o->answer_count; i++) {
        struct onair_answer *a = &o->answers[i];

        if (e != ERR_OK)
            a->result = e;
        if (a->is_ack)
            tell_ack(a);
        else
            acknowledge(o, a);
    }
    o->answer_count = 0;
}

void onair_settle(struct onair *o, usec_t now_us)
{
    if (o->answer_count == 0 && !o->unsettled)
        return;
    if (o->answer_count > 0)
        keep_answers(o, now_us);
    o->unsettled = false;
    onair_step(o, now_us);
}
