/* Setup, sessions, tokens, CSRF, back-off, and the strict reading of bodies. */
#include "apifix.h"

#include <stdio.h>
#include <string.h>

#include "store_credential.h"

#define SETUP(code, password)                                                \
    "{\"code\": \"" code "\", \"login\": \"mai\", \"password\": \"" password \
    "\", \"name\": \"Mai\", \"bearer\": true}"
#define LOGIN(login, password) "{\"login\": \"" login "\", \"password\": \"" password "\"}"

/* Sign in with a cookie; leaves the CSRF token in f->csrf. */
static void sign_in(struct apifix *f, char cookie[256])
{
    size_t len;

    (void)apifix_user(f, "lan", ROLE_OPERATOR | ROLE_ADMIN);
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", PASSWORD)));
    len = strcspn(f->cookie, ";");
    snprintf(cookie, 256, "other=1; %.*s; more=2", (int)len, f->cookie);
    snprintf(f->csrf, sizeof(f->csrf), "%s", apifix_string(f, "csrf"));
    assert_int_equal(strlen(f->csrf), 64);
}

static void test_the_one_time_code_makes_one_administrator(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 401,
                  apifix_send(f, WEB_POST, "/api/v1/setup", 0, SETUP("wrong", "long enough")));
    expect_status(f, 422, apifix_send(f, WEB_POST, "/api/v1/setup", 0, SETUP(ADMIN_CODE, "short")));
    assert_int_equal(f->set_ups, 0);
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/setup", 0, SETUP(ADMIN_CODE, "long enough")));
    assert_int_equal(f->set_ups, 1);
    assert_string_equal(apifix_string(f, "user.roles.0"), "admin");
    assert_int_equal(strlen(apifix_string(f, "token")), 68);
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/setup", 0, SETUP(ADMIN_CODE, "long enough")));
    assert_int_equal(f->set_ups, 1);
    assert_int_equal(apifix_journal(f, NULL), 2);
}

static void test_signing_in_needs_the_right_password(void **state)
{
    struct apifix *f = *state;

    (void)apifix_user(f, "lan", ROLE_OPERATOR);
    expect_status(f, 401, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", "wrong")));
    expect_status(f, 401, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("nobody", PASSWORD)));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", PASSWORD)));
    assert_non_null(strstr(f->cookie, "HttpOnly; Secure; SameSite=Strict"));
    assert_string_equal(apifix_string(f, "token"), "");
}

