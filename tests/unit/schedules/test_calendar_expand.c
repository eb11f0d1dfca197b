#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "calbed.h"
#include "prop.h"

#define MAX 400

/* Compare an event's occurrences in an interval of local time with a list that ends at NULL. */
static void expect(const char *text, const char *from, const char *to, const char *const *starts)
{
    struct calendar_event *e = calbed_parse(text);
    struct calendar_occurrence o[MAX];
    size_t count = 0;
    size_t i = 0;

    assert_int_equal(calendar_expand(e, calbed_at(from, HCM), calbed_at(to, HCM), o, MAX, &count),
                     ERR_OK);
    for (; starts[i] != NULL; i++) {
        struct civil c;
        char seen[CIVIL_TEXT_SIZE];

        assert_true(i < count);
        assert_int_equal(civil_from_us(o[i].start_us, HCM, &c), ERR_OK);
        civil_format(&c, seen);
        assert_string_equal(seen, starts[i]);
    }
    assert_int_equal(count, i);
    calendar_free(e);
}

static void test_a_one_off_occurs_once(void **state)
{
    (void)state;
    expect(VEVENT(""), "2026-01-01", "2026-02-01",
           (const char *const[]){"2026-01-05T05:30:00", NULL});
    expect(VEVENT(""), "2026-01-05T05:30", "2026-01-05T05:30:01",
           (const char *const[]){"2026-01-05T05:30:00", NULL});
    expect(VEVENT(""), "2026-01-01", "2026-01-05T05:30", (const char *const[]){NULL});
    expect(VEVENT(""), "2026-01-05T05:30:01", "2027-01-01", (const char *const[]){NULL});
    expect("BEGIN:VEVENT\r\nDTSTART:20260104T223000Z\r\nEND:VEVENT\r\n", "2026-01-01", "2026-02-01",
           (const char *const[]){"2026-01-05T05:30:00", NULL});
}

static void test_weekdays_repeat_until_the_end(void **state)
{
    (void)state;
    expect(VEVENT("RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;UNTIL=20260114T165959Z\n"), "2026-01-01",
           "2027-01-01",
           (const char *const[]){"2026-01-05T05:30:00", "2026-01-07T05:30:00",
                                 "2026-01-09T05:30:00", "2026-01-12T05:30:00",
                                 "2026-01-14T05:30:00", NULL});
}

static void test_nothing_occurs_before_the_start_of_a_rule(void **state)
{
    (void)state;
    expect(VEVENT("RRULE:FREQ=DAILY\n"), "1970-01-02", "2026-01-05T05:30",
           (const char *const[]){NULL});
    expect(VEVENT("RRULE:FREQ=DAILY\nRDATE:20260101T000000Z\n"), "2025-12-31", "2026-01-05T05:30",
           (const char *const[]){"2026-01-01T07:00:00", NULL});
}

static void test_exceptions_and_additions_are_honoured(void **state)
{
    (void)state;
    expect(VEVENT("RRULE:FREQ=DAILY;COUNT=4\n"
                  "EXDATE;TZID=" HCM ":20260106T053000,20260107T053000\n"
                  "RDATE;TZID=" HCM ":20260109T170000,20260105T053000\n"
                  "RDATE:20260110T000000Z\n"),
           "2026-01-01", "2027-01-01",
           (const char *const[]){"2026-01-05T05:30:00", "2026-01-08T05:30:00",
                                 "2026-01-09T17:00:00", "2026-01-10T07:00:00", NULL});
}

static void test_other_rules_of_rfc_5545_work(void **state)
{
    (void)state;
    expect(VEVENT("RRULE:FREQ=MONTHLY;BYDAY=1MO\n"), "2026-01-01", "2026-04-01",
           (const char *const[]){"2026-01-05T05:30:00", "2026-02-02T05:30:00",
                                 "2026-03-02T05:30:00", NULL});
    expect(VEVENT("RRULE:FREQ=DAILY;BYHOUR=5,17;BYMINUTE=30\n"), "2026-01-05", "2026-01-07",
           (const char *const[]){"2026-01-05T05:30:00", "2026-01-05T17:30:00",
                                 "2026-01-06T05:30:00", "2026-01-06T17:30:00", NULL});
    expect("BEGIN:VEVENT\nDTSTART;TZID=" HCM
           ":20240229T053000\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29\n"
           "END:VEVENT",
           "2025-01-01", "2033-01-01",
           (const char *const[]){"2028-02-29T05:30:00", "2032-02-29T05:30:00", NULL});
    expect(VEVENT("RRULE:FREQ=WEEKLY;INTERVAL=2\n"), "2026-06-01", "2026-07-01",
           (const char *const[]){"2026-06-08T05:30:00", "2026-06-22T05:30:00", NULL});
}

