#include <stdio.h>
#include <string.h>

#include "store_broadcast.h"
#include "store_node.h"
#include "store_order.h"
#include "storefix.h"

static loa_Receipt receipt_of(const struct sample *s, uint64_t receipt_id)
{
    return (loa_Receipt){.receipt_id = receipt_id,
                         .order_id = UINT64_MAX,
                         .broadcast_id = s->broadcast.v,
                         .outcome = loa_Outcome_OUTCOME_PARTLY,
                         .reason = loa_Reason_REASON_LATE,
                         .carrier = loa_Carrier_CARRIER_BOTH,
                         .planned_start_us = NOW_US,
                         .actual_start_us = NOW_US + 300,
                         .actual_end_us = NOW_US + 20 * USEC_PER_SEC,
                         .played_ms = 19000,
                         .gaps = 3,
                         .gap_ms = 60,
                         .rms_mdb = -23000,
                         .peak_mdb = -1500,
                         .start_error_us = -40,
                         .clock_uncertainty_us = 12,
                         .plays = 2};
}

/* Samples whose first two targets were given the order of receipt_of(). */
static void fill_ordered(struct storefix *f, struct sample *s)
{
    storefix_fill(f, s);
    for (int i = 0; i < 2; i++) {
        const struct broadcast_target t = {
            .node = s->nodes[i], .state = TARGET_ORDERED, .order = {UINT64_MAX}};

        assert_ok(store_broadcast_set_target(f->db, s->broadcast, &t));
    }
}

static void assert_receipt(const loa_Receipt *r, const loa_Receipt *wanted)
{
    assert_int_equal(r->receipt_id, wanted->receipt_id);
    assert_int_equal(r->order_id, wanted->order_id);
    assert_int_equal(r->broadcast_id, wanted->broadcast_id);
    assert_int_equal((int)r->outcome, (int)wanted->outcome);
    assert_int_equal((int)r->reason, (int)wanted->reason);
    assert_int_equal((int)r->carrier, (int)wanted->carrier);
    assert_int_equal(r->planned_start_us, wanted->planned_start_us);
    assert_int_equal(r->actual_start_us, wanted->actual_start_us);
    assert_int_equal(r->actual_end_us, wanted->actual_end_us);
    assert_int_equal(r->played_ms, wanted->played_ms);
    assert_int_equal(r->gaps, wanted->gaps);
    assert_int_equal(r->gap_ms, wanted->gap_ms);
    assert_int_equal(r->rms_mdb, wanted->rms_mdb);
    assert_int_equal(r->peak_mdb, wanted->peak_mdb);
    assert_int_equal(r->start_error_us, wanted->start_error_us);
    assert_int_equal(r->clock_uncertainty_us, wanted->clock_uncertainty_us);
    assert_int_equal(r->plays, wanted->plays);
}

static void test_a_broadcast_is_kept_with_media_and_targets(void **state)
{
    struct storefix *f = *state;
    struct broadcast b;
    struct sample s;

    storefix_fill(f, &s);
    storefix_reopen(f);
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    assert_int_equal(b.event.v, s.event.v);
    assert_int_equal(b.bulletin.v, s.bulletin.v);
    assert_string_equal(b.title, "Lịch tiêm chủng");
    assert_int_equal(b.priority, PRIORITY_NORMAL);
    assert_int_equal(b.state, BROADCAST_PLANNED);
    assert_int_equal(b.start_us, NOW_US);
    assert_int_equal(b.expires_us, NOW_US + USEC_PER_HOUR);
    assert_int_equal(b.duration_ms, 20002);
    assert_int_equal(b.repeats, 2);
    assert_int_equal(b.pause_ms, 30000);
    assert_int_equal(b.stream.v, 7);
    assert_int_equal(b.rank, 3);
    assert_true(b.cuts_equal);
    assert_int_equal(b.cancelled_us, 0);
    assert_int_equal(b.media_count, 2);
    assert_memory_equal(&b.media[1].media, &s.media[1], sizeof s.media[1]);
    assert_int_equal(b.media[1].duration_ms, 10001);
    assert_int_equal(b.target_count, 3);
    assert_int_equal(b.targets[2].node.v, s.nodes[2].v);
    assert_int_equal(b.targets[2].state, TARGET_WAITING);
    assert_false(b.targets[2].has_receipt);
    broadcast_deinit(&b);
    assert_err(ERR_NOT_FOUND, store_broadcast_get(f->db, (struct broadcast_id){99}, &b));
}

