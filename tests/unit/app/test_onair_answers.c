/* What nodes say is stored together and acknowledged afterwards: nothing that was acknowledged is ever lost. */
#include "onairbed.h"

#include <stdio.h>
#include <string.h>

#include "powerfix.h"
#include "prop.h"
#include "store_broadcast.h"

#define OF_EACH_MAX 400

static size_t acks[4][OF_EACH_MAX]; /* of node 1..3, by receipt id */
static size_t acked_count;

static void note_ack(struct node_id node, uint64_t receipt)
{
    acks[node.v][receipt]++;
    acked_count++;
}

static void watch_acks(void)
{
    memset(acks, 0, sizeof(acks));
    acked_count = 0;
    bed.acked = note_ack;
}

static void send_orders(void)
{
    onair_step(bed.onair, ONAIRBED_US);
}

static void receive(uint32_t node, uint64_t receipt)
{
    const struct broadcast *b = onair_broadcast(bed.onair, bed.sample.broadcast);
    loa_Receipt r = {
        .receipt_id = receipt,
        .broadcast_id = b->id.v,
        .order_id = b->targets[node - 1].order.v,
        .outcome = loa_Outcome_OUTCOME_SOUNDED,
    };

    onair_on_receipt(bed.onair, (struct node_id){node}, &r, NOW_US);
}

static int64_t stored(void)
{
    return storefix_count(bed.store, "SELECT count(*) FROM receipt");
}

static int64_t is_stored(uint32_t node, uint64_t receipt)
{
    char sql[128];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM receipt WHERE node = %u AND receipt_id = %d",
             node, (int)receipt);
    return storefix_count(bed.store, sql);
}

static void test_nothing_is_acknowledged_before_it_is_stored(void **state)
{
    (void)state;
    watch_acks();
    send_orders();
    receive(1, 1);
    receive(2, 1);
    assert_int_equal(acked_count, 0);
    assert_int_equal(stored(), 0);
    onair_settle(bed.onair, NOW_US);
    assert_int_equal(acked_count, 2);
    assert_int_equal(stored(), 2);
    /* Its acknowledgement was lost: the node says it again. */
    receive(1, 1);
    onair_settle(bed.onair, NOW_US);
    assert_int_equal(acks[1][1], 2);
    assert_int_equal(stored(), 2);
}

static void test_a_receipt_that_cannot_be_stored_takes_no_other_along(void **state)
{
    (void)state;
    watch_acks();
    send_orders();
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE INSERT ON receipt WHEN NEW.node = 2"
                               " BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    for (uint32_t node = 1; node <= 3; node++)
        receive(node, 1);
    onair_settle(bed.onair, NOW_US);
    assert_int_equal(acks[1][1] + acks[3][1], 2);
    assert_int_equal(acks[2][1], 0);
    assert_int_equal(stored(), 2);
    storefix_tamper(bed.store, "DROP TRIGGER bad");
    receive(2, 1);
    onair_settle(bed.onair, NOW_US);
    assert_int_equal(acks[2][1], 1);
    assert_int_equal(stored(), 3);
}

static void answer_orders(void)
{
    const struct broadcast *b = onair_broadcast(bed.onair, bed.sample.broadcast);

    for (uint32_t node = 1; node <= 3; node++) {
        const loa_OrderAck ack = {.order_id = b->targets[node - 1].order.v,
                                  .verdict = loa_Verdict_VERDICT_ACCEPTED};

        onair_on_ack(bed.onair, (struct node_id){node}, &ack, ONAIRBED_US);
    }
}

static void test_an_ack_that_cannot_be_stored_takes_no_other_along(void **state)
{
    (void)state;
    send_orders();
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE UPDATE ON target WHEN NEW.node = 2"
                               " BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    answer_orders();
    onair_settle(bed.onair, ONAIRBED_US);
    assert_int_equal(storefix_count(bed.store, "SELECT sum(node) FROM target WHERE verdict = 1"),
                     4);
}

