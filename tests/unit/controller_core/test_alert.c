/* What an alert sounds when, stepped through its whole life in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert.h"
#include "alerttemplate.h"
#include "utf8.h"

#define S USEC_PER_SEC
#define NOW_US (1000 * S)
#define TONE_MS 24000

static struct alert live(enum alert_message message)
{
    return (struct alert){.id = 1,
                          .state = ALERT_LIVE,
                          .message = message,
                          .signal = EMERGENCY_SIREN,
                          .tone_ms = TONE_MS,
                          .pause_ms = 10000,
                          .created_us = NOW_US,
                          .expires_us = NOW_US + 600 * S};
}

static struct alert_action step(const struct alert *a, usec_t now_us, usec_t *next_us)
{
    return alert_step(a, now_us, next_us);
}

static struct alert_action begin_tone(struct alert *a)
{
    usec_t next_us;
    struct alert_action action = step(a, NOW_US, &next_us);

    assert_int_equal(action.kind, ALERT_START_TONE);
    alert_begun_tone(a, (struct broadcast_id){11}, &action);
    return action;
}

static void test_the_tone_starts_at_once_and_the_message_where_it_may_be_left(void **state)
{
    struct alert a = live(ALERT_SPEECH);
    struct alert_action action = begin_tone(&a);
    usec_t next_us;

    (void)state;
    assert_int_equal(action.start_us, NOW_US + ALERT_LEAD_US);
    assert_int_equal(action.plays, ALERT_ROUND_PLAYS);
    assert_int_equal(step(&a, NOW_US + S, &next_us).kind, ALERT_NOTHING);
    a.media_ms = 20000; /* spoken */
    action = step(&a, NOW_US + 2 * S, &next_us);
    assert_int_equal(action.kind, ALERT_START_MESSAGE);
    assert_int_equal(action.start_us, a.tone_start_us + 8 * S);
    action = step(&a, NOW_US + 7 * S, &next_us); /* too late for that one */
    assert_int_equal(action.start_us, a.tone_start_us + 16 * S);
    alert_begun_round(&a, (struct broadcast_id){12}, &action);
    assert_int_equal(step(&a, NOW_US + 8 * S, &next_us).kind, ALERT_NOTHING);
    assert_int_equal(step(&a, next_us, &next_us).kind, ALERT_STOP_TONE);
    assert_true(next_us > a.round_start_us);
}

static void test_the_tone_goes_on_without_a_gap_while_there_is_no_message(void **state)
{
    struct alert a = live(ALERT_SPEECH);
    struct alert_action action = begin_tone(&a);
    usec_t end_us = a.tone_start_us + 240 * S, next_us;

    (void)state;
    assert_int_equal(step(&a, end_us - 6 * S, &next_us).kind, ALERT_NOTHING);
    assert_int_equal(next_us, end_us - ALERT_ROUND_LEAD_US);
    action = step(&a, next_us, &next_us);
    assert_int_equal(action.kind, ALERT_START_TONE);
    assert_int_equal(action.start_us, end_us);
}

static void test_rounds_follow_each_other_with_the_pause_until_it_expires(void **state)
{
    struct alert a = live(ALERT_RECORDING);
    struct alert_action action;
    usec_t next_us, now_us, last_us = 0, plays = 0;

    (void)state;
    a.media_ms = 20000;
    (void)begin_tone(&a);
    for (now_us = NOW_US; now_us < a.expires_us + 100 * S; now_us += S) {
        while ((action = step(&a, now_us, &next_us)).kind != ALERT_NOTHING) {
            if (action.kind == ALERT_STOP_TONE) {
                a.tone_ended = true;
                continue;
            }
            assert_int_equal(action.kind, ALERT_START_MESSAGE);
            assert_true(action.plays >= 1 && action.plays <= ALERT_ROUND_PLAYS);
            assert_true(action.start_us > now_us);
            if (last_us != 0)
                assert_int_equal(action.start_us, last_us + 10 * S);
            last_us = action.start_us + (action.plays * 30 - 10) * S;
            plays += action.plays;
            alert_begun_round(&a, (struct broadcast_id){12}, &action);
        }
    }
    /* The last play began before it expired, another would have begun after. */
    assert_true(last_us - 20 * S < a.expires_us && last_us + 10 * S >= a.expires_us);
    assert_int_equal(plays, a.plays);
}

static void test_asked_for_three_plays_it_plays_three(void **state)
{
    struct alert a = live(ALERT_RECORDING);
    struct alert_action action;
    usec_t next_us;

    (void)state;
    a.media_ms = 5000;
    a.repeats = 3;
    (void)begin_tone(&a);
    action = step(&a, NOW_US, &next_us);
    assert_int_equal(action.plays, 3);
    alert_begun_round(&a, (struct broadcast_id){12}, &action);
    a.tone_ended = true;
    for (usec_t at = NOW_US; at < a.expires_us; at += S)
        assert_int_equal(step(&a, at, &next_us).kind, ALERT_NOTHING);
}

