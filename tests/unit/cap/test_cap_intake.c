#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap_intake.h"
#include "capfix.h"

static struct cap_policy *policy;

static struct cap_verdict *check(const char *from, const char *to)
{
    char *text = capfix_edit(capfix_alert, from, to);
    struct cap_verdict *v = capfix_check(text, policy, "open");

    free(text);
    return v;
}

static void test_only_actual_public_alerts_updates_and_cancels_live(void **state)
{
    static const struct {
        const char *from, *to;
        bool lives;
    } rows[] = {
        {"Actual", "Actual", true},
        {"Actual", "Exercise", false},
        {"Actual", "Test", false},
        {"Actual", "Wrong", false},
        {"Public", "Private", false},
        {"<msgType>Alert", "<msgType>Ack", false},
        {"<msgType>Alert", "<msgType>Cancel", true},
        {"</alert>", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cap_verdict *v = check(rows[i].from, rows[i].to);

        if (cap_intake_lives(v) != rows[i].lives)
            fail_msg("%s -> %s", rows[i].from, rows[i].to);
        cap_verdict_free(v);
    }
}

static void test_a_person_may_release_only_actual_alerts_updates_and_cancels(void **state)
{
    static const struct {
        const char *from, *to;
        bool releasable;
    } rows[] = {
        {"Actual", "Actual", true},
        {"Public</scope>", "Private</scope><addresses>xa</addresses>", true},
        {"Actual", "Exercise", false},
        {"<msgType>Alert", "<msgType>Ack", false},
        {"<msgType>Alert", "<msgType>Error", false},
        {"</alert>", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cap_verdict *v = check(rows[i].from, rows[i].to);

        if (cap_intake_releasable(v) != rows[i].releasable)
            fail_msg("%s -> %s", rows[i].from, rows[i].to);
        cap_verdict_free(v);
    }
}

static void test_the_text_is_headline_description_and_instruction_in_vietnamese(void **state)
{
    char *text = capfix_edit(capfix_alert, "<headline>",
                             "<headline>Flood</headline></info><info><language>vi-VN</language>"
                             "<category>Met</category><event>x</event><urgency>Immediate</urgency>"
                             "<severity>Extreme</severity><certainty>Observed</certainty>"
                             "<expires>2026-11-22T08:30:00+07:00</expires><headline>");
    char *english = capfix_edit(text, "vi-VN", "en-US");
    char *more = capfix_before(english, "<area>",
                               "<description> Mưa \n\t to </description>"
                               "<instruction>Lên cao.</instruction>");
    struct cap_verdict *v = capfix_check(more, policy, "open");
    char title[200], spoken[2001], small[8];

    (void)state;
    assert_int_equal(v->action, CAP_ACTION_SOUND);
    cap_intake_title(v, title, sizeof(title));
    assert_string_equal(title, "Lũ trên sông Hương");
    cap_intake_text(v, spoken, sizeof(spoken));
    assert_string_equal(spoken, "Lũ trên sông Hương\nMưa to\nLên cao.");
    cap_intake_title(v, small, sizeof(small)); /* "Lũ trê" is eight bytes with its last letter */
    assert_string_equal(small, "Lũ tr");
    cap_verdict_free(v);
    free(more);
    free(english);
    free(text);
}

static void test_references_and_superiority_reach_the_life_of_alerts(void **state)
{
    char *text = capfix_edit(capfix_alert, "<msgType>Alert", "<msgType>Update");
    char *update = capfix_before(text, "<info>",
                                 "<references>a@b.example,x-0,2026-11-22T05:00:00+07:00"
                                 "</references>");
    struct cap_verdict *v = capfix_check(update, policy, "open");
    struct alertlife_key refs[ALERTLIFE_REFS_MAX];
    struct alertlife_message m;

    (void)state;
    assert_true(v->alert != NULL);
    assert_int_equal(cap_intake_message(v, policy, refs, &m), ERR_OK);
    assert_int_equal(m.type, ALERTLIFE_UPDATE);
    assert_false(m.superior);
    assert_int_equal(m.ref_count, 1);
    assert_string_equal(m.refs[0].sender, "a@b.example");
    assert_string_equal(m.refs[0].identifier, "x-0");
    assert_int_equal(m.refs[0].sent_us, capfix_time("2026-11-22T05:00:00+07:00"));
    assert_int_equal(m.expires_us, v->expires_us);
    assert_int_equal(m.key.sent_us, v->alert->sent_us);
    cap_verdict_free(v);
    free(update);
    free(text);
}

static int setup(void **state)
{
    (void)state;
    if (cap_verify_start() != ERR_OK)
        return -1;
    policy = capfix_read(capfix_policy, ".");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cap_policy_free(policy);
    cap_verify_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_person_may_release_only_actual_alerts_updates_and_cancels),
        cmocka_unit_test(test_only_actual_public_alerts_updates_and_cancels_live),
        cmocka_unit_test(test_the_text_is_headline_description_and_instruction_in_vietnamese),
        cmocka_unit_test(test_references_and_superiority_reach_the_life_of_alerts),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