static void test_an_occurrence_becomes_one_broadcast_only(void **state)
{
    struct storefix *f = *state;
    struct broadcast_id id = {0};
    struct broadcast b;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    assert_err(ERR_EXISTS, store_broadcast_add(f->db, &b, &id));
    assert_int_equal(id.v, 0);
    assert_ok(store_broadcast_find(f->db, s.event, NOW_US, NULL, &id));
    assert_int_equal(id.v, s.broadcast.v);
    assert_err(ERR_NOT_FOUND, store_broadcast_find(f->db, s.event, NOW_US + 1, NULL, &id));
    b.start_us++;
    b.occurrence_us++;
    assert_ok(store_broadcast_add(f->db, &b, &id));
    b.event.v = 0;
    assert_ok(store_broadcast_add(f->db, &b, &id));
    assert_ok(store_broadcast_add(f->db, &b, &id));
    b.targets[1].node.v = 99;
    assert_err(ERR_NOT_FOUND, store_broadcast_add(f->db, &b, &id));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM broadcast"), 4);
    broadcast_deinit(&b);
}

static void test_a_target_is_stored_as_it_proceeds(void **state)
{
    struct storefix *f = *state;
    struct broadcast_target t;
    struct broadcast b;
    struct sample s;

    storefix_fill(f, &s);
    t = (struct broadcast_target){.node = s.nodes[1],
                                  .state = TARGET_REFUSED,
                                  .order = {UINT64_MAX},
                                  .ordered_us = NOW_US - 5,
                                  .verdict = loa_Verdict_VERDICT_QUIET_HOURS,
                                  .note = "giờ yên tĩnh",
                                  .stop = {UINT64_MAX - 1},
                                  .stop_us = NOW_US + 9,
                                  .stop_answered = true,
                                  .withdrawn = true};
    assert_ok(store_broadcast_set_target(f->db, s.broadcast, &t));
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    assert_int_equal(b.targets[1].state, t.state);
    assert_int_equal(b.targets[1].order.v, UINT64_MAX);
    assert_int_equal(b.targets[1].ordered_us, NOW_US - 5);
    assert_int_equal((int)b.targets[1].verdict, (int)t.verdict);
    assert_string_equal(b.targets[1].note, "giờ yên tĩnh");
    assert_int_equal(b.targets[1].stop.v, UINT64_MAX - 1);
    assert_int_equal(b.targets[1].stop_us, NOW_US + 9);
    assert_true(b.targets[1].stop_answered);
    assert_true(b.targets[1].withdrawn);
    b.state = BROADCAST_CANCELLED;
    b.expires_us = NOW_US + 7;
    b.cancelled_us = NOW_US + 8;
    assert_ok(store_broadcast_set_state(f->db, &b));
    broadcast_deinit(&b);
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    assert_int_equal(b.state, BROADCAST_CANCELLED);
    assert_int_equal(b.expires_us, NOW_US + 7);
    assert_int_equal(b.cancelled_us, NOW_US + 8);
    b.id.v = 99;
    assert_err(ERR_NOT_FOUND, store_broadcast_set_state(f->db, &b));
    broadcast_deinit(&b);
    t.node.v = 99;
    assert_err(ERR_NOT_FOUND, store_broadcast_set_target(f->db, s.broadcast, &t));
}

static void test_a_node_that_comes_late_becomes_a_target_once(void **state)
{
    struct storefix *f = *state;
    struct node_record node;
    struct node_id id;
    struct broadcast b;
    struct broadcast_target t;
    struct sample s;

    storefix_fill(f, &s);
    node = storefix_node("mới", s.zones[0]);
    assert_ok(store_node_add(f->db, &node, &id));
    t = (struct broadcast_target){.node = id, .state = TARGET_ORDERED, .order = {7}};
    assert_ok(store_broadcast_add_targets(f->db, s.broadcast, &t, 1));
    assert_err(ERR_EXISTS, store_broadcast_add_targets(f->db, s.broadcast, &t, 1));
    assert_err(ERR_NOT_FOUND, store_broadcast_add_targets(f->db, (struct broadcast_id){99}, &t, 1));
    t.node.v = 99;
    assert_err(ERR_NOT_FOUND, store_broadcast_add_targets(f->db, s.broadcast, &t, 1));
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    assert_int_equal(b.target_count, 4);
    assert_int_equal(b.targets[3].node.v, id.v);
    assert_int_equal(b.targets[3].state, TARGET_ORDERED);
    assert_int_equal(b.targets[3].order.v, 7);
    broadcast_deinit(&b);
}