static void test_without_a_tone_the_message_comes_as_soon_as_it_can(void **state)
{
    struct alert a = live(ALERT_RECORDING);
    usec_t next_us;
    struct alert_action action;

    (void)state;
    a.media_ms = 5000;
    a.tone_ms = 0;
    action = step(&a, NOW_US, &next_us);
    assert_int_equal(action.kind, ALERT_START_MESSAGE);
    assert_int_equal(action.start_us, NOW_US + ALERT_MESSAGE_LEAD_US);
}

static void test_nobody_confirms_so_it_escalates_again_and_again_until_it_lapses(void **state)
{
    struct alert a = live(ALERT_SPEECH);
    usec_t next_us, now_us = NOW_US;
    unsigned times = 0;

    (void)state;
    a.state = ALERT_WAITING;
    a.confirm_us = NOW_US + 120 * S;
    for (;;) {
        struct alert_action action = step(&a, now_us, &next_us);

        if (action.kind == ALERT_LAPSE)
            break;
        if (action.kind == ALERT_ESCALATE) {
            alert_escalated(&a, now_us, 120);
            times++;
        } else {
            assert_int_equal(action.kind, ALERT_NOTHING);
            now_us = next_us;
        }
    }
    assert_int_equal(times, 4);
    assert_int_equal(now_us, a.expires_us);
}

static void test_what_is_over_does_nothing_more(void **state)
{
    usec_t next_us;

    (void)state;
    for (int s = ALERT_EXPIRED; s < ALERT_STATES; s++) {
        struct alert a = live(ALERT_SPEECH);

        a.state = (enum alert_state)s;
        assert_int_equal(step(&a, NOW_US, &next_us).kind, ALERT_NOTHING);
        assert_int_equal(next_us, INT64_MAX);
        assert_non_null(alert_state_name(a.state));
    }
}

static void test_every_shipped_template_is_complete_and_fills(void **state)
{
    const struct alerttemplate_value values[] = {{"noi", "thôn Đông"},
                                                 {"thoi_gian", "7 giờ 05 phút"},
                                                 {"diem_den", "trường tiểu học"},
                                                 {"dac_diem", "áo đỏ, 5 tuổi"},
                                                 {"lien_he", "công an xã"}};

    (void)state;
    for (size_t i = 0; i < ALERTTEMPLATES; i++) {
        struct alerttemplate t, again;
        struct alert a = {.id = 1};

        alerttemplate_shipped(i, &t);
        assert_int_equal(alerttemplate_check(&t, NULL), ERR_OK);
        assert_int_equal(alerttemplate_find(t.name, &again), ERR_OK);
        assert_int_equal(alerttemplate_fill(t.text, values, 5, a.text, sizeof(a.text), NULL),
                         ERR_OK);
        assert_null(strchr(a.text, '{'));
        assert_non_null(strstr(a.text, "thôn Đông"));
        memcpy(a.title, t.title, sizeof(a.title));
        assert_int_equal(alerttemplate_announce_drill(&a), ERR_OK);
        assert_int_equal(strncmp(a.text, "Diễn tập", strlen("Diễn tập")), 0);
        assert_int_equal(strncmp(a.title, "Diễn tập", strlen("Diễn tập")), 0);
        assert_true(utf8_valid(a.text, strlen(a.text), true));
    }
}

static void test_an_empty_blank_is_named_and_a_malformed_one_refused(void **state)
{
    static const char *const malformed[] = {"a {", "a {}", "{Noi}", "}", "{noi", "{noi-dung}"};
    struct alerttemplate t = {.name = "fire", .title = "Cháy"};
    struct err_detail detail;
    char text[64];

    (void)state;
    assert_int_equal(alerttemplate_fill("Tại {noi}", NULL, 0, text, sizeof(text), &detail),
                     ERR_STATE);
    assert_non_null(strstr(detail.text, "{noi}"));
    assert_int_equal(alerttemplate_fill("Quá dài", NULL, 0, text, 4, &detail), ERR_LIMIT);
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        snprintf(t.text, sizeof(t.text), "%s", malformed[i]);
        assert_int_equal(alerttemplate_check(&t, NULL), ERR_FORMAT);
    }
    assert_int_equal(alerttemplate_find("snow", &t), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tone_starts_at_once_and_the_message_where_it_may_be_left),
        cmocka_unit_test(test_the_tone_goes_on_without_a_gap_while_there_is_no_message),
        cmocka_unit_test(test_rounds_follow_each_other_with_the_pause_until_it_expires),
        cmocka_unit_test(test_asked_for_three_plays_it_plays_three),
        cmocka_unit_test(test_without_a_tone_the_message_comes_as_soon_as_it_can),
        cmocka_unit_test(test_nobody_confirms_so_it_escalates_again_and_again_until_it_lapses),
        cmocka_unit_test(test_what_is_over_does_nothing_more),
        cmocka_unit_test(test_every_shipped_template_is_complete_and_fills),
        cmocka_unit_test(test_an_empty_blank_is_named_and_a_malformed_one_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
