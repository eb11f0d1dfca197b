#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "livedelay.h"

#define MS USEC_PER_MSEC
#define LEAST_US (150 * MS)
#define MOST_US (3 * USEC_PER_SEC)

static usec_t needed(const struct livedelay *d)
{
    return livedelay_needed(d, LEAST_US, MOST_US);
}

static void test_good_links_come_down_to_the_least(void **state)
{
    struct livedelay d = {0};

    (void)state;
    assert_int_equal(needed(&d), LEAST_US);
    for (int i = 0; i < 5; i++)
        livedelay_note(&d, 200 * MS, 75 * MS); /* 145 would do */
    assert_int_equal(needed(&d), LEAST_US);
}

static void test_it_is_as_long_as_the_link_of_a_single_node_needs(void **state)
{
    struct livedelay d = {0};

    (void)state;
    livedelay_note(&d, 200 * MS, -100 * MS);
    assert_int_equal(needed(&d), 320 * MS);
    livedelay_note(&d, 200 * MS, -9 * USEC_PER_SEC);
    assert_int_equal(needed(&d), MOST_US);
}

static void test_one_bad_link_among_many_makes_nobody_wait(void **state)
{
    struct livedelay d = {0};

    (void)state;
    for (int round = 0; round < 10; round++)
        for (int node = 0; node < 15; node++)
            livedelay_note(&d, 200 * MS, node == 3 ? -2 * USEC_PER_SEC : 40 * MS);
    assert_int_equal(needed(&d), 180 * MS);
}

static void test_what_many_links_need_counts_and_what_is_long_past_does_not(void **state)
{
    struct livedelay d = {0};

    (void)state;
    for (int i = 0; i < LIVEDELAY_REPORTS; i++)
        livedelay_note(&d, 200 * MS, i % 5 == 0 ? -280 * MS : 60 * MS);
    assert_int_equal(needed(&d), 500 * MS);
    for (int i = 0; i < LIVEDELAY_REPORTS; i++)
        livedelay_note(&d, 500 * MS, 300 * MS);
    assert_int_equal(needed(&d), 220 * MS);
}

/* A relay is not answered: it waits for the slowest, as soon as enough is known to wait for less. */
static void test_a_relay_begins_as_late_as_any_report_asked_for(void **state)
{
    struct livedelay d = {0};

    (void)state;
    for (int i = 0; i < LIVEDELAY_REPORTS; i++) {
        assert_int_equal(livedelay_longest(&d, LEAST_US, MOST_US), MOST_US);
        livedelay_note(&d, 2000 * MS, i == 2 ? 1100 * MS : 1300 * MS);
    }
    assert_int_equal(livedelay_longest(&d, LEAST_US, MOST_US), 920 * MS);
    for (int i = 0; i < 10 * LIVEDELAY_REPORTS; i++)
        livedelay_note(&d, 2000 * MS, 1900 * MS);
    assert_int_equal(livedelay_longest(&d, LEAST_US, MOST_US),
                     920 * MS); /* a stall is remembered */
    assert_int_equal(livedelay_longest(&d, 1000 * MS, MOST_US), 1000 * MS);
    livedelay_note(&d, 2000 * MS, -9 * USEC_PER_SEC);
    assert_int_equal(livedelay_longest(&d, LEAST_US, MOST_US), MOST_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_links_come_down_to_the_least),
        cmocka_unit_test(test_it_is_as_long_as_the_link_of_a_single_node_needs),
        cmocka_unit_test(test_one_bad_link_among_many_makes_nobody_wait),
        cmocka_unit_test(test_a_relay_begins_as_late_as_any_report_asked_for),
        cmocka_unit_test(test_what_many_links_need_counts_and_what_is_long_past_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
