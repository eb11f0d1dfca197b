/* The emergency set: replace a signal, sound one. */
#include "apifix.h"

#include <stdio.h>
#include <string.h>

#define SET "/api/v1/emergency-set"

static void set(struct apifix *f, const char *signal, uint8_t media)
{
    char hex[65], path[80], body[128];

    apifix_media(f, media, 24000, hex);
    snprintf(path, sizeof(path), SET "/%s", signal);
    snprintf(body, sizeof(body), "{\"media\": \"%s\"}", hex);
    expect_status(f, 200, apifix_send(f, WEB_PUT, path, ROLE_ADMIN, body));
}

static void test_a_recording_becomes_a_signal_and_stays(void **state)
{
    struct apifix *f = *state;
    char action[64], path[128];

    expect_status(f, 200, apifix_send(f, WEB_GET, SET, ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 0);
    set(f, "siren", 210);
    assert_string_equal(apifix_string(f, "priority"), "emergency");
    assert_int_equal(f->emergency_changes, 1);
    apifix_journal(f, action);
    assert_string_equal(action, "emergency.set");
    snprintf(path, sizeof(path), "/api/v1/media/%s", apifix_string(f, "media"));
    expect_status(f, 409, apifix_send(f, WEB_DELETE, path, ROLE_OPERATOR, NULL));
    assert_true(apifix_says(f, "mergency signal"));
    set(f, "siren", 211);
    expect_status(f, 204, apifix_send(f, WEB_DELETE, path, ROLE_OPERATOR, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, SET, ROLE_OPERATOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    expect_status(f, 404,
                  apifix_send(f, WEB_PUT, SET "/gong", ROLE_ADMIN,
                              "{\"media\": \"000000000000000000000000000000000000000000000000000000"
                              "0000000000\"}"));
    assert_true(apifix_says(f, "all_clear"));
}

static void test_a_signal_sounds_at_once_and_needs_no_approval(void **state)
{
    struct apifix *f = *state;
    uint64_t zone = apifix_zone(f, "T01", "Thôn Đông");
    char action[64];

    apifix_node(f, zone, "Cụm 1");
    expect_status(
        f, 409, apifix_send(f, WEB_POST, SET "/siren/play", ROLE_DISTRICT, "{\"everyone\": true}"));
    assert_true(apifix_says(f, "still making"));
    set(f, "siren", 212);
    expect_status(
        f, 201, apifix_send(f, WEB_POST, SET "/siren/play", ROLE_DISTRICT, "{\"everyone\": true}"));
    assert_int_equal(f->played.signal, EMERGENCY_SIREN);
    assert_int_equal(f->played.bulletin.v, 0);
    assert_int_equal(f->played.node_count, 1);
    assert_in_range(f->played.start_us - f->now_us, 0, 2 * USEC_PER_SEC);
    assert_int_equal(f->broadcasts_committed, 1);
    apifix_journal(f, action);
    assert_string_equal(action, "emergency.play");
    expect_status(f, 404,
                  apifix_send(f, WEB_POST, SET "/gong/play", ROLE_ADMIN, "{\"everyone\": true}"));
    expect_status(
        f, 403, apifix_send(f, WEB_POST, SET "/siren/play", ROLE_OPERATOR, "{\"everyone\": true}"));
}

/* At three in the morning the siren sounds, the test signal does not. */
static void test_only_the_test_signal_keeps_to_the_hours(void **state)
{
    struct apifix *f = *state;
    usec_t day_us = f->now_us - f->now_us % USEC_PER_DAY;

    apifix_node(f, apifix_zone(f, "T01", "Thôn Đông"), "Cụm 1");
    set(f, "siren", 213);
    set(f, "test", 214);
    f->now_us = day_us + USEC_PER_DAY + 20 * USEC_PER_HOUR; /* 03:00 at UTC+7 */
    f->token[0] = '\0';
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, SET "/siren/play", ROLE_ADMIN, "{\"everyone\": true}"));
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, SET "/test/play", ROLE_ADMIN, "{\"everyone\": true}"));
    assert_true(apifix_says(f, "allowed hours"));
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, apifix_setup, apifix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_a_recording_becomes_a_signal_and_stays),
        WITH(test_a_signal_sounds_at_once_and_needs_no_approval),
        WITH(test_only_the_test_signal_keeps_to_the_hours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
