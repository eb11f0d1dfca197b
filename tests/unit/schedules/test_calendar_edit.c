#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "calbed.h"
#include "calendar_edit.h"
#include "prop.h"

#define MAX 40
#define DAILY \
    VEVENT("RRULE:FREQ=DAILY;COUNT=6\nX-OTHER;A=1:kept\nEXDATE;TZID=" HCM ":20260107T053000\n")

static char out[CALENDAR_TEXT_MAX + 1];
static char rest[CALENDAR_TEXT_MAX + 1];

/* The local starts of an event, as "05T05:30 06T05:30". */
static const char *starts_of(const char *text)
{
    static char seen[400];
    struct calendar_event *e = calbed_parse(text);
    struct calendar_occurrence o[MAX];
    size_t count = 0;
    size_t n = 0;

    assert_int_equal(calendar_expand(e, 0, INT64_MAX, o, MAX, &count), ERR_OK);
    seen[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        struct civil c;

        assert_int_equal(civil_from_us(o[i].start_us, HCM, &c), ERR_OK);
        n += (size_t)snprintf(seen + n, sizeof(seen) - n, "%s%02dT%02d:%02d", i > 0 ? " " : "",
                              c.day, c.hour, c.minute);
    }
    calendar_free(e);
    return seen;
}

static usec_t day(const char *text)
{
    return calbed_at(text, HCM);
}

static void test_one_occurrence_is_skipped(void **state)
{
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(calendar_edit_skip(DAILY, day("2026-01-08T05:30"), out, &detail), ERR_OK);
    assert_string_equal(starts_of(out), "05T05:30 06T05:30 09T05:30 10T05:30");
    assert_non_null(strstr(out, "X-OTHER;A=1:kept"));
    assert_int_equal(calendar_edit_skip(DAILY, day("2026-01-07T05:30"), out, &detail),
                     ERR_NOT_FOUND);
    assert_int_equal(calendar_edit_skip(VEVENT(""), day("2026-01-05T05:30"), out, &detail),
                     ERR_STATE);
}

static void test_one_occurrence_is_moved_and_moved_back(void **state)
{
    struct err_detail detail = {""};
    usec_t eighth = day("2026-01-08T05:30");

    (void)state;
    assert_int_equal(calendar_edit_move(DAILY, eighth, day("2026-01-08T17:00"), out, &detail),
                     ERR_OK);
    assert_string_equal(starts_of(out), "05T05:30 06T05:30 08T17:00 09T05:30 10T05:30");
    assert_int_equal(calendar_edit_move(out, eighth, day("2026-01-09T05:30"), rest, &detail),
                     ERR_EXISTS);
    assert_int_equal(calendar_edit_move(out, eighth, day("2026-01-20T05:30"), rest, &detail),
                     ERR_OK);
    assert_string_equal(starts_of(rest), "05T05:30 06T05:30 09T05:30 10T05:30 20T05:30");
    assert_int_equal(calendar_edit_move(rest, eighth, eighth, out, &detail), ERR_OK);
    assert_string_equal(starts_of(out), starts_of(DAILY));
    assert_null(strstr(out, "RECURRENCE-ID"));
    assert_int_equal(calendar_edit_skip(rest, eighth, out, &detail), ERR_OK);
    assert_string_equal(starts_of(out), "05T05:30 06T05:30 09T05:30 10T05:30");
}

static void test_an_occurrence_is_added_once(void **state)
{
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(calendar_edit_add(DAILY, day("2026-01-12T05:30"), out, &detail), ERR_OK);
    assert_string_equal(starts_of(out), "05T05:30 06T05:30 08T05:30 09T05:30 10T05:30 12T05:30");
    assert_int_equal(calendar_edit_add(out, day("2026-01-12T05:30"), rest, &detail), ERR_EXISTS);
    assert_int_equal(calendar_edit_add(out, day("2026-01-07T05:30"), rest, &detail), ERR_EXISTS);
}

static void test_this_and_following_become_an_event_of_their_own(void **state)
{
    struct err_detail detail = {""};
    static char moved[CALENDAR_TEXT_MAX + 1];

    (void)state;
    assert_int_equal(
        calendar_edit_move(DAILY, day("2026-01-09T05:30"), day("2026-01-09T17:00"), moved, &detail),
        ERR_OK);
    assert_int_equal(calendar_edit_split(moved, day("2026-01-08T05:30"), "b", out, rest, &detail),
                     ERR_OK);
    assert_string_equal(starts_of(out), "05T05:30 06T05:30");
    assert_string_equal(starts_of(rest), "08T05:30 09T17:00 10T05:30");
    assert_non_null(strstr(rest, "UID:b\r\n"));
    assert_null(strstr(rest, "UID:a"));
    assert_non_null(strstr(rest, "X-OTHER;A=1:kept"));
    assert_int_equal(calendar_edit_split(DAILY, day("2026-01-05T05:30"), "b", out, rest, &detail),
                     ERR_STATE);
}

static void test_other_times_keep_what_has_nothing_to_do_with_them(void **state)
{
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(
        calendar_edit_times(DAILY, VEVENT("RRULE:FREQ=WEEKLY;COUNT=2\n"), out, &detail), ERR_OK);
    assert_string_equal(starts_of(out), "05T05:30 12T05:30");
    assert_non_null(strstr(out, "X-OTHER;A=1:kept"));
}

/* Law: the two halves of a split name what the whole named. */
static void test_property_a_split_loses_nothing(void **state)
{
    static const char *const rules[] = {
        "FREQ=DAILY;COUNT=12", "FREQ=WEEKLY;BYDAY=MO,TH;COUNT=9", "FREQ=DAILY;BYHOUR=5,17;COUNT=12",
        "FREQ=MONTHLY;BYMONTHDAY=5,-1;COUNT=10", "FREQ=WEEKLY;UNTIL=20260401T000000Z"};
    struct prop p;

    (void)state;
    prop_init(&p, "calendar split");
    for (int round = 0; round < 200; round++) {
        char text[400];
        char whole[400];
        struct calendar_occurrence o[MAX];
        struct err_detail detail = {""};
        size_t count = 0;
        struct calendar_event *e;

        snprintf(text, sizeof(text), VEVENT("RRULE:%s\n"), rules[prop_range(&p, 0, 4)]);
        e = calbed_parse(text);
        assert_int_equal(calendar_expand(e, 0, INT64_MAX, o, MAX, &count), ERR_OK);
        calendar_free(e);
        assert_int_equal(calendar_edit_split(text,
                                             o[prop_range(&p, 1, (int64_t)count - 1)].start_us, "b",
                                             out, rest, &detail),
                         ERR_OK);
        snprintf(whole, sizeof(whole), "%s", starts_of(out));
        snprintf(whole + strlen(whole), sizeof(whole) - strlen(whole), " %s", starts_of(rest));
        assert_string_equal(whole, starts_of(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_occurrence_is_skipped),
        cmocka_unit_test(test_one_occurrence_is_moved_and_moved_back),
        cmocka_unit_test(test_an_occurrence_is_added_once),
        cmocka_unit_test(test_this_and_following_become_an_event_of_their_own),
        cmocka_unit_test(test_other_times_keep_what_has_nothing_to_do_with_them),
        cmocka_unit_test(test_property_a_split_loses_nothing),
    };

    return cmocka_run_group_tests_name("calendar_edit", tests, NULL, NULL);
}
