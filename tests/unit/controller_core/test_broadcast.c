#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "broadcast.h"
#include "prop.h"

#define S USEC_PER_SEC
#define START (1000 * S)
#define END (START + 20 * S)
#define GRACE BROADCAST_RECEIPT_GRACE_US
#define NODES_MAX 6

/* A broadcast with its nodes 1..n, and what the world around it did. */
struct world {
    struct broadcast b;
    bool ready[NODES_MAX + 1];
    uint64_t next_order;
    usec_t now_us;
    usec_t next_us;
    size_t plays[NODES_MAX + 1]; /* orders sent */
    size_t stops[NODES_MAX + 1];
    size_t changes;
};

static bool is_ready(void *ctx, struct node_id node)
{
    const struct world *w = ctx;

    return w->ready[node.v];
}

static void setup(struct world *w, size_t nodes)
{
    struct node_id ids[NODES_MAX];

    *w = (struct world){.next_order = 100};
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

static struct broadcast_target *target(struct world *w, uint32_t node)
{
    return broadcast_target(&w->b, (struct node_id){node});
}

/* Do all that is due, as the station would. */
static void run(struct world *w, usec_t now_us)
{
    w->now_us = now_us;
    for (int i = 0; i < 1000; i++) {
        struct broadcast_action a = broadcast_step(&w->b, now_us, is_ready, w, &w->next_us);
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

static enum err ack(struct world *w, uint32_t node, uint64_t order, loa_Verdict verdict)
{
    loa_OrderAck a = {.order_id = order, .verdict = verdict};

    return broadcast_on_ack(&w->b, (struct node_id){node}, &a);
}

static enum err accept(struct world *w, uint32_t node)
{
    return ack(w, node, target(w, node)->order.v, loa_Verdict_VERDICT_ACCEPTED);
}

static enum err receipt(struct world *w, uint32_t node, uint64_t receipt_id)
{
    loa_Receipt r = {.receipt_id = receipt_id,
                     .order_id = target(w, node) != NULL ? target(w, node)->order.v : 1,
                     .broadcast_id = w->b.id.v,
                     .outcome = loa_Outcome_OUTCOME_SOUNDED};

    return broadcast_on_receipt(&w->b, (struct node_id){node}, &r);
}

static void test_a_broadcast_goes_from_plan_to_receipts(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 3);
    w.ready[1] = w.ready[2] = w.ready[3] = true;
    run(&w, START - 100 * S);
    assert_int_equal(w.b.state, BROADCAST_PLANNED);
    for (uint32_t n = 1; n <= 3; n++) {
        assert_int_equal(w.plays[n], 1);
        assert_int_equal(target(&w, n)->state, TARGET_ORDERED);
        assert_int_equal(accept(&w, n), ERR_OK);
        assert_int_equal(target(&w, n)->state, TARGET_ACCEPTED);
    }
    run(&w, START - 99 * S);
    assert_int_equal(w.next_us, START);
    run(&w, START - 1);
    assert_int_equal(w.b.state, BROADCAST_PLANNED);
    run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    assert_int_equal(w.next_us, END);
    run(&w, END);
    assert_int_equal(w.b.state, BROADCAST_ENDED);
    assert_int_equal(w.next_us, END + GRACE);
    for (uint32_t n = 1; n <= 3; n++)
        assert_int_equal(receipt(&w, n, 50 + n), ERR_OK);
    run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(w.changes, 3);
    assert_int_equal(w.next_us, INT64_MAX);
    broadcast_deinit(&w.b);
}

static void test_orders_go_to_ready_nodes_only_and_in_any_order_of_ids(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 4);
    w.ready[2] = w.ready[4] = true;
    run(&w, START - 100 * S);
    assert_int_equal(w.plays[1] + w.plays[3], 0);
    assert_int_equal(w.plays[2], 1);
    assert_int_equal(w.plays[4], 1);
    assert_int_equal(target(&w, 1)->state, TARGET_WAITING);
    assert_true(target(&w, 2)->order.v != target(&w, 4)->order.v);
    assert_null(target(&w, 5));
    broadcast_deinit(&w.b);
}

static void test_duplicate_targets_count_once(void **state)
{
    const struct node_id ids[] = {{3}, {1}, {3}, {1}, {2}};
    struct broadcast b = {.id = {1}};

    (void)state;
    assert_int_equal(broadcast_set_targets(&b, ids, 5), ERR_OK);
    assert_int_equal(b.target_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(b.targets[i].node.v, i + 1);
    broadcast_deinit(&b);
    broadcast_deinit(&b);
}

static void test_a_target_that_joins_later_is_ordered_too(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 3);
    w.ready[1] = w.ready[3] = w.ready[5] = true;
    run(&w, START - 100 * S);
    assert_int_equal(broadcast_add_target(&w.b, (struct node_id){3}), ERR_EXISTS);
    assert_int_equal(broadcast_add_target(&w.b, (struct node_id){5}), ERR_OK);
    assert_int_equal(w.b.target_count, 4);
    run(&w, START - 100 * S);
    assert_int_equal(w.plays[5], 1);
    assert_int_equal(w.plays[3], 1);
    assert_int_equal(target(&w, 3)->state, TARGET_ORDERED);
    broadcast_deinit(&w.b);
}

static void test_an_unanswered_order_is_repeated_under_its_own_id(void **state)
{
    struct world w;
    usec_t t = START - 100 * S;
    uint64_t order;

    (void)state;
    setup(&w, 1);
    w.ready[1] = true;
    run(&w, t);
    order = target(&w, 1)->order.v;
    assert_int_equal(w.next_us, t + BROADCAST_ORDER_RETRY_US);
    run(&w, t + BROADCAST_ORDER_RETRY_US - 1);
    assert_int_equal(w.plays[1], 1);
    run(&w, t + BROADCAST_ORDER_RETRY_US);
    assert_int_equal(w.plays[1], 2);
    assert_int_equal(target(&w, 1)->order.v, order);
    assert_int_equal(accept(&w, 1), ERR_OK);
    run(&w, t + 10 * BROADCAST_ORDER_RETRY_US);
    assert_int_equal(w.plays[1], 2);
    broadcast_deinit(&w.b);
}

static void test_a_reconnect_repeats_an_unanswered_order_at_once(void **state)
{
    struct world w;
    usec_t t = START - 100 * S;

    (void)state;
    setup(&w, 2);
    w.ready[1] = w.ready[2] = true;
    run(&w, t);
    assert_int_equal(accept(&w, 2), ERR_OK);
    w.ready[1] = w.ready[2] = false;
    run(&w, t + S);
    w.ready[1] = w.ready[2] = true;
    run(&w, t + S);
    assert_int_equal(w.plays[1], 1);
    broadcast_on_reconnect(&w.b, (struct node_id){1});
    broadcast_on_reconnect(&w.b, (struct node_id){2});
    broadcast_on_reconnect(&w.b, (struct node_id){99});
    run(&w, t + S);
    assert_int_equal(w.plays[1], 2);
    assert_int_equal(w.plays[2], 1);
    /* Noted late, when the answer is there already: the answer stands. */
    broadcast_ordered(&w.b, (struct node_id){2}, target(&w, 2)->order, t + S);
    assert_int_equal(target(&w, 2)->state, TARGET_ACCEPTED);
    broadcast_deinit(&w.b);
}

static void test_a_late_joiner_gets_the_order_while_it_is_on_air(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 2);
    run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    w.ready[1] = true;
    run(&w, END - 1);
    assert_int_equal(w.plays[1], 1);
    w.ready[2] = true;
    run(&w, END);
    assert_int_equal(w.plays[2], 0);
    broadcast_deinit(&w.b);
}

