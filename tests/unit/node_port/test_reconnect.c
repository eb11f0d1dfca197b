#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "card_time.h"
#include "reconnect.h"

static void test_the_wait_doubles_from_half_a_second_to_a_quarter_minute(void **state)
{
    const usec_t longest_ms[] = {500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000};

    (void)state;
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(reconnect_wait_us(i, UINT32_MAX, 0), longest_ms[i] * 1000);
    assert_int_equal(reconnect_wait_us(UINT32_MAX, UINT32_MAX, 0), RECONNECT_LAST_US);
}

static void test_jitter_covers_the_whole_span_evenly(void **state)
{
    (void)state;
    assert_int_equal(reconnect_wait_us(7, 0, 0), RECONNECT_FLOOR_US);
    assert_in_range(reconnect_wait_us(7, UINT32_MAX / 2, 0), 7499000, 7501000);
    assert_in_range(reconnect_wait_us(7, UINT32_MAX / 4, 0), 3749000, 3751000);
}

static void test_what_the_controller_asks_for_is_respected_and_spread(void **state)
{
    (void)state;
    assert_int_equal(reconnect_wait_us(0, 0, 7000000), 7000000);
    assert_int_equal(reconnect_wait_us(9, UINT32_MAX, 7000000), 10500000);
}

static void test_an_absurd_wish_is_believed_up_to_an_hour(void **state)
{
    (void)state;
    assert_int_equal(reconnect_wait_us(0, 0, INT64_MAX / 2), RECONNECT_ASKED_MAX_US);
}

static void test_the_least_delayed_callback_gives_the_card_time(void **state)
{
    struct card_time c;

    (void)state;
    card_time_init(&c);
    card_time_add(&c, 10.0, 510000000 + 900); /* called 0.9 ms late */
    assert_int_equal(card_time_mono(&c, 10.02), 510020900);
    card_time_add(&c, 10.01, 510010000 + 4);
    card_time_add(&c, 10.02, 510020000 + 2500);
    assert_int_equal(card_time_mono(&c, 10.04), 510040004);
}

static void test_the_card_time_follows_a_clock_that_runs_slow(void **state)
{
    struct card_time c;
    double card_s = 0;
    usec_t mono_us = 0;

    (void)state;
    card_time_init(&c);
    for (int i = 0; i < 100000; i++) {
        card_s += 0.01 * (1 - 100e-6); /* 100 ppm slow: the true difference grows */
        mono_us += 10000;
        card_time_add(&c, card_s, mono_us + (i % 7) * 100);
    }
    /* At most two windows old: 256 callbacks x 1 us. */
    assert_in_range(mono_us - card_time_mono(&c, card_s), 0, 2 * CARD_TIME_WINDOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_wait_doubles_from_half_a_second_to_a_quarter_minute),
        cmocka_unit_test(test_jitter_covers_the_whole_span_evenly),
        cmocka_unit_test(test_what_the_controller_asks_for_is_respected_and_spread),
        cmocka_unit_test(test_an_absurd_wish_is_believed_up_to_an_hour),
        cmocka_unit_test(test_the_least_delayed_callback_gives_the_card_time),
        cmocka_unit_test(test_the_card_time_follows_a_clock_that_runs_slow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
