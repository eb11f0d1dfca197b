#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cap_produce.h"
#include "capfix.h"

static const struct cap_code_pair code = {"vn-commune", "19753"};

static struct cap_notice notice(void)
{
    return (struct cap_notice){.identifier = "19753-1",
                               .sender = "dai@xa.example",
                               .sent_us = capfix_time("2026-11-22T05:30:00+07:00"),
                               .offset_min = 420,
                               .status = CAP_STATUS_ACTUAL,
                               .type = CAP_TYPE_ALERT,
                               .language = "vi-VN",
                               .category = "Met",
                               .event = "Lũ",
                               .urgency = CAP_URGENCY_IMMEDIATE,
                               .severity = CAP_SEVERITY_EXTREME,
                               .certainty = CAP_CERTAINTY_OBSERVED,
                               .expires_us = capfix_time("2026-11-22T07:30:00+07:00"),
                               .headline = "Nước < 5 m & đang lên",
                               .area_desc = "Xã",
                               .codes = &code,
                               .code_count = 1};
}

/* As another station reads it that knows the key. */
static struct cap_verdict *read_back(const char *text, struct cap_policy *policy,
                                     const struct capfix_key *key)
{
    policy->signer_count = 1;
    policy->signers[0] =
        (struct cap_signer){.name = "neighbour",
                            .certificate = strdup(capfix_certificate(key)),
                            .bounds = {.level = PRIORITY_EMERGENCY, .everywhere = true}};
    return capfix_check(text, policy, "feed");
}

static void test_what_is_produced_is_accepted_by_others(void **state)
{
    struct cap_policy *policy = capfix_read(capfix_policy, ".");
    struct capfix_key *key = capfix_key_new();
    struct cap_notice n = notice();
    struct cap_verdict *v;
    const struct cap_info *info;
    char *text;

    (void)state;
    assert_int_equal(cap_produce(&n, capfix_private(key), &text), ERR_OK);
    assert_non_null(strstr(text, "<sent>2026-11-22T05:30:00+07:00</sent>"));
    v = read_back(text, policy, key);
    assert_int_equal(v->findings.count, 0);
    assert_int_equal(v->result, CAP_ACCEPTED);
    assert_int_equal(v->level, PRIORITY_EMERGENCY);
    info = v->alert->infos.items;
    assert_string_equal(info->headline, n.headline);
    assert_true(info->expires_us == n.expires_us);
    cap_verdict_free(v);
    cap_policy_free(policy);
    capfix_key_free(key);
    free(text);
}

static void test_an_update_names_what_it_replaces(void **state)
{
    struct cap_policy *policy = capfix_read(capfix_policy, ".");
    struct cap_reference refs[2] = {{.sender = "dai@xa.example", .identifier = "19753-0"},
                                    {.sender = "dai@xa.example", .identifier = "x"}};
    struct cap_notice n = notice();
    struct cap_verdict *v;
    const struct cap_reference *back;
    char *text;

    (void)state;
    refs[0].sent_us = refs[1].sent_us = n.sent_us - USEC_PER_HOUR;
    n.type = CAP_TYPE_UPDATE;
    n.references = refs;
    n.reference_count = 2;
    assert_int_equal(cap_produce(&n, NULL, &text), ERR_OK);
    v = capfix_check(text, policy, "open");
    assert_int_equal(v->findings.count, 0);
    assert_int_equal(v->alert->references.count, 2);
    back = v->alert->references.items;
    assert_string_equal(back[1].identifier, "x");
    assert_true(back[1].sent_us == refs[1].sent_us);
    cap_verdict_free(v);
    cap_policy_free(policy);
    free(text);
}

static void test_what_is_no_text_or_no_key_is_refused(void **state)
{
    struct cap_notice n = notice();
    char *text = NULL;

    (void)state;
    assert_int_equal(cap_produce(&n, "no key", &text), ERR_AUTH);
    n.headline = "\xff";
    assert_int_equal(cap_produce(&n, NULL, &text), ERR_ARG);
    n.headline = "\x01";
    assert_int_equal(cap_produce(&n, NULL, &text), ERR_ARG);
    assert_null(text);
}

static void test_the_feed_lists_messages_and_lives_without_any(void **state)
{
    struct cap_entry entry = {"19753-1", "Lũ & lụt", "https://dai.example/a?x=1&y=2", 0};
    char *text;

    (void)state;
    assert_int_equal(
        cap_produce_feed("urn:x", "Đài", "https://dai.example/feed", 0, &entry, 1, &text), ERR_OK);
    assert_non_null(strstr(text, "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:x</id>"));
    assert_non_null(strstr(text, "<title>Lũ &amp; lụt</title>"));
    assert_non_null(strstr(text, "href=\"https://dai.example/a?x=1&amp;y=2\""));
    assert_non_null(strstr(text, "<updated>1970-01-01T00:00:00-00:00</updated>"));
    free(text);
    assert_int_equal(cap_produce_feed("urn:x", "Đài", "https://x/", 0, NULL, 0, &text), ERR_OK);
    assert_null(strstr(text, "<entry>"));
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    return cap_verify_start() == ERR_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    cap_verify_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_produced_is_accepted_by_others),
        cmocka_unit_test(test_an_update_names_what_it_replaces),
        cmocka_unit_test(test_what_is_no_text_or_no_key_is_refused),
        cmocka_unit_test(test_the_feed_lists_messages_and_lives_without_any),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
