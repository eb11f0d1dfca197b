#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stime.h"

#define REAL0 (INT64_C(1800000000) * USEC_PER_SEC)
#define MONO0 (5000 * USEC_PER_SEC)

static struct stime_state clock_;

/* A wall clock that is `off_us` away from true time, ticked once a second for `seconds`. Checks that
 * station time is continuous, goes forward and keeps within the slew rate unless `may_step`. Returns how
 * often each verdict came. */
struct outcome {
    int verdicts[4];
    usec_t error_us; /* wall clock minus station time at the end */
};

static usec_t at_us; /* seconds simulated so far, as us */

static struct outcome simulate(int seconds, usec_t off_us, bool on_air, bool may_step)
{
    struct outcome o = {{0}, 0};

    for (int i = 0; i < seconds; i++) {
        usec_t mono_us, before_us;
        enum stime_verdict v;

        at_us += USEC_PER_SEC;
        mono_us = MONO0 + at_us;
        before_us = stime_of(&clock_, mono_us);
        v = stime_discipline(&clock_, REAL0 + at_us + off_us, mono_us, on_air);
        o.verdicts[v]++;
        if (v != STIME_STEPPED) {
            assert_int_equal(stime_of(&clock_, mono_us), before_us);
        } else {
            assert_true(may_step);
            assert_int_equal(stime_of(&clock_, mono_us), REAL0 + at_us + off_us);
        }
        assert_true(abs(clock_.rate_ppb) <= STIME_SLEW_PPM * 1000);
        if (on_air)
            assert_int_equal(clock_.rate_ppb, 0);
        o.error_us = REAL0 + at_us + off_us - stime_of(&clock_, mono_us);
    }
    return o;
}

static int start(void **state)
{
    (void)state;
    at_us = 0;
    stime_start(&clock_, REAL0, MONO0);
    return 0;
}

static void test_it_starts_at_the_wall_clock(void **state)
{
    (void)state;
    assert_int_equal(stime_of(&clock_, MONO0), REAL0);
    assert_int_equal(stime_of(&clock_, MONO0 + 12345678), REAL0 + 12345678);
}

static void test_an_equal_wall_clock_changes_nothing(void **state)
{
    struct outcome o = simulate(100, 0, false, false);

    (void)state;
    assert_int_equal(o.verdicts[STIME_HELD], 100);
    assert_int_equal(o.error_us, 0);
}

static void slews_away(usec_t off_us)
{
    struct outcome o = simulate(1000, off_us, false, false);

    assert_true(o.verdicts[STIME_SLEWING] > 400);
    assert_true(llabs(o.error_us) <= 20);
}

static void test_a_small_step_forward_is_slewed_away(void **state)
{
    (void)state;
    slews_away(50000);
}

static void test_a_small_step_backward_is_slewed_away(void **state)
{
    (void)state;
    slews_away(-50000);
}

static void test_the_slew_takes_as_long_as_its_rate_says(void **state)
{
    struct outcome o = simulate(101, 500000, false, false);

    (void)state;
    /* The first tick only chooses the rate; then 100 s at 100 ppm are 10 ms. */
    assert_int_equal(o.error_us, 500000 - 10000);
}

static void test_on_air_nothing_moves(void **state)
{
    struct outcome o;

    (void)state;
    o = simulate(3600, 50000, true, false);
    assert_int_equal(o.verdicts[STIME_HELD], 3600);
    assert_int_equal(o.error_us, 50000);
    o = simulate(3600, -USEC_PER_HOUR, true, false);
    assert_int_equal(o.verdicts[STIME_FAR], 3600);
    assert_int_equal(o.error_us, -USEC_PER_HOUR);
}

static void test_a_slew_stops_when_something_goes_on_air(void **state)
{
    struct outcome before, after;

    (void)state;
    before = simulate(50, 500000, false, false);
    after = simulate(50, 500000, true, false);
    /* One more second at the old rate passes before the first tick on air. */
    assert_int_equal(after.error_us, before.error_us - 100);
}

