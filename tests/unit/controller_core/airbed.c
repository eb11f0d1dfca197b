#include "airbed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

bool airbed_is_ready(void *ctx, struct node_id node)
{
    const struct airbed *w = ctx;

    return w->ready[node.v];
}

void airbed_setup(struct airbed *w, size_t nodes)
{
    struct node_id ids[NODES_MAX];

    *w = (struct airbed){.next_order = 100};
    w->b = (struct broadcast){.id = {7},
                              .title = "Bản tin",
                              .priority = PRIORITY_NORMAL,
                              .start_us = START,
                              .duration_ms = 20000,
                              .repeats = 1};
    for (size_t i = 0; i < nodes; i++)
        ids[i].v = (uint32_t)(nodes - i);
    assert_int_equal(broadcast_set_targets(&w->b, ids, nodes), ERR_OK);
}

struct broadcast_target *airbed_target(struct airbed *w, uint32_t node)
{
    return broadcast_target(&w->b, (struct node_id){node});
}

void airbed_run(struct airbed *w, usec_t now_us)
{
    w->now_us = now_us;
    for (int i = 0; i < 1000; i++) {
        struct broadcast_action a = broadcast_step(&w->b, now_us, airbed_is_ready, w, &w->next_us);
        struct order_id order = a.order;

        if (a.kind == BROADCAST_NOTHING)
            return;
        if (a.kind == BROADCAST_STATE_CHANGED) {
            w->changes++;
            continue;
        }
        assert_true(w->ready[a.node.v]);
        if (order.v == 0)
            order.v = w->next_order++;
        if (a.kind == BROADCAST_SEND_ORDER) {
            w->plays[a.node.v]++;
            broadcast_ordered(&w->b, a.node, order, now_us);
        } else {
            w->stops[a.node.v]++;
            broadcast_stop_ordered(&w->b, a.node, order, now_us);
        }
    }
    fail_msg("the actions never end");
}

enum err airbed_ack(struct airbed *w, uint32_t node, uint64_t order, loa_Verdict verdict)
{
    loa_OrderAck a = {.order_id = order, .verdict = verdict};

    return broadcast_on_ack(&w->b, (struct node_id){node}, &a);
}

enum err airbed_accept(struct airbed *w, uint32_t node)
{
    return airbed_ack(w, node, airbed_target(w, node)->order.v, loa_Verdict_VERDICT_ACCEPTED);
}

enum err airbed_receipt(struct airbed *w, uint32_t node, uint64_t receipt_id)
{
    loa_Receipt r = {.receipt_id = receipt_id,
                     .order_id =
                         airbed_target(w, node) != NULL ? airbed_target(w, node)->order.v : 1,
                     .broadcast_id = w->b.id.v,
                     .outcome = loa_Outcome_OUTCOME_SOUNDED};

    return broadcast_on_receipt(&w->b, (struct node_id){node}, &r);
}
