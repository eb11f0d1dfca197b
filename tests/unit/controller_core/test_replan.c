#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "replan.h"

#define START (1000 * USEC_PER_SEC)

struct plan {
    struct broadcast planned, wanted;
    struct event event;
};

static struct plan plan(void)
{
    struct plan p = {.planned = {.event = {3},
                                 .bulletin = {4},
                                 .title = "Bản tin",
                                 .priority = PRIORITY_NORMAL,
                                 .start_us = START,
                                 .occurrence_us = START,
                                 .expires_us = START + 65 * USEC_PER_SEC,
                                 .duration_ms = 60000,
                                 .repeats = 1,
                                 .media_count = 1},
                     .event = {.id = {3}, .bulletin = {4}, .revision = 1}};

    p.planned.media[0] = (struct part){.kind = PART_MEDIA, .duration_ms = 60000};
    p.wanted = p.planned;
    return p;
}

static enum replan judge(const struct plan *p)
{
    return replan_judge(&p->planned, &p->wanted, &p->event, true, true);
}

static void test_what_is_as_planned_stays(void **state)
{
    struct plan p = plan();

    (void)state;
    assert_int_equal(judge(&p), REPLAN_KEEP);
}

static void test_a_cancelled_event_ends_what_is_planned_and_stays_its_own(void **state)
{
    struct plan p = plan();

    (void)state;
    p.event.cancelled = true;
    assert_int_equal(judge(&p), REPLAN_CANCEL);
}

static void test_an_occurrence_that_was_moved_or_skipped_is_planned_anew(void **state)
{
    struct plan p = plan();

    (void)state;
    assert_int_equal(replan_judge(&p.planned, &p.wanted, &p.event, false, true), REPLAN_ANEW);
}

static void test_a_bulletin_that_may_not_sound_any_more_is_withdrawn(void **state)
{
    struct plan p = plan();

    (void)state;
    assert_int_equal(replan_judge(&p.planned, &p.wanted, &p.event, true, false), REPLAN_ANEW);
}

static void test_each_difference_counts(void **state)
{
    (void)state;
    for (int field = 0; field < 12; field++) {
        struct plan p = plan();
        struct broadcast *w = &p.wanted;

        w->bulletin.v += field == 0;
        w->priority = field == 1 ? PRIORITY_EMERGENCY : w->priority;
        w->start_us += field == 2;
        w->expires_us -= field == 3;
        w->repeats += field == 4;
        w->pause_ms += field == 5;
        w->cuts_equal = field == 6;
        w->media_count += field == 7;
        w->media[0].duration_ms += field == 8;
        w->media[0].media.sha256[31] = field == 9;
        w->rank += field == 11;
        w->title[0] = field == 10 ? 'x' : w->title[0];
        if (judge(&p) != REPLAN_ANEW)
            fail_msg("field %d makes no difference", field);
    }
}

static void test_what_has_begun_goes_on(void **state)
{
    struct plan p = plan();

    (void)state;
    p.planned.state = BROADCAST_ON_AIR;
    p.event.cancelled = true;
    assert_int_equal(replan_judge(&p.planned, &p.wanted, &p.event, false, false), REPLAN_KEEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_as_planned_stays),
        cmocka_unit_test(test_a_cancelled_event_ends_what_is_planned_and_stays_its_own),
        cmocka_unit_test(test_an_occurrence_that_was_moved_or_skipped_is_planned_anew),
        cmocka_unit_test(test_a_bulletin_that_may_not_sound_any_more_is_withdrawn),
        cmocka_unit_test(test_each_difference_counts),
        cmocka_unit_test(test_what_has_begun_goes_on),
    };

    return cmocka_run_group_tests_name("replan", tests, NULL, NULL);
}
