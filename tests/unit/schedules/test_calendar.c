#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "calbed.h"
#include "prop.h"
#include "utf8.h"

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
     ERR_FORMAT,
     {"line 4", "RECURRENCE-ID", "before it"}},
    {VEVENT("BEGIN:VALARM\n"), ERR_FORMAT, {"line 5", "does not end", NULL}},
    {VEVENT("END:VALARM\n"), ERR_FORMAT, {"line 4", "no BEGIN", NULL}},
    {VEVENT("RRULE:FREQ=DAILY;BYYEARDAY=5\n"), ERR_FORMAT, {"line 4", "BYYEARDAY", "YEARLY"}},
    {VEVENT("RRULE:FREQ=WEEKLY;BYMONTHDAY=5\n"), ERR_FORMAT, {"line 4", "BYMONTHDAY", NULL}},
    {VEVENT("RRULE:FREQ=MONTHLY;BYWEEKNO=2\n"), ERR_FORMAT, {"line 4", "BYWEEKNO", NULL}},
    {VEVENT("RRULE:FREQ=WEEKLY;BYDAY=2MO\n"), ERR_FORMAT, {"line 4", "BYDAY", NULL}},
    {VEVENT("RRULE:FREQ=DAILY;BYSETPOS=1\n"), ERR_FORMAT, {"line 4", "BYSETPOS", NULL}},
    {VEVENT("RRULE:FREQ=DAILY\n") VEVENT(""), ERR_FORMAT, {"line 6", "second event", NULL}},
    {VEVENT("RRULE:FREQ=DAILY\n") VEVENT("RECURRENCE-ID:20260106T000000Z\n"),
     ERR_FORMAT,
     {"RECURRENCE-ID", "does not occur", NULL}},
    {VEVENT("RRULE:FREQ=DAILY\n")
         VEVENT("RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=" HCM ":20260106T053000\n"),
     ERR_UNSUPPORTED,
     {"line 9", "RANGE", NULL}},
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

/* A sentence goes out as JSON: what it quotes must not end within a character. */
static void test_quoted_text_is_cut_between_characters(void **state)
{
    (void)state;
    for (int shift = 0; shift < 3; shift++) {
        struct calendar_event *e = NULL;
        struct err_detail detail = {""};
        struct calendar_plan plan;
        char text[400];

        snprintf(text, sizeof(text), VEVENT("%.*sộộộộộộộộộộộộộộộộộộộộộộộộộộộộộộ\n"), shift, "xx");
        assert_int_equal(calendar_parse(text, strlen(text), &e, &detail), ERR_FORMAT);
        assert_true(utf8_valid(detail.text, strlen(detail.text), false));
        assert_non_null(strstr(detail.text, "ộ\" is not"));
        snprintf(
            text, sizeof(text),
            "BEGIN:VEVENT\nDTSTART;TZID=%.*sộộộộộộộộộộộộộộộộộộộộộộ:20260105T053000\nEND:VEVENT\n",
            shift, "xx");
        assert_int_equal(calendar_parse(text, strlen(text), &e, &detail), ERR_FORMAT);
        assert_true(utf8_valid(detail.text, strlen(detail.text), false));
        snprintf(text, sizeof(text), VEVENT("SUMMARY:%.*s%s%s%s\n"), shift, "xx",
                 "ộộộộộộộộộộộộộộộộộộộộộộộộộộộộộộ", "ộộộộộộộộộộộộộộộộộộộộộộộộộộộộộộ",
                 "ộộộộộộộộộộộộộ");
        e = calbed_parse(text);
        calendar_describe(e, &plan);
        assert_true(utf8_valid(plan.summary, strlen(plan.summary), false));
        calendar_free(e);
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
        cmocka_unit_test(test_bad_events_are_refused_with_line_and_advice),
        cmocka_unit_test(test_quoted_text_is_cut_between_characters),
        cmocka_unit_test(test_long_texts_are_refused),
        cmocka_unit_test(test_property_damaged_texts_never_harm),
    };

    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
