/* An alert on a real database: one commit accepts it and lets its orders go, to all at once. */
#include "onairbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_emergency.h"
#include "store_node.h"
#include "store_order.h"

#define ISSUES_MAX 64 /* of onair_send.c */

/* Plan an alert to these nodes, inside a transaction that ends with `how`. */
static struct broadcast_id alert(const struct node_id *nodes, size_t count, enum err how)
{
    const struct onair_alert what = {
        .title = "Còi",
        .priority = PRIORITY_EMERGENCY,
        .media = bed.sample.media[0],
        .media_ms = 8000,
        .nodes = nodes,
        .node_count = count,
        .start_us = ONAIRBED_US + USEC_PER_SEC,
        .plays = 1,
    };
    struct broadcast_id id = {0};

    assert_ok(db_begin(bed.store->db));
    assert_ok(onair_play_alert(bed.onair, &what, ONAIRBED_US, &id, NULL));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(bed.orders[nodes[i].v], 0); /* not before the commit */
    assert_err(how, db_end(bed.store->db, how));
    return id;
}

static size_t of_alert(struct broadcast_id id, const char *where)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT count(*) FROM target WHERE broadcast = %llu AND %s",
             (unsigned long long)id.v, where);
    return (size_t)storefix_count(bed.store, sql);
}

/* Nodes that are connected, beside the three that are there; *ret_nodes is malloc'd. */
static void add_nodes(size_t count, struct node_id **ret_nodes)
{
    struct node_record record = storefix_node("cụm", bed.sample.zones[0]);
    struct node_id *nodes = calloc(count, sizeof(*nodes));

    assert_non_null(nodes);
    assert_ok(db_begin(bed.store->db));
    for (size_t i = 0; i < count; i++) {
        snprintf(record.name, sizeof(record.name), "cụm %zu", i);
        snprintf(record.serial, sizeof(record.serial), "so-%zu", i);
        memcpy(record.cert_sha256, &i, sizeof(i));
        assert_ok(store_node_add(bed.store->db, &record, &nodes[i]));
        assert_true(nodes[i].v < ONAIRBED_NODES);
        record.id = nodes[i];
        assert_ok(registry_put(bed.registry, &record));
        registry_find(bed.registry, nodes[i])->live.ready = true;
    }
    assert_ok(db_end(bed.store->db, ERR_OK));
    *ret_nodes = nodes;
}

static void test_one_commit_accepts_an_alert_and_orders_it(void **state)
{
    struct broadcast_id id;

    (void)state;
    registry_find(bed.registry, bed.sample.nodes[1])->live.ready = false;
    id = alert(bed.sample.nodes, 3, ERR_OK);
    assert_int_equal(of_alert(id, "state = 1 AND order_id > 0"), 2); /* TARGET_ORDERED */
    assert_int_equal(of_alert(id, "state = 0"), 1);
    /* The orders wait for no other write. */
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE UPDATE ON target"
                               " BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    assert_ok(onair_start(bed.onair, id, ONAIRBED_US));
    storefix_tamper(bed.store, "DROP TRIGGER bad");
    assert_int_equal(bed.orders[1], 1);
    assert_int_equal(bed.orders[2], 0);
    assert_int_equal(bed.orders[3], 1);
    registry_find(bed.registry, bed.sample.nodes[1])->live.ready = true;
    onair_node_ready(bed.onair, bed.sample.nodes[1], 0, ONAIRBED_US + 1);
    onair_step(bed.onair, ONAIRBED_US + 1);
    assert_int_equal(
        storefix_count(bed.store, "SELECT count(*) FROM issued_order WHERE node IS NULL"), 1);
    assert_true(bed.orders[2] >= 1);
    assert_int_equal(of_alert(id, "state = 1"), 3);
}

static void test_an_alert_that_was_refused_leaves_nothing(void **state)
{
    struct broadcast_id id, other;

    (void)state;
    id = alert(bed.sample.nodes, 3, ERR_IO);
    assert_int_equal(storefix_count(bed.store, "SELECT count(*) FROM issued_order"), 0);
    /* Its number goes to the next: that one's nodes are meant. */
    other = alert(&bed.sample.nodes[2], 1, ERR_OK);
    assert_int_equal(other.v, id.v);
    assert_ok(onair_start(bed.onair, other, ONAIRBED_US));
    assert_int_equal(bed.orders[1], 0);
    assert_int_equal(bed.orders[3], 1);
    assert_int_equal(onair_broadcast(bed.onair, other)->target_count, 1);
}

