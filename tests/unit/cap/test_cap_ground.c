/* The station's own map and the alert policy: which zones an alert's area reaches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap_ground.h"
#include "capfix.h"

/* Inside the alert's polygon, astride its edge, and far from it. */
#define INSIDE "[[[107.55,16.45],[107.60,16.45],[107.60,16.50],[107.55,16.45]]]"
#define ASTRIDE "[[[107.65,16.45],[107.80,16.45],[107.80,16.50],[107.65,16.45]]]"
#define FAR "[[[107.10,16.80],[107.20,16.80],[107.20,16.90],[107.10,16.80]]]"
#define STATION \
    "[station]\ncode = 19753\nposition = 16.4637,107.5909\n[source open]\ntrust = channel\n"

/* The codes of the zones that the alert reaches, each followed by a space. */
static void reached(const char *policy_text, const struct cap_place *places, size_t count,
                    char ret_codes[256])
{
    struct cap_policy *policy = capfix_read(policy_text, ".");
    struct cap_policy *laid = NULL;
    struct cap_verdict *verdict;
    size_t len = 0;

    assert_int_equal(cap_ground_lay(policy, places, count, &laid), ERR_OK);
    verdict = capfix_check(capfix_alert, laid, "open");
    ret_codes[0] = '\0';
    for (size_t i = 0; i < laid->zone_count; i++) {
        if (cap_zones_has(&verdict->zones, i))
            len += (size_t)snprintf(ret_codes + len, 256 - len, "%s ", laid->zones[i].code);
    }
    cap_verdict_free(verdict);
    cap_ground_free(laid);
    cap_policy_free(policy);
}

static void test_a_zone_is_reached_where_its_outline_touches_the_alert(void **state)
{
    static const struct cap_place places[] = {
        {.code = "trong", .outline = INSIDE},
        {.code = "ria", .outline = ASTRIDE},
        {.code = "xa", .outline = FAR},
    };
    char codes[256];

    (void)state;
    reached(STATION, places, 3, codes);
    assert_string_equal(codes, "trong ria ");
}

static void test_a_zone_is_reached_where_a_node_of_it_stands_in_the_alert(void **state)
{
    static const struct cap_place places[] = {
        {.code = "gan", .positions = {{16.9, 107.0}, {16.5, 107.6}}, .position_count = 2},
        {.code = "xa", .positions = {{16.9, 107.0}}, .position_count = 1},
        {.code = "ve", .outline = FAR, .positions = {{16.41, 107.51}}, .position_count = 1},
    };
    char codes[256];

    (void)state;
    reached(STATION, places, 3, codes);
    assert_string_equal(codes, "gan ve ");
}

static void test_a_zone_that_nobody_drew_lies_at_the_station(void **state)
{
    static const struct cap_place places[] = {{.code = "chua-ve"}, {.code = "xa", .outline = FAR}};
    char codes[256];

    (void)state;
    reached(STATION, places, 2, codes);
    assert_string_equal(codes, "chua-ve ");
    reached(STATION, places, 1, codes); /* no map at all: the station itself, which is all of it */
    assert_string_equal(codes, "19753 ");
    reached(capfix_policy, places, 2, codes); /* that names its zones itself */
    assert_string_equal(codes, "A ");
}

static void test_what_the_policy_says_of_a_zone_stays(void **state)
{
    static const struct cap_place places[] = {
        {.code = "moi", .outline = INSIDE},
        {.code = "B", .outline = ASTRIDE},
        {.code = "A", .positions = {{16.9, 107.0}}, .position_count = 1},
    };
    struct cap_policy *policy = capfix_read(capfix_policy, ".");
    struct cap_policy *laid = NULL;
    char codes[256];

    (void)state;
    reached(capfix_policy, places, 3, codes);
    assert_string_equal(codes, "A B moi ");
    assert_int_equal(cap_ground_lay(policy, places, 3, &laid), ERR_OK);
    assert_int_equal(laid->zone_count, policy->zone_count + 1);
    for (size_t i = 0; i < policy->zone_count; i++) /* signers and sources count on their places */
        assert_string_equal(laid->zones[i].code, policy->zones[i].code);
    assert_int_equal(policy->zones[2].boundary.count, 0);
    cap_ground_free(laid);
    cap_policy_free(policy);
}

static void test_an_outline_of_the_policy_is_not_moved_by_the_map(void **state)
{
    static const struct cap_place places[] = {{.code = "A", .outline = INSIDE}};
    char codes[256];

    (void)state;
    reached(STATION "[zone A]\nboundary = 16.80,107.10 16.80,107.20 16.90,107.20\n", places, 1,
            codes);
    assert_string_equal(codes, "");
}

static void test_too_many_zones_and_broken_outlines_are_refused(void **state)
{
    struct cap_place *places = calloc(CAP_ZONES_MAX, sizeof(*places));
    struct cap_policy *policy = capfix_read(STATION, ".");
    struct cap_policy *laid = NULL;
    static const char *const broken[] = {"[", "[[]]", "[[[1,2],[3,4],[1,2]]]", "{}"};

    (void)state;
    assert_non_null(places);
    for (size_t i = 0; i < CAP_ZONES_MAX; i++) {
        snprintf(places[i].code, sizeof(places[i].code), "z%zu", i);
        places[i].outline = INSIDE;
    }
    assert_int_equal(cap_ground_lay(policy, places, CAP_ZONES_MAX, &laid), ERR_LIMIT);
    assert_int_equal(cap_ground_lay(policy, places, CAP_ZONES_MAX - 1, &laid), ERR_OK);
    cap_ground_free(laid);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        places[0].outline = broken[i];
        assert_int_equal(cap_ground_lay(policy, places, 1, &laid), ERR_FORMAT);
    }
    cap_ground_free(NULL);
    cap_policy_free(policy);
    free(places);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_zone_is_reached_where_its_outline_touches_the_alert),
        cmocka_unit_test(test_a_zone_is_reached_where_a_node_of_it_stands_in_the_alert),
        cmocka_unit_test(test_a_zone_that_nobody_drew_lies_at_the_station),
        cmocka_unit_test(test_what_the_policy_says_of_a_zone_stays),
        cmocka_unit_test(test_an_outline_of_the_policy_is_not_moved_by_the_map),
        cmocka_unit_test(test_too_many_zones_and_broken_outlines_are_refused),
    };

    return cmocka_run_group_tests_name("cap_ground", tests, NULL, NULL);
}
