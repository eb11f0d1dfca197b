/* Any text is read or refused soon; what it names is in order and within what was asked, and an event of the
 * form can be written again. Input: year (u8, from 1970), days (u16), then the text. */
#include <string.h>
#include <time.h>

#include "calendar.h"
#include "check.h"
#include "fuzz.h"

#define PLACES 32
#define CPU_MAX_S 10

static double cpu_s(void)
{
    struct timespec t;

    CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void expand(const struct calendar_event *event, usec_t from_us, usec_t to_us)
{
    struct calendar_occurrence found[PLACES];
    usec_t after_us = INT64_MIN;
    enum err e = ERR_MORE;

    for (int round = 0; round < 8 && e == ERR_MORE; round++) {
        size_t count = 0;

        e = calendar_expand(event, from_us, to_us, found, PLACES, &count);
        CHECK(count <= PLACES && (e != ERR_MORE || count == PLACES));
        for (size_t i = 0; i < count; i++) {
            CHECK(found[i].start_us >= from_us && found[i].start_us < to_us);
            CHECK(found[i].start_us > after_us && found[i].duration_us >= 0);
            CHECK(found[i].duration_us <= CALENDAR_DURATION_MAX_S * USEC_PER_SEC);
            after_us = found[i].start_us;
        }
        from_us = after_us + 1;
    }
}

static void describe(const struct calendar_event *event)
{
    static char text[CALENDAR_TEXT_MAX + 1];
    struct calendar_plan plan;
    struct calendar_event *again;
    struct err_detail detail = {0};

    calendar_describe(event, &plan);
    CHECK(memchr(plan.uid, '\0', sizeof(plan.uid)) != NULL);
    CHECK(memchr(plan.summary, '\0', sizeof(plan.summary)) != NULL);
    if (plan.kind == CALENDAR_OTHER || calendar_build(&plan, text, sizeof(text), &detail) != ERR_OK)
        return;
    CHECK(calendar_parse(text, strlen(text), &again, &detail) == ERR_OK);
    calendar_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct calendar_event *event;
    struct err_detail detail = {0};
    double begun_s = cpu_s();
    usec_t from_us, to_us;
    enum err e;

    if (size < 4)
        return 0;
    from_us = data[0] * INT64_C(365) * USEC_PER_DAY;
    to_us = from_us + (data[1] << 8 | data[2]) * USEC_PER_DAY;
    e = calendar_parse((const char *)data + 3, size - 3, &event, &detail);
    if (e == ERR_OK) {
        expand(event, from_us, to_us);
        describe(event);
        calendar_free(event);
    } else {
        CHECK(detail.text[0] != '\0');
    }
    CHECK(cpu_s() - begun_s < CPU_MAX_S);
    return 0;
}