/* Thousands of offers would follow the orders, for nothing. */
static void test_only_what_nodes_do_not_hold_for_good_is_offered_with_an_alert(void **state)
{
    const struct emergency_entry siren = {.signal = EMERGENCY_SIREN, .media = bed.sample.media[0]};

    (void)state;
    assert_ok(onair_start(bed.onair, alert(bed.sample.nodes, 3, ERR_OK), ONAIRBED_US));
    for (size_t i = 1; i <= 3; i++)
        assert_int_equal(bed.offers[i], 1);
    memset(bed.orders, 0, sizeof(bed.orders));
    assert_ok(store_emergency_put(bed.store->db, &siren));
    onair_emergency_changed(bed.onair);
    for (size_t i = 1; i <= 3; i++)
        assert_int_equal(bed.offers[i], 2);
    assert_ok(onair_start(bed.onair, alert(bed.sample.nodes, 3, ERR_OK), ONAIRBED_US));
    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(bed.offers[i], 2);
        assert_int_equal(bed.orders[i], 1);
    }
    /* A new session begins with the set; the other recording is of the broadcast that is planned. */
    onair_node_ready(bed.onair, bed.sample.nodes[0], 2, ONAIRBED_US);
    assert_int_equal(bed.offers[1], 4);
}

static void test_an_alert_whose_orders_cannot_be_issued_is_tried_again(void **state)
{
    struct broadcast_id id;

    (void)state;
    storefix_tamper(bed.store, "CREATE TRIGGER bad BEFORE INSERT ON issued_order"
                               " BEGIN SELECT RAISE(ABORT, 'bad row'); END");
    id = alert(bed.sample.nodes, 3, ERR_OK);
    assert_int_equal(of_alert(id, "state = 0 AND order_id = 0"), 3);
    assert_ok(onair_start(bed.onair, id, ONAIRBED_US));
    storefix_tamper(bed.store, "DROP TRIGGER bad");
    assert_int_equal(bed.orders[1] + bed.orders[2] + bed.orders[3], 0);
    onair_step(bed.onair, ONAIRBED_US + BROADCAST_ORDER_RETRY_US);
    for (size_t i = 1; i <= 3; i++)
        assert_true(bed.orders[i] >= 1);
}

static void test_an_alert_that_was_accepted_survives_a_crash_before_its_orders_left(void **state)
{
    struct broadcast_id id = alert(bed.sample.nodes, 3, ERR_OK);

    (void)state;
    onairbed_restart(ONAIRBED_US + 1);
    assert_non_null(onair_broadcast(bed.onair, id));
    for (size_t i = 0; i < 3; i++)
        onair_node_ready(bed.onair, bed.sample.nodes[i], 0, ONAIRBED_US + 2);
    onair_settle(bed.onair, ONAIRBED_US + 2);
    for (size_t i = 1; i <= 3; i++)
        assert_true(bed.orders[i] >= 1);
    assert_int_equal(of_alert(id, "state = 1"), 3);
}

static void test_an_alert_reaches_a_thousand_nodes_at_once(void **state)
{
    const size_t count = 1100;
    struct node_id *nodes;
    struct broadcast_id id;

    (void)state;
    add_nodes(count, &nodes);
    id = alert(nodes, count, ERR_OK);
    assert_ok(onair_start(bed.onair, id, ONAIRBED_US));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(bed.orders[nodes[i].v], 1);
    assert_int_equal(storefix_count(bed.store, "SELECT count(*) FROM issued_order"), 6);
    assert_ok(onair_stop(bed.onair, id, ONAIRBED_US));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(bed.orders[nodes[i].v],
                         3); /* the stop that waits for no disk, and its own */
    free(nodes);
}

/* How many orders name nobody, by what they say. */
static size_t for_everyone(void)
{
    int64_t last = storefix_count(bed.store, "SELECT max(id) FROM issued_order");
    size_t found = 0;

    for (int64_t i = 1; i <= last; i++) {
        static struct store_order row;
        static loa_OrderBody body;

        if (store_order_get(bed.store->db, (struct order_id){(uint64_t)i}, &row) != ERR_OK)
            continue;
        assert_ok(control_decode_order(bytes_of(row.order.body.bytes, row.order.body.size), &body));
        assert_int_equal(body.everyone, body.nodes_count == 0);
        found += body.everyone;
    }
    return found;
}

