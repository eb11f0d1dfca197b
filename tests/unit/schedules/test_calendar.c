#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "calendar.h"
#include "prop.h"

#define HCM "Asia/Ho_Chi_Minh"
#define START "DTSTART;TZID=" HCM ":20260105T053000\n"
#define VEVENT(lines) "BEGIN:VEVENT\nUID:a\n" START lines "END:VEVENT\n"
#define MAX 400

static struct calendar_event *parse(const char *text)
{
    struct calendar_event *e = NULL;
    struct err_detail detail = {""};

    if (calendar_parse(text, strlen(text), &e, &detail) != ERR_OK)
        fail_msg("%s: %s", text, detail.text);
    return e;
}

static usec_t at(const char *text, const char *zone)
{
    struct civil c;
    usec_t us = -1;

    assert_int_equal(civil_parse(text, &c), ERR_OK);
    assert_int_equal(civil_to_us(&c, zone, &us), ERR_OK);
    return us;
}

/* Compare an event's occurrences in an interval of local time with a list that ends at NULL. */
static void expect(const char *text, const char *from, const char *to, const char *const *starts)
{
    struct calendar_event *e = parse(text);
    struct calendar_occurrence o[MAX];
    size_t count = 0;
    size_t i = 0;

    assert_int_equal(calendar_expand(e, at(from, HCM), at(to, HCM), o, MAX, &count), ERR_OK);
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
    struct calendar_event *e = parse("BEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20260328T053000\n"
                                     "RRULE:FREQ=DAILY\nEND:VEVENT\n");
    struct calendar_occurrence o[2];
    size_t count = 0;

    (void)state;
    assert_int_equal(
        calendar_expand(e, at("2026-03-28", "UTC"), at("2026-03-30", "UTC"), o, 2, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(o[1].start_us - o[0].start_us, 23 * USEC_PER_HOUR);
    calendar_free(e);
}

static void test_a_local_time_shown_twice_occurs_once_and_first(void **state)
{
    struct calendar_event *e = parse("BEGIN:VEVENT\nDTSTART;TZID=Europe/Berlin:20261025T023000\n"
                                     "RRULE:FREQ=DAILY\nEND:VEVENT\n");
    struct calendar_occurrence o[3];
    size_t count = 0;

    (void)state;
    assert_int_equal(calendar_expand(e, 0, at("2026-10-25T01:00", "UTC"), o, 3, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(o[0].start_us, at("2026-10-25T00:30", "UTC"));
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
        e = parse(text);
        assert_int_equal(calendar_expand(e, 0, INT64_MAX, &o, 1, &count), ERR_OK);
        assert_int_equal(count, 1);
        assert_int_equal(o.duration_us, 15 * USEC_PER_MIN);
        calendar_free(e);
    }
}

static void test_more_occurrences_than_places_are_fetched_in_turns(void **state)
{
    struct calendar_event *e = parse(VEVENT("RRULE:FREQ=DAILY;COUNT=10\n"));
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
                             at("2026-01-05T05:30", HCM) + (usec_t)seen * USEC_PER_DAY);
        from = o[count - 1].start_us + 1;
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(seen, 10);
    calendar_free(e);
}

static const struct {
    const char *text;
    enum err err;
    const char *says[3]; /* all of them stand in the detail */
} bad[] = {
    {VEVENT("RRULE:FREQ=SECONDLY\n"),
     ERR_UNSUPPORTED,
     {"line 4", "FREQ=SECONDLY", "use FREQ=DAILY"}},
    {VEVENT("RRULE:FREQ=MINUTELY\n"), ERR_UNSUPPORTED, {"line 4", "RRULE", "MINUTELY"}},
    {VEVENT("X-A:1\nRRULE:FREQ=HOURLY;COUNT=2\n"), ERR_UNSUPPORTED, {"line 5", "HOURLY", NULL}},
    {VEVENT("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\n"),
     ERR_FORMAT,
     {"line 4", "date that exists", NULL}},
    {VEVENT("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n"), ERR_FORMAT, {"line 4", "RRULE", NULL}},
    {VEVENT("RRULE:FREQ=WEEKLY;BYDAY=TU\n"),
     ERR_FORMAT,
     {"line 4", "set DTSTART to the first", NULL}},
    {VEVENT("RRULE:FREQ=DAILY;BYHOUR=6\n"), ERR_FORMAT, {"line 4", "set DTSTART", NULL}},
    {VEVENT("RRULE:FREQ=DAILY;UNTIL=20250101T000000Z\n"),
     ERR_FORMAT,
     {"line 4", "ends after it", NULL}},
    {VEVENT("RRULE:FREQ=DAILY;UNTIL=20270101\n"), ERR_FORMAT, {"line 4", "UNTIL", "UTC"}},
    {VEVENT("RRULE:FREQ=DAILY;UNTIL=20270101T000000\n"), ERR_FORMAT, {"line 4", "UNTIL", "UTC"}},
    {VEVENT("RRULE:FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z\n"),
     ERR_FORMAT,
     {"line 4", NULL, NULL}},
    {VEVENT("RRULE:FREQ=WEEKLY;BYDAY=XX\n"),
     ERR_FORMAT,
     {"line 4", "RRULE:FREQ=WEEKLY;BYDAY=XX", "correct"}},
    {VEVENT("RRULE:FREQ=DAILY;RSCALE=CHINESE\n"), ERR_UNSUPPORTED, {"line 4", "RSCALE", NULL}},
    {VEVENT("RRULE:FREQ=DAILY;COUNT=20000\n"), ERR_LIMIT, {"line 4", "COUNT", "shorten"}},
    {VEVENT("RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5\n"),
     ERR_LIMIT,
     {"line 4", "BYMINUTE", NULL}},
    {VEVENT("RRULE:FREQ=DAILY\nRRULE:FREQ=DAILY\n"),
     ERR_FORMAT,
     {"line 5", "second RRULE", "keep one"}},
    {VEVENT("EXRULE:FREQ=DAILY\n"), ERR_UNSUPPORTED, {"line 4", "EXRULE", "EXDATE"}},
    {VEVENT("RECURRENCE-ID:20260105T000000Z\n"),
     ERR_UNSUPPORTED,
     {"line 4", "RECURRENCE-ID", NULL}},
    {VEVENT("BEGIN:VALARM\nEND:VALARM\n"), ERR_UNSUPPORTED, {"line 4", "alarms", "remove"}},
    {VEVENT(START), ERR_FORMAT, {"line 4", "second DTSTART", NULL}},
    {VEVENT("DTEND;TZID=" HCM ":20260105T053000\nDURATION:PT1M\n"),
     ERR_FORMAT,
     {"DTEND and DURATION", NULL, NULL}},
    {VEVENT("DTEND;TZID=" HCM ":20260105T052959\n"), ERR_FORMAT, {"line 4", "DTEND", "before"}},
    {VEVENT("DURATION:-PT1M\n"), ERR_FORMAT, {"line 4", "DURATION", "before"}},
    {VEVENT("DURATION:PT12H1S\n"), ERR_LIMIT, {"line 4", "12 hours", NULL}},
    {VEVENT("DURATION:P99999999W\n"), ERR_LIMIT, {"line 4", "DURATION", NULL}},
    {VEVENT("DURATION:soon\n"), ERR_FORMAT, {"line 4", "DURATION:soon", NULL}},
    {VEVENT("EXDATE:20260105T053000\n"), ERR_UNSUPPORTED, {"line 4", "EXDATE", "TZID"}},
    {VEVENT("EXDATE;VALUE=DATE:20260105\n"), ERR_UNSUPPORTED, {"line 4", "EXDATE", "whole day"}},
    {VEVENT("RDATE;VALUE=PERIOD:20260105T000000Z/PT1H\n"),
     ERR_UNSUPPORTED,
     {"line 4", "period", NULL}},
    {VEVENT("what is this\n"), ERR_FORMAT, {"line 4", "what is this", NULL}},
    {VEVENT("DESCRIPTION:a\n b\n c\nRRULE:FREQ=HOURLY\n"),
     ERR_UNSUPPORTED,
     {"line 7", "RRULE", NULL}},
    {VEVENT("SUMMARY:\xff\n"), ERR_FORMAT, {"line 4", "UTF-8", NULL}},
    {VEVENT("SUMMARY:\x01\n"), ERR_FORMAT, {"line 4", "control", NULL}},
    {"BEGIN:VEVENT\nUID:a\nEND:VEVENT\n", ERR_FORMAT, {"no DTSTART", "add one", NULL}},
    {"BEGIN:VEVENT\nDTSTART:20260105T053000\nEND:VEVENT\n",
     ERR_UNSUPPORTED,
     {"line 2", "DTSTART", "TZID"}},
    {"BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260105\nEND:VEVENT\n",
     ERR_UNSUPPORTED,
     {"line 2", "whole day", NULL}},
    {"BEGIN:VEVENT\nDTSTART;TZID=Mars/Base:20260105T053000\nEND:VEVENT\n",
     ERR_FORMAT,
     {"line 2", "Mars/Base", "IANA"}},
    {"BEGIN:VEVENT\nDTSTART:19691231T235959Z\nEND:VEVENT\n", ERR_LIMIT, {"line 2", "1970", NULL}},
    {"BEGIN:VEVENT\nDTSTART:21010101T000000Z\nEND:VEVENT\n", ERR_LIMIT, {"line 2", "2100", NULL}},
    {"BEGIN:VEVENT\nDTSTART:20260231T000000Z\nEND:VEVENT\n",
     ERR_FORMAT,
     {"line 2", "exists", NULL}},
    {"BEGIN:VEVENT\nDTSTART:tomorrow\nEND:VEVENT\n",
     ERR_FORMAT,
     {"line 2", "DTSTART:tomorrow", NULL}},
    {"BEGIN:VCALENDAR\nEND:VCALENDAR\n", ERR_FORMAT, {"line 1", "BEGIN:VEVENT", NULL}},
    {"BEGIN:VEVENT\nDTSTART:20260105T053000Z\n", ERR_FORMAT, {"line 2", "END:VEVENT", NULL}},
    {"BEGIN:VEVENT", ERR_FORMAT, {"BEGIN:VEVENT", NULL, NULL}},
    {"\n\n", ERR_FORMAT, {"line 1", NULL, NULL}},
    {"", ERR_FORMAT, {"empty", NULL, NULL}},
};

static void test_bad_events_are_refused_with_line_and_advice(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct calendar_event *e = NULL;
        struct err_detail detail = {""};
        enum err err = calendar_parse(bad[i].text, strlen(bad[i].text), &e, &detail);

        if (err != bad[i].err)
            fail_msg("%s: %s, not %s: %s", bad[i].text, err_name(err), err_name(bad[i].err),
                     detail.text);
        assert_null(e);
        for (int k = 0; k < 3 && bad[i].says[k] != NULL; k++) {
            if (strstr(detail.text, bad[i].says[k]) == NULL)
                fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, detail.text,
                         bad[i].says[k]);
        }
    }
}

