#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "airbed.h"

static void test_a_broadcast_goes_from_plan_to_receipts(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 3);
    w.ready[1] = w.ready[2] = w.ready[3] = true;
    airbed_run(&w, START - 100 * S);
    assert_int_equal(w.b.state, BROADCAST_PLANNED);
    for (uint32_t n = 1; n <= 3; n++) {
        assert_int_equal(w.plays[n], 1);
        assert_int_equal(airbed_target(&w, n)->state, TARGET_ORDERED);
        assert_int_equal(airbed_accept(&w, n), ERR_OK);
        assert_int_equal(airbed_target(&w, n)->state, TARGET_ACCEPTED);
    }
    airbed_run(&w, START - 99 * S);
    assert_int_equal(w.next_us, START);
    airbed_run(&w, START - 1);
    assert_int_equal(w.b.state, BROADCAST_PLANNED);
    airbed_run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    assert_int_equal(w.next_us, END);
    airbed_run(&w, END);
    assert_int_equal(w.b.state, BROADCAST_ENDED);
    assert_int_equal(w.next_us, END + GRACE);
    for (uint32_t n = 1; n <= 3; n++)
        assert_int_equal(airbed_receipt(&w, n, 50 + n), ERR_OK);
    airbed_run(&w, END + S);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(w.changes, 3);
    assert_int_equal(w.next_us, INT64_MAX);
    broadcast_deinit(&w.b);
}

static void test_orders_go_to_ready_nodes_only_and_in_any_order_of_ids(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 4);
    w.ready[2] = w.ready[4] = true;
    airbed_run(&w, START - 100 * S);
    assert_int_equal(w.plays[1] + w.plays[3], 0);
    assert_int_equal(w.plays[2], 1);
    assert_int_equal(w.plays[4], 1);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_WAITING);
    assert_true(airbed_target(&w, 2)->order.v != airbed_target(&w, 4)->order.v);
    assert_null(airbed_target(&w, 5));
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

struct changes {
    size_t added, changed;
};

static void note_change(void *ctx, const struct broadcast_target *t, bool is_new)
{
    struct changes *c = ctx;

    (void)t;
    c->added += is_new;
    c->changed += !is_new;
}

static struct changes retarget(struct airbed *w, const struct node_id *meant, size_t count)
{
    struct changes c = {0};

    assert_int_equal(broadcast_retarget(&w->b, meant, count, note_change, &c), ERR_OK);
    return c;
}

static void test_a_target_that_joins_later_is_ordered_too(void **state)
{
    const struct node_id meant[] = {{1}, {2}, {3}, {5}};
    struct changes c;
    struct airbed w;

    (void)state;
    airbed_setup(&w, 3);
    w.ready[1] = w.ready[3] = w.ready[5] = true;
    airbed_run(&w, START - 100 * S);
    c = retarget(&w, meant, 4);
    assert_int_equal(c.added, 1);
    assert_int_equal(c.changed, 0);
    assert_int_equal(w.b.target_count, 4);
    airbed_run(&w, START - 100 * S);
    assert_int_equal(w.plays[5], 1);
    assert_int_equal(w.plays[3], 1);
    assert_int_equal(airbed_target(&w, 3)->state, TARGET_ORDERED);
    c = retarget(&w, meant, 4);
    assert_int_equal(c.added + c.changed, 0);
    broadcast_deinit(&w.b);
}

static void test_a_target_that_left_is_stopped_and_the_others_are_not(void **state)
{
    const struct node_id meant[] = {{2}};
    struct airbed w;

    (void)state;
    airbed_setup(&w, 3);
    w.ready[1] = w.ready[2] = true;
    airbed_run(&w, START - 100 * S);
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    assert_int_equal(airbed_accept(&w, 2), ERR_OK);
    assert_int_equal(retarget(&w, meant, 1).changed, 2);
    airbed_run(&w, START - 90 * S);
    assert_int_equal(w.stops[1], 1);
    assert_int_equal(w.stops[2], 0);
    assert_int_equal(airbed_target(&w, 3)->state, TARGET_SILENT);
    assert_non_null(strstr(airbed_target(&w, 3)->note, "moved or revoked"));
    w.ready[3] = true;
    airbed_run(&w, START - 80 * S);
    assert_int_equal(w.plays[3], 0);
    assert_int_equal(w.stops[1], 2); /* not answered */
    airbed_ack(&w, 1, airbed_target(&w, 1)->stop.v, loa_Verdict_VERDICT_ACCEPTED);
    airbed_run(&w, START - 70 * S);
    assert_int_equal(w.stops[1], 2);
    airbed_run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    airbed_receipt(&w, 2, 1);
    airbed_run(&w, END + GRACE);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "confirmed the stop"));
    broadcast_deinit(&w.b);
}

