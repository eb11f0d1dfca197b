#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "calbed.h"

static struct calendar_plan weekly(uint32_t weekdays)
{
    return (struct calendar_plan){.kind = CALENDAR_WEEKLY,
                                  .uid = "event-12@27148.loa",
                                  .summary = "Bản tin sáng, thôn 3; \"mới\"\nhai dòng",
                                  .zone = HCM,
                                  .start = {2026, 11, 23, 5, 30, 0},
                                  .weekdays = weekdays,
                                  .duration_s = 900,
                                  .stamp_us = INT64_C(1795386600) * USEC_PER_SEC};
}

static void expect_round_trip(const struct calendar_plan *plan,
                              const struct calendar_plan *expected)
{
    static char text[CALENDAR_TEXT_MAX + 1];
    struct err_detail detail = {""};
    struct calendar_plan seen;
    struct calendar_event *e;

    if (calendar_build(plan, text, sizeof(text), &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    e = calbed_parse(text);
    calendar_describe(e, &seen);
    calendar_free(e);
    assert_int_equal(seen.kind, expected->kind);
    assert_string_equal(seen.uid, expected->uid);
    assert_string_equal(seen.summary, expected->summary);
    assert_string_equal(seen.zone, expected->zone);
    assert_memory_equal(&seen.start, &expected->start, sizeof(seen.start));
    assert_int_equal(seen.weekdays, expected->weekdays);
    assert_int_equal(seen.has_until, expected->has_until);
    assert_memory_equal(&seen.until, &expected->until, sizeof(seen.until));
    assert_int_equal(seen.duration_s, expected->duration_s);
    assert_int_equal(seen.stamp_us, expected->stamp_us);
}

static void test_a_plan_survives_its_text(void **state)
{
    struct calendar_plan plan = weekly(0x1F);
    struct calendar_plan once = plan;
    struct calendar_plan moved = weekly(1U << 6);

    (void)state;
    expect_round_trip(&plan, &plan);
    plan.has_until = true;
    plan.until = (struct civil){2026, 12, 31, 0, 0, 0};
    expect_round_trip(&plan, &plan);
    once.kind = CALENDAR_ONCE;
    once.weekdays = 0;
    expect_round_trip(&once, &once);
    memcpy(once.zone, "UTC", 4);
    once.duration_s = 0;
    expect_round_trip(&once, &once);
    plan = moved;
    moved.start.day = 29;
    expect_round_trip(&plan, &moved);
}

static void test_a_plan_that_cannot_be_is_refused(void **state)
{
    static char text[CALENDAR_TEXT_MAX + 1];
    struct err_detail detail = {""};
    struct calendar_plan p = weekly(0);

    (void)state;
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "weekday"));
    p = weekly(0x80);
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_FORMAT);
    p = weekly(1U << 6);
    p.has_until = true;
    p.until = (struct civil){2026, 11, 28, 0, 0, 0};
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "later last day"));
    p.until.day = 29;
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_OK);
    p.until.day = 31;
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_FORMAT);
    p = weekly(1);
    p.zone[0] = 'X';
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_NOT_FOUND);
    p = weekly(1);
    p.start.hour = 24;
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_FORMAT);
    p = weekly(1);
    p.uid[0] = '\0';
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_FORMAT);
    p = weekly(1);
    p.duration_s = CALENDAR_DURATION_MAX_S + 1;
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_LIMIT);
    p = weekly(1);
    p.kind = CALENDAR_OTHER;
    assert_int_equal(calendar_build(&p, text, sizeof(text), &detail), ERR_FORMAT);
    p = weekly(1);
    assert_int_equal(calendar_build(&p, text, 40, &detail), ERR_LIMIT);
}

static enum calendar_kind kind_of(const char *text, size_t *ret_exceptions)
{
    struct calendar_event *e = calbed_parse(text);
    struct calendar_plan p;

    calendar_describe(e, &p);
    calendar_free(e);
    *ret_exceptions = p.exceptions;
    return p.kind;
}

static void test_events_are_described_for_a_form(void **state)
{
    size_t n = 0;

    (void)state;
    assert_int_equal(kind_of(VEVENT(""), &n), CALENDAR_ONCE);
    assert_int_equal(kind_of(VEVENT("RRULE:FREQ=WEEKLY\n"), &n), CALENDAR_WEEKLY);
    assert_int_equal(kind_of(VEVENT("RRULE:FREQ=WEEKLY\nEXDATE:20260111T223000Z\n"), &n),
                     CALENDAR_WEEKLY);
    assert_int_equal(n, 1);
    assert_int_equal(kind_of(VEVENT("RRULE:FREQ=WEEKLY;INTERVAL=2\n"), &n), CALENDAR_OTHER);
    assert_int_equal(kind_of(VEVENT("RRULE:FREQ=WEEKLY;COUNT=2\n"), &n), CALENDAR_OTHER);
    assert_int_equal(kind_of(VEVENT("RRULE:FREQ=DAILY\n"), &n), CALENDAR_OTHER);
    assert_int_equal(kind_of(VEVENT("RDATE:20260111T223000Z\n"), &n), CALENDAR_OTHER);
    assert_int_equal(kind_of(VEVENT("RRULE:FREQ=WEEKLY\nRDATE:20260111T223000Z\n"), &n),
                     CALENDAR_OTHER);
}

static void test_the_last_day_is_the_last_that_sounds(void **state)
{
    struct calendar_plan p;
    struct calendar_event *e = calbed_parse(VEVENT("RRULE:FREQ=WEEKLY;UNTIL=20260125T222959Z\n"));

    (void)state;
    calendar_describe(e, &p);
    calendar_free(e);
    assert_true(p.has_until);
    assert_int_equal(p.until.day, 25);
    e = calbed_parse(VEVENT("RRULE:FREQ=WEEKLY;UNTIL=20260125T223000Z\n"));
    calendar_describe(e, &p);
    calendar_free(e);
    assert_int_equal(p.until.day, 26);
    assert_int_equal(p.until.hour, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_survives_its_text),
        cmocka_unit_test(test_a_plan_that_cannot_be_is_refused),
        cmocka_unit_test(test_events_are_described_for_a_form),
        cmocka_unit_test(test_the_last_day_is_the_last_that_sounds),
    };

    return cmocka_run_group_tests_name("calendar_build", tests, NULL, NULL);
}
