#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bulletin.h"

static const struct user_id author = {1};
static const struct user_id approver = {2};
static const struct station_policy two_persons = {.author_may_approve = false};
static const struct station_policy one_person = {.author_may_approve = true};

static struct bulletin draft(void)
{
    struct bulletin b = {.id = {9},
                         .title = "Lịch tiêm chủng",
                         .kind = BULLETIN_HEALTH,
                         .priority = PRIORITY_NORMAL,
                         .author = author,
                         .created_us = 100,
                         .part_count = 2};

    b.parts[0] = (struct part){.kind = PART_MEDIA, .duration_ms = 1500};
    b.parts[1] = (struct part){.kind = PART_MEDIA, .duration_ms = 2500};
    return b;
}

static struct bulletin submitted(void)
{
    struct bulletin b = draft();

    assert_int_equal(bulletin_submit(&b, NULL), ERR_OK);
    return b;
}

static void test_the_way_from_draft_to_approval(void **state)
{
    struct bulletin b = submitted();

    (void)state;
    assert_int_equal(b.state, BULLETIN_SUBMITTED);
    assert_int_equal(bulletin_approve(&b, approver, &two_persons, 500, NULL), ERR_OK);
    assert_int_equal(b.state, BULLETIN_APPROVED);
    assert_int_equal(b.decided_by.v, approver.v);
    assert_int_equal(b.decided_us, 500);
    assert_int_equal(bulletin_duration_ms(&b), 4000);
}

static void test_authors_do_not_approve_themselves_unless_policy_says_so(void **state)
{
    struct bulletin b = submitted();
    struct err_detail d = {""};

    (void)state;
    assert_int_equal(bulletin_approve(&b, author, &two_persons, 500, &d), ERR_AUTH);
    assert_non_null(strstr(d.text, "another approver"));
    assert_int_equal(b.state, BULLETIN_SUBMITTED);
    assert_int_equal(b.decided_by.v, 0);
    assert_int_equal(bulletin_approve(&b, author, &one_person, 500, NULL), ERR_OK);
}

static void test_a_rejected_bulletin_can_be_submitted_again(void **state)
{
    struct bulletin b = submitted();

    (void)state;
    assert_int_equal(bulletin_reject(&b, approver, "", 500, NULL), ERR_FORMAT);
    assert_int_equal(b.state, BULLETIN_SUBMITTED);
    assert_int_equal(bulletin_reject(&b, approver, "Sai ngày", 500, NULL), ERR_OK);
    assert_int_equal(b.state, BULLETIN_REJECTED);
    assert_string_equal(b.reason, "Sai ngày");
    assert_int_equal(bulletin_submit(&b, NULL), ERR_OK);
    assert_string_equal(b.reason, "");
    assert_int_equal(b.decided_by.v, 0);
}

static void test_steps_out_of_turn_are_refused(void **state)
{
    (void)state;
    for (int s = BULLETIN_DRAFT; s <= BULLETIN_REJECTED; s++) {
        struct bulletin b = draft();
        bool may_submit = s == BULLETIN_DRAFT || s == BULLETIN_REJECTED;
        bool may_decide = s == BULLETIN_SUBMITTED;

        b.state = (enum bulletin_state)s;
        assert_int_equal(bulletin_submit(&b, NULL), may_submit ? ERR_OK : ERR_STATE);
        b.state = (enum bulletin_state)s;
        assert_int_equal(bulletin_approve(&b, approver, &two_persons, 5, NULL),
                         may_decide ? ERR_OK : ERR_STATE);
        b.state = (enum bulletin_state)s;
        assert_int_equal(bulletin_reject(&b, approver, "x", 5, NULL),
                         may_decide || s == BULLETIN_APPROVED ? ERR_OK : ERR_STATE);
    }
}

