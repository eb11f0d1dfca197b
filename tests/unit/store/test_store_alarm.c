#include <string.h>

#include "store_alarm.h"
#include "storefix.h"

static void test_an_alarm_stands_once_and_stays_as_history(void **state)
{
    struct storefix *f = *state;
    struct db_page page = {0};
    struct alarm rows[4];
    uint64_t first, second, cleared = 0;
    size_t count;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_alarm_raise(f->db, s.nodes[0], ALARM_LINK_LOST, NOW_US, &first));
    assert_err(ERR_EXISTS,
               store_alarm_raise(f->db, s.nodes[0], ALARM_LINK_LOST, NOW_US + 1, &second));
    assert_err(ERR_NOT_FOUND,
               store_alarm_raise(f->db, (struct node_id){99}, ALARM_LINK_LOST, NOW_US, &second));
    assert_ok(store_alarm_raise(f->db, s.nodes[1], ALARM_LINK_LOST, NOW_US, &second));
    assert_ok(store_alarm_clear(f->db, s.nodes[0], ALARM_LINK_LOST, NOW_US + 5, &cleared));
    assert_int_equal(cleared, first);
    assert_err(ERR_NOT_FOUND,
               store_alarm_clear(f->db, s.nodes[0], ALARM_LINK_LOST, NOW_US + 6, &cleared));
    storefix_reopen(f);
    assert_ok(store_alarm_list(f->db, true, &page, rows, 4, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, second);
    page = (struct db_page){0};
    assert_ok(store_alarm_list(f->db, false, &page, rows, 4, &count));
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].since_us, NOW_US);
    assert_int_equal(rows[0].cleared_us, NOW_US + 5);
    assert_int_equal(rows[0].kind, ALARM_LINK_LOST);
    assert_ok(store_alarm_raise(f->db, s.nodes[0], ALARM_LINK_LOST, NOW_US + 9, &first));
    assert_true(first > second);
}

static void test_the_station_itself_has_alarms(void **state)
{
    struct storefix *f = *state;
    struct db_page page = {0};
    const struct node_id station = {0};
    uint64_t id, cleared;
    struct alarm row;
    size_t count;

    assert_ok(store_alarm_raise(f->db, station, ALARM_SOURCE_LOST, NOW_US, &id));
    assert_err(ERR_EXISTS, store_alarm_raise(f->db, station, ALARM_SOURCE_LOST, NOW_US, &id));
    assert_ok(store_alarm_list(f->db, true, &page, &row, 1, &count));
    assert_int_equal(row.node.v, 0);
    assert_ok(store_alarm_clear(f->db, station, ALARM_SOURCE_LOST, NOW_US + 5, &cleared));
    assert_int_equal(cleared, id);
}

static void test_an_alarm_is_acknowledged_once_by_a_person(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct db_page page = {0};
    struct alarm row;
    uint64_t id;
    size_t count;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_alarm_raise(f->db, s.nodes[0], ALARM_UNDERRUNS, NOW_US, &id));
    assert_ok(store_alarm_acknowledge(f->db, id, s.author, NOW_US + 3, NULL));
    assert_err(ERR_STATE, store_alarm_acknowledge(f->db, id, s.approver, NOW_US + 4, &detail));
    assert_non_null(strstr(detail.text, "before"));
    assert_err(ERR_NOT_FOUND, store_alarm_acknowledge(f->db, 99, s.author, NOW_US, NULL));
    assert_ok(store_alarm_list(f->db, true, &page, &row, 1, &count));
    assert_int_equal(row.acknowledged_by.v, s.author.v);
    assert_int_equal(row.acknowledged_us, NOW_US + 3);
}

static void test_only_what_cleared_long_ago_is_forgotten(void **state)
{
    struct storefix *f = *state;
    size_t room = 100;
    uint64_t id;
    struct sample s;

    storefix_fill(f, &s);
    assert_ok(store_alarm_raise(f->db, s.nodes[0], ALARM_UNDERRUNS, NOW_US - 9, &id));
    assert_ok(store_alarm_raise(f->db, s.nodes[0], ALARM_LINK_LOST, NOW_US - 9, &id));
    assert_ok(store_alarm_clear(f->db, s.nodes[0], ALARM_LINK_LOST, NOW_US - 5, &id));
    assert_ok(store_alarm_raise(f->db, s.nodes[1], ALARM_LINK_LOST, NOW_US - 9, &id));
    assert_ok(store_alarm_clear(f->db, s.nodes[1], ALARM_LINK_LOST, NOW_US, &id));
    assert_ok(store_alarm_prune(f->db, NOW_US, &room));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM alarm"), 2);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, storefix_setup, storefix_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_an_alarm_stands_once_and_stays_as_history),
        CASE(test_the_station_itself_has_alarms),
        CASE(test_an_alarm_is_acknowledged_once_by_a_person),
        CASE(test_only_what_cleared_long_ago_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