static void test_an_alert_to_all_there_are_names_nobody(void **state)
{
    const size_t count = 300;
    struct node_id *nodes;
    struct broadcast_id id;

    (void)state;
    add_nodes(count, &nodes);
    nodes = realloc(nodes, (count + 3) * sizeof(*nodes));
    assert_non_null(nodes);
    memcpy(&nodes[count], bed.sample.nodes, 3 * sizeof(*nodes));
    registry_find(bed.registry, nodes[7])->live.ready = false;
    id = alert(nodes, count + 3, ERR_OK);
    assert_ok(onair_start(bed.onair, id, ONAIRBED_US));
    assert_int_equal(storefix_count(bed.store, "SELECT count(*) FROM issued_order"), 1);
    assert_int_equal(for_everyone(), 1);
    for (size_t i = 0; i < count + 3; i++)
        assert_int_equal(bed.orders[nodes[i].v], i == 7 ? 0 : 1);
    assert_int_equal(of_alert(id, "order_id > 0"), count + 3); /* of who comes later, too */
    assert_ok(onair_stop(bed.onair, id, ONAIRBED_US));
    assert_int_equal(for_everyone(), 2);
    free(nodes);
}

static void test_an_alert_that_leaves_one_out_names_whom_it_means(void **state)
{
    struct node_id *nodes;

    (void)state;
    add_nodes(300, &nodes);
    (void)alert(nodes, 300, ERR_OK);
    assert_int_equal(storefix_count(bed.store, "SELECT count(*) FROM issued_order"), 2);
    assert_int_equal(for_everyone(), 0);
    free(nodes);
}

static void test_a_bulletin_to_very_many_is_signed_for_many_at_once(void **state)
{
    struct api_play play = {.bulletin = bed.sample.bulletin,
                            .start_us = NOW_US + USEC_PER_HOUR,
                            .repeats = 1,
                            .node_count = 300};
    struct node_id *nodes;
    struct broadcast_id id;
    int64_t before;

    (void)state;
    onair_step(bed.onair, ONAIRBED_US); /* what the bed itself plays */
    before = storefix_count(bed.store, "SELECT count(*) FROM issued_order");
    add_nodes(play.node_count, &nodes);
    play.nodes = nodes;
    assert_ok(onair_play(bed.onair, &play, ONAIRBED_US, &id, NULL));
    assert_ok(onair_committed(bed.onair, id));
    onair_step(bed.onair, ONAIRBED_US + 1);
    for (size_t i = 0; i < play.node_count; i++)
        assert_int_equal(bed.orders[nodes[i].v], 1);
    assert_int_equal(storefix_count(bed.store, "SELECT count(*) FROM issued_order"), before + 2);
    free(nodes);
}

static void test_orders_to_one_node_each_leave_the_main_thread_free(void **state)
{
    const size_t count = 2 * ISSUES_MAX + 10;
    struct api_play play = {.bulletin = bed.sample.bulletin,
                            .start_us = NOW_US + USEC_PER_HOUR,
                            .repeats = 1,
                            .node_count = count};
    struct node_id *nodes;
    struct broadcast_id id;
    size_t sent = 0;

    (void)state;
    onair_step(bed.onair, ONAIRBED_US); /* what the bed itself plays */
    add_nodes(count, &nodes);
    play.nodes = nodes;
    assert_ok(onair_play(bed.onair, &play, ONAIRBED_US, &id, NULL));
    assert_ok(onair_committed(bed.onair, id));
    for (size_t step = 1; step <= 3; step++) {
        usec_t next_us = onair_step(bed.onair, ONAIRBED_US + 1);

        sent = 0;
        for (size_t i = 0; i < count; i++)
            sent += bed.orders[nodes[i].v];
        assert_int_equal(sent, step < 3 ? step * ISSUES_MAX : count);
        assert_int_equal(next_us == ONAIRBED_US + 1, step < 3);
    }
    free(nodes);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, onairbed_begin, onairbed_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_one_commit_accepts_an_alert_and_orders_it),
        CASE(test_an_alert_that_was_refused_leaves_nothing),
        CASE(test_only_what_nodes_do_not_hold_for_good_is_offered_with_an_alert),
        CASE(test_an_alert_whose_orders_cannot_be_issued_is_tried_again),
        CASE(test_an_alert_that_was_accepted_survives_a_crash_before_its_orders_left),
        CASE(test_an_alert_reaches_a_thousand_nodes_at_once),
        CASE(test_an_alert_to_all_there_are_names_nobody),
        CASE(test_an_alert_that_leaves_one_out_names_whom_it_means),
        CASE(test_a_bulletin_to_very_many_is_signed_for_many_at_once),
        CASE(test_orders_to_one_node_each_leave_the_main_thread_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
