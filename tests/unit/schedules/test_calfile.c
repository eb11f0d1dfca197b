#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calbed.h"
#include "calfile.h"

#define FILE_OF(lines) "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" lines "END:VCALENDAR\r\n"
#define TERMS                                                                                \
    "X-LOA-ZONES:thon1,thon2\nX-LOA-BULLETIN:Tin sáng\\, số 1\nX-LOA-PRIORITY:PRIORITY\n" \
    "X-LOA-CONFLICT:append\nX-LOA-REPEATS:3\nX-LOA-PAUSE:60\n"

static struct calfile *read_file(const char *text)
{
    struct calfile *file = NULL;
    struct err_detail detail = {""};

    if (calfile_read(text, strlen(text), &file, &detail) != ERR_OK)
        fail_msg("%s: %s", text, detail.text);
    return file;
}

static size_t count_of(const char *text)
{
    struct calendar_event *e = calbed_parse(text);
    struct calendar_occurrence o[100];
    size_t count = 0;

    assert_int_equal(calendar_expand(e, 0, INT64_MAX, o, 100, &count), ERR_OK);
    calendar_free(e);
    return count;
}

static void test_events_come_apart_with_their_lines_as_they_were(void **state)
{
    static const char first[] = VEVENT("RRULE:FREQ=DAILY;COUNT=3\nX-ODD;P=\"a:b\":one\n two\n");
    struct calfile *f =
        read_file(FILE_OF("BEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\n"
                          "BEGIN:VEVENT\nUID:b\nDTSTART:20260101T000000Z\nEND:VEVENT\n"
                          "BEGIN:VTODO\nUID:c\nEND:VTODO\n"));

    (void)state;
    assert_int_equal(f->count, 1);
    assert_int_equal(f->events[0].line, 6);
    assert_int_equal(f->note_count, 1);
    assert_non_null(strstr(f->notes[0].text, "line 10: VTODO"));
    calfile_free(f);
    f = read_file(FILE_OF(VEVENT("RRULE:FREQ=DAILY;COUNT=3\nX-ODD;P=\"a:b\":one\n two\n")));
    assert_string_equal(f->events[0].text, first);
    calfile_free(f);
}

static void test_changed_occurrences_join_their_event(void **state)
{
    struct calfile *f = read_file(
        FILE_OF("BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;TZID=" HCM ":20260106T053000\nDTSTART;TZID=" HCM
                ":20260106T170000\nEND:VEVENT\n" VEVENT(
                    "RRULE:FREQ=DAILY;COUNT=3\n") "BEGIN:VEVENT\nUID:z\nRECURRENCE-"
                                                  "ID:20260106T000000Z\nDTSTART:20260106T000000Z\n"
                                                  "END:VEVENT\n"));

    (void)state;
    assert_int_equal(f->count, 1);
    assert_non_null(strstr(f->events[0].text, "RECURRENCE-ID"));
    assert_int_equal(f->note_count, 1);
    assert_non_null(strstr(f->notes[0].text, "belongs to no event"));
    calfile_free(f);
}

static void test_exception_sets_take_their_days_out(void **state)
{
    struct calfile *f = read_file(FILE_OF("X-LOA-DATES;X-LOA-SET=tet:20260106,20260107\n"
                                          "X-LOA-DATES;X-LOA-SET=le:20260108\n" VEVENT(
                                              "RRULE:FREQ=DAILY;COUNT=6\nX-LOA-EXCEPT:tet,xa\n")));

    (void)state;
    assert_int_equal(count_of(f->events[0].text), 4);
    assert_int_equal(f->note_count, 1);
    assert_non_null(strstr(f->notes[0].text, "xa is an exception set"));
    calfile_free(f);
}

static void test_terms_go_there_and_back(void **state)
{
    char out[CALENDAR_TEXT_MAX + 1];
    struct calfile_terms t;
    struct calfile_terms again;
    struct err_detail detail = {""};

    (void)state;
    assert_int_equal(calfile_terms_of(VEVENT(TERMS), &t, &detail), ERR_OK);
    assert_string_equal(t.zones, "thon1,thon2");
    assert_string_equal(t.bulletin, "Tin sáng, số 1");
    assert_string_equal(t.priority, "priority");
    assert_int_equal(t.repeats, 3);
    assert_int_equal(t.pause_s, 60);
    assert_int_equal(calfile_set_terms(VEVENT("X-KEPT:1\nX-LOA-REPEATS:2\n"), &t, out, sizeof(out)),
                     ERR_OK);
    assert_non_null(strstr(out, "X-KEPT:1\n"));
    assert_null(strstr(out, "REPEATS:2"));
    assert_int_equal(calfile_terms_of(out, &again, &detail), ERR_OK);
    assert_memory_equal(&t, &again, sizeof(t));
    assert_int_equal(calfile_terms_of(VEVENT("X-LOA-REPEATS:11\n"), &t, &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "1 to 10"));
    assert_int_equal(calfile_terms_of(VEVENT("X-LOA-PAUSE:7201\n"), &t, &detail), ERR_FORMAT);
    assert_int_equal(calfile_terms_of(VEVENT("X-LOA-CONFLICT:maybe\n"), &t, &detail), ERR_FORMAT);
    assert_non_null(strstr(detail.text, "replace"));
}