static void test_a_session_works_until_logout_or_its_end(void **state)
{
    struct apifix *f = *state;
    char cookie[256];

    f->station.policy.idle_min = 0;
    sign_in(f, cookie);
    expect_status(f, 200, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
    assert_string_equal(apifix_string(f, "user.login"), "lan");
    assert_string_equal(apifix_string(f, "csrf"), f->csrf);
    f->now_us += 11 * USEC_PER_HOUR;
    expect_status(f, 200, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
    f->now_us += 11 * USEC_PER_HOUR;
    expect_status(f, 200, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
    expect_status(f, 204, apifix_send_cookie(f, WEB_POST, "/api/v1/logout", cookie, NULL));
    assert_non_null(strstr(f->cookie, "Max-Age=0"));
    expect_status(f, 401, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
}

static void test_an_unused_session_ends(void **state)
{
    struct apifix *f = *state;
    char cookie[256];

    sign_in(f, cookie);
    f->now_us += 12 * USEC_PER_HOUR;
    expect_status(f, 401, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
}

static void test_a_cookie_alone_cannot_change_anything(void **state)
{
    struct apifix *f = *state;
    char cookie[256];
    static const char zone[] = "{\"code\": \"1\", \"name\": \"A\"}";

    sign_in(f, cookie);
    f->csrf[0] ^= 1;
    expect_status(f, 403, apifix_send_cookie(f, WEB_POST, "/api/v1/zones", cookie, zone));
    assert_true(apifix_says(f, "X-Loa-Csrf"));
    f->csrf[0] = '\0';
    expect_status(f, 403, apifix_send_cookie(f, WEB_POST, "/api/v1/logout", cookie, NULL));
    expect_status(f, 200, apifix_send_cookie(f, WEB_GET, "/api/v1/zones", cookie, NULL));
    snprintf(f->csrf, sizeof(f->csrf), "%s", "");
    expect_status(f, 200, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
    snprintf(f->csrf, sizeof(f->csrf), "%s", apifix_string(f, "csrf"));
    expect_status(f, 201, apifix_send_cookie(f, WEB_POST, "/api/v1/zones", cookie, zone));
}

static void test_guessing_is_slowed_by_account_and_address(void **state)
{
    struct apifix *f = *state;
    unsigned waits = 0;

    (void)apifix_user(f, "lan", ROLE_OPERATOR);
    for (int i = 0; i < 12; i++)
        waits += apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", "wrong")) == 429;
    assert_int_equal(waits, 12 - 4);
    assert_true(apifix_number(f, "retry_after_s") >= 1);
    /* Not even the right password, and not from this address for another account. */
    expect_status(f, 429, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", PASSWORD)));
    expect_status(f, 429, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("x", PASSWORD)));
    snprintf(f->remote, sizeof(f->remote), "192.0.2.8");
    expect_status(f, 401, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("x", PASSWORD)));
    f->now_us += USEC_PER_MIN;
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", PASSWORD)));
}

static void test_a_busy_worker_is_told(void **state)
{
    struct apifix *f = *state;

    f->work_result = ERR_BUSY;
    expect_status(f, 429, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", PASSWORD)));
}

static void test_a_disabled_account_is_out_at_once(void **state)
{
    struct apifix *f = *state;
    char cookie[256];
    char path[64];

    sign_in(f, cookie);
    snprintf(path, sizeof(path), "/api/v1/users/%lld", (long long)apifix_number(f, "user.id"));
    expect_status(f, 200, apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, "{\"disabled\": true}"));
    expect_status(f, 401, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
    expect_status(f, 401, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", PASSWORD)));
}

static void test_the_last_administrator_stays(void **state)
{
    struct apifix *f = *state;
    char path[64];

    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_ADMIN, NULL));
    snprintf(path, sizeof(path), "/api/v1/users/%lld", (long long)apifix_number(f, "user.id"));
    expect_status(f, 409, apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, "{\"disabled\": true}"));
    expect_status(f, 409,
                  apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, "{\"roles\": [\"auditor\"]}"));
    expect_status(f, 200, apifix_send(f, WEB_GET, path, ROLE_ADMIN, NULL));
    assert_string_equal(apifix_string(f, "roles.0"), "admin");
    assert_int_equal(apifix_journal(f, NULL), 0);
}

static void test_accounts_are_added_listed_and_never_show_hashes(void **state)
{
    struct apifix *f = *state;
    static const char add[] =
        "{\"login\": \"hoa\", \"name\": \"Hoa\", \"password\": \"1234567890\","
        " \"roles\": [\"operator\", \"technician\"]}";

    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/users", ROLE_ADMIN, add));
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/users", ROLE_ADMIN, add));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/users", ROLE_ADMIN, NULL));
    assert_null(strstr(f->text, "argon2"));
    assert_non_null(strstr(f->text, "technician"));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("hoa", "1234567890")));
    expect_status(f, 400,
                  apifix_send(f, WEB_POST, "/api/v1/users", ROLE_ADMIN,
                              "{\"login\": \"x\", \"name\": \"X\", \"password\": \"1234567890\","
                              " \"roles\": [\"king\"]}"));
}

