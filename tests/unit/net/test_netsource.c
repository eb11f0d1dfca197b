#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "netsource.h"

#define ONE_MAY 2
#define SOURCES 3

static enum err enter(struct netsource_table *t, const char *address)
{
    return netsource_enter(t, netsource_of(address));
}

static void test_a_source_gets_its_share_and_others_theirs(void **state)
{
    struct netsource_table *t = netsource_table_new(SOURCES, ONE_MAY);

    (void)state;
    assert_int_equal(enter(t, "10.0.0.1"), ERR_OK);
    assert_int_equal(enter(t, "10.0.0.1"), ERR_OK);
    assert_int_equal(enter(t, "10.0.0.1"), ERR_LIMIT);
    assert_int_equal(enter(t, "::ffff:10.0.0.1"), ERR_LIMIT);
    assert_int_equal(enter(t, "10.0.0.2"), ERR_OK);
    netsource_leave(t, netsource_of("10.0.0.1"));
    assert_int_equal(enter(t, "10.0.0.1"), ERR_OK);
    assert_int_equal(enter(t, "10.0.0.1"), ERR_LIMIT);
    netsource_table_free(t);
}

static void test_addresses_of_one_ipv6_prefix_are_one_source(void **state)
{
    struct netsource_table *t = netsource_table_new(SOURCES, ONE_MAY);

    (void)state;
    assert_int_equal(enter(t, "2001:db8:1:2::1"), ERR_OK);
    assert_int_equal(enter(t, "2001:db8:1:2:ffff::9"), ERR_OK);
    assert_int_equal(enter(t, "2001:db8:1:2::3"), ERR_LIMIT);
    assert_int_equal(enter(t, "2001:db8:1:3::1"), ERR_OK);
    netsource_table_free(t);
}

static void test_a_full_table_takes_nobody_new_until_one_has_left(void **state)
{
    struct netsource_table *t = netsource_table_new(SOURCES, ONE_MAY);
    char address[16];

    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        snprintf(address, sizeof(address), "10.0.0.%d", i);
        assert_int_equal(enter(t, address), ERR_OK);
    }
    assert_int_equal(enter(t, "10.1.0.0"), ERR_LIMIT);
    assert_int_equal(enter(t, "10.0.0.1"), ERR_OK);
    netsource_leave(t, netsource_of("10.0.0.0"));
    assert_int_equal(enter(t, "10.1.0.0"), ERR_OK);
    assert_int_equal(enter(t, "10.0.0.1"), ERR_LIMIT);
    netsource_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_source_gets_its_share_and_others_theirs),
        cmocka_unit_test(test_addresses_of_one_ipv6_prefix_are_one_source),
        cmocka_unit_test(test_a_full_table_takes_nobody_new_until_one_has_left),
    };

    return cmocka_run_group_tests_name("netsource", tests, NULL, NULL);
}
