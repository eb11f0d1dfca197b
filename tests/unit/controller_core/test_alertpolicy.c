/* Who may alert: one row a rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alertpolicy.h"

#define OPERATOR ((unsigned)ROLE_OPERATOR)
#define DISTRICT ((unsigned)ROLE_DISTRICT)
#define APPROVER ((unsigned)ROLE_APPROVER)

static const struct {
    const char *rule;
    unsigned confirm, totp; /* of the policy */
    struct alertpolicy_case person;
    enum alertpolicy_verdict verdict;
} rules[] = {
    {"an operator sounds it", 0, 0, {OPERATOR, false, true, 0, false}, ALERTPOLICY_SOUND},
    {"an approver alone does not", 0, 0, {APPROVER, false, true, 0, false}, ALERTPOLICY_ROLE},
    {"nobody without a role", 0, 0, {0, true, true, 0, false}, ALERTPOLICY_ROLE},
    {"not outside the area", 0, 0, {OPERATOR, true, false, 0, false}, ALERTPOLICY_AREA},
    {"the named role waits", OPERATOR, 0, {OPERATOR, false, true, 0, false}, ALERTPOLICY_HOLD},
    {"another role does not", OPERATOR, 0, {DISTRICT, false, true, 0, false}, ALERTPOLICY_SOUND},
    {"the strictest role holds",
     OPERATOR,
     0,
     {OPERATOR | DISTRICT, false, true, 0, false},
     ALERTPOLICY_HOLD},
    {"a code is asked for", 0, DISTRICT, {DISTRICT, false, true, 0, false}, ALERTPOLICY_FACTOR},
    {"and given", 0, DISTRICT, {DISTRICT, true, true, 0, false}, ALERTPOLICY_SOUND},
    {"a code is no second person",
     OPERATOR,
     OPERATOR,
     {OPERATOR, true, true, 0, false},
     ALERTPOLICY_HOLD},
    {"the code comes first",
     OPERATOR,
     OPERATOR,
     {OPERATOR, false, true, 0, false},
     ALERTPOLICY_FACTOR},
    {"the last of the hour", 0, 0, {OPERATOR, false, true, 19, false}, ALERTPOLICY_SOUND},
    {"one too many", 0, 0, {OPERATOR, false, true, 20, false}, ALERTPOLICY_RATE},
    {"an all-clear is never too many", 0, 0, {OPERATOR, false, true, 99, true}, ALERTPOLICY_SOUND},
    {"nor does it wait", OPERATOR, 0, {OPERATOR, false, true, 0, true}, ALERTPOLICY_SOUND},
    {"but it needs the code", 0, OPERATOR, {OPERATOR, false, true, 0, true}, ALERTPOLICY_FACTOR},
    {"and stays in the area", 0, 0, {OPERATOR, false, false, 0, true}, ALERTPOLICY_AREA},
};

static void test_every_rule_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct alertpolicy p;

        alertpolicy_init(&p);
        p.confirm_roles = rules[i].confirm;
        p.totp_roles = rules[i].totp;
        if (alertpolicy_judge(&p, &rules[i].person) != rules[i].verdict)
            fail_msg("%s: %d", rules[i].rule, (int)alertpolicy_judge(&p, &rules[i].person));
    }
}

static const struct {
    const char *rule;
    unsigned roles;
    uint64_t person;
    bool in_area, factor;
    enum alertpolicy_verdict verdict;
} confirmations[] = {
    {"another operator confirms", OPERATOR, 2, true, false, ALERTPOLICY_SOUND},
    {"an approver does", APPROVER, 2, true, false, ALERTPOLICY_SOUND},
    {"the author does not", OPERATOR | APPROVER, 1, true, false, ALERTPOLICY_ROLE},
    {"a technician does not", ROLE_TECHNICIAN, 2, true, false, ALERTPOLICY_ROLE},
    {"but the fallback person does", ROLE_TECHNICIAN, 9, true, false, ALERTPOLICY_SOUND},
    {"not outside the area", OPERATOR, 2, false, false, ALERTPOLICY_AREA},
    {"the district needs its code", DISTRICT, 2, true, false, ALERTPOLICY_FACTOR},
    {"and gives it", DISTRICT, 2, true, true, ALERTPOLICY_SOUND},
};

static void test_only_another_person_confirms(void **state)
{
    struct alertpolicy p;

    (void)state;
    alertpolicy_init(&p);
    p.totp_roles = DISTRICT;
    p.fallback.v = 9;
    for (size_t i = 0; i < sizeof(confirmations) / sizeof(confirmations[0]); i++) {
        const struct alertpolicy_case person = {.roles = confirmations[i].roles,
                                                .factor_given = confirmations[i].factor,
                                                .in_area = confirmations[i].in_area};

        if (alertpolicy_judge_confirm(&p, &person, (struct user_id){1},
                                      (struct user_id){confirmations[i].person}) !=
            confirmations[i].verdict)
            fail_msg("%s", confirmations[i].rule);
    }
}

static void test_an_area_holds_its_zones_and_what_lies_in_them(void **state)
{
    const struct zone zones[] = {{.id = {1}}, {.id = {2}, .parent = {1}}, {.id = {3}}};
    const struct zone_id area[] = {{1}}, inside[] = {{1}, {2}}, across[] = {{2}, {3}};

    (void)state;
    assert_true(alertpolicy_in_area(zones, 3, NULL, 0, true, NULL, 0));
    assert_true(alertpolicy_in_area(zones, 3, area, 1, false, inside, 2));
    assert_false(alertpolicy_in_area(zones, 3, area, 1, false, across, 2));
    assert_false(alertpolicy_in_area(zones, 3, area, 1, true, NULL, 0));
}

static void test_a_policy_that_could_drop_alerts_is_refused(void **state)
{
    struct alertpolicy p;

    (void)state;
    alertpolicy_init(&p);
    assert_int_equal(alertpolicy_check(&p, NULL), ERR_OK);
    p.confirm_roles = OPERATOR;
    assert_int_equal(alertpolicy_check(&p, NULL), ERR_STATE); /* nobody to fall back on */
    p.fallback.v = 1;
    assert_int_equal(alertpolicy_check(&p, NULL), ERR_OK);
    p.confirm_s = 5;
    assert_int_equal(alertpolicy_check(&p, NULL), ERR_LIMIT);
    alertpolicy_init(&p);
    p.roles = 0;
    assert_int_equal(alertpolicy_check(&p, NULL), ERR_LIMIT);
    p.roles = ROLE_AUDITOR;
    assert_int_equal(alertpolicy_check(&p, NULL), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rule_holds),
        cmocka_unit_test(test_only_another_person_confirms),
        cmocka_unit_test(test_an_area_holds_its_zones_and_what_lies_in_them),
        cmocka_unit_test(test_a_policy_that_could_drop_alerts_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
