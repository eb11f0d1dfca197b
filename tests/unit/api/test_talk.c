/* Speaking over a WebSocket: who may open one, what it may bring, how it ends. */
#include "apifix.h"

#include <stdio.h>
#include <string.h>

#include "secret.h"

#define TALK "/api/v1/broadcasts/78/talk"
#define ORIGIN "https://dai.example:8443"

/* Ask for a socket with a token, or with a cookie when roles is 0; returns the status, 0: it is open. */
static unsigned open_socket(struct apifix *f, const char *path, unsigned roles, const char *cookie)
{
    return apifix_socket(f, path, roles, cookie, &f->watcher);
}

static void say(struct apifix *f, uint64_t id, const char *text)
{
    f->handler.on_message(f->handler.ctx, id, bytes_of(text, strlen(text)), true);
}

static void bring(struct apifix *f, uint64_t id, const void *data, size_t len)
{
    f->handler.on_message(f->handler.ctx, id, bytes_of(data, len), false);
}

static void sign_in(struct apifix *f, char ret_cookie[256])
{
    apifix_user(f, "lan", ROLE_OPERATOR);
    expect_status(f, 200,
                  apifix_send(f, WEB_POST, "/api/v1/login", 0,
                              "{\"login\": \"lan\", \"password\": \"" PASSWORD "\"}"));
    snprintf(ret_cookie, 256, "%.*s", (int)strcspn(f->cookie, ";"), f->cookie);
}

static void test_only_who_may_speak_and_only_where_it_is_live(void **state)
{
    struct apifix *f = *state;

    assert_int_equal(open_socket(f, TALK, 0, ""), 401);
    assert_int_equal(open_socket(f, TALK, ROLE_AUDITOR, ""), 403);
    assert_int_equal(open_socket(f, TALK, ROLE_APPROVER, ""), 403);
    assert_int_equal(open_socket(f, "/api/v1/broadcasts/79/talk", ROLE_OPERATOR, ""), 404);
    assert_int_equal(open_socket(f, "/api/v1/broadcasts/x/talk", ROLE_OPERATOR, ""), 404);
    assert_int_equal(open_socket(f, "/api/v1/whoami", ROLE_OPERATOR, ""), 404);
    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    expect_status(f, 426, apifix_send(f, WEB_GET, TALK, ROLE_OPERATOR, NULL));
}

static void test_a_cookie_counts_only_for_our_own_pages(void **state)
{
    static const char *const others[] = {
        "",
        "null",
        "https://evil.example",
        "http://dai.example:8443",
        "https://dai.example",
        "https://dai.example:8443.evil.example",
        "https://evil.example/https://dai.example:8443",
    };
    struct apifix *f = *state;
    char cookie[256];

    sign_in(f, cookie);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        f->origin = others[i];
        assert_int_equal(open_socket(f, TALK, 0, cookie), 403);
    }
    f->origin = ORIGIN;
    assert_int_equal(open_socket(f, TALK, 0, cookie), 0);
}

static void test_packets_and_samples_go_on_air(void **state)
{
    struct apifix *f = *state;
    static const uint8_t pcm[1920];

    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    say(f, f->watcher, "{\"format\": \"opus\", \"rate_hz\": 48000}");
    bring(f, f->watcher, "packet", 6);
    assert_int_equal(f->sound_packets, 1);
    say(f, f->watcher, "{\"format\": \"s16le\"}");
    bring(f, f->watcher, pcm, sizeof(pcm));
    assert_int_equal(f->sound_bytes, sizeof(pcm));
    assert_string_equal(f->why, "");
}