static void test_a_refusal_is_final_and_says_why(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    w.ready[1] = true;
    run(&w, START - S);
    assert_int_equal(ack(&w, 1, target(&w, 1)->order.v, loa_Verdict_VERDICT_QUIET_HOURS), ERR_OK);
    assert_int_equal(target(&w, 1)->state, TARGET_REFUSED);
    assert_int_equal(target(&w, 1)->verdict, loa_Verdict_VERDICT_QUIET_HOURS);
    assert_non_null(strstr(target(&w, 1)->note, "quiet_hours"));
    assert_int_equal(accept(&w, 1), ERR_EXISTS);
    run(&w, START + 10 * S);
    assert_int_equal(w.plays[1], 1);
    run(&w, END);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(target(&w, 1)->state, TARGET_REFUSED);
    broadcast_deinit(&w.b);
}

static void test_answers_that_do_not_belong_here_are_refused(void **state)
{
    struct world w;
    loa_Receipt r = {.receipt_id = 1, .broadcast_id = 7, .outcome = loa_Outcome_OUTCOME_SOUNDED};

    (void)state;
    setup(&w, 2);
    w.ready[1] = true;
    run(&w, START - S);
    assert_int_equal(ack(&w, 1, 12345, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(ack(&w, 1, 0, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(ack(&w, 2, 0, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(ack(&w, 9, 100, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(ack(&w, 1, target(&w, 1)->order.v, loa_Verdict_VERDICT_NONE), ERR_FORMAT);
    assert_int_equal(ack(&w, 1, target(&w, 1)->order.v, (loa_Verdict)(_loa_Verdict_MAX + 1)),
                     ERR_FORMAT);
    assert_int_equal(target(&w, 1)->state, TARGET_ORDERED);

    r.order_id = 12345;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_NOT_FOUND);
    r.order_id = 0;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){2}, &r), ERR_NOT_FOUND);
    r.order_id = target(&w, 1)->order.v;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){9}, &r), ERR_NOT_FOUND);
    r.broadcast_id = 8;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_NOT_FOUND);
    r.broadcast_id = 7;
    r.outcome = loa_Outcome_OUTCOME_NONE;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_FORMAT);
    r.outcome = loa_Outcome_OUTCOME_MISSED;
    r.reason = (loa_Reason)(_loa_Reason_MAX + 1);
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_FORMAT);
    assert_false(target(&w, 1)->has_receipt);
    broadcast_deinit(&w.b);
}