static void test_a_password_is_changed_with_the_present_one(void **state)
{
    struct apifix *f = *state;
    char cookie[256];

    sign_in(f, cookie);
    expect_status(f, 401,
                  apifix_send_cookie(f, WEB_POST, "/api/v1/whoami/password", cookie,
                                     "{\"present\": \"wrong\", \"password\": \"0987654321\"}"));
    expect_status(f, 204,
                  apifix_send_cookie(f, WEB_POST, "/api/v1/whoami/password", cookie,
                                     "{\"present\": \"" PASSWORD
                                     "\", \"password\": \"0987654321\"}"));
    expect_status(f, 200, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookie, NULL));
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/login", 0, LOGIN("lan", "0987654321")));
}

/* Sign in once more, as a program does; returns its token. */
static void sign_in_elsewhere(struct apifix *f, const char *password, char ret_token[128])
{
    char body[160];

    snprintf(body, sizeof(body), "{\"login\": \"lan\", \"password\": \"%s\", \"bearer\": true}",
             password);
    f->token[0] = '\0';
    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/login", 0, body));
    snprintf(ret_token, 128, "%s", apifix_string(f, "token"));
}

static unsigned whoami(struct apifix *f, const char *token)
{
    unsigned status;

    snprintf(f->token, sizeof(f->token), "%s", token);
    status = apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_ALL, NULL);
    f->token[0] = '\0';
    return status;
}

static void make_token(struct apifix *f, const char *session, char ret_token[128])
{
    snprintf(f->token, sizeof(f->token), "%s", session);
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/tokens", ROLE_ALL, "{\"label\": \"pi\"}"));
    snprintf(ret_token, 128, "%s", apifix_string(f, "token"));
    f->token[0] = '\0';
}

static void test_a_new_password_signs_out_everywhere_else(void **state)
{
    struct apifix *f = *state;
    char here[128], elsewhere[128], program[128], another[128];

    (void)apifix_user(f, "lan", ROLE_OPERATOR);
    sign_in_elsewhere(f, PASSWORD, here);
    sign_in_elsewhere(f, PASSWORD, elsewhere);
    make_token(f, elsewhere, program);
    snprintf(another, sizeof(another), "%s", apifix_token(f, ROLE_TECHNICIAN));
    snprintf(f->token, sizeof(f->token), "%s", here);
    expect_status(f, 401,
                  apifix_send(f, WEB_POST, "/api/v1/whoami/password", ROLE_ALL,
                              "{\"present\": \"wrong\", \"password\": \"0987654321\"}"));
    expect_status(f, 200, whoami(f, elsewhere)); /* nothing was changed */
    f->now_us += USEC_PER_HOUR;
    snprintf(f->token, sizeof(f->token), "%s", here);
    expect_status(f, 204,
                  apifix_send(f, WEB_POST, "/api/v1/whoami/password", ROLE_ALL,
                              "{\"present\": \"" PASSWORD "\", \"password\": \"0987654321\"}"));
    expect_status(f, 200, whoami(f, here));
    expect_status(f, 401, whoami(f, elsewhere));
    expect_status(f, 200, whoami(f, program));
    expect_status(f, 200, whoami(f, another));
}

static void test_who_is_shut_out_or_reset_by_another_is_out_at_once(void **state)
{
    struct apifix *f = *state;
    static const char *const changes[][2] = {
        {"{\"password\": \"0987654321\"}", "0987654321"},
        {"{\"disabled\": true}", "0987654321"},
    };
    char session[128], program[128], path[64];
    struct user_id lan = apifix_user(f, "lan", ROLE_OPERATOR);
    const char *password = PASSWORD;

    snprintf(path, sizeof(path), "/api/v1/users/%llu", (unsigned long long)lan.v);
    for (int i = 0; i < 2; i++) {
        sign_in_elsewhere(f, password, session);
        make_token(f, session, program);
        expect_status(f, 200, apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, "{\"name\": \"Lan\"}"));
        expect_status(f, 200, whoami(f, session)); /* another name is no reason */
        expect_status(f, 200, apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, changes[i][0]));
        password = changes[i][1];
        expect_status(f, 200, apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, "{\"disabled\": false}"));
        expect_status(f, 401, whoami(f, session)); /* nor when the account is opened again */
        expect_status(f, i == 0 ? 200 : 401, whoami(f, program));
    }
    sign_in_elsewhere(f, password, session);
}