static void test_local_time_stays_where_clocks_change(void **state)
{
    struct calendar_event *e =
        calbed_parse("BEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20260328T053000\n"
                     "RRULE:FREQ=DAILY\nEND:VEVENT\n");
    struct calendar_occurrence o[2];
    size_t count = 0;

    (void)state;
    assert_int_equal(calendar_expand(e, calbed_at("2026-03-28", "UTC"),
                                     calbed_at("2026-03-30", "UTC"), o, 2, &count),
                     ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(o[1].start_us - o[0].start_us, 23 * USEC_PER_HOUR);
    calendar_free(e);
}

static void test_a_local_time_shown_twice_occurs_once_and_first(void **state)
{
    struct calendar_event *e =
        calbed_parse("BEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20261025T023000\n"
                     "RRULE:FREQ=DAILY\nEND:VEVENT\n");
    struct calendar_occurrence o[3];
    size_t count = 0;

    (void)state;
    assert_int_equal(calendar_expand(e, 0, calbed_at("2026-10-25T01:00", "UTC"), o, 3, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(o[0].start_us, calbed_at("2026-10-25T00:30", "UTC"));
    calendar_free(e);
}

static void test_the_duration_comes_from_the_text(void **state)
{
    static const char *const lines[] = {"DURATION:PT15M\n", "DTEND;TZID=" HCM ":20260105T054500\n",
                                        "DTEND:20260104T224500Z\n"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        char text[300];
        struct calendar_occurrence o;
        struct calendar_event *e;
        size_t count = 0;

        snprintf(text, sizeof(text), "BEGIN:VEVENT\n" START "%sEND:VEVENT", lines[i]);
        e = calbed_parse(text);
        assert_int_equal(calendar_expand(e, 0, INT64_MAX, &o, 1, &count), ERR_OK);
        assert_int_equal(count, 1);
        assert_int_equal(o.duration_us, 15 * USEC_PER_MIN);
        calendar_free(e);
    }
}

static void test_more_occurrences_than_places_are_fetched_in_turns(void **state)
{
    struct calendar_event *e = calbed_parse(VEVENT("RRULE:FREQ=DAILY;COUNT=10\n"));
    struct calendar_occurrence o[4];
    usec_t from = 0;
    size_t seen = 0;
    size_t count = 0;
    enum err err = ERR_MORE;

    (void)state;
    while (err == ERR_MORE) {
        err = calendar_expand(e, from, INT64_MAX, o, 4, &count);
        for (size_t i = 0; i < count; i++, seen++)
            assert_int_equal(o[i].start_us,
                             calbed_at("2026-01-05T05:30", HCM) + (usec_t)seen * USEC_PER_DAY);
        from = o[count - 1].start_us + 1;
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(seen, 10);
    calendar_free(e);
}

/* Rules whose gaps are long must not be pursued beyond what was asked for. Counted in steps of work a
 * slow machine would still do in time; the fault this guards against ran for half a minute. */
static void test_rules_with_long_gaps_end_soon(void **state)
{
    static const char *const rules[] = {
        "RRULE:FREQ=DAILY;BYMONTH=1;BYMONTHDAY=5;BYDAY=MO;INTERVAL=32767\n",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=5;INTERVAL=32767\n",
        "RRULE:FREQ=DAILY;BYMONTH=1;BYMONTHDAY=5;BYHOUR=5,6,7;BYMINUTE=30,31,32\n",
        "RRULE:FREQ=YEARLY;INTERVAL=32767;COUNT=10000\n"};
    struct timespec from;
    struct timespec to;

    (void)state;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        char text[400];
        struct calendar_occurrence o[8];
        struct calendar_event *e;
        size_t count = 0;

        snprintf(text, sizeof(text), "BEGIN:VEVENT\n" START "%sEND:VEVENT\n", rules[i]);
        e = calbed_parse(text);
        assert_int_equal(calendar_expand(e, calbed_at("2026-01-06", HCM),
                                         calbed_at("2026-12-31", HCM), o, 8, &count),
                         ERR_OK);
        assert_int_equal(count, 0);
        calendar_free(e);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_true(to.tv_sec - from.tv_sec < 20);
}

static void test_property_any_window_shows_a_part_of_the_whole(void **state)
{
    static const char *const rules[] = {
        "FREQ=DAILY;INTERVAL=%d",
        "FREQ=WEEKLY;INTERVAL=%d;BYDAY=MO,TH",
        "FREQ=MONTHLY;INTERVAL=%d",
        "FREQ=MONTHLY;INTERVAL=%d;BYDAY=1MO,-1FR",
        "FREQ=DAILY;BYHOUR=5,17;COUNT=9%d",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1;INTERVAL=%d",
        "FREQ=WEEKLY;UNTIL=2028010%dT000000Z"};
    struct prop p;

    (void)state;
    prop_init(&p, "calendar");
    for (int round = 0; round < 300; round++) {
        static struct calendar_occurrence all[3000];
        static struct calendar_occurrence part[3000];
        char rule[120];
        char text[300];
        struct calendar_event *e = NULL;
        usec_t from = calbed_at("2026-01-01", HCM) + prop_range(&p, 0, 900) * 20 * USEC_PER_HOUR;
        usec_t to = from + prop_range(&p, 0, 400) * 20 * USEC_PER_HOUR;
        size_t all_count = 0;
        size_t count = 0;
        size_t first = 0;
        const char *format = rules[prop_range(&p, 0, 6)];
        char digit[2] = {(char)('1' + prop_range(&p, 0, 5)), '\0'};
        const char *gap = strstr(format, "%d");

        snprintf(rule, sizeof(rule), "%.*s%s%s", (int)(gap - format), format, digit, gap + 2);
        /* Thursday 2026-01-01 opens most of these rules; the others begin on Monday 2026-01-05. */
        for (int day = 1; day <= 5 && e == NULL; day += 4) {
            snprintf(text, sizeof(text),
                     "BEGIN:VEVENT\nDTSTART;TZID=" HCM ":2026010%dT053000\nRRULE:%s\nEND:VEVENT\n",
                     day, rule);
            if (calendar_parse(text, strlen(text), &e, NULL) != ERR_OK)
                e = NULL;
        }
        assert_non_null(e);
        assert_int_equal(calendar_expand(e, 0, calbed_at("2031-01-01", HCM), all, 3000, &all_count),
                         ERR_OK);
        assert_true(all_count > 0);
        assert_int_equal(calendar_expand(e, from, to, part, 3000, &count), ERR_OK);
        while (first < all_count && all[first].start_us < from)
            first++;
        for (size_t i = 0; i < count; i++) {
            assert_true(first + i < all_count);
            assert_int_equal(part[i].start_us, all[first + i].start_us);
            assert_true(part[i].start_us < to);
        }
        assert_true(first + count == all_count || all[first + count].start_us >= to);
        for (size_t i = 1; i < all_count; i++)
            assert_true(all[i - 1].start_us < all[i].start_us);
        calendar_free(e);
    }
}

#define OTHER(id, lines) \
    "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;TZID=" HCM ":" id "\n" lines "END:VEVENT\n"

static void test_an_occurrence_can_be_moved_or_cancelled(void **state)
{
    static const char text[] =
        VEVENT("RRULE:FREQ=DAILY;COUNT=5\nBEGIN:VALARM\nACTION:AUDIO\nEND:VALARM\n")
            OTHER("20260106T053000", "DTSTART;TZID=" HCM ":20260106T170000\nDURATION:PT5M\n")
                OTHER("20260107T053000", "DTSTART;TZID=" HCM ":20260107T053000\nSTATUS:CANCELLED\n")
                    OTHER("20260109T053000", "DTSTART;TZID=" HCM ":20260101T170000\n");
    struct calendar_event *e = calbed_parse(text);
    struct calendar_occurrence o[8];
    size_t count = 0;

    (void)state;
    expect(text, "2026-01-01", "2026-02-01",
           (const char *const[]){"2026-01-01T17:00:00", "2026-01-05T05:30:00",
                                 "2026-01-06T17:00:00", "2026-01-08T05:30:00", NULL});
    expect(text, "2026-01-06", "2026-01-06T06:00", (const char *const[]){NULL});
    assert_int_equal(calendar_expand(e, 0, INT64_MAX, o, 8, &count), ERR_OK);
    assert_int_equal(o[2].recurrence_us, calbed_at("2026-01-06T05:30", HCM));
    assert_int_equal(o[2].duration_us, 5 * USEC_PER_MIN);
    assert_int_equal(o[3].recurrence_us, o[3].start_us);
    calendar_free(e);
}

/* RFC 5545 3.3.5: what clocks skip counts with the offset before, and then comes after what they show. */
static void test_instants_stay_in_order_where_clocks_skip(void **state)
{
    struct calendar_event *e =
        calbed_parse("BEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20260328T023000\n"
                     "RRULE:FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30\n"
                     "EXDATE;TZID=Europe/Berlin:20260328T023000\nEND:VEVENT\n");
    struct calendar_occurrence o[8];
    size_t count = 0;

    (void)state;
    assert_int_equal(calendar_expand(e, calbed_at("2026-03-29", "UTC"),
                                     calbed_at("2026-03-30", "UTC"), o, 8, &count),
                     ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(o[0].start_us, calbed_at("2026-03-29T01:00", "UTC"));
    assert_int_equal(o[1].start_us, calbed_at("2026-03-29T01:30", "UTC"));
    calendar_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_one_off_occurs_once),
        cmocka_unit_test(test_weekdays_repeat_until_the_end),
        cmocka_unit_test(test_nothing_occurs_before_the_start_of_a_rule),
        cmocka_unit_test(test_exceptions_and_additions_are_honoured),
        cmocka_unit_test(test_other_rules_of_rfc_5545_work),
        cmocka_unit_test(test_local_time_stays_where_clocks_change),
        cmocka_unit_test(test_a_local_time_shown_twice_occurs_once_and_first),
        cmocka_unit_test(test_the_duration_comes_from_the_text),
        cmocka_unit_test(test_more_occurrences_than_places_are_fetched_in_turns),
        cmocka_unit_test(test_rules_with_long_gaps_end_soon),
        cmocka_unit_test(test_an_occurrence_can_be_moved_or_cancelled),
        cmocka_unit_test(test_instants_stay_in_order_where_clocks_skip),
        cmocka_unit_test(test_property_any_window_shows_a_part_of_the_whole),
    };

    return cmocka_run_group_tests_name("calendar_expand", tests, NULL, NULL);
}