static void test_silence_stands_between_other_parts(void **state)
{
    struct bulletin b = draft();

    (void)state;
    b.part_count = 3;
    b.parts[2] = b.parts[1];
    b.parts[1] = (struct part){.kind = PART_SILENCE, .duration_ms = 2000};
    assert_int_equal(bulletin_check(&b, NULL), ERR_OK);
    b.parts[1].duration_ms = 0;
    assert_int_equal(bulletin_check(&b, NULL), ERR_LIMIT);
    b.parts[1].duration_ms = BULLETIN_SILENCE_MAX_MS + 1;
    assert_int_equal(bulletin_check(&b, NULL), ERR_LIMIT);
    b.parts[1].duration_ms = 2000;
    b.part_count = 2;
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
}

static void test_chimes_alone_are_no_bulletin(void **state)
{
    struct bulletin b = draft();

    (void)state;
    b.parts[0].kind = b.parts[1].kind = PART_CHIME;
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b.parts[0].kind = PART_TEXT;
    assert_int_equal(bulletin_check(&b, NULL), ERR_OK);
}

static void test_one_relay_or_live_part_stands_among_others_for_twelve_hours_at_most(void **state)
{
    struct bulletin b = draft();

    (void)state;
    b.parts[0] = (struct part){.kind = PART_RELAY, .duration_ms = BULLETIN_SOURCE_MAX_MS};
    snprintf(b.source.from, sizeof(b.source.from), "https://vov.vn/live.mp3");
    assert_true(b.part_count > 1);
    assert_int_equal(bulletin_check(&b, NULL), ERR_OK);
    b.parts[1] = (struct part){.kind = PART_LIVE, .duration_ms = 1};
    assert_int_equal(bulletin_check(&b, NULL), ERR_UNSUPPORTED);
    b.parts[1] = (struct part){.kind = PART_CHIME};
    assert_int_equal(bulletin_check(&b, NULL), ERR_OK);
    b.part_count = 1;
    assert_int_equal(bulletin_check(&b, NULL), ERR_OK);
    b.parts[0].duration_ms++;
    assert_int_equal(bulletin_check(&b, NULL), ERR_LIMIT);
    b.parts[0].duration_ms = 0;
    assert_int_equal(bulletin_check(&b, NULL), ERR_LIMIT);
    b.parts[0] = (struct part){.kind = PART_LIVE, .duration_ms = 1};
    assert_int_equal(bulletin_check(&b, NULL), ERR_OK);
    b.source.from[0] = '\0';
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
}

static void test_languages_are_tags(void **state)
{
    static const char *const good[] = {"vi", "hmn", "zh-Hant-TW", "vi-VN", "es-419", "sl-1994"};
    static const char *const bad[] = {
        "",    "v",      "vi_VN",           "vi-", "-vi", "v1", "việt", "vi-abcdefghi",
        "a-b", "vi--VN", "abcdefgh-abcdefg"};
    struct bulletin b = draft();

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!language_valid(good[i]))
            fail_msg("%s is a tag", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (language_valid(bad[i]))
            fail_msg("%s is no tag", bad[i]);
    snprintf(b.parts[0].language, sizeof(b.parts[0].language), "tiếng");
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
}

static void test_a_template_is_copied_and_never_submitted(void **state)
{
    struct bulletin b = draft(), copy;

    (void)state;
    b.is_template = true;
    assert_int_equal(bulletin_submit(&b, NULL), ERR_STATE);
    b.expires_us = 5000;
    bulletin_copy(&b, approver, 700, &copy);
    assert_int_equal(copy.origin.v, b.id.v);
    assert_int_equal(copy.author.v, approver.v);
    assert_int_equal(copy.expires_us, 0);
    assert_int_equal(copy.created_us, 700);
    assert_int_equal(copy.part_count, 2);
    assert_int_equal(bulletin_submit(&copy, NULL), ERR_OK);
}