static void test_receipts_count_during_play_once_each_and_the_newest_wins(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    w.ready[1] = true;
    run(&w, START);
    /* The acknowledgement was lost; the receipt speaks for itself. */
    assert_int_equal(receipt(&w, 1, 5), ERR_OK);
    assert_int_equal(target(&w, 1)->state, TARGET_RECEIPT);
    assert_int_equal(accept(&w, 1), ERR_EXISTS);
    assert_int_equal(receipt(&w, 1, 5), ERR_EXISTS);
    assert_int_equal(receipt(&w, 1, 6), ERR_OK);
    assert_int_equal(target(&w, 1)->receipt.receipt_id, 6);
    run(&w, START + 10 * S);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    assert_int_equal(w.plays[1], 1);
    broadcast_deinit(&w.b);
}

static void test_closing_says_honestly_why_there_is_no_receipt(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 5);
    w.ready[2] = w.ready[3] = w.ready[4] = w.ready[5] = true;
    run(&w, START);
    assert_int_equal(accept(&w, 4), ERR_OK);
    assert_int_equal(accept(&w, 5), ERR_OK);
    w.ready[2] = w.ready[4] = false;
    run(&w, END);
    run(&w, END + GRACE - 1);
    assert_int_equal(w.b.state, BROADCAST_ENDED);
    run(&w, END + GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    for (uint32_t n = 1; n <= 5; n++)
        assert_int_equal(target(&w, n)->state, TARGET_SILENT);
    assert_non_null(strstr(target(&w, 1)->note, "never connected"));
    assert_non_null(strstr(target(&w, 2)->note, "lost before it answered"));
    assert_non_null(strstr(target(&w, 3)->note, "did not answer"));
    assert_non_null(strstr(target(&w, 4)->note, "may still come"));
    assert_non_null(strstr(target(&w, 5)->note, "connected, but it sent no receipt"));
    broadcast_deinit(&w.b);
}

static void test_targets_that_no_order_reached_are_not_waited_for(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 2);
    run(&w, START);
    run(&w, END);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(target(&w, 1)->state, TARGET_SILENT);
    broadcast_deinit(&w.b);
}

