#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "enrol.h"

#define NOW (INT64_C(1800000000) * USEC_PER_SEC)

static void wrong(struct enrol_limiter *l, const char *address, int times, usec_t now_us)
{
    for (int i = 0; i < times; i++)
        enrol_limiter_wrong(l, address, now_us);
}

static void assert_may_ask(struct enrol_limiter *l, const char *address, usec_t now_us)
{
    uint32_t retry = 77;

    assert_int_equal(enrol_limiter_ask(l, address, now_us, &retry), ERR_OK);
    assert_int_equal(retry, 77);
}

static void assert_must_wait(struct enrol_limiter *l, const char *address, usec_t now_us,
                             uint32_t retry_after_s)
{
    uint32_t retry = 0;

    assert_int_equal(enrol_limiter_ask(l, address, now_us, &retry), ERR_BUSY);
    assert_int_equal(retry, retry_after_s);
}

static void test_the_sixth_guess_of_an_address_waits_for_the_window_to_end(void **state)
{
    struct enrol_limiter l = {0};

    (void)state;
    for (int i = 0; i < ENROL_WRONG_PER_SOURCE; i++) {
        assert_may_ask(&l, "10.0.0.1", NOW);
        wrong(&l, "10.0.0.1", 1, NOW + i);
    }
    assert_must_wait(&l, "10.0.0.1", NOW + 10, 600);
    assert_must_wait(&l, "10.0.0.1", NOW + ENROL_WINDOW_US - 1, 1);
    assert_may_ask(&l, "10.0.0.1", NOW + ENROL_WINDOW_US);
    wrong(&l, "10.0.0.1", 1, NOW + ENROL_WINDOW_US);
    assert_may_ask(&l, "10.0.0.1", NOW + ENROL_WINDOW_US);
}

static void test_another_address_is_not_held_up(void **state)
{
    struct enrol_limiter l = {0};

    (void)state;
    wrong(&l, "10.0.0.1", 50, NOW);
    assert_may_ask(&l, "10.0.0.2", NOW);
    assert_may_ask(&l, "2001:db8::1", NOW);
}

static void test_one_ipv6_network_and_one_mapped_address_are_one_source(void **state)
{
    struct enrol_limiter l = {0};

    (void)state;
    wrong(&l, "2001:db8:0:7::1", 3, NOW);
    wrong(&l, "2001:db8:0:7:ffff::2", 2, NOW);
    assert_must_wait(&l, "2001:db8:0:7::3", NOW, 600);
    assert_may_ask(&l, "2001:db8:0:8::3", NOW);
    wrong(&l, "::ffff:10.1.2.3", 5, NOW);
    assert_must_wait(&l, "10.1.2.3", NOW, 600);
    wrong(&l, "not an address", 5, NOW);
    assert_must_wait(&l, "nor this", NOW, 600);
}

static void test_many_addresses_together_reach_the_limit_of_all(void **state)
{
    struct enrol_limiter l = {0};
    char address[32];
    int i;

    (void)state;
    for (i = 0; i < ENROL_WRONG_IN_ALL; i++) {
        snprintf(address, sizeof(address), "10.%d.%d.1", i / 200, i % 200);
        assert_may_ask(&l, address, NOW);
        wrong(&l, address, 1, NOW);
    }
    assert_must_wait(&l, "192.0.2.1", NOW + USEC_PER_SEC, 599);
    assert_may_ask(&l, "192.0.2.1", NOW + ENROL_WINDOW_US);
}

static void test_a_flood_of_sources_forgets_the_oldest_only(void **state)
{
    struct enrol_limiter l = {0};
    char address[32];

    (void)state;
    wrong(&l, "192.0.2.3", 5, NOW - ENROL_WINDOW_US); /* over: its place is taken first */
    wrong(&l, "192.0.2.1", 5, NOW - 2);
    wrong(&l, "192.0.2.2", 5, NOW - 1);
    for (int i = 0; i < ENROL_SOURCES_MAX - 1; i++) {
        snprintf(address, sizeof(address), "10.0.%d.1", i);
        wrong(&l, address, ENROL_WRONG_PER_SOURCE, NOW);
        l.all.wrong = 0;
    }
    assert_may_ask(&l, "192.0.2.1", NOW);
    assert_must_wait(&l, "192.0.2.2", NOW, 600);
    for (int i = 0; i < ENROL_SOURCES_MAX - 1; i++) {
        snprintf(address, sizeof(address), "10.0.%d.1", i);
        assert_must_wait(&l, address, NOW, 600);
    }
}

static void test_a_clock_set_back_does_not_lock_for_ever(void **state)
{
    struct enrol_limiter l = {0};

    (void)state;
    wrong(&l, "10.0.0.1", 5, NOW);
    assert_must_wait(&l, "10.0.0.1", NOW - USEC_PER_DAY, 600);
    assert_may_ask(&l, "10.0.0.1", NOW - USEC_PER_DAY + ENROL_WINDOW_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_sixth_guess_of_an_address_waits_for_the_window_to_end),
        cmocka_unit_test(test_another_address_is_not_held_up),
        cmocka_unit_test(test_one_ipv6_network_and_one_mapped_address_are_one_source),
        cmocka_unit_test(test_many_addresses_together_reach_the_limit_of_all),
        cmocka_unit_test(test_a_flood_of_sources_forgets_the_oldest_only),
        cmocka_unit_test(test_a_clock_set_back_does_not_lock_for_ever),
    };

    return cmocka_run_group_tests_name("enrol", tests, NULL, NULL);
}
