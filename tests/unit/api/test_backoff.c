/* Guessing gets slower, others do not suffer, time heals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backoff.h"

#define MAX_US (60 * USEC_PER_SEC)
#define T0 INT64_C(1000000000)

static struct backoff b;

static int clear(void **state)
{
    (void)state;
    memset(&b, 0, sizeof(b));
    return 0;
}

static void test_the_first_failures_cost_nothing(void **state)
{
    uint64_t key = backoff_key('a', "mai");

    (void)state;
    for (int i = 0; i < BACKOFF_FREE_FAILURES; i++)
        backoff_failed(&b, key, T0);
    assert_int_equal(backoff_wait_us(&b, key, T0, MAX_US), 0);
}

static void test_the_wait_doubles_up_to_the_limit_and_passes(void **state)
{
    uint64_t key = backoff_key('a', "mai");
    usec_t expected_us = BACKOFF_FIRST_US;

    (void)state;
    for (int i = 0; i < BACKOFF_FREE_FAILURES; i++)
        backoff_failed(&b, key, T0);
    for (int i = 0; i < 100; i++) {
        backoff_failed(&b, key, T0);
        assert_int_equal(backoff_wait_us(&b, key, T0, MAX_US), expected_us);
        assert_int_equal(backoff_wait_us(&b, key, T0 + expected_us, MAX_US), 0);
        expected_us = expected_us * 2 > MAX_US ? MAX_US : expected_us * 2;
    }
}

static void test_success_and_time_forget(void **state)
{
    uint64_t key = backoff_key('a', "mai");

    (void)state;
    for (int i = 0; i < 20; i++)
        backoff_failed(&b, key, T0);
    assert_true(backoff_wait_us(&b, key, T0, MAX_US) > 0);
    backoff_failed(&b, key, T0 + BACKOFF_FORGET_US);
    assert_int_equal(backoff_wait_us(&b, key, T0 + BACKOFF_FORGET_US, MAX_US), 0);
    for (int i = 0; i < 20; i++)
        backoff_failed(&b, key, T0);
    backoff_passed(&b, key);
    assert_int_equal(backoff_wait_us(&b, key, T0, MAX_US), 0);
}

static void test_keys_of_kinds_and_names_are_apart(void **state)
{
    (void)state;
    assert_int_not_equal(backoff_key('a', "mai"), backoff_key('r', "mai"));
    assert_int_not_equal(backoff_key('a', "mai"), backoff_key('a', "lan"));
    for (int i = 0; i < 20; i++)
        backoff_failed(&b, backoff_key('a', "mai"), T0);
    assert_int_equal(backoff_wait_us(&b, backoff_key('a', "lan"), T0, MAX_US), 0);
}

static void test_addresses_of_one_network_are_one(void **state)
{
    (void)state;
    assert_true(backoff_remote_key("2001:db8:0:1::7") == backoff_remote_key("2001:db8:0:1:9::"));
    assert_true(backoff_remote_key("2001:db8:0:1::7") != backoff_remote_key("2001:db8:0:2::7"));
    assert_true(backoff_remote_key("192.0.2.7") != backoff_remote_key("192.0.2.8"));
    assert_true(backoff_remote_key("::ffff:192.0.2.7") != backoff_remote_key("::ffff:192.0.2.8"));
    assert_true(backoff_remote_key("") == backoff_key('r', ""));
}

static void test_a_full_table_drops_the_oldest(void **state)
{
    char name[32];
    uint64_t key = backoff_key('a', "recent");

    (void)state;
    for (int i = 0; i < 3 * BACKOFF_ENTRIES; i++) {
        snprintf(name, sizeof(name), "guess-%d", i);
        backoff_failed(&b, backoff_key('r', name), T0 + i);
        backoff_failed(&b, key, T0 + i);
    }
    assert_true(backoff_wait_us(&b, key, T0 + 3 * BACKOFF_ENTRIES, MAX_US) > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_the_first_failures_cost_nothing, clear),
        cmocka_unit_test_setup(test_the_wait_doubles_up_to_the_limit_and_passes, clear),
        cmocka_unit_test_setup(test_success_and_time_forget, clear),
        cmocka_unit_test_setup(test_keys_of_kinds_and_names_are_apart, clear),
        cmocka_unit_test_setup(test_addresses_of_one_network_are_one, clear),
        cmocka_unit_test_setup(test_a_full_table_drops_the_oldest, clear),
    };

    return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