static void test_a_target_that_comes_back_gets_a_new_order(void **state)
{
    const struct node_id both[] = {{1}, {2}};
    struct airbed w;
    uint64_t first;

    (void)state;
    airbed_setup(&w, 2);
    w.ready[1] = w.ready[2] = true;
    airbed_run(&w, START - 100 * S);
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    first = airbed_target(&w, 1)->order.v;
    assert_int_equal(retarget(&w, &both[1], 1).changed, 1);
    airbed_run(&w, START - 90 * S);
    assert_int_equal(w.stops[1], 1);
    assert_int_equal(retarget(&w, both, 2).changed, 1);
    airbed_run(&w, START - 80 * S);
    assert_int_equal(w.stops[1], 1);
    assert_int_equal(w.plays[1], 2);
    assert_true(airbed_target(&w, 1)->order.v != first);
    broadcast_deinit(&w.b);
}

static void test_what_has_begun_keeps_its_targets(void **state)
{
    struct changes c = {0};
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    airbed_run(&w, START);
    assert_int_equal(broadcast_retarget(&w.b, NULL, 0, note_change, &c), ERR_STATE);
    assert_int_equal(c.changed, 0);
    broadcast_deinit(&w.b);
}

static void test_nobody_left_to_sound_is_missed_not_ended(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    assert_int_equal(retarget(&w, NULL, 0).changed, 1);
    airbed_run(&w, END);
    assert_int_equal(w.b.state, BROADCAST_MISSED);
    broadcast_deinit(&w.b);
}

static void test_an_unanswered_order_is_repeated_under_its_own_id(void **state)
{
    struct airbed w;
    usec_t t = START - 100 * S;
    uint64_t order;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    airbed_run(&w, t);
    order = airbed_target(&w, 1)->order.v;
    assert_int_equal(w.next_us, t + BROADCAST_ORDER_RETRY_US);
    airbed_run(&w, t + BROADCAST_ORDER_RETRY_US - 1);
    assert_int_equal(w.plays[1], 1);
    airbed_run(&w, t + BROADCAST_ORDER_RETRY_US);
    assert_int_equal(w.plays[1], 2);
    assert_int_equal(airbed_target(&w, 1)->order.v, order);
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    airbed_run(&w, t + 10 * BROADCAST_ORDER_RETRY_US);
    assert_int_equal(w.plays[1], 2);
    broadcast_deinit(&w.b);
}

static void test_a_reconnect_repeats_an_unanswered_order_at_once(void **state)
{
    struct airbed w;
    usec_t t = START - 100 * S;

    (void)state;
    airbed_setup(&w, 2);
    w.ready[1] = w.ready[2] = true;
    airbed_run(&w, t);
    assert_int_equal(airbed_accept(&w, 2), ERR_OK);
    w.ready[1] = w.ready[2] = false;
    airbed_run(&w, t + S);
    w.ready[1] = w.ready[2] = true;
    airbed_run(&w, t + S);
    assert_int_equal(w.plays[1], 1);
    broadcast_on_reconnect(&w.b, (struct node_id){1});
    broadcast_on_reconnect(&w.b, (struct node_id){2});
    broadcast_on_reconnect(&w.b, (struct node_id){99});
    airbed_run(&w, t + S);
    assert_int_equal(w.plays[1], 2);
    assert_int_equal(w.plays[2], 1);
    /* Noted late, when the answer is there already: the answer stands. */
    broadcast_ordered(&w.b, (struct node_id){2}, airbed_target(&w, 2)->order, t + S);
    assert_int_equal(airbed_target(&w, 2)->state, TARGET_ACCEPTED);
    broadcast_deinit(&w.b);
}

