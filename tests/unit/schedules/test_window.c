#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "prop.h"
#include "window.h"

#define HANOI_MIN 420
/* Monday 2026-11-23, 00:00 in Viet Nam. */
#define MONDAY_US (INT64_C(1795366800) * USEC_PER_SEC)
#define AT(day, hour, minute) \
    (MONDAY_US + (day)*USEC_PER_DAY + (hour)*USEC_PER_HOUR + (minute)*USEC_PER_MIN)

static void test_quiet_hours_over_midnight_become_one_window(void **state)
{
    struct window w[WINDOW_QUIET_MAX];

    (void)state;
    assert_int_equal(window_from_quiet(21 * 60, 6 * 60, w), 1);
    assert_int_equal(w[0].weekdays, WINDOW_EVERY_DAY);
    assert_int_equal(w[0].from_min, 360);
    assert_int_equal(w[0].to_min, 1260);
    assert_true(window_allows(w, 1, HANOI_MIN, AT(0, 6, 0), AT(0, 21, 0)));
    assert_false(window_allows(w, 1, HANOI_MIN, AT(0, 6, 0) - 1, AT(0, 7, 0)));
    assert_false(window_allows(w, 1, HANOI_MIN, AT(0, 20, 0), AT(0, 21, 0) + 1));
    assert_false(window_allows(w, 1, HANOI_MIN, AT(0, 3, 15), AT(0, 3, 16)));
    assert_false(window_allows(w, 1, HANOI_MIN, AT(0, 20, 0), AT(1, 7, 0)));
}

static void test_quiet_hours_at_noon_become_two_windows_joined_at_midnight(void **state)
{
    struct window w[WINDOW_QUIET_MAX];

    (void)state;
    assert_int_equal(window_from_quiet(12 * 60, 14 * 60, w), 2);
    assert_true(window_allows(w, 2, HANOI_MIN, AT(0, 14, 0), AT(1, 12, 0)));
    assert_false(window_allows(w, 2, HANOI_MIN, AT(0, 14, 0), AT(1, 12, 0) + 1));
    assert_false(window_allows(w, 2, HANOI_MIN, AT(0, 12, 0), AT(0, 12, 0)));
    assert_int_equal(window_from_quiet(0, 300, w), 1);
    assert_int_equal(w[0].from_min, 300);
    assert_int_equal(w[0].to_min, WINDOW_DAY_MIN);
    assert_int_equal(window_from_quiet(1200, 1440, w), 1);
    assert_int_equal(w[0].from_min, 0);
    assert_int_equal(w[0].to_min, 1200);
}

static void test_no_quiet_hours_and_no_windows_mean_always(void **state)
{
    struct window w[WINDOW_QUIET_MAX];

    (void)state;
    assert_int_equal(window_from_quiet(300, 300, w), 0);
    assert_int_equal(window_from_quiet(0, 1440, w), 0);
    assert_true(window_allows(NULL, 0, 0, 0, INT64_MAX));
    assert_int_equal(window_allowed_until(NULL, 0, 0, 5), INT64_MAX);
    assert_int_equal(window_next_allowed(NULL, 0, 0, 5), 5);
}

static void test_a_window_wraps_past_midnight_on_its_weekday_only(void **state)
{
    /* Sunday 22:00 to Monday 02:00. */
    const struct window w = {.weekdays = 1U << 6, .from_min = 22 * 60, .to_min = 120};

    (void)state;
    assert_true(window_allows(&w, 1, HANOI_MIN, AT(0, 0, 0), AT(0, 2, 0)));
    assert_true(window_allows(&w, 1, HANOI_MIN, AT(6, 22, 0), AT(7, 2, 0)));
    assert_false(window_allows(&w, 1, HANOI_MIN, AT(1, 1, 0), AT(1, 1, 1)));
    assert_int_equal(window_next_allowed(&w, 1, HANOI_MIN, AT(0, 2, 0)), AT(6, 22, 0));
    assert_int_equal(window_allowed_until(&w, 1, HANOI_MIN, AT(6, 23, 0)), AT(7, 2, 0));
    assert_int_equal(window_allowed_until(&w, 1, HANOI_MIN, AT(3, 0, 0)), AT(3, 0, 0));
}

