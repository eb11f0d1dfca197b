#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "prop.h"
#include "report.h"

#define ZONE "Asia/Ho_Chi_Minh"
#define NOON_US (INT64_C(1795410000) * USEC_PER_SEC) /* 2026-11-23 12:00 there */

static struct report_entry entry(enum broadcast_state state, enum target_state target)
{
    return (struct report_entry){.start_us = NOON_US,
                                 .level = PRIORITY_NORMAL,
                                 .state = state,
                                 .target = target,
                                 .zone = {1}};
}

static struct report_entry told(loa_Outcome outcome, loa_Reason reason)
{
    struct report_entry e = entry(BROADCAST_CLOSED, TARGET_RECEIPT);

    e.ordered = true;
    e.has_receipt = true;
    e.outcome = outcome;
    e.reason = reason;
    e.played_ms = 1000;
    return e;
}

static void expect(struct report_entry e, enum report_outcome outcome, size_t reason)
{
    size_t found = 99;

    assert_int_equal(report_judge(&e, &found), outcome);
    assert_int_equal(found, reason);
}

static void test_a_receipt_is_believed(void **state)
{
    (void)state;
    expect(told(loa_Outcome_OUTCOME_SOUNDED, loa_Reason_REASON_NONE), REPORT_SOUNDED, 0);
    expect(told(loa_Outcome_OUTCOME_PARTLY, loa_Reason_REASON_STOPPED), REPORT_PARTLY,
           loa_Reason_REASON_STOPPED);
    expect(told(loa_Outcome_OUTCOME_MISSED, loa_Reason_REASON_MUTED), REPORT_MISSED,
           loa_Reason_REASON_MUTED);
    expect(told((loa_Outcome)9, (loa_Reason)77), REPORT_MISSED, 0); /* of a newer node */
}

static void test_without_a_receipt_the_station_says_why(void **state)
{
    struct report_entry ordered = entry(BROADCAST_CLOSED, TARGET_SILENT);

    (void)state;
    ordered.ordered = true;
    expect(ordered, REPORT_MISSED, REPORT_NO_RECEIPT);
    expect(entry(BROADCAST_CLOSED, TARGET_SILENT), REPORT_MISSED, REPORT_NOT_REACHED);
    expect(entry(BROADCAST_CLOSED, TARGET_REFUSED), REPORT_MISSED, REPORT_REFUSED);
    expect(entry(BROADCAST_MISSED, TARGET_WAITING), REPORT_MISSED, REPORT_STATION_DOWN);
    expect(entry(BROADCAST_PLANNED, TARGET_ACCEPTED), REPORT_PENDING, 0);
    expect(entry(BROADCAST_ENDED, TARGET_ACCEPTED), REPORT_PENDING, 0);
}

static void test_what_was_cancelled_before_it_began_was_not_to_sound(void **state)
{
    struct report_entry e = entry(BROADCAST_CLOSED, TARGET_SILENT);
    struct report_entry answered = told(loa_Outcome_OUTCOME_MISSED, loa_Reason_REASON_STOPPED);

    (void)state;
    e.cancelled_us = NOON_US - 1;
    expect(e, REPORT_CANCELLED, 0);
    e.cancelled_us = NOON_US + 1;
    expect(e, REPORT_MISSED, REPORT_NOT_REACHED);
    answered.cancelled_us = NOON_US - 1;
    expect(answered, REPORT_CANCELLED, 0);
    answered.outcome = loa_Outcome_OUTCOME_PARTLY; /* the stop came too late */
    expect(answered, REPORT_PARTLY, loa_Reason_REASON_STOPPED);
    e = entry(BROADCAST_PLANNED, TARGET_SILENT);
    e.withdrawn = true;
    expect(e, REPORT_CANCELLED, 0);
}

