#include <string.h>

#include "alertlife.h"
#include "store_alert.h"
#include "storefix.h"

static struct alertlife_key key(const char *identifier, int second)
{
    struct alertlife_key k = {.sender = "pctt@hue.example", .sent_us = NOW_US + second};

    strcpy(k.identifier, identifier);
    return k;
}

/* What a controller does at start. */
static struct alertlife *load(struct db *db)
{
    struct alertlife *life;
    struct alertlife_row rows[2];
    uint64_t after = 0;
    size_t count;

    assert_ok(alertlife_new(&life));
    do {
        assert_ok(store_alert_list(db, after, rows, 2, &count));
        assert_ok(alertlife_apply(life, rows, count));
        after = count > 0 ? rows[count - 1].id : 0;
    } while (count == 2);
    return life;
}

/* One message to a controller that was just started; `dies` before the rows are stored. */
static enum alertlife_result tell(struct storefix *f, const struct alertlife_message *m, bool dies,
                                  size_t *ret_ended)
{
    struct alertlife *life;
    struct alertlife_change c;
    enum alertlife_result result;

    storefix_reopen(f);
    life = load(f->db);
    assert_ok(alertlife_judge(life, m, NOW_US, &c));
    if (!dies)
        assert_ok(store_alert_put(f->db, c.rows, c.row_count));
    result = c.result;
    *ret_ended = c.ended_count;
    alertlife_change_deinit(&c);
    alertlife_free(life);
    return result;
}

static void test_a_death_at_any_point_neither_loses_nor_repeats_an_alert(void **state)
{
    struct storefix *f = *state;
    struct alertlife_key refs[] = {key("a", 0), key("b", 1)};
    struct alertlife_message a = {.key = refs[0], .expires_us = NOW_US + USEC_PER_HOUR};
    struct alertlife_message b = {.key = refs[1],
                                  .type = ALERTLIFE_UPDATE,
                                  .expires_us = NOW_US + USEC_PER_HOUR,
                                  .refs = refs,
                                  .ref_count = 1};
    struct alertlife_message c = {
        .key = key("c", 2), .type = ALERTLIFE_CANCEL, .refs = refs, .ref_count = 2};
    size_t ended;

    assert_int_equal(tell(f, &b, true, &ended), ALERTLIFE_NEW);
    assert_int_equal(tell(f, &b, false, &ended), ALERTLIFE_NEW);
    assert_int_equal(tell(f, &b, false, &ended), ALERTLIFE_DUPLICATE);
    assert_int_equal(tell(f, &a, true, &ended), ALERTLIFE_OVERTAKEN);
    assert_int_equal(tell(f, &a, false, &ended), ALERTLIFE_OVERTAKEN);
    assert_int_equal(tell(f, &c, true, &ended), ALERTLIFE_NEW);
    assert_int_equal(ended, 1);
    assert_int_equal(tell(f, &c, false, &ended), ALERTLIFE_NEW);
    assert_int_equal(ended, 1);
    assert_int_equal(tell(f, &c, false, &ended), ALERTLIFE_DUPLICATE);
    assert_int_equal(tell(f, &a, false, &ended), ALERTLIFE_DUPLICATE);
    assert_int_equal(tell(f, &b, false, &ended), ALERTLIFE_DUPLICATE);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM alert WHERE state = 4"), 2);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM alert"), 3);
}

static void test_every_field_comes_back(void **state)
{
    struct storefix *f = *state;
    struct alertlife_row row = {.id = 7,
                                .key = key("x", 3),
                                .type = ALERTLIFE_UPDATE,
                                .state = ALERTLIFE_REPLACED,
                                .seen = true,
                                .sha256 = {1, 2, 3},
                                .expires_us = 4,
                                .cancelled_us = 5,
                                .overruled_us = 6,
                                .superior = true,
                                .refs = {8, UINT64_C(1) << 40},
                                .ref_count = 2};
    struct alertlife_row again;
    size_t count;

    assert_ok(store_alert_put(f->db, &row, 1));
    assert_ok(store_alert_list(f->db, 0, &again, 1, &count));
    assert_int_equal(count, 1);
    assert_int_equal(again.id, row.id);
    assert_string_equal(again.key.sender, row.key.sender);
    assert_string_equal(again.key.identifier, row.key.identifier);
    assert_int_equal(again.key.sent_us, row.key.sent_us);
    assert_true(again.type == row.type && again.state == row.state && again.seen);
    assert_memory_equal(again.sha256, row.sha256, sizeof(row.sha256));
    assert_int_equal(again.expires_us, row.expires_us);
    assert_int_equal(again.cancelled_us, row.cancelled_us);
    assert_int_equal(again.overruled_us, row.overruled_us);
    assert_true(again.superior && again.ref_count == row.ref_count);
    assert_memory_equal(again.refs, row.refs, sizeof(row.refs));
    row.id = 8;
    assert_err(ERR_EXISTS, store_alert_put(f->db, &row, 1));
    assert_ok(store_alert_delete(f->db, 7));
    assert_ok(store_alert_delete(f->db, 7));
    assert_ok(store_alert_list(f->db, 0, &again, 1, &count));
    assert_int_equal(count, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_death_at_any_point_neither_loses_nor_repeats_an_alert),
        CASE(test_every_field_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