static void test_a_full_node_is_asked_again_later_under_the_same_id(void **state)
{
    struct airbed w;
    usec_t t = START - 5 * USEC_PER_DAY;
    uint64_t order;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    airbed_run(&w, t);
    order = airbed_target(&w, 1)->order.v;
    assert_int_equal(airbed_ack(&w, 1, order, loa_Verdict_VERDICT_FULL), ERR_OK);
    airbed_run(&w, t + S);
    assert_int_equal(w.plays[1], 1);
    assert_int_equal(w.next_us, t + BROADCAST_FULL_RETRY_US);
    airbed_run(&w, t + BROADCAST_FULL_RETRY_US);
    assert_int_equal(w.plays[1], 2);
    assert_int_equal(airbed_target(&w, 1)->order.v, order);
    /* Accepted, and pushed out again by nearer ones. */
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    assert_int_equal(airbed_ack(&w, 1, order, loa_Verdict_VERDICT_FULL), ERR_OK);
    airbed_run(&w, t + 2 * BROADCAST_FULL_RETRY_US);
    assert_int_equal(w.plays[1], 3);
    assert_int_equal(airbed_ack(&w, 1, order, loa_Verdict_VERDICT_FULL), ERR_OK);
    w.ready[1] = false;
    airbed_run(&w, END + GRACE);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "plan was full"));
    broadcast_deinit(&w.b);
}

static void test_a_node_that_lost_its_plan_is_told_again(void **state)
{
    struct airbed w;
    usec_t t = START - 100 * S;
    uint64_t order;

    (void)state;
    airbed_setup(&w, 2);
    w.ready[1] = true;
    airbed_run(&w, t);
    order = airbed_target(&w, 1)->order.v;
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    broadcast_on_plan_lost(&w.b, (struct node_id){1});
    broadcast_on_plan_lost(&w.b, (struct node_id){2});
    broadcast_on_plan_lost(&w.b, (struct node_id){99});
    airbed_run(&w, t + 10 * S);
    assert_int_equal(w.plays[1], 2);
    assert_int_equal(w.plays[2], 0);
    assert_int_equal(airbed_target(&w, 1)->order.v, order);
    assert_int_equal(airbed_accept(&w, 1), ERR_OK);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_ACCEPTED);
    broadcast_deinit(&w.b);
}

/* A warning must not wait for a second packet to arrive. */
static void test_an_order_of_one_recording_fits_one_packet(void **state)
{
    static loa_OrderBody body;
    static loa_Msg msg;
    uint8_t bytes[CONTROL_BYTES_MAX];
    struct airbed w;
    struct writer out;

    (void)state;
    airbed_setup(&w, 1);
    w.b.media_count = 1;
    w.b.media[0].duration_ms = UINT32_MAX;
    memset(w.b.title, 'x', sizeof(w.b.title) - 1);
    broadcast_fill_order(&w.b, "27148", (struct node_id){UINT32_MAX}, (struct order_id){UINT64_MAX},
                         START, &body);
    msg.which_body = loa_Msg_order_tag;
    writer_init(&out, msg.body.order.body.bytes, sizeof(msg.body.order.body.bytes));
    assert_int_equal(control_encode_order(&out, &body), ERR_OK);
    msg.body.order.body.size = (pb_size_t)writer_view(&out).len;
    msg.body.order.signature.size = sizeof(msg.body.order.signature.bytes);
    writer_init(&out, bytes, sizeof(bytes));
    assert_int_equal(control_encode(&out, &msg), ERR_OK);
    assert_true(writer_view(&out).len < 1400 - 100); /* frame and TLS record */
    broadcast_deinit(&w.b);
}

static void test_a_late_joiner_gets_the_order_while_it_is_on_air(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 2);
    airbed_run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    w.ready[1] = true;
    airbed_run(&w, END - 1);
    assert_int_equal(w.plays[1], 1);
    w.ready[2] = true;
    airbed_run(&w, END);
    assert_int_equal(w.plays[2], 0);
    broadcast_deinit(&w.b);
}

