/* Signing in with a browser: the cookie, the second factor, sessions that end by themselves. */
#include "apifix.h"

#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_totp.h"
#include "totp.h"

#define WHOAMI "/api/v1/whoami"
#define LOGIN "/api/v1/login"

static const char password_only[] = "{\"login\": \"lan\", \"password\": \"" PASSWORD "\"}";

/* The cookie that the last answer set, as a browser sends it back. */
static void keep_cookie(struct apifix *f, char ret_cookie[256])
{
    size_t len = strcspn(f->cookie, ";");

    assert_true(len > 20 && len < 256);
    snprintf(ret_cookie, 256, "%.*s", (int)len, f->cookie);
}

static void sign_in(struct apifix *f, const char *body, char ret_cookie[256])
{
    expect_status(f, 200, apifix_send(f, WEB_POST, LOGIN, 0, body));
    keep_cookie(f, ret_cookie);
    snprintf(f->csrf, sizeof(f->csrf), "%s", apifix_string(f, "csrf"));
}

static unsigned whoami(struct apifix *f, const char *cookie)
{
    return apifix_send_cookie(f, WEB_GET, WHOAMI, cookie, NULL);
}

static void test_the_cookie_is_kept_from_scripts_and_other_sites(void **state)
{
    struct apifix *f = *state;
    char cookie[256];

    apifix_user(f, "lan", ROLE_OPERATOR);
    sign_in(f, password_only, cookie);
    assert_non_null(strstr(f->cookie, "; Path=/; HttpOnly; Secure; SameSite=Strict"));
    assert_null(strstr(f->text, cookie + strlen("loa_session=")));
    assert_null(apifix_json(f, "token"));
    assert_int_equal(apifix_number(f, "idle_s"), 30 * 60);
    assert_string_equal(apifix_string(f, "user.login"), "lan");
    expect_status(f, 200, whoami(f, cookie));
    assert_int_equal(apifix_number(f, "idle_s"), 30 * 60);
    assert_true(json_is_false(apifix_json(f, "second_factor")));
    expect_status(f, 204, apifix_send_cookie(f, WEB_POST, "/api/v1/logout", cookie, NULL));
    assert_non_null(strstr(f->cookie, "loa_session=; Path=/; Max-Age=0"));
    expect_status(f, 401, whoami(f, cookie));
}

static void test_a_session_cannot_be_chosen_beforehand(void **state)
{
    struct apifix *f = *state;
    char planted[256], cookie[256], again[256];

    apifix_user(f, "lan", ROLE_OPERATOR);
    snprintf(planted, sizeof(planted), "loa_session=loa_%064d", 7);
    expect_status(f, 200, apifix_send_cookie(f, WEB_POST, LOGIN, planted, password_only));
    keep_cookie(f, cookie);
    assert_string_not_equal(cookie, planted);
    expect_status(f, 401, whoami(f, planted));
    expect_status(f, 200, apifix_send_cookie(f, WEB_POST, LOGIN, cookie, password_only));
    keep_cookie(f, again);
    assert_string_not_equal(again, cookie);
}

static void test_a_cookie_is_no_token_and_a_token_no_cookie(void **state)
{
    struct apifix *f = *state;
    char cookie[256], token[300];

    apifix_user(f, "lan", ROLE_OPERATOR);
    sign_in(f, password_only, cookie);
    snprintf(f->token, sizeof(f->token), "%s", cookie + strlen("loa_session="));
    expect_status(f, 401, apifix_send(f, WEB_GET, WHOAMI, ROLE_OPERATOR, NULL));
    f->token[0] = '\0';
    snprintf(token, sizeof(token), "loa_session=%s", apifix_token(f, ROLE_OPERATOR));
    expect_status(f, 401, whoami(f, token));
    expect_status(f, 200,
                  apifix_send(f, WEB_POST, LOGIN, 0,
                              "{\"login\": \"lan\", \"password\": \"" PASSWORD
                              "\", \"bearer\": true}"));
    assert_string_equal(f->cookie, "");
    snprintf(token, sizeof(token), "loa_session=%s", apifix_string(f, "token"));
    expect_status(f, 401, whoami(f, token));
}

static void test_a_browser_that_is_not_used_is_signed_out(void **state)
{
    struct apifix *f = *state;
    char cookie[256];

    apifix_user(f, "lan", ROLE_OPERATOR);
    f->station.policy.idle_min = 10;
    sign_in(f, password_only, cookie);
    for (int i = 0; i < 20; i++) {
        f->now_us += 9 * USEC_PER_MIN;
        expect_status(f, 200, whoami(f, cookie));
    }
    f->now_us += 10 * USEC_PER_MIN;
    expect_status(f, 401, whoami(f, cookie));
    assert_true(apifix_says(f, "sign in again"));
}

static void test_the_page_that_shows_what_is_on_air_keeps_its_session(void **state)
{
    static const char *const paths[] = {"/api/v1/updates?page=on-air", "/api/v1/updates"};
    struct apifix *f = *state;
    char cookie[256];

    apifix_user(f, "lan", ROLE_OPERATOR);
    for (int i = 0; i < 2; i++) {
        sign_in(f, password_only, cookie);
        f->streams_ended = 0;
        expect_status(f, 200, apifix_send_cookie(f, WEB_GET, paths[i], cookie, NULL));
        for (int k = 0; k < 4 * 60; k++) {
            f->sent[0] = '\0';
            f->now_us += 16 * USEC_PER_SEC;
            api_step(f->api);
        }
        assert_int_equal(f->streams_ended, i);
        expect_status(f, i == 0 ? 200 : 401, whoami(f, cookie));
        f->handler.on_gone(f->handler.ctx, f->watcher);
    }
}

