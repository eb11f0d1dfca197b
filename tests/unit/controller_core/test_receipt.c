#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "receipt.h"

static struct broadcast_target with(loa_Outcome outcome, loa_Reason reason, usec_t start_us,
                                    int32_t error_us, uint32_t gaps)
{
    return (struct broadcast_target){.state = TARGET_RECEIPT,
                                     .has_receipt = true,
                                     .receipt = {.outcome = outcome,
                                                 .reason = reason,
                                                 .actual_start_us = start_us,
                                                 .start_error_us = error_us,
                                                 .gaps = gaps}};
}

static void test_each_target_is_counted_once(void **state)
{
    struct broadcast_target targets[] = {
        {.state = TARGET_WAITING},
        {.state = TARGET_ORDERED},
        {.state = TARGET_ACCEPTED},
        {.state = TARGET_REFUSED},
        {.state = TARGET_SILENT},
        {.state = TARGET_SILENT},
        with(loa_Outcome_OUTCOME_SOUNDED, loa_Reason_REASON_NONE, 1000, 5, 0),
        with(loa_Outcome_OUTCOME_SOUNDED, loa_Reason_REASON_NONE, 900, -40, 1),
        with(loa_Outcome_OUTCOME_PARTLY, loa_Reason_REASON_UNDERRUN, 1200, 39, 3),
        with(loa_Outcome_OUTCOME_MISSED, loa_Reason_REASON_MUTED, 0, 0, 0),
        with(loa_Outcome_OUTCOME_MISSED, loa_Reason_REASON_MUTED, 0, 0, 0),
        with(loa_Outcome_OUTCOME_MISSED, (loa_Reason)(_loa_Reason_MAX + 5), 0, 0, 0),
    };
    struct broadcast b = {.targets = targets, .target_count = 12};
    struct receipt_summary s;

    (void)state;
    receipt_summarise(&b, &s);
    assert_int_equal(s.targets, 12);
    assert_int_equal(s.open, 3);
    assert_int_equal(s.refused, 1);
    assert_int_equal(s.silent, 2);
    assert_int_equal(s.sounded, 2);
    assert_int_equal(s.partly, 1);
    assert_int_equal(s.missed, 3);
    assert_int_equal(s.by_reason[loa_Reason_REASON_MUTED], 2);
    assert_int_equal(s.by_reason[loa_Reason_REASON_UNDERRUN], 1);
    assert_int_equal(s.by_reason[loa_Reason_REASON_NONE], 1);
    assert_int_equal(s.gaps, 4);
    assert_int_equal(s.first_start_us, 900);
    assert_int_equal(s.last_start_us, 1200);
    assert_int_equal(s.worst_start_error_us, -40);
}

static void test_no_targets_make_an_empty_summary(void **state)
{
    struct broadcast b = {.target_count = 0};
    struct receipt_summary s = {.targets = 9};

    (void)state;
    receipt_summarise(&b, &s);
    assert_int_equal(s.targets, 0);
    assert_int_equal(s.first_start_us, 0);
}

static void test_names_cover_the_protocol(void **state)
{
    (void)state;
    for (int i = 1; i <= _loa_Outcome_MAX; i++)
        assert_string_not_equal(receipt_outcome_name((loa_Outcome)i), "none");
    for (int i = 1; i <= _loa_Reason_MAX; i++)
        assert_string_not_equal(receipt_reason_name((loa_Reason)i), "none");
    for (int i = 1; i <= _loa_Carrier_MAX; i++)
        assert_string_not_equal(receipt_carrier_name((loa_Carrier)i), "none");
    assert_string_equal(receipt_outcome_name((loa_Outcome)(_loa_Outcome_MAX + 1)), "none");
    assert_string_equal(receipt_reason_name((loa_Reason)(_loa_Reason_MAX + 1)), "none");
    assert_string_equal(receipt_reason_name(loa_Reason_REASON_RESTARTED), "restarted");
    assert_string_equal(receipt_reason_name(loa_Reason_REASON_LATE), "late");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_target_is_counted_once),
        cmocka_unit_test(test_no_targets_make_an_empty_summary),
        cmocka_unit_test(test_names_cover_the_protocol),
    };

    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