static void test_a_refusal_is_final_and_says_why(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    airbed_run(&w, START - S);
    assert_int_equal(
        airbed_ack(&w, 1, airbed_target(&w, 1)->order.v, loa_Verdict_VERDICT_QUIET_HOURS), ERR_OK);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_REFUSED);
    assert_int_equal(airbed_target(&w, 1)->verdict, loa_Verdict_VERDICT_QUIET_HOURS);
    assert_non_null(strstr(airbed_target(&w, 1)->note, "quiet_hours"));
    assert_int_equal(airbed_accept(&w, 1), ERR_EXISTS);
    airbed_run(&w, START + 10 * S);
    assert_int_equal(w.plays[1], 1);
    airbed_run(&w, END);
    assert_int_equal(w.b.state, BROADCAST_CLOSED);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_REFUSED);
    broadcast_deinit(&w.b);
}

static void test_answers_that_do_not_belong_here_are_refused(void **state)
{
    struct airbed w;
    loa_Receipt r = {.receipt_id = 1, .broadcast_id = 7, .outcome = loa_Outcome_OUTCOME_SOUNDED};

    (void)state;
    airbed_setup(&w, 2);
    w.ready[1] = true;
    airbed_run(&w, START - S);
    assert_int_equal(airbed_ack(&w, 1, 12345, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(airbed_ack(&w, 1, 0, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(airbed_ack(&w, 2, 0, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(airbed_ack(&w, 9, 100, loa_Verdict_VERDICT_ACCEPTED), ERR_NOT_FOUND);
    assert_int_equal(airbed_ack(&w, 1, airbed_target(&w, 1)->order.v, loa_Verdict_VERDICT_NONE),
                     ERR_FORMAT);
    assert_int_equal(
        airbed_ack(&w, 1, airbed_target(&w, 1)->order.v, (loa_Verdict)(_loa_Verdict_MAX + 1)),
        ERR_FORMAT);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_ORDERED);

    r.order_id = 12345;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_NOT_FOUND);
    r.order_id = 0;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){2}, &r), ERR_NOT_FOUND);
    r.order_id = airbed_target(&w, 1)->order.v;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){9}, &r), ERR_NOT_FOUND);
    r.broadcast_id = 8;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_NOT_FOUND);
    r.broadcast_id = 7;
    r.outcome = loa_Outcome_OUTCOME_NONE;
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_FORMAT);
    r.outcome = loa_Outcome_OUTCOME_MISSED;
    r.reason = (loa_Reason)(_loa_Reason_MAX + 1);
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_FORMAT);
    /* Where another order had the number, a receipt under it is that one's. */
    r.reason = loa_Reason_REASON_LATE;
    assert_int_equal(airbed_ack(&w, 1, r.order_id, loa_Verdict_VERDICT_REPLAYED), ERR_OK);
    assert_int_equal(broadcast_on_receipt(&w.b, (struct node_id){1}, &r), ERR_NOT_FOUND);
    assert_false(airbed_target(&w, 1)->has_receipt);
    broadcast_deinit(&w.b);
}

static void test_receipts_count_during_play_once_each_and_the_newest_wins(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    w.ready[1] = true;
    airbed_run(&w, START);
    /* The acknowledgement was lost; the receipt speaks for itself. */
    assert_int_equal(airbed_receipt(&w, 1, 5), ERR_OK);
    assert_int_equal(airbed_target(&w, 1)->state, TARGET_RECEIPT);
    assert_int_equal(airbed_accept(&w, 1), ERR_EXISTS);
    assert_int_equal(airbed_receipt(&w, 1, 5), ERR_EXISTS);
    assert_int_equal(airbed_receipt(&w, 1, 6), ERR_OK);
    assert_int_equal(airbed_target(&w, 1)->receipt.receipt_id, 6);
    airbed_run(&w, START + 10 * S);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    assert_int_equal(w.plays[1], 1);
    broadcast_deinit(&w.b);
}

static void test_an_emergency_is_sent_before_its_state_is_written(void **state)
{
    struct airbed w;
    struct broadcast_action a;

    (void)state;
    airbed_setup(&w, 1);
    w.b.priority = PRIORITY_EMERGENCY;
    w.ready[1] = true;
    a = broadcast_step(&w.b, START, airbed_is_ready, &w, &w.next_us);
    assert_int_equal(a.kind, BROADCAST_SEND_ORDER);
    assert_int_equal(a.node.v, 1);
    airbed_run(&w, START);
    assert_int_equal(w.b.state, BROADCAST_ON_AIR);
    assert_int_equal(w.plays[1], 1);
    broadcast_deinit(&w.b);
}

