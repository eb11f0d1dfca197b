#include <math.h>
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
        assert_int_equal(reconnect_wait_us(i, UINT32_MAX, 0, 0), longest_ms[i] * 1000);
    assert_int_equal(reconnect_wait_us(UINT32_MAX, UINT32_MAX, 0, 0), RECONNECT_LAST_US);
}

static void test_jitter_covers_the_whole_span_evenly(void **state)
{
    (void)state;
    assert_int_equal(reconnect_wait_us(7, 0, 0, 0), RECONNECT_FLOOR_US);
    assert_in_range(reconnect_wait_us(7, UINT32_MAX / 2, 0, 0), 7499000, 7501000);
    assert_in_range(reconnect_wait_us(7, UINT32_MAX / 4, 0, 0), 3749000, 3751000);
}

static void test_what_the_controller_asks_for_is_respected_and_spread(void **state)
{
    (void)state;
    assert_int_equal(reconnect_wait_us(0, 0, 7000000, 0), 7000000);
    assert_int_equal(reconnect_wait_us(9, UINT32_MAX, 7000000, 0), 10500000);
}

static void test_many_nodes_come_back_over_as_long_as_the_controller_wishes(void **state)
{
    (void)state;
    assert_int_equal(reconnect_wait_us(0, UINT32_MAX, 0, 2500000), 2500000);
    assert_int_equal(reconnect_wait_us(5, UINT32_MAX, 0, 2500000), RECONNECT_LAST_US);
    assert_int_equal(reconnect_wait_us(0, UINT32_MAX, 0, 100), RECONNECT_FIRST_US);
    assert_int_equal(reconnect_wait_us(0, UINT32_MAX, 1000000, 2500000), 3500000);
}

static void test_a_bye_spreads_further_than_the_welcome_did_up_to_ten_minutes(void **state)
{
    (void)state;
    assert_int_equal(reconnect_spread_us(250000, 0), 250000);
    assert_int_equal(reconnect_spread_us(250000, 100), 250000);
    assert_int_equal(reconnect_spread_us(250000, 4000), 4000000);
    assert_int_equal(reconnect_spread_us(0, UINT32_MAX), RECONNECT_SPREAD_MAX_US);
}

/* 4,000 nodes hear the same Bye; what each second then brings is counted. */
static void test_a_station_that_starts_again_is_not_hit_at_once(void **state)
{
    enum { NODES = 4000, SECONDS = 4 };
    int each[SECONDS] = {0};

    (void)state;
    for (uint32_t i = 0; i < NODES; i++) {
        /* Multiplied by 2^32 / golden ratio: evenly spread, and the same each time. */
        usec_t wait_us = reconnect_wait_us(0, i * UINT32_C(2654435769), USEC_PER_SEC,
                                           reconnect_spread_us(1000000, 4000));

        assert_in_range(wait_us, USEC_PER_SEC, 5 * USEC_PER_SEC);
        each[wait_us == 5 * USEC_PER_SEC ? SECONDS - 1 : wait_us / USEC_PER_SEC - 1]++;
    }
    for (int i = 0; i < SECONDS; i++)
        assert_in_range(each[i], NODES / SECONDS - 20, NODES / SECONDS + 20);
}

static void test_an_absurd_wish_is_believed_up_to_an_hour(void **state)
{
    (void)state;
    assert_int_equal(reconnect_wait_us(0, 0, INT64_MAX / 2, 0), RECONNECT_ASKED_MAX_US);
}

static void test_three_failures_move_on_to_the_next_controller_round_and_round(void **state)
{
    struct reconnect_list list = {.count = 3};

    (void)state;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(list.now, i % 3);
        assert_false(reconnect_failed(&list));
        assert_false(reconnect_failed(&list));
        assert_true(reconnect_failed(&list));
    }
    assert_false(reconnect_failed(&list));
    assert_false(reconnect_failed(&list));
    reconnect_succeeded(&list);
    assert_false(reconnect_failed(&list));
    assert_int_equal(list.now, 1);
}

static void test_the_first_controller_is_returned_to_as_soon_as_it_is_healthy(void **state)
{
    struct reconnect_list list = {.count = 2, .now = 1, .failures = 2};

    (void)state;
    assert_true(reconnect_first_is_healthy(&list));
    assert_int_equal(list.now, 0);
    assert_int_equal(list.failures, 0);
    assert_false(reconnect_first_is_healthy(&list));
}