static void test_days_and_months_are_those_of_the_station(void **state)
{
    struct report_entry e = told(loa_Outcome_OUTCOME_SOUNDED, loa_Reason_REASON_NONE);
    struct report r;

    (void)state;
    report_init(&r, REPORT_BY_DAY, ZONE);
    assert_int_equal(report_add(&r, &e), ERR_OK);
    e.start_us += 12 * USEC_PER_HOUR - 1;
    assert_int_equal(report_add(&r, &e), ERR_OK);
    e.start_us += 1; /* midnight there, 17:00 UTC */
    assert_int_equal(report_add(&r, &e), ERR_OK);
    assert_int_equal(r.count, 2);
    assert_string_equal(r.rows[0].group, "2026-11-23");
    assert_int_equal(r.rows[0].counts[REPORT_SOUNDED], 2);
    assert_string_equal(r.rows[1].group, "2026-11-24");
    report_deinit(&r);
    report_init(&r, REPORT_BY_MONTH, ZONE);
    e.start_us += 6 * USEC_PER_DAY + 23 * USEC_PER_HOUR;
    assert_int_equal(report_add(&r, &e), ERR_OK);
    e.start_us += USEC_PER_HOUR;
    assert_int_equal(report_add(&r, &e), ERR_OK);
    assert_string_equal(r.rows[0].group, "2026-11");
    assert_string_equal(r.rows[1].group, "2026-12");
    report_deinit(&r);
    report_init(&r, REPORT_BY_DAY, "Nowhere/At_All");
    assert_int_equal(report_add(&r, &e), ERR_NOT_FOUND);
    assert_int_equal(r.count, 0);
    report_deinit(&r);
}

/* Whatever comes: each target counts once, in the row of its zone and level, and the total holds all. */
static void test_property_the_numbers_add_up(void **state)
{
    struct prop p;

    (void)state;
    prop_init(&p, "report");
    for (int round = 0; round < 300; round++) {
        enum report_by by = (enum report_by)prop_range(&p, 0, 2);
        int count = (int)prop_range(&p, 0, 200);
        struct report_row total = {.zone = {0}};
        uint32_t outcomes = 0, partly = 0, missed = 0;
        struct report r;
        struct report_entry e = {.start_us = NOON_US};

        report_init(&r, by, ZONE);
        for (int i = 0; i < count; i++) {
            e.start_us += prop_range(&p, 0, 5) * USEC_PER_HOUR;
            e.cancelled_us = prop_one_in(&p, 5) ? e.start_us + prop_range(&p, -9, 9) : 0;
            e.level = (enum priority)prop_range(&p, PRIORITY_NORMAL, PRIORITY_EMERGENCY);
            e.state = (enum broadcast_state)prop_range(&p, 0, BROADCAST_MISSED);
            e.target = (enum target_state)prop_range(&p, 0, TARGET_SILENT);
            e.zone.v = (uint32_t)prop_range(&p, 1, 4);
            e.has_receipt = prop_one_in(&p, 2);
            e.outcome = (loa_Outcome)prop_range(&p, 0, 5);
            e.reason = (loa_Reason)prop_range(&p, 0, 40);
            assert_int_equal(report_add(&r, &e), ERR_OK);
        }
        report_sort(&r);
        for (size_t i = 0; i < r.count; i++) {
            report_sum(&total, &r.rows[i]);
            for (size_t k = 0; k < i; k++)
                assert_true(r.rows[k].zone.v != r.rows[i].zone.v ||
                            strcmp(r.rows[k].group, r.rows[i].group) != 0);
            assert_true(i == 0 || by == REPORT_BY_LEVEL ||
                        strcmp(r.rows[i - 1].group, r.rows[i].group) <= 0);
        }
        for (size_t i = 0; i < REPORT_OUTCOMES; i++)
            outcomes += total.counts[i];
        for (size_t i = 0; i < REPORT_REASONS; i++) {
            partly += total.partly_by[i];
            missed += total.missed_by[i];
        }
        assert_int_equal(outcomes, count);
        assert_int_equal(total.planned, (uint32_t)count - total.counts[REPORT_CANCELLED]);
        assert_int_equal(partly, total.counts[REPORT_PARTLY]);
        assert_int_equal(missed, total.counts[REPORT_MISSED]);
        report_deinit(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_receipt_is_believed),
        cmocka_unit_test(test_without_a_receipt_the_station_says_why),
        cmocka_unit_test(test_what_was_cancelled_before_it_began_was_not_to_sound),
        cmocka_unit_test(test_days_and_months_are_those_of_the_station),
        cmocka_unit_test(test_property_the_numbers_add_up),
    };

    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