static void test_a_receipt_after_closing_is_recorded(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    w.ready[1] = true;
    run(&w, START);
    assert_int_equal(accept(&w, 1), ERR_OK);
    w.ready[1] = false;
    run(&w, END + GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(receipt(&w, 1, 3), ERR_OK);
    assert_int_equal(target(&w, 1)->state, TARGET_RECEIPT);
    assert_string_equal(target(&w, 1)->note, "");
    run(&w, END + 2 * GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    broadcast_deinit(&w.b);
}

static void test_cancelling_before_the_start_stops_who_has_the_order(void **state)
{
    struct world w;
    usec_t t = START - 500 * S;

    (void)state;
    setup(&w, 3);
    w.ready[1] = w.ready[2] = true;
    run(&w, t);
    assert_int_equal(accept(&w, 1), ERR_OK);
    assert_int_equal(broadcast_cancel(&w.b, t + S), ERR_OK);
    assert_int_equal(w.b.state, BROADCAST_CANCELLED);
    assert_int_equal(w.b.cancelled_us, t + S);
    assert_int_equal(broadcast_cancel(&w.b, t + S), ERR_STATE);
    w.ready[3] = true;
    run(&w, t + S);
    assert_int_equal(w.stops[1], 1);
    assert_int_equal(w.stops[2], 1);
    assert_int_equal(w.stops[3], 0);
    assert_int_equal(w.plays[3], 0);
    run(&w, t + S + BROADCAST_ORDER_RETRY_US);
    assert_int_equal(w.stops[1], 2);
    for (uint32_t n = 1; n <= 2; n++) {
        uint64_t stop = target(&w, n)->stop.v;

        assert_true(stop != 0 && stop != target(&w, n)->order.v);
        assert_int_equal(ack(&w, n, stop, loa_Verdict_VERDICT_ACCEPTED), ERR_OK);
        assert_int_equal(ack(&w, n, stop, loa_Verdict_VERDICT_ACCEPTED), ERR_EXISTS);
    }
    run(&w, t + 20 * S);
    assert_int_equal(w.stops[1], 2);
    assert_int_equal(w.next_us, t + S + BROADCAST_ORDER_RETRY_US + GRACE);
    run(&w, w.next_us);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_non_null(strstr(target(&w, 1)->note, "confirmed the stop"));
    assert_non_null(strstr(target(&w, 3)->note, "cancelled before"));
    broadcast_deinit(&w.b);
}

static void test_cancelling_what_nobody_was_told_closes_at_once(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    run(&w, START - 9 * S);
    assert_int_equal(broadcast_cancel(&w.b, START - 8 * S), ERR_OK);
    run(&w, START - 8 * S);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    broadcast_deinit(&w.b);
}

static void test_a_stop_waits_for_a_node_that_is_away_until_the_end(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 2);
    w.ready[1] = w.ready[2] = true;
    run(&w, START);
    assert_int_equal(accept(&w, 1), ERR_OK);
    assert_int_equal(accept(&w, 2), ERR_OK);
    w.ready[1] = w.ready[2] = false;
    assert_int_equal(broadcast_cancel(&w.b, START + S), ERR_OK);
    run(&w, START + S);
    assert_int_equal(w.stops[1], 0);
    w.ready[1] = true;
    broadcast_on_reconnect(&w.b, (struct node_id){1});
    run(&w, START + 10 * S);
    assert_int_equal(w.stops[1], 1);
    broadcast_on_reconnect(&w.b, (struct node_id){1});
    run(&w, START + 10 * S + 1);
    assert_int_equal(w.stops[1], 2);
    w.ready[2] = true;
    run(&w, END);
    assert_int_equal(w.stops[2], 0);
    run(&w, END + GRACE - 1);
    assert_int_equal(w.b.state, BROADCAST_CANCELLED);
    run(&w, END + GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_non_null(strstr(target(&w, 1)->note, "did not answer"));
    broadcast_deinit(&w.b);
}

static void test_what_is_over_cannot_be_cancelled(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    run(&w, START);
    assert_int_equal(broadcast_cancel(&w.b, END), ERR_STATE);
    run(&w, END);
    assert_int_equal(broadcast_cancel(&w.b, END), ERR_STATE);
    assert_int_equal(w.b.cancelled_us, 0);
    broadcast_deinit(&w.b);
}

static void test_an_emergency_is_sent_before_its_state_is_written(void **state)
{
    struct world w;
    struct broadcast_action a;

    (void)state;
    setup(&w, 1);
    w.b.priority = PRIORITY_EMERGENCY;
    w.ready[1] = true;
    a = broadcast_step(&w.b, START, is_ready, &w, &w.next_us);
    assert_int_equal(a.kind, BROADCAST_SEND_ORDER);
    assert_int_equal(a.node.v, 1);
    run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    assert_int_equal(w.plays[1], 1);
    broadcast_deinit(&w.b);
}

static void test_a_station_that_was_down_all_the_time_missed_it(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    w.ready[1] = true;
    run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_MISSED);
    assert_int_equal(target(&w, 1)->state, TARGET_SILENT);
    assert_non_null(strstr(target(&w, 1)->note, "not running"));
    assert_int_equal(w.plays[1], 0);
    assert_int_equal(w.next_us, INT64_MAX);
    broadcast_deinit(&w.b);
}

static void test_nodes_that_held_the_order_are_waited_for_after_a_restart(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 2);
    target(&w, 1)->state = TARGET_ACCEPTED;
    target(&w, 1)->order.v = 55;
    run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_ENDED);
    assert_int_equal(receipt(&w, 1, 1), ERR_OK);
    run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(target(&w, 1)->state, TARGET_RECEIPT);
    assert_int_equal(target(&w, 2)->state, TARGET_SILENT);
    broadcast_deinit(&w.b);
}

