#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receipt.h"

static void test_names_cover_the_protocol(void **state)
{
    (void)state;
    for (int i = 1; i <= _loa_Outcome_MAX; i++)
        assert_string_not_equal(receipt_outcome_name((loa_Outcome)i), "none");
    for (int i = 1; i <= _loa_Reason_MAX; i++)
        assert_string_not_equal(receipt_reason_name((loa_Reason)i), "none");
    for (int i = 1; i <= _loa_Carrier_MAX; i++)
        assert_string_not_equal(receipt_carrier_name((loa_Carrier)i), "none");
    assert_string_equal(receipt_heard_name(loa_Heard_HEARD_NO), "no");
    assert_string_equal(receipt_heard_name(loa_Heard_HEARD_NONE), "none");
    assert_string_equal(receipt_heard_name((loa_Heard)99), "none");
    assert_string_equal(receipt_outcome_name((loa_Outcome)(_loa_Outcome_MAX + 1)), "none");
    assert_string_equal(receipt_reason_name((loa_Reason)(_loa_Reason_MAX + 1)), "none");
    assert_string_equal(receipt_reason_name(loa_Reason_REASON_RESTARTED), "restarted");
    assert_string_equal(receipt_reason_name(loa_Reason_REASON_LATE), "late");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_cover_the_protocol),
    };

    return cmocka_run_group_tests_name("receipt", tests, NULL, NULL);
}
