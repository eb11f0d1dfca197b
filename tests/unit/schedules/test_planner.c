#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "planner.h"

/* Monday 2026-11-23, 00:00 in Viet Nam. */
#define MONDAY_US (INT64_C(1795366800) * USEC_PER_SEC)
#define AT(hour, minute) (MONDAY_US + (hour)*USEC_PER_HOUR + (minute)*USEC_PER_MIN)

static const struct node_id nodes_a[] = {{1}, {3}, {5}};
static const struct node_id nodes_b[] = {{2}, {3}, {5}, {9}};
static const struct node_id nodes_c[] = {{4}};
static const struct planner_policy policy = {420, 21 * 60, 6 * 60, 45 * 60};

static struct planner_item make(enum priority level, usec_t from, usec_t to)
{
    return (struct planner_item){
        .level = level, .start_us = from, .end_us = to, .nodes = nodes_a, .node_count = 3};
}

static void test_a_plan_in_the_day_is_fine(void **state)
{
    struct planner_item item = make(PRIORITY_NORMAL, AT(6, 0), AT(6, 45));

    (void)state;
    assert_int_equal(planner_check(&item, 1, NULL, 0, &policy, NULL, 0), 0);
}

static void test_quiet_hours_are_found_with_their_first_instant(void **state)
{
    struct planner_item items[] = {make(PRIORITY_NORMAL, AT(5, 0), AT(5, 10)),
                                   make(PRIORITY_PRIORITY, AT(20, 55), AT(21, 5))};
    struct planner_finding f[4];

    (void)state;
    assert_int_equal(planner_check(items, 2, NULL, 0, &policy, f, 4), 2);
    assert_int_equal(f[0].kind, PLANNER_QUIET_HOURS);
    assert_int_equal(f[0].item, 0);
    assert_int_equal(f[0].from_us, AT(5, 0));
    assert_int_equal(f[1].item, 1);
    assert_int_equal(f[1].from_us, AT(21, 0));
    assert_int_equal(f[1].to_us, AT(21, 5));
}

static void test_too_long_is_found_and_zero_means_no_limit(void **state)
{
    struct planner_item item = make(PRIORITY_NORMAL, AT(7, 0), AT(7, 45) + 1);
    struct planner_policy no_limit = policy;
    struct planner_finding f[2];

    (void)state;
    no_limit.max_broadcast_s = 0;
    assert_int_equal(planner_check(&item, 1, NULL, 0, &policy, f, 2), 1);
    assert_int_equal(f[0].kind, PLANNER_TOO_LONG);
    assert_int_equal(planner_check(&item, 1, NULL, 0, &no_limit, f, 2), 0);
}

static void test_emergencies_are_exempt(void **state)
{
    struct planner_item items[] = {make(PRIORITY_EMERGENCY, AT(3, 0), AT(5, 0)),
                                   make(PRIORITY_EMERGENCY, AT(3, 0), AT(5, 0))};

    (void)state;
    assert_int_equal(planner_check(items, 2, items, 2, &policy, NULL, 0), 0);
}

static void test_equal_ones_on_shared_nodes_conflict(void **state)
{
    struct planner_item item = make(PRIORITY_NORMAL, AT(7, 0), AT(7, 20));
    struct planner_item other = make(PRIORITY_NORMAL, AT(7, 10), AT(7, 40));
    struct planner_finding f[2];

    (void)state;
    other.nodes = nodes_b;
    other.node_count = 4;
    assert_int_equal(planner_check(&item, 1, &other, 1, &policy, f, 2), 1);
    assert_int_equal(f[0].kind, PLANNER_CONFLICT);
    assert_false(f[0].other_is_item);
    assert_int_equal(f[0].other, 0);
    assert_int_equal(f[0].node.v, 3);
    assert_int_equal(f[0].shared, 2);
    assert_int_equal(f[0].from_us, AT(7, 10));
    assert_int_equal(f[0].to_us, AT(7, 20));
}

static void test_new_ones_are_compared_with_each_other(void **state)
{
    struct planner_item items[] = {make(PRIORITY_NORMAL, AT(7, 0), AT(7, 20)),
                                   make(PRIORITY_NORMAL, AT(7, 0), AT(7, 20))};
    struct planner_finding f[2];

    (void)state;
    assert_int_equal(planner_check(items, 2, NULL, 0, &policy, f, 2), 1);
    assert_true(f[0].other_is_item);
    assert_int_equal(f[0].item, 1);
    assert_int_equal(f[0].other, 0);
}