static void test_a_restart_continues_orders_that_were_out(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 2);
    for (uint32_t n = 1; n <= 2; n++) {
        target(&w, n)->state = TARGET_ORDERED;
        target(&w, n)->order.v = 50 + n;
        /* The second was sent "in the future": the clock was set back meanwhile. */
        target(&w, n)->ordered_us = n == 1 ? START - 60 * S : START + 3600 * S;
        w.ready[n] = true;
    }
    run(&w, START + S);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    for (uint32_t n = 1; n <= 2; n++) {
        assert_int_equal(w.plays[n], 1);
        assert_int_equal(target(&w, n)->order.v, 50 + n);
    }
    broadcast_deinit(&w.b);
}

static void test_repeats_pauses_and_expiry_set_the_end(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    w.b.repeats = 3;
    w.b.pause_ms = 5000;
    assert_int_equal(broadcast_end_us(&w.b), START + 70 * S);
    assert_int_equal(broadcast_over_us(&w.b), START + 70 * S);
    w.b.expires_us = START + 30 * S;
    assert_int_equal(broadcast_over_us(&w.b), START + 30 * S);
    run(&w, START);
    run(&w, START + 30 * S);
    assert_true(w.b.state != BROADCAST_ON_AIR);
    w.b.repeats = 0;
    w.b.pause_ms = 9;
    assert_int_equal(broadcast_end_us(&w.b), START + 20 * S);
    broadcast_deinit(&w.b);
}

static void test_what_expires_before_its_start_is_never_sent(void **state)
{
    struct world w;

    (void)state;
    setup(&w, 1);
    w.ready[1] = true;
    w.b.expires_us = START - S;
    run(&w, START - 10 * S);
    assert_int_equal(w.plays[1], 0);
    run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_MISSED);
    assert_non_null(strstr(target(&w, 1)->note, "expires before"));
    broadcast_deinit(&w.b);
}