static void steps_once(usec_t off_us)
{
    struct outcome o = simulate(9, off_us, false, false);

    assert_int_equal(o.verdicts[STIME_FAR], 9);
    o = simulate(100, off_us, false, true);
    assert_int_equal(o.verdicts[STIME_STEPPED], 1);
    assert_int_equal(o.verdicts[STIME_FAR], 1);
    assert_int_equal(o.error_us, 0);
}

static void test_a_far_wall_clock_is_adopted_when_it_stays_ahead(void **state)
{
    (void)state;
    steps_once(3 * USEC_PER_DAY);
}

static void test_a_far_wall_clock_is_adopted_when_it_stays_behind(void **state)
{
    (void)state;
    steps_once(-USEC_PER_HOUR);
}

static void test_a_wall_clock_that_comes_back_is_not_followed(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        (void)simulate(9, USEC_PER_HOUR, false, false);
        (void)simulate(2, 0, false, false);
    }
    assert_int_equal(stime_of(&clock_, MONO0 + at_us), REAL0 + at_us);
}

static void test_a_wall_clock_that_keeps_moving_is_not_followed(void **state)
{
    (void)state;
    for (int i = 1; i < 50; i++)
        (void)simulate(5, i * USEC_PER_MIN, false, false);
    assert_int_equal(stime_of(&clock_, MONO0 + at_us), REAL0 + at_us);
}

static void test_a_far_wall_clock_waits_for_the_end_of_the_programme(void **state)
{
    struct outcome o;

    (void)state;
    o = simulate(60, USEC_PER_HOUR, true, false);
    assert_int_equal(o.verdicts[STIME_STEPPED], 0);
    o = simulate(1, USEC_PER_HOUR, false, true);
    assert_int_equal(o.verdicts[STIME_STEPPED], 1);
}

static void test_a_missed_minute_of_ticks_does_little_harm(void **state)
{
    struct outcome o;

    (void)state;
    (void)simulate(2, 900, false, false);
    at_us += USEC_PER_MIN;
    o = simulate(1, 900, false, false);
    assert_true(llabs(o.error_us) <= 6000);
    o = simulate(300, 900, false, false);
    assert_true(llabs(o.error_us) <= 20);
}

static void test_the_shared_clock_goes_on_from_the_wall_clock(void **state)
{
    struct stime t;
    usec_t a, b;

    (void)state;
    stime_init(&t);
    a = stime_now(&t);
    assert_true(llabs(stime_real() - a) < 500 * USEC_PER_MSEC);
    for (int i = 0; i < 1000; i++) {
        if (i % 10 == 0)
            assert_int_not_equal(stime_tick(&t, false), STIME_STEPPED);
        b = stime_now(&t);
        assert_true(b >= a);
        a = b;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_it_starts_at_the_wall_clock, start),
        cmocka_unit_test_setup(test_an_equal_wall_clock_changes_nothing, start),
        cmocka_unit_test_setup(test_a_small_step_forward_is_slewed_away, start),
        cmocka_unit_test_setup(test_a_small_step_backward_is_slewed_away, start),
        cmocka_unit_test_setup(test_the_slew_takes_as_long_as_its_rate_says, start),
        cmocka_unit_test_setup(test_on_air_nothing_moves, start),
        cmocka_unit_test_setup(test_a_slew_stops_when_something_goes_on_air, start),
        cmocka_unit_test_setup(test_a_far_wall_clock_is_adopted_when_it_stays_ahead, start),
        cmocka_unit_test_setup(test_a_far_wall_clock_is_adopted_when_it_stays_behind, start),
        cmocka_unit_test_setup(test_a_wall_clock_that_comes_back_is_not_followed, start),
        cmocka_unit_test_setup(test_a_wall_clock_that_keeps_moving_is_not_followed, start),
        cmocka_unit_test_setup(test_a_far_wall_clock_waits_for_the_end_of_the_programme, start),
        cmocka_unit_test_setup(test_a_missed_minute_of_ticks_does_little_harm, start),
        cmocka_unit_test(test_the_shared_clock_goes_on_from_the_wall_clock),
    };

    return cmocka_run_group_tests_name("stime", tests, NULL, NULL);
}
