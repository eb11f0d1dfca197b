#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "civil.h"
#include "prop.h"

#define HCM "Asia/Ho_Chi_Minh"

static usec_t at(const char *text, const char *zone)
{
    struct civil c;
    usec_t us = -1;

    assert_int_equal(civil_parse(text, &c), ERR_OK);
    assert_int_equal(civil_to_us(&c, zone, &us), ERR_OK);
    return us;
}

static void test_viet_nam_is_seven_hours_ahead_all_year(void **state)
{
    int offset = 0;

    (void)state;
    assert_int_equal(at("2026-11-23T05:30:00", HCM), INT64_C(1795386600) * USEC_PER_SEC);
    assert_int_equal(at("2026-11-23T05:30:00", "UTC") - at("2026-11-23T05:30:00", HCM),
                     7 * USEC_PER_HOUR);
    for (int month = 0; month < 12; month++) {
        assert_int_equal(
            civil_offset_min(HCM, (1795386600 + month * 2630000) * USEC_PER_SEC, &offset), ERR_OK);
        assert_int_equal(offset, 420);
    }
}

static void test_daylight_saving_time_is_followed_elsewhere(void **state)
{
    int offset = 0;

    (void)state;
    assert_int_equal(civil_offset_min("Europe/Berlin", at("2026-07-01T12:00", "UTC"), &offset),
                     ERR_OK);
    assert_int_equal(offset, 120);
    assert_int_equal(civil_offset_min("Europe/Berlin", at("2048-01-01T12:00", "UTC"), &offset),
                     ERR_OK);
    assert_int_equal(offset, 60);
    assert_int_equal(civil_offset_min("America/St_Johns", at("2026-01-01T12:00", "UTC"), &offset),
                     ERR_OK);
    assert_int_equal(offset, -210);
    /* Skipped by the clocks, and shown twice by them. */
    assert_int_equal(at("2026-03-29T02:30", "Europe/Berlin"), at("2026-03-29T01:30", "UTC"));
    assert_int_equal(at("2026-10-25T02:30", "Europe/Berlin"), at("2026-10-25T00:30", "UTC"));
}

static void test_dates_that_do_not_exist_are_refused(void **state)
{
    static const char *const bad[] = {"2026-02-29",          "2100-02-29",
                                      "1969-12-31",          "2101-01-01",
                                      "2026-13-01",          "2026-00-10",
                                      "2026-04-31T10:00",    "2026-04-30T24:00",
                                      "2026-04-30T10:60",    "2026-4-30",
                                      "2026-04-30 10:00",    "2026-04-30T10:00Z",
                                      "2026-04-30T10:00:60", "",
                                      "2026-04-3x",          "+026-04-30",
                                      "2026-04-30T1 :00",    "2026-04-30T10:0",
                                      "2026-04-30T10:00:00Z"};
    struct civil c = {.year = 7};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(civil_parse(bad[i], &c), ERR_FORMAT);
    assert_int_equal(c.year, 7);
    assert_int_equal(civil_parse("2000-02-29", &c), ERR_OK);
    assert_int_equal(civil_parse("2024-02-29T23:59:59", &c), ERR_OK);
}

static void test_unknown_zones_and_paths_are_not_found(void **state)
{
    static const char *const bad[] = {
        "", "Nope/Nope", "../../etc/passwd", "/etc/passwd", "Asia/Ho Chi Minh", "Asia", "utc\n"};
    struct civil c = {2026, 1, 1, 0, 0, 0};
    usec_t us = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(civil_zone_known(bad[i]));
        assert_int_equal(civil_to_us(&c, bad[i], &us), ERR_NOT_FOUND);
        assert_int_equal(civil_from_us(0, bad[i], &c), ERR_NOT_FOUND);
    }
    assert_true(civil_zone_known(HCM));
    assert_true(civil_zone_known("Asia/Bangkok"));
    assert_true(civil_zone_known("UTC"));
}

static void test_weekdays_start_with_monday(void **state)
{
    struct civil c = {2026, 11, 23, 5, 30, 0};

    (void)state;
    for (unsigned day = 0; day < 7; day++) {
        assert_int_equal(civil_weekday_bit(&c), 1U << day);
        c = civil_add_days(&c, 1);
    }
    assert_int_equal(c.day, 30);
    c = civil_add_days(&c, 1);
    assert_int_equal(c.month, 12);
    assert_int_equal(c.day, 1);
    assert_int_equal(c.hour, 5);
}

static void test_years_out_of_range_are_refused(void **state)
{
    struct civil c;

    (void)state;
    assert_int_equal(civil_from_us(-1, "UTC", &c), ERR_LIMIT);
    assert_int_equal(civil_from_us(INT64_MAX, "UTC", &c), ERR_LIMIT);
    assert_int_equal(civil_from_us(INT64_C(4133980800) * USEC_PER_SEC, "UTC", &c), ERR_LIMIT);
    assert_int_equal(civil_from_us(INT64_C(4133980799) * USEC_PER_SEC, "UTC", &c), ERR_OK);
    assert_int_equal(c.year, 2100);
}

/* As zoneinfo of Python says. */
static void test_clocks_far_ahead_change_when_their_rule_says(void **state)
{
    static const struct {
        const char *zone;
        int64_t at_s; /* the first second of the new offset */
        int before_min;
        int after_min;
    } changes[] = {
        {"Australia/Lord_Howe", INT64_C(2374671600), 660, 630},
        {"America/St_Johns", INT64_C(2152157400), -210, -150},
        {"America/Santiago", INT64_C(2532567600), -180, -240},
        {"Africa/Cairo", INT64_C(2250540000), 120, 180},
        {"Pacific/Chatham", INT64_C(4078994400), 825, 765},
        {"Europe/Berlin", INT64_C(2847661200), 60, 120},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        usec_t at_us = changes[i].at_s * USEC_PER_SEC;
        int min = 0;

        assert_int_equal(civil_offset_min(changes[i].zone, at_us - USEC_PER_SEC, &min), ERR_OK);
        assert_int_equal(min, changes[i].before_min);
        assert_int_equal(civil_offset_min(changes[i].zone, at_us, &min), ERR_OK);
        assert_int_equal(min, changes[i].after_min);
    }
}

static void test_property_times_go_there_and_back(void **state)
{
    static const char *const zones[] = {HCM, "UTC", "Asia/Tokyo", "Asia/Kolkata"};
    struct prop p;

    (void)state;
    prop_init(&p, "civil");
    for (int round = 0; round < 5000; round++) {
        const char *zone = zones[prop_range(&p, 0, 3)];
        /* From 1976 on none of these zones changed its offset. */
        usec_t us = prop_range(&p, 200000000, 4100000000) * USEC_PER_SEC;
        char text[CIVIL_TEXT_SIZE];
        struct civil c;

        assert_int_equal(civil_from_us(us, zone, &c), ERR_OK);
        civil_format(&c, text);
        assert_int_equal(at(text, zone), us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_viet_nam_is_seven_hours_ahead_all_year),
        cmocka_unit_test(test_daylight_saving_time_is_followed_elsewhere),
        cmocka_unit_test(test_dates_that_do_not_exist_are_refused),
        cmocka_unit_test(test_unknown_zones_and_paths_are_not_found),
        cmocka_unit_test(test_weekdays_start_with_monday),
        cmocka_unit_test(test_years_out_of_range_are_refused),
        cmocka_unit_test(test_clocks_far_ahead_change_when_their_rule_says),
        cmocka_unit_test(test_property_times_go_there_and_back),
    };

    return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}
