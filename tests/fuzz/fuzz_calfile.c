/* Any file is read or refused soon; what is read can be expanded, changed and written, and read again. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calendar_edit.h"
#include "calfile.h"
#include "check.h"
#include "fuzz.h"

#define PLACES 8
#define CPU_MAX_S 20

static char out[CALENDAR_TEXT_MAX + 1];
static char rest[CALENDAR_TEXT_MAX + 1];

static double cpu_s(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* What a change wrote is an event again. */
static void expect_event(enum err e, const char *text)
{
    struct calendar_event *event = NULL;

    if (e != ERR_OK)
        return;
    CHECK(calendar_parse(text, strlen(text), &event, NULL) == ERR_OK);
    calendar_free(event);
}

static void change(const char *text)
{
    struct calendar_occurrence o[PLACES];
    struct calendar_event *event = NULL;
    size_t count = 0;
    enum err e;

    CHECK(calendar_parse(text, strlen(text), &event, NULL) == ERR_OK);
    e = calendar_expand(event, 0, INT64_MAX, o, PLACES, &count);
    CHECK(e == ERR_OK || e == ERR_MORE);
    calendar_free(event);
    if (count == 0)
        return;
    count--;
    expect_event(calendar_edit_skip(text, o[count].recurrence_us, out, NULL), out);
    expect_event(calendar_edit_move(text, o[count].recurrence_us, o[count].start_us + USEC_PER_HOUR,
                                    out, NULL),
                 out);
    expect_event(calendar_edit_add(text, o[count].start_us + USEC_PER_MIN, out, NULL), out);
    e = calendar_edit_split(text, o[count].recurrence_us, "rest", out, rest, NULL);
    expect_event(e, out);
    expect_event(e, rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct calfile *file = NULL;
    struct err_detail detail = {0};
    double begun_s = cpu_s();

    if (calfile_read((const char *)data, size, &file, &detail) != ERR_OK) {
        CHECK(detail.text[0] != '\0');
        return 0;
    }
    for (size_t i = 0; i < file->count && i < 4; i++) {
        struct calfile_terms terms;

        if (calfile_terms_of(file->events[i].text, &terms, &detail) == ERR_OK)
            expect_event(calfile_set_terms(file->events[i].text, &terms, out, sizeof(out)), out);
        change(file->events[i].text);
    }
    calfile_free(file);
    CHECK(cpu_s() - begun_s < CPU_MAX_S);
    return 0;
}