static void test_a_single_controller_is_dialled_for_ever(void **state)
{
    struct reconnect_list list = {.count = 1};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_false(reconnect_failed(&list));
    assert_int_equal(list.now, 0);
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

/* The library's clock shows 7,000 s at frame 0. Returns by how much the period's begin is found late. */
static double late_call_s(struct card_time *c, int period, int late_samples, int *ret_lost)
{
    double began_s = 7000 + 0.01 * period;

    return card_time_period(c, 0.01 * (period - *ret_lost), began_s + late_samples / 48000.0, 0.01,
                            ret_lost) -
           began_s;
}

static void test_a_period_begins_before_its_callback_is_let_run(void **state)
{
    struct card_time c;
    int lost = 0;

    (void)state;
    card_time_init(&c);
    for (int i = 0; i < 1000; i++) {
        assert_true(fabs(late_call_s(&c, i, 10 + i % 31, &lost) - 10 / 48000.0) < 1e-9);
        assert_int_equal(lost, 0);
    }
    /* Late by most of a period for once: nothing is lost. */
    assert_true(fabs(late_call_s(&c, 1000, 400, &lost) - 10 / 48000.0) < 1e-9);
    assert_int_equal(lost, 0);
    /* Two periods that nobody was called for; the frames are numbered as if they had not been. */
    lost = 2;
    assert_true(fabs(late_call_s(&c, 1003, 15, &lost) - 10 / 48000.0) < 1e-9);
    assert_int_equal(lost, 2);
    lost = 0;
    assert_true(fabs(late_call_s(&c, 1004, 12, &lost) - 10 / 48000.0) < 1e-9);
    assert_int_equal(lost, 0);
    /* A clock that jumps by an hour is another clock. */
    assert_true(fabs(card_time_period(&c, 10.05, 10610.05, 0.01, &lost) - 10610.05) < 1e-9);
    assert_int_equal(lost, 0);
}

/* From callback 200 on the card's periods begin 15 ms later than before: one and a half of them. */
static void test_a_card_that_goes_by_another_beat_is_believed_after_a_few_callbacks(void **state)
{
    struct card_time c;
    int all_lost = 0;

    (void)state;
    card_time_init(&c);
    for (int i = 0; i < 400; i++) {
        double begin_s = 7000 + 0.01 * i + (i >= 200 ? 0.015 : 0);
        double late_s = (10 + i % 31) / 48000.0 + (i >= 100 && i < 115 ? 0.005 : 0);
        int lost;
        double told_s =
            card_time_period(&c, 0.01 * (i + all_lost), begin_s + late_s, 0.01, &lost) - begin_s;

        all_lost += lost;
        assert_int_equal(all_lost, i >= 200);
        if (i >= 200 && i < 200 + CARD_TIME_RUN - 1)
            continue;
        assert_true(fabs(told_s - 10 / 48000.0) < (i >= 200 && i < 231 ? 31 / 48000.0 : 1e-9));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_wait_doubles_from_half_a_second_to_a_quarter_minute),
        cmocka_unit_test(test_jitter_covers_the_whole_span_evenly),
        cmocka_unit_test(test_what_the_controller_asks_for_is_respected_and_spread),
        cmocka_unit_test(test_many_nodes_come_back_over_as_long_as_the_controller_wishes),
        cmocka_unit_test(test_a_bye_spreads_further_than_the_welcome_did_up_to_ten_minutes),
        cmocka_unit_test(test_a_station_that_starts_again_is_not_hit_at_once),
        cmocka_unit_test(test_an_absurd_wish_is_believed_up_to_an_hour),
        cmocka_unit_test(test_three_failures_move_on_to_the_next_controller_round_and_round),
        cmocka_unit_test(test_the_first_controller_is_returned_to_as_soon_as_it_is_healthy),
        cmocka_unit_test(test_a_single_controller_is_dialled_for_ever),
        cmocka_unit_test(test_the_least_delayed_callback_gives_the_card_time),
        cmocka_unit_test(test_the_card_time_follows_a_clock_that_runs_slow),
        cmocka_unit_test(test_a_period_begins_before_its_callback_is_let_run),
        cmocka_unit_test(test_a_card_that_goes_by_another_beat_is_believed_after_a_few_callbacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