static void test_what_is_no_sound_closes_the_socket(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "{}",
        "{\"format\": \"mp3\"}",
        "{\"format\": \"opus\", \"rate_hz\": 44100}",
        "{\"format\": \"opus\", \"more\": 1}",
    };
    struct apifix *f = *state;
    static const uint8_t pcm[1922];

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
        f->why[0] = '\0';
        say(f, f->watcher, texts[i]);
        assert_string_equal(f->why, "wrong");
        bring(f, f->watcher, "packet", 6); /* what still comes is nothing any more */
        assert_int_equal(f->sound_packets, 0);
    }
    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    f->why[0] = '\0';
    bring(f, f->watcher, "packet", 6); /* before its format */
    assert_string_equal(f->why, "wrong");
    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    say(f, f->watcher, "{\"format\": \"s16le\"}");
    f->why[0] = '\0';
    bring(f, f->watcher, pcm, sizeof(pcm));
    assert_string_equal(f->why, "wrong");
    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    say(f, f->watcher, "{\"format\": \"opus\"}");
    f->why[0] = '\0';
    f->packet_result = ERR_FORMAT;
    bring(f, f->watcher, "packet", 6);
    assert_string_equal(f->why, "wrong");
}

static void test_nobody_sends_faster_than_people_speak(void **state)
{
    struct apifix *f = *state;
    unsigned sent = 0;

    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    say(f, f->watcher, "{\"format\": \"opus\"}");
    for (int i = 0; i < 3000; i++) { /* a minute */
        bring(f, f->watcher, "packet", 6);
        f->now_us += 20 * USEC_PER_MSEC;
    }
    assert_int_equal(f->sound_packets, 3000);
    for (; f->why[0] == '\0' && sent < 10000; sent++)
        bring(f, f->watcher, "packet", 6);
    assert_string_equal(f->why, "fast");
    assert_true(sent > 100 && sent < 200);
}

static void test_the_speaker_may_come_again_and_nobody_else(void **state)
{
    struct apifix *f = *state;
    uint64_t first;
    int ends = f->sound_ends;

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_OPERATOR));
    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    first = f->watcher;
    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_DISTRICT));
    assert_int_equal(open_socket(f, TALK, ROLE_DISTRICT, ""), 409);
    assert_int_equal(f->closed, 0);
    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_OPERATOR));
    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    assert_int_equal(f->closed, first);
    assert_string_equal(f->why, "replaced");
    assert_int_equal(f->sound_ends, ends + 1);
    f->handler.on_gone(f->handler.ctx, first); /* ends nothing of the new one */
    assert_int_equal(f->sound_ends, ends + 1);
    f->handler.on_gone(f->handler.ctx, f->watcher);
    assert_int_equal(f->sound_ends, ends + 2);
}

static void test_the_speaker_is_told_how_it_is_heard_and_when_it_is_over(void **state)
{
    struct apifix *f = *state;

    assert_int_equal(open_socket(f, TALK, ROLE_OPERATOR, ""), 0);
    f->now_us += 250 * USEC_PER_MSEC;
    api_step(f->api);
    assert_non_null(strstr(f->sent, "\"type\":\"state\""));
    assert_non_null(
        strstr(f->sent, "\"level_mdb\":-20000,\"delay_ms\":200,\"nodes\":3,\"hearing\":2"));
    f->talk_result = ERR_NOT_FOUND;
    api_step(f->api);
    assert_string_equal(f->why, "over");
    f->sent[0] = '\0';
    api_step(f->api);
    assert_string_equal(f->sent, "");
}

static void test_who_is_disabled_speaks_no_more(void **state)
{
    struct apifix *f = *state;
    char cookie[256], path[64];

    sign_in(f, cookie);
    f->origin = ORIGIN;
    assert_int_equal(open_socket(f, TALK, 0, cookie), 0);
    f->now_us += 16 * USEC_PER_SEC;
    api_step(f->api);
    assert_string_equal(f->why, "");
    snprintf(path, sizeof(path), "/api/v1/users/%d", 1);
    expect_status(f, 200, apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, "{\"disabled\": true}"));
    f->now_us += 16 * USEC_PER_SEC;
    api_step(f->api);
    assert_string_equal(f->why, "signed_out");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_only_who_may_speak_and_only_where_it_is_live),
        WITH(test_a_cookie_counts_only_for_our_own_pages),
        WITH(test_packets_and_samples_go_on_air),
        WITH(test_what_is_no_sound_closes_the_socket),
        WITH(test_nobody_sends_faster_than_people_speak),
        WITH(test_the_speaker_may_come_again_and_nobody_else),
        WITH(test_the_speaker_is_told_how_it_is_heard_and_when_it_is_over),
        WITH(test_who_is_disabled_speaks_no_more),
    };

    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