static void test_what_is_settled_or_apart_is_no_conflict(void **state)
{
    struct planner_item item = make(PRIORITY_PRIORITY, AT(7, 0), AT(7, 20));
    struct planner_item others[5];

    (void)state;
    for (int i = 0; i < 5; i++)
        others[i] = make(PRIORITY_PRIORITY, AT(7, 10), AT(7, 40));
    others[0].level = PRIORITY_NORMAL;
    others[1].rank = 1;
    others[2].cuts_equal = true;
    others[3].start_us = AT(7, 20);
    others[4].nodes = nodes_c;
    others[4].node_count = 1;
    assert_int_equal(planner_check(&item, 1, others, 5, &policy, NULL, 0), 0);
    /* The earlier one's wish to cut settles nothing. */
    others[2].start_us = AT(6, 50);
    assert_int_equal(planner_check(&item, 1, &others[2], 1, &policy, NULL, 0), 1);
}

/* What is planned on Monday (or `day` later) from minute to minute, and what the profile says of the last. */
struct quota_case {
    const char *why;
    enum planner_profile profile;
    struct {
        int day, from_min, to_min;
        enum priority level;
        const struct node_id *nodes; /* of four; NULL: nodes_a */
    } items[5];
    size_t count;
    enum planner_finding_kind kind; /* of the last item; NONE */
    size_t shared;
};

static const struct quota_case quota_cases[] = {
    {"two sessions",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 405}, {.from_min = 1020, .to_min = 1035}},
     2,
     PLANNER_NONE,
     0},
    {"a third session",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 395},
      {.from_min = 600, .to_min = 605},
      {.from_min = 1020, .to_min = 1025}},
     3,
     PLANNER_QUOTA_SESSIONS,
     3},
    {"a third one in the country",
     PLANNER_PROFILE_RURAL,
     {{.from_min = 390, .to_min = 395},
      {.from_min = 600, .to_min = 605},
      {.from_min = 1020, .to_min = 1025}},
     3,
     PLANNER_NONE,
     0},
    {"no profile",
     PLANNER_PROFILE_NONE,
     {{.day = 5, .from_min = 390, .to_min = 600}},
     1,
     PLANNER_NONE,
     0},
    {"a third one on the next day",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 395},
      {.from_min = 600, .to_min = 605},
      {.day = 1, .from_min = 390, .to_min = 395}},
     3,
     PLANNER_NONE,
     0},
    {"a third one on shared nodes",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 395},
      {.from_min = 600, .to_min = 605, .nodes = nodes_b},
      {.from_min = 1020, .to_min = 1025}},
     3,
     PLANNER_QUOTA_SESSIONS,
     2},
    {"emergencies do not count",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 395, .level = PRIORITY_EMERGENCY},
      {.from_min = 600, .to_min = 605},
      {.from_min = 1020, .to_min = 1025}},
     3,
     PLANNER_NONE,
     0},
    {"an emergency is exempt",
     PLANNER_PROFILE_URBAN,
     {{.day = 6, .from_min = 390, .to_min = 900, .level = PRIORITY_EMERGENCY}},
     1,
     PLANNER_NONE,
     0},
    {"15 minutes",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 406}},
     1,
     PLANNER_QUOTA_LENGTH,
     3},
    {"15 minutes in parts",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 397}, {.from_min = 401, .to_min = 406}},
     2,
     PLANNER_QUOTA_LENGTH,
     3},
    {"parts with a rest",
     PLANNER_PROFILE_URBAN,
     {{.from_min = 390, .to_min = 397}, {.from_min = 402, .to_min = 412}},
     2,
     PLANNER_NONE,
     0},
    {"45 minutes", PLANNER_PROFILE_RURAL, {{.from_min = 390, .to_min = 435}}, 1, PLANNER_NONE, 0},
    {"46 minutes",
     PLANNER_PROFILE_RURAL,
     {{.from_min = 390, .to_min = 436}},
     1,
     PLANNER_QUOTA_LENGTH,
     3},
    {"Friday",
     PLANNER_PROFILE_URBAN,
     {{.day = 4, .from_min = 390, .to_min = 391}},
     1,
     PLANNER_NONE,
     0},
    {"Saturday",
     PLANNER_PROFILE_URBAN,
     {{.day = 5, .from_min = 0, .to_min = 1}},
     1,
     PLANNER_QUOTA_DAY,
     3},
    {"Sunday",
     PLANNER_PROFILE_URBAN,
     {{.day = 6, .from_min = 1439, .to_min = 1440}},
     1,
     PLANNER_QUOTA_DAY,
     3},
    {"Monday from midnight",
     PLANNER_PROFILE_URBAN,
     {{.day = 7, .from_min = 0, .to_min = 1}},
     1,
     PLANNER_NONE,
     0},
    {"Sunday in the country",
     PLANNER_PROFILE_RURAL,
     {{.day = 6, .from_min = 390, .to_min = 391}},
     1,
     PLANNER_NONE,
     0},
};