static void test_targets_added_together_keep_what_each_of_them_is(void **state)
{
    struct storefix *f = *state;
    struct broadcast_target t[6];
    struct broadcast b;
    struct sample s;

    storefix_fill(f, &s);
    for (uint32_t i = 0; i < 6; i++) {
        struct node_record node = storefix_node("mới", s.zones[0]);

        snprintf(node.serial, sizeof(node.serial), "moi-%u", i);
        node.cert_sha256[0] = (uint8_t)(100 + i);
        t[i] = (struct broadcast_target){.state = TARGET_ORDERED, .order = {7}};
        assert_ok(store_node_add(f->db, &node, &t[i].node));
    }
    t[2] = (struct broadcast_target){.node = t[2].node};
    t[3].order.v = 8;
    t[5].withdrawn = true;
    assert_ok(store_broadcast_add_targets(f->db, s.broadcast, t, 6));
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    assert_int_equal(b.target_count, 3 + 6);
    for (size_t i = 0; i < 6; i++) {
        const struct broadcast_target *found = &b.targets[3 + i];

        assert_int_equal(found->node.v, t[i].node.v);
        assert_int_equal(found->state, t[i].state);
        assert_int_equal(found->order.v, t[i].order.v);
        assert_int_equal(found->withdrawn, t[i].withdrawn);
    }
    broadcast_deinit(&b);
}

static void test_a_repeated_receipt_is_stored_once(void **state)
{
    struct storefix *f = *state;
    struct store_receipt rows[4];
    struct db_page page = {0};
    loa_Receipt r;
    struct sample s;
    struct broadcast b;
    size_t n = 0;

    fill_ordered(f, &s);
    r = receipt_of(&s, UINT64_MAX - 3);
    assert_ok(store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US + 1));
    r.gaps = 99;
    assert_err(ERR_EXISTS, store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US + 2));
    assert_ok(store_broadcast_add_receipt(f->db, s.nodes[1], &r, NOW_US + 3));
    assert_ok(store_broadcast_receipts(f->db, s.broadcast, &page, rows, 4, &n));
    assert_int_equal(n, 2);
    assert_int_equal(rows[0].node.v, s.nodes[0].v);
    assert_int_equal(rows[0].received_us, NOW_US + 1);
    r = receipt_of(&s, UINT64_MAX - 3);
    assert_receipt(&rows[0].receipt, &r);
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    assert_int_equal(b.targets[0].state, TARGET_RECEIPT);
    assert_true(b.targets[0].has_receipt);
    assert_receipt(&b.targets[0].receipt, &r);
    assert_int_equal(b.targets[2].state, TARGET_WAITING);
    assert_false(b.targets[2].has_receipt);
    broadcast_deinit(&b);
}

static void test_the_newest_of_several_receipts_is_the_targets(void **state)
{
    struct storefix *f = *state;
    struct store_broadcast_row row;
    struct store_broadcast_filter all = {0};
    struct broadcast_target targets[4];
    struct db_page page = {0};
    loa_Receipt r;
    struct sample s;
    size_t n = 0;

    fill_ordered(f, &s);
    r = receipt_of(&s, 5);
    r.outcome = loa_Outcome_OUTCOME_SOUNDED;
    assert_ok(store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US));
    assert_ok(store_broadcast_add_receipt(f->db, s.nodes[1], &r, NOW_US));
    r = receipt_of(&s, 4);
    assert_ok(store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US + 1));
    assert_ok(store_broadcast_targets(f->db, s.broadcast, &page, targets, 4, &n));
    assert_int_equal(n, 3);
    assert_int_equal(targets[0].receipt.receipt_id, 4);
    page = (struct db_page){0};
    assert_ok(store_broadcast_list(f->db, &all, &page, &row, 1, &n));
    assert_int_equal(row.targets, 3);
    assert_int_equal(row.states[TARGET_RECEIPT], 2);
    assert_int_equal(row.states[TARGET_WAITING], 1);
    assert_int_equal(row.sounded, 1);
    assert_int_equal(row.broadcast.media_count, 2);
    assert_null(row.broadcast.targets);
}