static void test_an_administrator_who_resets_the_own_password_stays(void **state)
{
    struct apifix *f = *state;
    char here[128], elsewhere[128], path[64];
    struct user_id lan = apifix_user(f, "lan", ROLE_ADMIN);

    snprintf(path, sizeof(path), "/api/v1/users/%llu", (unsigned long long)lan.v);
    sign_in_elsewhere(f, PASSWORD, here);
    sign_in_elsewhere(f, PASSWORD, elsewhere);
    snprintf(f->token, sizeof(f->token), "%s", here);
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, path, ROLE_ADMIN, "{\"password\": \"0987654321\"}"));
    expect_status(f, 200, whoami(f, here));
    expect_status(f, 401, whoami(f, elsewhere));
}

static void test_tokens_are_named_shown_once_and_revocable(void **state)
{
    struct apifix *f = *state;
    char token[128];
    char path[64];
    struct credential cr;
    struct user user;
    uint8_t zero[SHA256_BYTES] = {0};

    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/tokens", ROLE_OPERATOR, "{\"label\": \"pi\"}"));
    snprintf(token, sizeof(token), "%s", apifix_string(f, "token"));
    snprintf(path, sizeof(path), "/api/v1/tokens/%lld", (long long)apifix_number(f, "id"));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/tokens", ROLE_OPERATOR, NULL));
    assert_null(strstr(f->text, token));
    assert_non_null(strstr(f->text, "\"pi\""));
    expect_status(f, 404, apifix_send(f, WEB_DELETE, path, ROLE_TECHNICIAN, NULL));
    expect_status(f, 204, apifix_send(f, WEB_DELETE, path, ROLE_OPERATOR, NULL));
    expect_status(f, 404, apifix_send(f, WEB_DELETE, path, ROLE_ADMIN, NULL));
    assert_int_equal(store_credential_find(f->db, zero, f->now_us, &cr, &user), ERR_NOT_FOUND);
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, "/api/v1/tokens", ROLE_OPERATOR,
                              "{\"label\": \"x\", \"expires_us\": 5}"));
}

static void test_bodies_are_read_strictly(void **state)
{
    struct apifix *f = *state;
    static const struct {
        const char *body;
        const char *says;
        unsigned status;
    } cases[] = {
        {"", "missing", 400},
        {"{", "line 1", 400},
        {"[]", "not a JSON object", 400},
        {"\"x\"", "not", 400},
        {"{\"code\": \"1\", \"name\": \"A\", \"colour\": 1}", "colour", 400},
        {"{\"code\": \"1\", \"code\": \"2\", \"name\": \"A\"}", "duplicate", 400},
        {"{\"code\": \"1\"}", "\"name\" is missing", 400},
        {"{\"code\": 1, \"name\": \"A\"}", "\"code\" is not a text", 400},
        {"{\"code\": \"1\", \"name\": \"A\", \"parent\": \"1\"}", "whole number", 400},
        {"{\"code\": \"1\", \"name\": \"A\", \"parent\": 1.5}", "whole number", 400},
        {"{\"code\": \"1\", \"name\": \"A\", \"parent\": -1}", "out of range", 422},
        {"{\"code\": \"1\", \"name\": \"A\\u0007\"}", "control characters", 400},
        {"{\"code\": \"1\", \"name\": \"A\\u0000B\"}", "JSON", 400},
        {"{\"code\": \"1\", \"name\": \"\xff\"}", "JSON", 400},
        {"{\"code\": \"123456789012345678901234567890123\", \"name\": \"A\"}", "too long", 422},
        {"{\"code\": \"1\", \"name\": \"A\"} x", "JSON", 400},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned status = apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, cases[i].body);

        if (status != cases[i].status || !apifix_says(f, cases[i].says))
            fail_msg("case %zu: %u %s", i, status, f->text);
    }
    expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/logout", ROLE_ADMIN, "{\"a\": 1}"));
    assert_true(apifix_says(f, "no keys at all"));
    expect_status(f, 204, apifix_send(f, WEB_POST, "/api/v1/logout", ROLE_ADMIN, "{}"));
}