static void test_the_order_says_all_the_node_needs(void **state)
{
    struct world w;
    loa_OrderBody body;

    (void)state;
    setup(&w, 1);
    w.b.media_count = 2;
    w.b.media[1].duration_ms = 8000;
    w.b.media[1].media.sha256[31] = 0xAB;
    w.b.repeats = 2;
    w.b.pause_ms = 1000;
    w.b.stream.v = 9;
    w.b.rank = 4;
    w.b.cuts_equal = true;
    w.b.priority = PRIORITY_PRIORITY;
    broadcast_fill_order(&w.b, "27148", (struct node_id){3}, (struct order_id){77}, 123, &body);
    assert_int_equal(body.kind, loa_OrderKind_ORDER_KIND_PLAY);
    assert_int_equal(body.order_id, 77);
    assert_string_equal(body.station, "27148");
    assert_int_equal(body.broadcast_id, 7);
    assert_int_equal(body.priority, loa_Priority_PRIORITY_PRIORITY);
    assert_int_equal(body.nodes_count, 1);
    assert_int_equal(body.nodes[0], 3);
    assert_false(body.everyone);
    assert_int_equal(body.issued_us, 123);
    assert_int_equal(body.start_us, START);
    assert_int_equal(body.expires_us, START + 41 * S);
    assert_int_equal(body.items_count, 2);
    assert_int_equal(body.items[1].duration_ms, 8000);
    assert_int_equal(body.items[1].sha256[31], 0xAB);
    assert_int_equal(body.repeats, 2);
    assert_int_equal(body.pause_ms, 1000);
    assert_int_equal(body.stream_id, 9);
    assert_int_equal(body.rank, 4);
    assert_true(body.cuts_equal);
    assert_int_equal(body.max_duration_ms, 41000);
    assert_string_equal(body.title, "Bản tin");
    broadcast_fill_stop(&w.b, "27148", (struct node_id){3}, (struct order_id){78}, START, &body);
    assert_int_equal(body.kind, loa_OrderKind_ORDER_KIND_STOP);
    assert_int_equal(body.order_id, 78);
    assert_int_equal(body.broadcast_id, 7);
    assert_int_equal(body.nodes[0], 3);
    assert_int_equal(body.items_count, 0);
    assert_true(body.expires_us >= START + 41 * S);
    broadcast_deinit(&w.b);
}

static void test_names_cover_their_sets(void **state)
{
    (void)state;
    for (int i = 0; i <= BROADCAST_MISSED; i++)
        assert_non_null(broadcast_state_name((enum broadcast_state)i));
    assert_null(broadcast_state_name((enum broadcast_state)(BROADCAST_MISSED + 1)));
    for (int i = 0; i <= TARGET_SILENT; i++)
        assert_non_null(target_state_name((enum target_state)i));
    assert_null(target_state_name((enum target_state)(TARGET_SILENT + 1)));
    for (int i = 1; i <= _loa_Verdict_MAX; i++)
        assert_string_not_equal(broadcast_verdict_name((loa_Verdict)i), "none");
    assert_string_equal(broadcast_verdict_name((loa_Verdict)(_loa_Verdict_MAX + 1)), "none");
}

static void test_a_thousand_targets_cost_one_pass(void **state)
{
    static struct node_id ids[1000];
    struct broadcast b = {.id = {1}, .start_us = START, .duration_ms = 1000};
    struct world all;
    usec_t next;
    size_t sent = 0;

    (void)state;
    all = (struct world){0};
    for (uint32_t i = 0; i < 1000; i++)
        ids[i].v = i + 1;
    assert_int_equal(broadcast_set_targets(&b, ids, 1000), ERR_OK);
    for (uint32_t i = 0; i < 1000; i++)
        b.targets[i].node.v =
            1; /* all stand for one ready node, so that is_ready() needs no table */
    all.ready[1] = true;
    while (broadcast_step(&b, START - S, is_ready, &all, &next).kind == BROADCAST_SEND_ORDER) {
        assert_int_equal(b.next_target, sent);
        b.targets[b.next_target].state = TARGET_ORDERED;
        b.targets[b.next_target].ordered_us = START - S;
        sent++;
    }
    assert_int_equal(sent, 1000);
    broadcast_deinit(&b);
}