static void test_a_receipt_from_a_node_that_is_no_target_is_not_stored(void **state)
{
    struct storefix *f = *state;
    loa_Receipt r;
    struct sample s;

    fill_ordered(f, &s);
    r = receipt_of(&s, 1);
    assert_err(ERR_NOT_FOUND, store_broadcast_add_receipt(f->db, (struct node_id){99}, &r, NOW_US));
    r.broadcast_id = 99;
    assert_err(ERR_NOT_FOUND, store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM receipt"), 0);
}

/* Two stations from one backup give the same ids to their broadcasts, and may to their orders. */
static void test_a_receipt_for_an_order_of_somebody_else_is_not_stored(void **state)
{
    struct storefix *f = *state;
    struct broadcast_target t = {
        .state = TARGET_REFUSED, .order = {UINT64_MAX}, .verdict = loa_Verdict_VERDICT_REPLAYED};
    loa_Receipt r;
    struct sample s;

    fill_ordered(f, &s);
    r = receipt_of(&s, 1);
    r.order_id--;
    assert_err(ERR_NOT_FOUND, store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US));
    t.node = s.nodes[0];
    assert_ok(store_broadcast_set_target(f->db, s.broadcast, &t));
    r.order_id++;
    assert_err(ERR_NOT_FOUND, store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM receipt"), 0);
    assert_ok(store_broadcast_add_receipt(f->db, s.nodes[1], &r, NOW_US));
}

static void test_an_outcome_of_a_newer_node_is_kept(void **state)
{
    struct storefix *f = *state;
    struct broadcast_target targets[4];
    struct db_page page = {0};
    loa_Receipt r;
    struct sample s;
    size_t n = 0;

    fill_ordered(f, &s);
    r = receipt_of(&s, 1);
    r.reason = (loa_Reason)77;
    assert_ok(store_broadcast_add_receipt(f->db, s.nodes[0], &r, NOW_US));
    assert_ok(store_broadcast_targets(f->db, s.broadcast, &page, targets, 4, &n));
    assert_int_equal((int)targets[0].receipt.reason, 77);
}

static size_t list(struct storefix *f, struct store_broadcast_filter filter, bool newest_first,
                   struct store_broadcast_row *rows, size_t rows_max)
{
    struct db_page page = {.newest_first = newest_first};
    size_t n = 99;

    assert_ok(store_broadcast_list(f->db, &filter, &page, rows, rows_max, &n));
    return n;
}

static void test_broadcasts_are_listed_by_time_state_event_and_bulletin(void **state)
{
    struct storefix *f = *state;
    struct store_broadcast_row rows[8];
    struct broadcast b;
    struct broadcast_id id;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_broadcast_get(f->db, s.broadcast, &b));
    broadcast_deinit(&b);
    b.target_count = 0;
    b.targets = NULL;
    b.event.v = 0;
    b.bulletin.v = 0;
    b.start_us = NOW_US - 100;
    b.state = BROADCAST_CLOSED;
    assert_ok(store_broadcast_add(f->db, &b, &id));
    b.start_us = NOW_US;
    b.state = BROADCAST_ON_AIR;
    assert_ok(store_broadcast_add(f->db, &b, &id));

    assert_int_equal(list(f, (struct store_broadcast_filter){0}, false, rows, 8), 3);
    assert_int_equal(rows[0].broadcast.start_us, NOW_US - 100);
    assert_int_equal(rows[2].broadcast.id.v, id.v);
    assert_int_equal(list(f, (struct store_broadcast_filter){0}, true, rows, 8), 3);
    assert_int_equal(rows[0].broadcast.id.v, id.v);
    assert_int_equal(list(f, (struct store_broadcast_filter){.from_us = NOW_US}, false, rows, 8),
                     2);
    assert_int_equal(list(f, (struct store_broadcast_filter){.before_us = NOW_US}, false, rows, 8),
                     1);
    assert_int_equal(list(f,
                          (struct store_broadcast_filter){.state_mask = 1U << BROADCAST_ON_AIR |
                                                                        1U << BROADCAST_PLANNED},
                          false, rows, 8),
                     2);
    assert_int_equal(list(f, (struct store_broadcast_filter){.event = s.event}, false, rows, 8), 1);
    assert_int_equal(
        list(f, (struct store_broadcast_filter){.bulletin = s.bulletin}, false, rows, 8), 1);
    assert_int_equal(list(f, (struct store_broadcast_filter){.bulletin = {99}}, false, rows, 8), 0);
}