static void test_deep_json_is_refused(void **state)
{
    struct apifix *f = *state;
    static char body[60001];

    memset(body, '[', sizeof(body) - 1);
    expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, body));
}

static void test_broken_credentials_are_refused(void **state)
{
    struct apifix *f = *state;
    static const char *const cookies[] = {
        "loa_session=", "loa_session=loa_00", "loa_session", ";;;; ; ", "x=loa_session=1",
    };

    for (size_t i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++)
        expect_status(f, 401, apifix_send_cookie(f, WEB_GET, "/api/v1/whoami", cookies[i], NULL));
}

static void test_the_wizard_names_the_station(void **state)
{
    struct apifix *f = *state;
    static const char *const bad[] = {
        "\"station_code\": \"123\"",
        "\"profile\": \"city\"",
        "\"timezone\": \"Mars/Phobos\"",
    };
    char body[300];

    for (size_t i = 0; i < 3; i++) {
        snprintf(body, sizeof(body),
                 "{\"code\": \"" ADMIN_CODE "\", \"login\": \"chu\", \"name\": \"Chủ\","
                 " \"password\": \"long enough\", %s}",
                 bad[i]);
        expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/setup", 0, body));
        assert_string_equal(f->station.code, "27148");
    }
    expect_status(
        f, 409,
        apifix_send(f, WEB_POST, "/api/v1/setup", 0,
                    "{\"code\": \"" ADMIN_CODE "\", \"login\": \"chu\", \"name\":"
                    " \"Chủ\", \"password\": \"long enough\", \"station_code\": \"00331\","
                    " \"station_name\": \"Xã Mới\", \"profile\": \"rural\"}"));
    expect_status(
        f, 201,
        apifix_send(f, WEB_POST, "/api/v1/setup", 0,
                    "{\"code\": \"" ADMIN_CODE "\", \"login\": \"chu\", \"name\":"
                    " \"Chủ\", \"password\": \"long enough\", \"station_code\": \"27148\","
                    " \"station_name\": \"Xã Mới\", \"profile\": \"rural\"}"));
    assert_int_equal(f->policy_changes, 1);
    assert_string_equal(f->station.code, "27148");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/station", ROLE_ADMIN, NULL));
    assert_string_equal(apifix_string(f, "name"), "Xã Mới");
    assert_string_equal(apifix_string(f, "profile"), "rural");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/health", 0, NULL));
    assert_true(json_is_true(apifix_json(f, "set_up")));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_the_wizard_names_the_station),
        WITH(test_the_one_time_code_makes_one_administrator),
        WITH(test_signing_in_needs_the_right_password),
        WITH(test_a_session_works_until_logout_or_its_end),
        WITH(test_an_unused_session_ends),
        WITH(test_a_cookie_alone_cannot_change_anything),
        WITH(test_guessing_is_slowed_by_account_and_address),
        WITH(test_a_busy_worker_is_told),
        WITH(test_a_disabled_account_is_out_at_once),
        WITH(test_the_last_administrator_stays),
        WITH(test_accounts_are_added_listed_and_never_show_hashes),
        WITH(test_a_password_is_changed_with_the_present_one),
        WITH(test_a_new_password_signs_out_everywhere_else),
        WITH(test_who_is_shut_out_or_reset_by_another_is_out_at_once),
        WITH(test_an_administrator_who_resets_the_own_password_stays),
        WITH(test_tokens_are_named_shown_once_and_revocable),
        WITH(test_bodies_are_read_strictly),
        WITH(test_deep_json_is_refused),
        WITH(test_broken_credentials_are_refused),
    };

    return cmocka_run_group_tests_name("account", tests, NULL, NULL);
}