static void test_quotas_are_those_of_the_profile(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(quota_cases) / sizeof(quota_cases[0]); i++) {
        const struct quota_case *q = &quota_cases[i];
        struct planner_item items[5];
        struct planner_finding f[4] = {{.kind = PLANNER_NONE}};

        for (size_t k = 0; k < q->count; k++) {
            items[k] =
                make(q->items[k].level != PRIORITY_NONE ? q->items[k].level : PRIORITY_NORMAL,
                     AT(24 * q->items[k].day, q->items[k].from_min),
                     AT(24 * q->items[k].day, q->items[k].to_min));
            if (q->items[k].nodes != NULL) {
                items[k].nodes = q->items[k].nodes;
                items[k].node_count = 4;
            }
        }
        print_message("# %s\n", q->why);
        assert_int_equal(planner_check_quota(items, q->count, q->profile, 420, 0, f, 4),
                         q->kind != PLANNER_NONE);
        assert_int_equal(f[0].kind, q->kind);
        assert_int_equal(f[0].shared, q->shared);
        assert_int_equal(f[0].item, q->kind != PLANNER_NONE ? q->count - 1 : 0);
    }
}

static void test_quotas_of_one_event_are_those_it_takes_part_in(void **state)
{
    struct planner_item items[] = {make(PRIORITY_NORMAL, AT(6, 0), AT(6, 5)),
                                   make(PRIORITY_NORMAL, AT(8, 0), AT(8, 20)),
                                   make(PRIORITY_NORMAL, AT(10, 0), AT(10, 5))};
    struct planner_finding f[4];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        items[i].key = i + 1;
    items[2].nodes = nodes_b;
    items[2].node_count = 4;
    assert_int_equal(planner_check_quota(items, 3, PLANNER_PROFILE_URBAN, 420, 1, f, 4), 1);
    assert_int_equal(f[0].kind, PLANNER_QUOTA_SESSIONS);
    assert_int_equal(f[0].item, 2);
    assert_int_equal(f[0].node.v, 3);
    assert_int_equal(planner_check_quota(items, 3, PLANNER_PROFILE_URBAN, 420, 2, f, 4), 2);
    assert_int_equal(f[0].kind, PLANNER_QUOTA_LENGTH);
    assert_int_equal(f[0].from_us, AT(8, 15));
    assert_int_equal(planner_check_quota(items, 3, PLANNER_PROFILE_URBAN, 420, 9, f, 4), 0);
}

static void test_profiles_have_names(void **state)
{
    (void)state;
    for (int i = PLANNER_PROFILE_NONE; i <= PLANNER_PROFILE_RURAL; i++)
        assert_int_equal(planner_profile_from_name(planner_profile_name((enum planner_profile)i)),
                         i);
    assert_int_equal(planner_profile_from_name("city"), -1);
}

static void test_more_findings_than_places_are_counted(void **state)
{
    struct planner_item item = make(PRIORITY_NORMAL, AT(2, 0), AT(4, 0));
    struct planner_finding f[2] = {{.kind = PLANNER_NONE}, {.kind = PLANNER_NONE}};

    (void)state;
    assert_int_equal(planner_check(&item, 1, &item, 1, &policy, f, 1), 3);
    assert_int_equal(f[0].kind, PLANNER_QUIET_HOURS);
    assert_int_equal(f[1].kind, PLANNER_NONE);
    assert_string_equal(planner_finding_name(PLANNER_CONFLICT), "conflict");
    assert_string_equal(planner_finding_name((enum planner_finding_kind)99), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_plan_in_the_day_is_fine),
        cmocka_unit_test(test_quiet_hours_are_found_with_their_first_instant),
        cmocka_unit_test(test_too_long_is_found_and_zero_means_no_limit),
        cmocka_unit_test(test_emergencies_are_exempt),
        cmocka_unit_test(test_equal_ones_on_shared_nodes_conflict),
        cmocka_unit_test(test_new_ones_are_compared_with_each_other),
        cmocka_unit_test(test_what_is_settled_or_apart_is_no_conflict),
        cmocka_unit_test(test_quotas_are_those_of_the_profile),
        cmocka_unit_test(test_quotas_of_one_event_are_those_it_takes_part_in),
        cmocka_unit_test(test_profiles_have_names),
        cmocka_unit_test(test_more_findings_than_places_are_counted),
    };

    return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}