static void test_bad_files_are_refused_with_the_line(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        const char *says;
    } bad[] = {
        {"", ERR_FORMAT, "END:VCALENDAR"},
        {"hello\n", ERR_FORMAT, "line 1"},
        {"BEGIN:VCALENDAR\nVERSION:2.0\n", ERR_FORMAT, "cut off"},
        {FILE_OF("BEGIN:VEVENT\nUID:a\nEND:VEVENT\n"), ERR_FORMAT, "the event of line 3"},
        {FILE_OF(VEVENT("RRULE:FREQ=SECONDLY\n")), ERR_UNSUPPORTED, "SECONDLY"},
        {FILE_OF("BEGIN:VEVENT\nUID:a\nDTSTART:19691231T000000Z\nEND:VEVENT\n"), ERR_LIMIT, "1970"},
        {FILE_OF("BEGIN:VEVENT\nUID:a\nDTSTART:21010101T000000Z\nEND:VEVENT\n"), ERR_LIMIT, "2100"},
        {FILE_OF("BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Gone/Zone:20260101T000000\nEND:VEVENT\n"),
         ERR_FORMAT, "Gone/Zone"},
        {FILE_OF(VEVENT("") VEVENT("")), ERR_FORMAT, "second event"},
        {FILE_OF("X-LOA-DATES:20260101\n"), ERR_FORMAT, "X-LOA-SET"},
        {FILE_OF("X-LOA-DATES;X-LOA-SET=a:20260231\n"), ERR_FORMAT, "2026-02-31"},
        {FILE_OF("SUMMARY:\x01\n"), ERR_FORMAT, "UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct calfile *f = NULL;
        struct err_detail detail = {""};
        enum err e = calfile_read(bad[i].text, strlen(bad[i].text), &f, &detail);

        if (e != bad[i].err || strstr(detail.text, bad[i].says) == NULL)
            fail_msg("%s: %s: %s", bad[i].text, err_name(e), detail.text);
        assert_null(f);
    }
}

static void test_huge_files_are_refused(void **state)
{
    static const char one[] = "BEGIN:VEVENT\nUID:%d\nDTSTART:20260101T000000Z\nEND:VEVENT\n";
    size_t size = CALFILE_BYTES_MAX + 2;
    char *text = calloc(1, size);
    struct calfile *f = NULL;
    struct err_detail detail = {""};
    size_t n;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size - 1);
    assert_int_equal(calfile_read(text, size - 1, &f, &detail), ERR_LIMIT);
    n = (size_t)snprintf(text, size, "BEGIN:VCALENDAR\n");
    for (int i = 0; i <= CALFILE_EVENTS_MAX; i++)
        n += (size_t)snprintf(text + n, size - n, one, i);
    n += (size_t)snprintf(text + n, size - n, "END:VCALENDAR\n");
    assert_int_equal(calfile_read(text, n, &f, &detail), ERR_LIMIT);
    assert_non_null(strstr(detail.text, "at most 500 events"));
    free(text);
}

static void test_a_zone_is_described_for_others(void **state)
{
    char *text = calfile_zone(HCM);

    (void)state;
    assert_non_null(text);
    assert_non_null(strstr(text, "TZID:" HCM "\r\n"));
    assert_non_null(strstr(text, "TZOFFSETTO:+0700"));
    assert_null(calfile_zone("UTC"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_come_apart_with_their_lines_as_they_were),
        cmocka_unit_test(test_changed_occurrences_join_their_event),
        cmocka_unit_test(test_exception_sets_take_their_days_out),
        cmocka_unit_test(test_terms_go_there_and_back),
        cmocka_unit_test(test_bad_files_are_refused_with_the_line),
        cmocka_unit_test(test_huge_files_are_refused),
        cmocka_unit_test(test_a_zone_is_described_for_others),
    };

    return cmocka_run_group_tests_name("calfile", tests, NULL, NULL);
}
