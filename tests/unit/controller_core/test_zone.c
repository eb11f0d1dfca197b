#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zone.h"

/* 1 - 2 - 3, and 4 apart. */
static const struct zone tree[] = {{{1}, {0}, "xa", "Xã", {0}, 0},
                                   {{2}, {1}, "thon-2", "Thôn 2", {0}, 0},
                                   {{3}, {2}, "to-3", "Tổ 3", {0}, 0},
                                   {{4}, {0}, "cho", "Chợ", {0}, 0}};

static struct zone make(uint32_t id, uint32_t parent)
{
    return (struct zone){{id}, {parent}, "new", "Mới", {0}, 0};
}

static void test_a_good_zone_is_accepted(void **state)
{
    struct zone z = make(0, 3);

    (void)state;
    assert_int_equal(zone_check(&z, tree, 4, NULL), ERR_OK);
    z = make(2, 4);
    assert_int_equal(zone_check(&z, tree, 4, NULL), ERR_OK);
    z = tree[1];
    assert_int_equal(zone_check(&z, tree, 4, NULL), ERR_OK);
    z = make(0, 0);
    assert_int_equal(zone_check(&z, NULL, 0, NULL), ERR_OK);
}

static void test_codes_and_names_are_checked(void **state)
{
    struct err_detail d = {""};
    struct zone z = make(0, 0);

    (void)state;
    memcpy(z.code, "cho", 4);
    assert_int_equal(zone_check(&z, tree, 4, &d), ERR_EXISTS);
    assert_non_null(strstr(d.text, "cho"));
    memcpy(z.code, "a b", 4);
    assert_int_equal(zone_check(&z, tree, 4, &d), ERR_FORMAT);
    z.code[0] = '\0';
    assert_int_equal(zone_check(&z, tree, 4, &d), ERR_FORMAT);
    memset(z.code, 'x', sizeof(z.code));
    assert_int_equal(zone_check(&z, tree, 4, &d), ERR_FORMAT);
    z = make(0, 0);
    z.name[0] = '\0';
    assert_int_equal(zone_check(&z, tree, 4, &d), ERR_FORMAT);
    memset(z.name, 'x', sizeof(z.name));
    assert_int_equal(zone_check(&z, tree, 4, &d), ERR_FORMAT);
    z = make(0, 0);
    z.name[0] = '\x01';
    assert_int_equal(zone_check(&z, tree, 4, &d), ERR_FORMAT);
}

static void test_the_tree_stays_a_tree(void **state)
{
    struct zone z = make(1, 1);

    (void)state;
    assert_int_equal(zone_check(&z, tree, 4, NULL), ERR_FORMAT);
    z = make(1, 3);
    assert_int_equal(zone_check(&z, tree, 4, NULL), ERR_FORMAT);
    z = make(0, 99);
    assert_int_equal(zone_check(&z, tree, 4, NULL), ERR_NOT_FOUND);
}

static void test_depth_is_bounded_also_for_what_hangs_below(void **state)
{
    struct zone zones[ZONE_DEPTH_MAX + 2];
    struct zone z;

    (void)state;
    for (uint32_t i = 0; i < ZONE_DEPTH_MAX; i++) {
        zones[i] = make(i + 1, i);
        snprintf(zones[i].code, sizeof(zones[i].code), "z%u", i);
    }
    z = make(0, ZONE_DEPTH_MAX);
    assert_int_equal(zone_check(&z, zones, ZONE_DEPTH_MAX, NULL), ERR_LIMIT);
    z = make(0, ZONE_DEPTH_MAX - 1);
    assert_int_equal(zone_check(&z, zones, ZONE_DEPTH_MAX, NULL), ERR_OK);
    /* Two zones apart: hung under the deepest chain, the lower of them would be too deep. */
    zones[ZONE_DEPTH_MAX] = (struct zone){{20}, {0}, "top", "Trên", {0}, 0};
    zones[ZONE_DEPTH_MAX + 1] = (struct zone){{21}, {20}, "low", "Dưới", {0}, 0};
    z = zones[ZONE_DEPTH_MAX];
    z.parent.v = ZONE_DEPTH_MAX - 1;
    assert_int_equal(zone_check(&z, zones, ZONE_DEPTH_MAX + 2, NULL), ERR_LIMIT);
    z.parent.v = ZONE_DEPTH_MAX - 2;
    assert_int_equal(zone_check(&z, zones, ZONE_DEPTH_MAX + 2, NULL), ERR_OK);
}

static void test_the_number_of_zones_is_bounded(void **state)
{
    static struct zone zones[ZONES_MAX];
    struct zone z = make(5000, 0);

    (void)state;
    for (uint32_t i = 0; i < ZONES_MAX; i++) {
        zones[i] = make(i + 1, 0);
        snprintf(zones[i].code, sizeof(zones[i].code), "z%u", i);
    }
    assert_int_equal(zone_check(&z, zones, ZONES_MAX, NULL), ERR_LIMIT);
    z = make(7, 3);
    assert_int_equal(zone_check(&z, zones, ZONES_MAX, NULL), ERR_OK);
}

static void test_a_zone_contains_itself_and_what_lies_below(void **state)
{
    const struct zone loop[] = {{{1}, {2}, "a", "a", {0}, 0}, {{2}, {1}, "b", "b", {0}, 0}};

    (void)state;
    assert_true(zone_contains(tree, 4, (struct zone_id){1}, (struct zone_id){3}));
    assert_true(zone_contains(tree, 4, (struct zone_id){3}, (struct zone_id){3}));
    assert_false(zone_contains(tree, 4, (struct zone_id){3}, (struct zone_id){1}));
    assert_false(zone_contains(tree, 4, (struct zone_id){4}, (struct zone_id){3}));
    assert_false(zone_contains(tree, 4, (struct zone_id){0}, (struct zone_id){3}));
    assert_false(zone_contains(tree, 4, (struct zone_id){1}, (struct zone_id){0}));
    assert_false(zone_contains(tree, 4, (struct zone_id){1}, (struct zone_id){99}));
    assert_false(zone_contains(loop, 2, (struct zone_id){9}, (struct zone_id){1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_zone_is_accepted),
        cmocka_unit_test(test_codes_and_names_are_checked),
        cmocka_unit_test(test_the_tree_stays_a_tree),
        cmocka_unit_test(test_depth_is_bounded_also_for_what_hangs_below),
        cmocka_unit_test(test_the_number_of_zones_is_bounded),
        cmocka_unit_test(test_a_zone_contains_itself_and_what_lies_below),
    };

    return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