static void test_whatever_fails_what_was_acknowledged_is_stored(void **state)
{
    uint64_t id = 1;
    bool more = true;

    (void)state;
    watch_acks();
    send_orders();
    for (unsigned n = 1; more; n++, id++) {
        answer_orders();
        for (uint32_t node = 1; node <= 3; node++)
            receive(node, id);
        db_set_fault(bed.store->db, n % 2 == 0 ? n / 2 : 0, n % 2 == 1 ? n / 2 + 1 : 0);
        onair_settle(bed.onair, NOW_US);
        more = n < 4 || n % 2 == 1 || !db_fault_pending(bed.store->db);
        db_set_fault(bed.store->db, 0, 0);
        for (uint32_t node = 1; node <= 3; node++) {
            assert_int_equal(is_stored(node, id), acks[node][id]);
            receive(node, id);
        }
        onair_settle(bed.onair, NOW_US);
        for (uint32_t node = 1; node <= 3; node++)
            assert_int_equal(is_stored(node, id), 1);
    }
    assert_true(id > 10);
}

static void test_many_receipts_wait_for_the_disk_a_few_times(void **state)
{
    unsigned before;

    (void)state;
    watch_acks();
    send_orders();
    before = powerfix_syncs();
    for (uint64_t i = 0; i < 300; i++)
        receive(1 + (uint32_t)(i % 3), 1 + i / 3);
    /* The room is limited: the first of them did not wait for the end. */
    assert_in_range(acked_count, 100, 299);
    onair_settle(bed.onair, NOW_US);
    assert_int_equal(acked_count, 300);
    assert_in_range(powerfix_syncs() - before, 1, 10);
}

static int64_t count(struct db *db)
{
    struct store_receipt rows[64];
    struct db_page page = {0};
    int64_t sum = 0;
    size_t n;

    do {
        assert_ok(store_broadcast_receipts(db, bed.sample.broadcast, &page, rows, 64, &n));
        sum += (int64_t)n;
    } while (n == 64);
    return sum;
}

/* Called while the station believes that it may say so. */
static void judge_ack(struct node_id node, uint64_t receipt)
{
    note_ack(node, receipt);
    if (receipt % 8 == 0) {
        struct db *found = powerfix_after_loss(bed.store);

        assert_true(count(found) >= (int64_t)acked_count);
        powerfix_forget(bed.store, found);
    }
}

static void test_a_loss_of_power_takes_nothing_that_was_acknowledged(void **state)
{
    uint64_t next[4] = {0, 1, 1, 1};
    struct prop p;

    (void)state;
    prop_init(&p, "answers");
    watch_acks();
    bed.acked = judge_ack;
    send_orders();
    for (int round = 0; round < 40; round++) {
        int64_t batch = prop_range(&p, 1, 20);

        for (int64_t i = 0; i < batch; i++) {
            uint32_t node = (uint32_t)prop_range(&p, 1, 3);

            receive(node, next[node]++);
        }
        if (prop_one_in(&p, 3)) {
            struct db *found = powerfix_after_loss(bed.store);

            assert_int_equal(count(found), acked_count);
            powerfix_forget(bed.store, found);
        }
        onair_settle(bed.onair, NOW_US);
    }
    assert_int_equal(acked_count, next[1] + next[2] + next[3] - 3);
    assert_int_equal(stored(), acked_count);
}

static int begin_with_power(void **state)
{
    return onairbed_begin_on(state, powerfix_setup);
}

static int end_with_power(void **state)
{
    return onairbed_end_on(state, powerfix_teardown);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, onairbed_begin, onairbed_end)
#define POWER_CASE(f) cmocka_unit_test_setup_teardown(f, begin_with_power, end_with_power)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_nothing_is_acknowledged_before_it_is_stored),
        CASE(test_a_receipt_that_cannot_be_stored_takes_no_other_along),
        CASE(test_an_ack_that_cannot_be_stored_takes_no_other_along),
        CASE(test_whatever_fails_what_was_acknowledged_is_stored),
        POWER_CASE(test_many_receipts_wait_for_the_disk_a_few_times),
        POWER_CASE(test_a_loss_of_power_takes_nothing_that_was_acknowledged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
