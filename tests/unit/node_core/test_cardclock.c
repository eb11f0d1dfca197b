#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cardclock.h"

static uint64_t seed = 7;

static double noise(void)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (double)(seed >> 11) / (double)(UINT64_C(1) << 53) - 0.5;
}

/* A card whose crystal is off, reporting every 10 ms with so much jitter. */
struct card {
    struct cardclock clock;
    double ppm, jitter_us, shift_us;
    int64_t frame;
};

static double truth_us(const struct card *c, int64_t frame)
{
    return 1e9 + (double)frame / 48000 * 1e6 / (1 + c->ppm * 1e-6) + c->shift_us;
}

static void run(struct card *c, double seconds)
{
    for (int64_t end = c->frame + (int64_t)(seconds * 48000); c->frame < end; c->frame += 480)
        cardclock_report(&c->clock, c->frame,
                         llround(truth_us(c, c->frame) + noise() * c->jitter_us));
}

static double error_us(const struct card *c)
{
    return (double)cardclock_mono_ns(&c->clock, c->frame + 4800) / 1000 -
           truth_us(c, c->frame + 4800);
}

static void test_it_settles_within_seconds_and_holds(void **state)
{
    static const double ppms[] = {-200, 0, 35, 200, 2000};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct card c = {.ppm = ppms[i], .jitter_us = 1000};
        double worst = 0, slow;

        cardclock_init(&c.clock, 48000, NULL);
        run(&c, 0.1);
        assert_false(cardclock_locked(&c.clock));
        run(&c, 9.9);
        assert_true(cardclock_locked(&c.clock));
        for (int k = 0; k < 600; k++) {
            run(&c, 1);
            worst = fabs(error_us(&c)) > worst ? fabs(error_us(&c)) : worst;
        }
        assert_true(worst < 50);
        assert_true(cardclock_save(&c.clock, &slow));
        assert_true(fabs(slow + ppms[i] / (1 + ppms[i] * 1e-6)) < 2);
        assert_int_equal(c.clock.steps, 0);
    }
}

static void test_a_step_is_followed_within_half_a_second(void **state)
{
    static const double steps[] = {800, -800, 5000, 30000, -2000000};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        struct card c = {.ppm = 50, .jitter_us = 100};

        cardclock_init(&c.clock, 48000, NULL);
        run(&c, 30);
        c.shift_us = steps[i];
        run(&c, 0.5);
        assert_true(fabs(error_us(&c)) < 100);
        run(&c, 5);
        assert_true(fabs(error_us(&c)) < 50);
    }
}

static void test_single_outliers_are_passed_over(void **state)
{
    struct card c = {.ppm = 50, .jitter_us = 100};

    (void)state;
    cardclock_init(&c.clock, 48000, NULL);
    run(&c, 30);
    for (int k = 0; k < 50; k++) {
        run(&c, 1);
        cardclock_report(&c.clock, c.frame, llround(truth_us(&c, c.frame) + 500000));
        assert_true(fabs(error_us(&c)) < 50);
    }
}

/* A period of 8 ms in a single report must not be taken for a step, however steady the others are. */
static void test_an_outlier_below_a_period_is_no_step(void **state)
{
    static const double jitters[] = {10, 100, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof(jitters) / sizeof(jitters[0]); i++) {
        struct card c = {.ppm = -50, .jitter_us = jitters[i]};

        cardclock_init(&c.clock, 48000, NULL);
        run(&c, 30);
        for (int k = 0; k < 50; k++) {
            run(&c, 0.2);
            cardclock_report(&c.clock, c.frame,
                             llround(truth_us(&c, c.frame) + (k % 2 == 0 ? 8000 : -8000)));
            assert_true(fabs(error_us(&c)) < 50);
        }
        assert_int_equal(c.clock.steps, 0);
    }
}

static void test_the_rate_survives_a_reset_of_the_same_card(void **state)
{
    struct card c = {.ppm = 123, .jitter_us = 1000};

    (void)state;
    cardclock_init(&c.clock, 48000, NULL);
    run(&c, 60);
    cardclock_reset(&c.clock, 48000);
    assert_false(cardclock_locked(&c.clock));
    c.frame = 0;
    run(&c, 1);
    assert_true(fabs(error_us(&c)) < 120);
    cardclock_reset(&c.clock, 44100);
    assert_true(fabs(c.clock.slow_ppm) < 1e-9);
}

static void test_frames_and_instants_are_each_others_inverse(void **state)
{
    struct card c = {.ppm = -77, .jitter_us = 0};

    (void)state;
    cardclock_init(&c.clock, 48000, NULL);
    run(&c, 10);
    for (int64_t f = 0; f < 1000000; f += 9973)
        assert_in_range(cardclock_frame(&c.clock, cardclock_mono_ns(&c.clock, f) / 1000 + 1), f, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_settles_within_seconds_and_holds),
        cmocka_unit_test(test_a_step_is_followed_within_half_a_second),
        cmocka_unit_test(test_single_outliers_are_passed_over),
        cmocka_unit_test(test_an_outlier_below_a_period_is_no_step),
        cmocka_unit_test(test_the_rate_survives_a_reset_of_the_same_card),
        cmocka_unit_test(test_frames_and_instants_are_each_others_inverse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