static bool is_forward(enum broadcast_state from, enum broadcast_state to)
{
    static const bool allowed[6][6] = {
        [BROADCAST_PLANNED] = {[BROADCAST_ON_AIR] = true,
                               [BROADCAST_ENDED] = true,
                               [BROADCAST_CANCELLED] = true,
                               [BROADCAST_MISSED] = true},
        [BROADCAST_ON_AIR] = {[BROADCAST_ENDED] = true, [BROADCAST_CANCELLED] = true},
        [BROADCAST_ENDED] = {[BROADCAST_CLOSED] = true},
        [BROADCAST_CANCELLED] = {[BROADCAST_CLOSED] = true},
    };

    return from == to || allowed[from][to];
}

static bool is_target_forward(enum target_state from, enum target_state to)
{
    static const int height[] = {0, 1, 2, 3, 5, 4};

    if (from == TARGET_ACCEPTED && to == TARGET_REFUSED)
        return false;
    if (from == TARGET_REFUSED && to == TARGET_SILENT)
        return false;
    return height[to] >= height[from];
}

/* What the property remembers from step to step. */
struct memory {
    enum broadcast_state state;
    enum target_state targets[NODES_MAX];
    usec_t may_send_us[2][NODES_MAX]; /* PLAY and STOP, earliest repetition */
    bool answered[2][NODES_MAX];
};

static void check_laws(struct world *w, struct memory *m)
{
    bool closed = w->b.state == BROADCAST_CLOSED || w->b.state == BROADCAST_MISSED;

    assert_true(is_forward(m->state, w->b.state));
    m->state = w->b.state;
    for (size_t i = 0; i < w->b.target_count; i++) {
        enum target_state s = w->b.targets[i].state;

        assert_true(is_target_forward(m->targets[i], s));
        m->targets[i] = s;
        if (closed) {
            assert_true(s == TARGET_RECEIPT || s == TARGET_REFUSED || s == TARGET_SILENT);
            assert_true(s != TARGET_SILENT || w->b.targets[i].note[0] != '\0');
        }
        assert_int_equal(s == TARGET_RECEIPT, w->b.targets[i].has_receipt);
    }
}

static void run_checked(struct world *w, struct memory *m)
{
    for (int i = 0; i < 100; i++) {
        struct broadcast_action a = broadcast_step(&w->b, w->now_us, is_ready, w, &w->next_us);
        bool is_stop = a.kind == BROADCAST_SEND_STOP;
        size_t at = a.node.v - 1;

        check_laws(w, m);
        if (a.kind == BROADCAST_NOTHING) {
            assert_true(w->next_us > w->now_us);
            return;
        }
        if (a.kind == BROADCAST_STATE_CHANGED)
            continue;
        assert_true(w->ready[a.node.v]);
        assert_true(w->now_us < broadcast_over_us(&w->b));
        assert_int_equal(is_stop, w->b.state == BROADCAST_CANCELLED);
        assert_false(m->answered[is_stop][at]);
        assert_true(w->now_us >= m->may_send_us[is_stop][at]);
        m->may_send_us[is_stop][at] = w->now_us + BROADCAST_ORDER_RETRY_US;
        if (a.order.v == 0)
            a.order.v = w->next_order++;
        if (is_stop)
            broadcast_stop_ordered(&w->b, a.node, a.order, w->now_us);
        else
            broadcast_ordered(&w->b, a.node, a.order, w->now_us);
        check_laws(w, m);
    }
    fail_msg("the actions never end");
}

static void random_event(struct world *w, struct memory *m, struct prop *p)
{
    uint32_t n = (uint32_t)prop_range(p, 1, (int64_t)w->b.target_count);
    struct broadcast_target *t = target(w, n);

    switch (prop_range(p, 0, 7)) {
    case 0:
        w->ready[n] = !w->ready[n];
        if (w->ready[n]) {
            broadcast_on_reconnect(&w->b, t->node);
            m->may_send_us[0][n - 1] = m->may_send_us[1][n - 1] = 0;
        }
        break;
    case 1:
        if (ack(w, n, t->order.v, (loa_Verdict)prop_range(p, 0, 3)) == ERR_OK)
            m->answered[0][n - 1] = true;
        break;
    case 2:
        if (ack(w, n, t->stop.v, loa_Verdict_VERDICT_ACCEPTED) == ERR_OK)
            m->answered[1][n - 1] = true;
        break;
    case 3:
        if (receipt(w, n, (uint64_t)prop_range(p, 1, 3)) == ERR_OK)
            m->answered[0][n - 1] = m->answered[1][n - 1] = true;
        break;
    case 4:
        if (prop_one_in(p, 10) && broadcast_cancel(&w->b, w->now_us) == ERR_OK)
            assert_int_equal(w->b.cancelled_us, w->now_us);
        break;
    default:
        w->now_us = prop_one_in(p, 3) && w->next_us < START + 1000 * S
                        ? w->next_us
                        : w->now_us + prop_range(p, 0, 8) * S / 2;
    }
}