static struct store_order order_of(const struct sample *s, uint64_t id)
{
    struct store_order o = {.id = {id},
                            .broadcast = s->broadcast,
                            .node = s->nodes[0],
                            .kind = loa_OrderKind_ORDER_KIND_PLAY,
                            .issued_us = NOW_US,
                            .expires_us = NOW_US + 100};

    o.order.body.size = sizeof o.order.body.bytes;
    memset(o.order.body.bytes, (int)id, sizeof o.order.body.bytes);
    o.order.signature.size = 71;
    memset(o.order.signature.bytes, 0x30, 71);
    return o;
}

static void test_an_order_comes_back_byte_for_byte(void **state)
{
    struct storefix *f = *state;
    struct store_order wanted;
    struct store_order o;
    struct sample s;

    storefix_fill(f, &s);
    wanted = order_of(&s, 3);
    assert_ok(store_order_add(f->db, &wanted));
    assert_err(ERR_EXISTS, store_order_add(f->db, &wanted));
    assert_ok(store_order_get(f->db, wanted.id, &o));
    assert_int_equal(o.id.v, 3);
    assert_int_equal(o.broadcast.v, s.broadcast.v);
    assert_int_equal(o.node.v, s.nodes[0].v);
    assert_int_equal(o.kind, loa_OrderKind_ORDER_KIND_PLAY);
    assert_int_equal(o.issued_us, NOW_US);
    assert_int_equal(o.expires_us, NOW_US + 100);
    assert_int_equal(o.order.body.size, wanted.order.body.size);
    assert_memory_equal(o.order.body.bytes, wanted.order.body.bytes, wanted.order.body.size);
    assert_int_equal(o.order.signature.size, 71);
    assert_memory_equal(o.order.signature.bytes, wanted.order.signature.bytes, 71);
    assert_err(ERR_NOT_FOUND, store_order_get(f->db, (struct order_id){4}, &o));
    wanted = order_of(&s, 4);
    wanted.node.v = 99;
    assert_err(ERR_NOT_FOUND, store_order_add(f->db, &wanted));
}

static void test_expired_orders_are_forgotten(void **state)
{
    struct storefix *f = *state;
    size_t room = 100;
    struct store_order o;
    struct sample s;

    storefix_fill(f, &s);
    o = order_of(&s, 1);
    assert_ok(store_order_add(f->db, &o));
    o = order_of(&s, 9);
    o.kind = loa_OrderKind_ORDER_KIND_STOP;
    o.broadcast.v = 0;
    o.expires_us = 0;
    assert_ok(store_order_add(f->db, &o));
    assert_ok(store_order_prune(f->db, NOW_US + 100, &room));
    assert_ok(store_order_get(f->db, (struct order_id){1}, &o));
    assert_ok(store_order_prune(f->db, NOW_US + 101, &room));
    assert_err(ERR_NOT_FOUND, store_order_get(f->db, (struct order_id){1}, &o));
    assert_ok(store_order_get(f->db, (struct order_id){9}, &o));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_broadcast_is_kept_with_media_and_targets),
        CASE(test_an_occurrence_becomes_one_broadcast_only),
        CASE(test_a_target_is_stored_as_it_proceeds),
        CASE(test_a_node_that_comes_late_becomes_a_target_once),
        CASE(test_targets_added_together_keep_what_each_of_them_is),
        CASE(test_a_repeated_receipt_is_stored_once),
        CASE(test_the_newest_of_several_receipts_is_the_targets),
        CASE(test_a_receipt_from_a_node_that_is_no_target_is_not_stored),
        CASE(test_a_receipt_for_an_order_of_somebody_else_is_not_stored),
        CASE(test_an_outcome_of_a_newer_node_is_kept),
        CASE(test_broadcasts_are_listed_by_time_state_event_and_bulletin),
        CASE(test_an_order_comes_back_byte_for_byte),
        CASE(test_expired_orders_are_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
