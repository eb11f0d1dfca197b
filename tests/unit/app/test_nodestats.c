#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nodestats.h"
#include "store_node.h"
#include "store_sample.h"
#include "store_site.h"
#include "storefix.h"

/* 2026-11-30 23:50 in Viet Nam: the month changes with the next sample. */
#define START_US (INT64_C(1796057400) * USEC_PER_SEC)

struct fixture {
    struct storefix *store;
    struct registry *registry;
    struct station station;
    struct nodestats stats;
    struct node_id nodes[2];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct node_record record = {.state = NODE_STATE_ACTIVE, .name = "N"};
    void *store = NULL;

    assert_non_null(f);
    assert_int_equal(storefix_setup(&store), 0);
    f->store = store;
    station_init(&f->station);
    assert_int_equal(registry_new(&f->registry), ERR_OK);
    f->stats =
        (struct nodestats){.db = f->store->db, .registry = f->registry, .station = &f->station};
    assert_int_equal(supervise_new(&f->stats.supervise), ERR_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_node_add(f->store->db, &record, &f->nodes[i]), ERR_OK);
        record.id = f->nodes[i];
        assert_int_equal(registry_put(f->registry, &record), ERR_OK);
        assert_int_equal(supervise_watch(f->stats.supervise, record.id, START_US), ERR_OK);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    void *store = f->store;

    supervise_free(f->stats.supervise);
    registry_free(f->registry);
    storefix_teardown(&store);
    free(f);
    return 0;
}

static void run(struct fixture *f, usec_t from_us, int seconds)
{
    for (int i = 0; i < seconds; i++)
        nodestats_step(&f->stats, from_us + i * USEC_PER_SEC);
}

static void test_a_quarter_of_an_hour_becomes_one_sample(void **state)
{
    struct fixture *f = *state;
    struct node_entry *n = registry_find(f->registry, f->nodes[0]);
    struct node_usage usage;
    struct node_sample rows[4];
    size_t count;

    n->live.ready = true;
    n->live.status_us = START_US;
    n->live.status.has_temperature = true;
    n->live.status.temperature_mc = 41000;
    n->live.status.peak_mdb = -3000;
    n->tally.in_bytes = 700;
    n->tally.out_bytes = 9000;
    run(f, START_US, 300);
    n->live.ready = false;
    n->live.status.peak_mdb = -9000;
    n->live.status_us++;
    run(f, START_US + 300 * USEC_PER_SEC, 303);
    assert_int_equal(store_sample_list(f->store->db, f->nodes[0], 0, INT64_MAX, 1, rows, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].at_us, START_US + 600 * USEC_PER_SEC);
    assert_in_range(rows[0].online_permille, 490, 510);
    assert_int_equal(rows[0].peak_mdb, -3000);
    assert_int_equal(rows[0].temperature_mc, 41000);
    assert_false(rows[0].has_supply);
    assert_int_equal(rows[0].in_bytes, 700);
    assert_int_equal(n->tally.out_bytes, 0);
    assert_int_equal(store_sample_usage(f->store->db, f->nodes[0], "2026-12", &usage), ERR_OK);
    assert_int_equal(usage.out_bytes, 9000);
    assert_int_equal(store_sample_list(f->store->db, f->nodes[1], 0, INT64_MAX, 1, rows, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].online_permille, 0);
    assert_false(rows[0].has_temperature);
}

static void test_what_could_not_be_stored_is_stored_later(void **state)
{
    struct fixture *f = *state;
    struct node_sample rows[4];
    size_t count;

    registry_find(f->registry, f->nodes[0])->tally.in_bytes = 5;
    run(f, START_US, 600);
    db_set_fault(f->store->db, 0, 1);
    run(f, START_US + 600 * USEC_PER_SEC, 1);
    assert_int_equal(store_sample_list(f->store->db, f->nodes[0], 0, INT64_MAX, 1, rows, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 0);
    run(f, START_US + 601 * USEC_PER_SEC, 1);
    assert_int_equal(store_sample_list(f->store->db, f->nodes[0], 0, INT64_MAX, 1, rows, 4, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].in_bytes, 5);
}

/* Kinds that are due to be raised for a node. */
static bool is_due(struct fixture *f, struct node_id node, usec_t now_us)
{
    struct supervise_change due[32];
    size_t count = supervise_due(f->stats.supervise, now_us, due, 32);

    for (size_t i = 0; i < count; i++)
        if (due[i].node.v == node.v && due[i].kind == ALARM_SIM_DUE && due[i].raised)
            return true;
    return false;
}

static void test_a_card_is_due_from_its_local_day_on(void **state)
{
    struct fixture *f = *state;
    struct site site = {.node = f->nodes[1], .sim_due = "2026-12-01"};

    assert_int_equal(store_site_put(f->store->db, &site), ERR_OK);
    nodestats_sims(&f->stats, START_US + 9 * USEC_PER_MIN); /* 23:59 */
    assert_false(is_due(f, f->nodes[1], START_US + USEC_PER_HOUR));
    nodestats_sims(&f->stats, START_US + 10 * USEC_PER_MIN); /* 00:00 */
    assert_true(is_due(f, f->nodes[1], START_US + USEC_PER_HOUR));
    assert_false(is_due(f, f->nodes[0], START_US + USEC_PER_HOUR));
    strcpy(site.sim_due, "2027-12-01");
    assert_int_equal(store_site_put(f->store->db, &site), ERR_OK);
    nodestats_sims(&f->stats, START_US + 11 * USEC_PER_MIN);
    assert_false(is_due(f, f->nodes[1], START_US + USEC_PER_HOUR));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_a_quarter_of_an_hour_becomes_one_sample),
        CASE(test_what_could_not_be_stored_is_stored_later),
        CASE(test_a_card_is_due_from_its_local_day_on),
    };

    return cmocka_run_group_tests_name("nodestats", tests, NULL, NULL);
}