static void test_long_texts_are_refused(void **state)
{
    static char text[CALENDAR_TEXT_MAX + 2];
    struct calendar_event *e = NULL;

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(calendar_parse(text, CALENDAR_TEXT_MAX + 1, &e, NULL), ERR_LIMIT);
    assert_int_equal(calendar_parse(text, CALENDAR_TEXT_MAX, &e, NULL), ERR_FORMAT);
    for (size_t i = 0; i < CALENDAR_TEXT_MAX; i++)
        text[i] = i % 2 == 0 ? 'x' : '\n';
    assert_int_equal(calendar_parse(text, CALENDAR_TEXT_MAX, &e, NULL), ERR_LIMIT);
    assert_int_equal(calendar_parse("BEGIN:VEVENT\0\nEND:VEVENT", 24, &e, NULL), ERR_FORMAT);
}

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
    e = parse(text);
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
    struct calendar_event *e = parse(text);
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
    struct calendar_event *e = parse(VEVENT("RRULE:FREQ=WEEKLY;UNTIL=20260125T222959Z\n"));

    (void)state;
    calendar_describe(e, &p);
    calendar_free(e);
    assert_true(p.has_until);
    assert_int_equal(p.until.day, 25);
    e = parse(VEVENT("RRULE:FREQ=WEEKLY;UNTIL=20260125T223000Z\n"));
    calendar_describe(e, &p);
    calendar_free(e);
    assert_int_equal(p.until.day, 26);
    assert_int_equal(p.until.hour, 0);
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
        e = parse(text);
        assert_int_equal(
            calendar_expand(e, at("2026-01-06", HCM), at("2026-12-31", HCM), o, 8, &count), ERR_OK);
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
        usec_t from = at("2026-01-01", HCM) + prop_range(&p, 0, 900) * 20 * USEC_PER_HOUR;
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
        assert_int_equal(calendar_expand(e, 0, at("2031-01-01", HCM), all, 3000, &all_count),
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

/* Whatever the bytes: an answer, in time, and nothing of the outputs touched on failure. */
static void test_property_damaged_texts_never_harm(void **state)
{
    static const char good[] = VEVENT("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270101T000000Z\n"
                                      "EXDATE;TZID=" HCM ":20260107T053000\nDURATION:PT10M\n"
                                      "SUMMARY:Xin chào\n");
    struct prop p;

    (void)state;
    prop_init(&p, "calendar damage");
    for (int round = 0; round < 2000; round++) {
        char text[sizeof(good)];
        size_t len = sizeof(good) - 1;
        struct calendar_event *e = NULL;
        struct calendar_occurrence o[8];
        size_t count = 0;

        memcpy(text, good, sizeof(text));
        for (int64_t n = prop_range(&p, 1, 4); n > 0; n--)
            text[prop_range(&p, 0, (int64_t)len - 1)] = (char)prop_range(&p, 1, 255);
        if (prop_one_in(&p, 4))
            len = (size_t)prop_range(&p, 0, (int64_t)len);
        if (calendar_parse(text, len, &e, NULL) != ERR_OK) {
            assert_null(e);
            continue;
        }
        if (calendar_expand(e, 0, INT64_MAX, o, 8, &count) != ERR_LIMIT)
            assert_true(count <= 8);
        calendar_free(e);
    }
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
        cmocka_unit_test(test_bad_events_are_refused_with_line_and_advice),
        cmocka_unit_test(test_long_texts_are_refused),
        cmocka_unit_test(test_a_plan_survives_its_text),
        cmocka_unit_test(test_a_plan_that_cannot_be_is_refused),
        cmocka_unit_test(test_events_are_described_for_a_form),
        cmocka_unit_test(test_the_last_day_is_the_last_that_sounds),
        cmocka_unit_test(test_rules_with_long_gaps_end_soon),
        cmocka_unit_test(test_property_any_window_shows_a_part_of_the_whole),
        cmocka_unit_test(test_property_damaged_texts_never_harm),
    };

    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
