#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "station.h"

/* Monday 2026-11-23, 00:00 in Viet Nam. */
#define MONDAY_US (INT64_C(1795366800) * USEC_PER_SEC)
#define AT(hour, minute) (MONDAY_US + (hour)*USEC_PER_HOUR + (minute)*USEC_PER_MIN)

static struct station make(void)
{
    struct station s;

    station_init(&s);
    memcpy(s.code, "27148", 6);
    memcpy(s.name, "Xã Tân Phú", sizeof("Xã Tân Phú"));
    return s;
}

static void test_the_defaults_are_the_rules_of_the_field(void **state)
{
    struct station s = make();

    (void)state;
    assert_int_equal(station_check(&s, NULL), ERR_OK);
    assert_false(s.policy.author_may_approve);
    assert_int_equal(s.policy.quiet_from_min, 21 * 60);
    assert_int_equal(s.policy.quiet_to_min, 6 * 60);
    assert_int_equal(s.policy.max_broadcast_s, 2700);
    assert_int_equal(s.utc_offset_min, 420);
    assert_true(station_is_quiet(&s, AT(3, 15), AT(3, 16)));
    assert_true(station_is_quiet(&s, AT(20, 59), AT(21, 1)));
    assert_false(station_is_quiet(&s, AT(6, 0), AT(21, 0)));
    s.policy.quiet_to_min = s.policy.quiet_from_min;
    assert_false(station_is_quiet(&s, AT(3, 15), AT(3, 16)));
}

static void test_nodes_are_allowed_an_hour_around_the_day(void **state)
{
    struct station s = make();

    (void)state;
    assert_true(station_allows(&s, AT(5, 0), AT(22, 0)));
    assert_false(station_allows(&s, AT(5, 0) - 1, AT(6, 0)));
    assert_false(station_allows(&s, AT(21, 0), AT(22, 0) + 1));
    s.policy.allowed_from_min = 0;
    s.policy.allowed_to_min = 1440;
    assert_true(station_allows(&s, AT(3, 15), AT(3, 16)));
}

static void test_codes_are_five_digits(void **state)
{
    static const char *const bad[] = {"", "2714", "271480", "2714a", " 7148"};
    struct err_detail d = {""};
    struct station s = make();

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(s.code, 0, sizeof(s.code));
        memcpy(s.code, bad[i], strlen(bad[i]));
        assert_int_equal(station_check(&s, &d), ERR_FORMAT);
        assert_non_null(strstr(d.text, "5 digits"));
    }
}

static void test_what_a_person_enters_wrongly_is_refused(void **state)
{
    struct station s = make();

    (void)state;
    s.name[0] = '\0';
    assert_int_equal(station_check(&s, NULL), ERR_FORMAT);
    s = make();
    memset(s.name, 'x', sizeof(s.name));
    assert_int_equal(station_check(&s, NULL), ERR_FORMAT);
    s = make();
    s.timezone[0] = 'X';
    assert_int_equal(station_check(&s, NULL), ERR_FORMAT);
    s = make();
    s.utc_offset_min = 841;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
    s = make();
    s.policy.quiet_from_min = 1441;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
    s = make();
    s.policy.quiet_to_min = 1441;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
    s = make();
    s.policy.allowed_from_min = 1441;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
    s = make();
    s.policy.allowed_to_min = 1441;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
    s = make();
    s.policy.max_broadcast_s = 0;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
    s.policy.max_broadcast_s = 43201;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
    s = make();
    s.policy.late_tolerance_s = 3601;
    assert_int_equal(station_check(&s, NULL), ERR_LIMIT);
}

static void test_roles_go_there_and_back(void **state)
{
    unsigned all = 0;

    (void)state;
    for (unsigned bit = 1; bit <= ROLE_ALL; bit <<= 1) {
        assert_int_equal(role_from_name(role_name((enum role)bit)), bit);
        all |= bit;
    }
    assert_int_equal(all, ROLE_ALL);
    assert_null(role_name(ROLE_NONE));
    assert_null(role_name((enum role)3));
    assert_int_equal(role_from_name("king"), ROLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_defaults_are_the_rules_of_the_field),
        cmocka_unit_test(test_nodes_are_allowed_an_hour_around_the_day),
        cmocka_unit_test(test_codes_are_five_digits),
        cmocka_unit_test(test_what_a_person_enters_wrongly_is_refused),
        cmocka_unit_test(test_roles_go_there_and_back),
    };

    return cmocka_run_group_tests_name("station", tests, NULL, NULL);
}