static void test_what_is_incomplete_cannot_be_submitted(void **state)
{
    struct bulletin b = draft();

    (void)state;
    b.title[0] = '\0';
    assert_int_equal(bulletin_submit(&b, NULL), ERR_FORMAT);
    b = draft();
    b.title[1] = '\xff';
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b = draft();
    memset(b.title, 'x', sizeof(b.title));
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b = draft();
    b.part_count = 0;
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b.part_count = BULLETIN_PARTS_MAX + 1;
    assert_int_equal(bulletin_check(&b, NULL), ERR_LIMIT);
    b.part_count = 3;
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b = draft();
    b.priority = PRIORITY_NONE;
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b = draft();
    b.kind = (enum bulletin_kind)99;
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b = draft();
    b.expires_us = 100;
    assert_int_equal(bulletin_check(&b, NULL), ERR_FORMAT);
    b.expires_us = 101;
    assert_int_equal(bulletin_check(&b, NULL), ERR_OK);
}

static void test_an_expired_bulletin_is_not_approved(void **state)
{
    struct bulletin b = submitted();

    (void)state;
    b.expires_us = 500;
    assert_int_equal(bulletin_approve(&b, approver, &two_persons, 500, NULL), ERR_STATE);
    assert_int_equal(bulletin_approve(&b, approver, &two_persons, 499, NULL), ERR_OK);
}

static void test_a_reason_must_fit(void **state)
{
    char reason[BULLETIN_REASON_SIZE + 1];
    struct bulletin b = submitted();

    (void)state;
    memset(reason, 'x', sizeof(reason));
    reason[BULLETIN_REASON_SIZE] = '\0';
    assert_int_equal(bulletin_reject(&b, approver, reason, 5, NULL), ERR_FORMAT);
    assert_string_equal(b.reason, "");
    reason[BULLETIN_REASON_SIZE - 1] = '\0';
    assert_int_equal(bulletin_reject(&b, approver, reason, 5, NULL), ERR_OK);
}

static void test_durations_do_not_overflow(void **state)
{
    struct bulletin b = draft();

    (void)state;
    b.parts[0].duration_ms = UINT32_MAX;
    assert_true(bulletin_duration_ms(&b) == UINT32_MAX);
}

static void test_names_go_there_and_back(void **state)
{
    (void)state;
    for (int k = BULLETIN_NOTICE; k <= BULLETIN_EMERGENCY; k++)
        assert_int_equal(bulletin_kind_from_name(bulletin_kind_name((enum bulletin_kind)k)), k);
    assert_null(bulletin_kind_name((enum bulletin_kind)(BULLETIN_EMERGENCY + 1)));
    assert_int_equal(bulletin_kind_from_name("gossip"), -1);
    assert_string_equal(bulletin_state_name(BULLETIN_REJECTED), "rejected");
    assert_null(bulletin_state_name((enum bulletin_state)(BULLETIN_REJECTED + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_way_from_draft_to_approval),
        cmocka_unit_test(test_authors_do_not_approve_themselves_unless_policy_says_so),
        cmocka_unit_test(test_a_rejected_bulletin_can_be_submitted_again),
        cmocka_unit_test(test_steps_out_of_turn_are_refused),
        cmocka_unit_test(test_silence_stands_between_other_parts),
        cmocka_unit_test(test_chimes_alone_are_no_bulletin),
        cmocka_unit_test(test_one_relay_or_live_part_stands_among_others_for_twelve_hours_at_most),
        cmocka_unit_test(test_languages_are_tags),
        cmocka_unit_test(test_a_template_is_copied_and_never_submitted),
        cmocka_unit_test(test_what_is_incomplete_cannot_be_submitted),
        cmocka_unit_test(test_an_expired_bulletin_is_not_approved),
        cmocka_unit_test(test_a_reason_must_fit),
        cmocka_unit_test(test_durations_do_not_overflow),
        cmocka_unit_test(test_names_go_there_and_back),
    };

    return cmocka_run_group_tests_name("bulletin", tests, NULL, NULL);
}