static void test_days_that_cover_the_week_are_allowed_for_ever(void **state)
{
    const struct window all = {.weekdays = WINDOW_EVERY_DAY, .from_min = 0, .to_min = 1440};
    const struct window shifted = {.weekdays = WINDOW_EVERY_DAY, .from_min = 600, .to_min = 600};

    (void)state;
    assert_int_equal(window_allowed_until(&all, 1, HANOI_MIN, AT(2, 3, 4)), INT64_MAX);
    assert_int_equal(window_allowed_until(&shifted, 1, HANOI_MIN, AT(2, 3, 4)), INT64_MAX);
}

static void test_invalid_windows_allow_nothing(void **state)
{
    const struct window bad[] = {{0, 0, 1440}, {0x80, 0, 1440}, {1, 1440, 1440}, {1, 0, 1441}};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_false(window_valid(&bad[i]));
    assert_false(window_allows(bad, 4, 0, AT(0, 1, 0), AT(0, 1, 1)));
    assert_int_equal(window_next_allowed(bad, 4, 0, AT(0, 1, 0)), INT64_MAX);
}

/* The slow, obvious way: look at one minute. */
static bool minute_allowed(const struct window *w, size_t count, int64_t minute)
{
    int64_t of_week = ((minute % 10080) + 10080) % 10080;

    for (size_t i = 0; i < count; i++) {
        for (int64_t day = 0; day < 7; day++) {
            int64_t from = day * 1440 + w[i].from_min;
            int64_t to = day * 1440 + w[i].to_min + (w[i].to_min <= w[i].from_min ? 1440 : 0);

            if ((w[i].weekdays >> day & 1U) != 0 &&
                ((of_week >= from && of_week < to) ||
                 (of_week + 10080 >= from && of_week + 10080 < to)))
                return true;
        }
    }
    return false;
}

static void test_property_windows_agree_with_minute_by_minute_looking(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "window");
    for (int round = 0; round < 3000; round++) {
        struct window w[4];
        size_t count = (size_t)prop_range(&p, 1, 4);
        int32_t offset = (int32_t)prop_range(&p, -840, 840);
        int64_t start = prop_range(&p, 0, 20000);
        int64_t length = prop_range(&p, 1, 3000);
        usec_t from = (usec_t)start * USEC_PER_MIN;
        bool all = true;

        for (size_t i = 0; i < count; i++)
            w[i] =
                (struct window){(uint32_t)prop_range(&p, 1, 127), (uint32_t)prop_range(&p, 0, 1439),
                                (uint32_t)prop_range(&p, 0, 1440)};
        /* 1970-01-01 was a Thursday: minute 0 is the fourth day of a week. */
        for (int64_t m = start; m < start + length; m++)
            all = all && minute_allowed(w, count, m + offset + 3 * 1440);
        assert_int_equal(window_allows(w, count, offset, from, from + length * USEC_PER_MIN), all);
        if (!minute_allowed(w, count, start + offset + 3 * 1440)) {
            int64_t m = start;

            while (!minute_allowed(w, count, m + offset + 3 * 1440))
                m++;
            assert_int_equal(window_next_allowed(w, count, offset, from), m * USEC_PER_MIN);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quiet_hours_over_midnight_become_one_window),
        cmocka_unit_test(test_quiet_hours_at_noon_become_two_windows_joined_at_midnight),
        cmocka_unit_test(test_no_quiet_hours_and_no_windows_mean_always),
        cmocka_unit_test(test_a_window_wraps_past_midnight_on_its_weekday_only),
        cmocka_unit_test(test_days_that_cover_the_week_are_allowed_for_ever),
        cmocka_unit_test(test_invalid_windows_allow_nothing),
        cmocka_unit_test(test_property_windows_agree_with_minute_by_minute_looking),
    };

    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