static void test_repeats_pauses_and_expiry_set_the_end(void **state)
{
    struct airbed w;

    (void)state;
    airbed_setup(&w, 1);
    w.b.repeats = 3;
    w.b.pause_ms = 5000;
    assert_int_equal(broadcast_end_us(&w.b), START + 70 * S);
    assert_int_equal(broadcast_over_us(&w.b), START + 70 * S);
    w.b.expires_us = START + 30 * S;
    assert_int_equal(broadcast_over_us(&w.b), START + 30 * S);
    airbed_run(&w, START);
    airbed_run(&w, START + 30 * S);
    assert_true(w.b.state != BROADCAST_ON_AIR);
    w.b.repeats = 0;
    w.b.pause_ms = 9;
    assert_int_equal(broadcast_end_us(&w.b), START + 20 * S);
    broadcast_deinit(&w.b);
}

static void test_the_order_says_all_the_node_needs(void **state)
{
    struct airbed w;
    loa_OrderBody body;

    (void)state;
    airbed_setup(&w, 1);
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
    struct airbed all;
    usec_t next;
    size_t sent = 0;

    (void)state;
    all = (struct airbed){0};
    for (uint32_t i = 0; i < 1000; i++)
        ids[i].v = i + 1;
    assert_int_equal(broadcast_set_targets(&b, ids, 1000), ERR_OK);
    for (uint32_t i = 0; i < 1000; i++)
        b.targets[i].node.v =
            1; /* all stand for one ready node, so that airbed_is_ready() needs no table */
    all.ready[1] = true;
    while (broadcast_step(&b, START - S, airbed_is_ready, &all, &next).kind ==
           BROADCAST_SEND_ORDER) {
        assert_int_equal(b.next_target, sent);
        b.targets[b.next_target].state = TARGET_ORDERED;
        b.targets[b.next_target].ordered_us = START - S;
        sent++;
    }
    assert_int_equal(sent, 1000);
    broadcast_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_broadcast_goes_from_plan_to_receipts),
        cmocka_unit_test(test_orders_go_to_ready_nodes_only_and_in_any_order_of_ids),
        cmocka_unit_test(test_duplicate_targets_count_once),
        cmocka_unit_test(test_a_target_that_joins_later_is_ordered_too),
        cmocka_unit_test(test_a_target_that_left_is_stopped_and_the_others_are_not),
        cmocka_unit_test(test_a_target_that_comes_back_gets_a_new_order),
        cmocka_unit_test(test_what_has_begun_keeps_its_targets),
        cmocka_unit_test(test_nobody_left_to_sound_is_missed_not_ended),
        cmocka_unit_test(test_an_unanswered_order_is_repeated_under_its_own_id),
        cmocka_unit_test(test_a_reconnect_repeats_an_unanswered_order_at_once),
        cmocka_unit_test(test_a_full_node_is_asked_again_later_under_the_same_id),
        cmocka_unit_test(test_a_node_that_lost_its_plan_is_told_again),
        cmocka_unit_test(test_an_order_of_one_recording_fits_one_packet),
        cmocka_unit_test(test_a_late_joiner_gets_the_order_while_it_is_on_air),
        cmocka_unit_test(test_a_refusal_is_final_and_says_why),
        cmocka_unit_test(test_answers_that_do_not_belong_here_are_refused),
        cmocka_unit_test(test_receipts_count_during_play_once_each_and_the_newest_wins),
        cmocka_unit_test(test_an_emergency_is_sent_before_its_state_is_written),
        cmocka_unit_test(test_repeats_pauses_and_expiry_set_the_end),
        cmocka_unit_test(test_the_order_says_all_the_node_needs),
        cmocka_unit_test(test_names_cover_their_sets),
        cmocka_unit_test(test_a_thousand_targets_cost_one_pass),
    };

    return cmocka_run_group_tests_name("broadcast", tests, NULL, NULL);
}