static void test_property_random_lives_keep_the_laws_and_end(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "broadcast");
    for (int round = 0; round < 3000; round++) {
        struct world w;
        struct memory m = {0};
        usec_t wake_us;

        setup(&w, (size_t)prop_range(&p, 1, NODES_MAX));
        w.now_us = w.next_us = START - prop_range(&p, 0, 30) * S;
        if (prop_one_in(&p, 4))
            w.b.expires_us = START + prop_range(&p, -5, 30) * S;
        for (int64_t events = prop_range(&p, 0, 120); events > 0; events--) {
            random_event(&w, &m, &p);
            check_laws(&w, &m);
            run_checked(&w, &m);
        }
        /* Left alone, waking only when it asks to, it ends. */
        run_checked(&w, &m);
        for (int i = 0; w.next_us != INT64_MAX; i++) {
            assert_true(i < 100);
            wake_us = w.next_us;
            w.now_us = wake_us;
            run_checked(&w, &m);
        }
        assert_true(w.b.state == BROADCAST_CLOSED || w.b.state == BROADCAST_MISSED);

        broadcast_deinit(&w.b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_broadcast_goes_from_plan_to_receipts),
        cmocka_unit_test(test_orders_go_to_ready_nodes_only_and_in_any_order_of_ids),
        cmocka_unit_test(test_duplicate_targets_count_once),
        cmocka_unit_test(test_a_target_that_joins_later_is_ordered_too),
        cmocka_unit_test(test_an_unanswered_order_is_repeated_under_its_own_id),
        cmocka_unit_test(test_a_reconnect_repeats_an_unanswered_order_at_once),
        cmocka_unit_test(test_a_late_joiner_gets_the_order_while_it_is_on_air),
        cmocka_unit_test(test_a_refusal_is_final_and_says_why),
        cmocka_unit_test(test_answers_that_do_not_belong_here_are_refused),
        cmocka_unit_test(test_receipts_count_during_play_once_each_and_the_newest_wins),
        cmocka_unit_test(test_closing_says_honestly_why_there_is_no_receipt),
        cmocka_unit_test(test_targets_that_no_order_reached_are_not_waited_for),
        cmocka_unit_test(test_a_receipt_after_closing_is_recorded),
        cmocka_unit_test(test_cancelling_before_the_start_stops_who_has_the_order),
        cmocka_unit_test(test_cancelling_what_nobody_was_told_closes_at_once),
        cmocka_unit_test(test_a_stop_waits_for_a_node_that_is_away_until_the_end),
        cmocka_unit_test(test_what_is_over_cannot_be_cancelled),
        cmocka_unit_test(test_an_emergency_is_sent_before_its_state_is_written),
        cmocka_unit_test(test_a_station_that_was_down_all_the_time_missed_it),
        cmocka_unit_test(test_nodes_that_held_the_order_are_waited_for_after_a_restart),
        cmocka_unit_test(test_a_restart_continues_orders_that_were_out),
        cmocka_unit_test(test_repeats_pauses_and_expiry_set_the_end),
        cmocka_unit_test(test_what_expires_before_its_start_is_never_sent),
        cmocka_unit_test(test_the_order_says_all_the_node_needs),
        cmocka_unit_test(test_names_cover_their_sets),
        cmocka_unit_test(test_a_thousand_targets_cost_one_pass),
        cmocka_unit_test(test_property_random_lives_keep_the_laws_and_end),
    };

    return cmocka_run_group_tests_name("broadcast", tests, NULL, NULL);
}