/* Give the account a confirmed second factor; its code of now. */
static void enrol(struct apifix *f, struct user_id user, struct store_totp *ret_totp)
{
    *ret_totp = (struct store_totp){.confirmed = true};
    memcpy(ret_totp->secret, "12345678901234567890", STORE_TOTP_BYTES);
    assert_int_equal(store_totp_put(f->db, user, ret_totp), ERR_OK);
}

static const char *with_code(const struct store_totp *totp, usec_t at_us)
{
    static char body[160];
    char code[TOTP_CODE_SIZE];

    assert_int_equal(oath_totp_generate((const char *)totp->secret, STORE_TOTP_BYTES,
                                        (time_t)(at_us / USEC_PER_SEC),
                                        OATH_TOTP_DEFAULT_TIME_STEP_SIZE, 0, 6, code),
                     OATH_OK);
    snprintf(body, sizeof(body),
             "{\"login\": \"lan\", \"password\": \"" PASSWORD "\", \"totp\": \"%s\"}", code);
    return body;
}

static void test_a_second_factor_is_asked_for_when_the_account_has_one(void **state)
{
    struct apifix *f = *state;
    struct store_totp totp;
    char cookie[256];

    enrol(f, apifix_user(f, "lan", ROLE_OPERATOR), &totp);
    expect_status(f, 401, apifix_send(f, WEB_POST, LOGIN, 0, password_only));
    assert_string_equal(apifix_string(f, "confirm"), "totp");
    assert_true(apifix_says(f, "second factor"));
    assert_string_equal(f->cookie, "");
    expect_status(f, 401,
                  apifix_send(f, WEB_POST, LOGIN, 0, with_code(&totp, f->now_us + USEC_PER_HOUR)));
    assert_string_equal(apifix_string(f, "confirm"), "totp");
    expect_status(f, 200, apifix_send(f, WEB_POST, LOGIN, 0, with_code(&totp, f->now_us)));
    keep_cookie(f, cookie);
    expect_status(f, 200, whoami(f, cookie));
    assert_true(json_is_true(apifix_json(f, "second_factor")));
    /* Whoever looked over a shoulder cannot use it again. */
    expect_status(f, 401, apifix_send(f, WEB_POST, LOGIN, 0, with_code(&totp, f->now_us)));
    assert_true(apifix_says(f, "used before"));
}

static void test_who_does_not_know_the_password_is_told_nothing_of_the_factor(void **state)
{
    struct apifix *f = *state;
    struct store_totp totp;

    enrol(f, apifix_user(f, "lan", ROLE_OPERATOR), &totp);
    expect_status(
        f, 401,
        apifix_send(f, WEB_POST, LOGIN, 0, "{\"login\": \"lan\", \"password\": \"wrong wrong\"}"));
    assert_null(apifix_json(f, "confirm"));
    assert_true(apifix_says(f, "Login or password"));
}

static void test_codes_cannot_be_tried_out(void **state)
{
    struct apifix *f = *state;
    struct store_totp totp;
    unsigned status = 401;
    int tries = 0;

    enrol(f, apifix_user(f, "lan", ROLE_OPERATOR), &totp);
    for (; status == 401 && tries < 20; tries++)
        status = apifix_send(f, WEB_POST, LOGIN, 0, with_code(&totp, f->now_us + USEC_PER_DAY));
    assert_int_equal(status, 429);
    assert_true(tries < 8);
    assert_true(apifix_number(f, "retry_after_s") > 0);
    expect_status(f, 429, apifix_send(f, WEB_POST, LOGIN, 0, with_code(&totp, f->now_us)));
}

/* A path that matches the pattern. */
static void fill_path(const char *pattern, char *path, size_t size)
{
    size_t n = 0;

    for (; *pattern != '\0' && n + 1 < size; pattern++) {
        path[n++] = *pattern == '{' ? '1' : *pattern;
        if (*pattern == '{')
            pattern = strchr(pattern, '}');
    }
    path[n] = '\0';
}

static void test_no_route_takes_a_change_from_another_site(void **state)
{
    struct apifix *f = *state;
    char cookie[256], path[256];
    unsigned checked = 0;
    uint64_t entries;

    apifix_user(f, "lan", ROLE_ALL);
    sign_in(f, password_only, cookie);
    entries = apifix_journal(f, NULL);
    for (const struct route *r = routes_all(); r->pattern != NULL; r++) {
        if (r->method == WEB_GET || (r->roles & ROUTE_ANYONE) != 0)
            continue;
        fill_path(r->pattern, path, sizeof(path));
        for (int wrong = 0; wrong < 2; wrong++) {
            unsigned status;

            memset(f->csrf, wrong == 0 ? '\0' : 'a', 64);
            f->csrf[64] = '\0';
            status =
                apifix_send_cookie(f, r->method, path, cookie, r->body == ROUTE_JSON ? "{}" : NULL);
            if (status != 403 || !apifix_says(f, "X-Loa-Csrf"))
                fail_msg("%s %s: %u %s", web_method_name(r->method), r->pattern, status, f->text);
        }
        checked++;
    }
    assert_true(checked > 40);
    assert_int_equal(apifix_journal(f, NULL), entries);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_the_cookie_is_kept_from_scripts_and_other_sites),
        WITH(test_a_session_cannot_be_chosen_beforehand),
        WITH(test_a_cookie_is_no_token_and_a_token_no_cookie),
        WITH(test_a_browser_that_is_not_used_is_signed_out),
        WITH(test_the_page_that_shows_what_is_on_air_keeps_its_session),
        WITH(test_a_second_factor_is_asked_for_when_the_account_has_one),
        WITH(test_who_does_not_know_the_password_is_told_nothing_of_the_factor),
        WITH(test_codes_cannot_be_tried_out),
        WITH(test_no_route_takes_a_change_from_another_site),
    };

    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
