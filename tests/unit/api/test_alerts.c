/* Alerts through the API: texts, policy, second person, second factor, limits. */
#include "apifix.h"

#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_alert_sound.h"
#include "store_totp.h"
#include "totp.h"

#define ALERTS "/api/v1/alerts"
#define POLICY "/api/v1/alert-policy"
#define EVERYONE "{\"template\": \"flood\", \"everyone\": true, \"why\": \"lũ về\"}"

static uint64_t one_node(struct apifix *f)
{
    uint64_t zone = apifix_zone(f, "T01", "Thôn Đông");

    apifix_node(f, zone, "Cụm 1");
    return zone;
}

static unsigned post(struct apifix *f, const char *path, unsigned roles, const char *body)
{
    return apifix_send(f, WEB_POST, path, roles, body);
}

static void policy(struct apifix *f, const char *body)
{
    expect_status(f, 200, apifix_send(f, WEB_PATCH, POLICY, ROLE_ADMIN, body));
}

static void test_roles_that_the_station_names_may_alert(void **state)
{
    static const struct {
        unsigned role, status;
    } cases[] = {
        {ROLE_OPERATOR, 201},   {ROLE_DISTRICT, 201}, {ROLE_ADMIN, 201}, {ROLE_APPROVER, 403},
        {ROLE_TECHNICIAN, 403}, {ROLE_AUDITOR, 403},  {0, 401},
    };
    struct apifix *f = *state;
    char action[64];

    one_node(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_status(f, cases[i].status, post(f, ALERTS, cases[i].role, EVERYONE));
    apifix_journal(f, action);
    assert_string_equal(action, "alert.new");
    policy(f, "{\"roles\": [\"technician\"]}");
    expect_status(f, 403, post(f, ALERTS, ROLE_OPERATOR, EVERYONE));
    expect_status(f, 201, post(f, ALERTS, ROLE_TECHNICIAN, EVERYONE));
    assert_int_equal(f->alerts_committed, 4);
}

static void test_a_template_fills_place_and_time_by_itself(void **state)
{
    struct apifix *f = *state;
    uint64_t zone = one_node(f);
    char body[256];

    snprintf(body, sizeof(body), "{\"template\": \"flood\", \"zones\": [%llu]}",
             (unsigned long long)zone);
    expect_status(f, 201, post(f, ALERTS, ROLE_OPERATOR, body));
    assert_non_null(strstr(f->alert.text, "Thôn Đông"));
    assert_null(strchr(f->alert.text, '{'));
    assert_int_equal(f->alert.signal, EMERGENCY_SIREN);
    assert_int_equal(f->alert.state, ALERT_LIVE);
    expect_status(
        f, 409,
        post(f, ALERTS, ROLE_OPERATOR, "{\"template\": \"evacuation\", \"everyone\": true}"));
    assert_true(apifix_says(f, "{diem_den}"));
    expect_status(f, 201,
                  post(f, ALERTS, ROLE_OPERATOR,
                       "{\"template\": \"evacuation\", \"everyone\": true, \"values\": "
                       "[\"diem_den=trường tiểu học\"]}"));
    assert_non_null(strstr(f->alert.text, "đến trường tiểu học"));
    expect_status(f, 404,
                  post(f, ALERTS, ROLE_OPERATOR, "{\"template\": \"snow\", \"everyone\": true}"));
}

static void test_a_changed_template_stays_and_a_broken_one_is_refused(void **state)
{
    struct apifix *f = *state;

    one_node(f);
    expect_status(f, 400,
                  apifix_send(f, WEB_PUT, "/api/v1/alert-templates/fire", ROLE_OPERATOR,
                              "{\"text\": \"Cháy tại {Nơi}\"}"));
    expect_status(f, 200,
                  apifix_send(f, WEB_PUT, "/api/v1/alert-templates/fire", ROLE_OPERATOR,
                              "{\"text\": \"Cháy tại {noi}!\"}"));
    expect_status(f, 201,
                  post(f, ALERTS, ROLE_OPERATOR,
                       "{\"template\": \"fire\", \"everyone\": true, \"values\": [\"noi=chợ\"]}"));
    assert_string_equal(f->alert.text, "Cháy tại chợ!");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/alert-templates", ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 8);
}

static void test_a_preview_and_a_refusal_leave_nothing_behind(void **state)
{
    struct apifix *f = *state;
    uint64_t before;

    one_node(f);
    (void)apifix_token(f, ROLE_OPERATOR);
    before = apifix_journal(f, NULL);
    expect_status(f, 200,
                  post(f, ALERTS, ROLE_OPERATOR,
                       "{\"text\": \"Thử.\", \"everyone\": true, \"preview\": true}"));
    assert_int_equal(apifix_number(f, "nodes"), 1);
    expect_status(
        f, 400,
        post(f, ALERTS, ROLE_OPERATOR,
             "{\"text\": \"Thử.\", \"live\": true, \"drill\": true, \"everyone\": true}"));
    assert_int_equal(apifix_journal(f, NULL), before);
    assert_int_equal(f->alerts_committed, 0);
}

static void test_a_preview_says_where_it_sounds_and_what_it_takes(void **state)
{
    struct apifix *f = *state;
    uint64_t zone = one_node(f), other = apifix_zone(f, "T02", "Thôn Tây");
    char body[256];

    apifix_node(f, other, "Cụm 2");
    snprintf(body, sizeof(body), "{\"text\": \"Thử.\", \"zones\": [%llu], \"preview\": true}",
             (unsigned long long)zone);
    expect_status(f, 200, post(f, ALERTS, ROLE_OPERATOR, body));
    assert_int_equal(json_array_size(apifix_json(f, "targets")), 1);
    assert_string_equal(apifix_string(f, "targets.0.name"), "Cụm 1");
    assert_int_equal(apifix_number(f, "targets.0.zone"), zone);
    assert_false(json_is_true(apifix_json(f, "targets.0.online")));
    assert_string_equal(apifix_string(f, "would"), "sounds");
    assert_string_equal(apifix_string(f, "priority"), "emergency");
    assert_false(json_is_true(apifix_json(f, "needs_factor")));
    snprintf(body + 128, 128,
             "{\"confirm_roles\": [\"operator\"], \"totp_roles\": [\"operator\"], \"fallback\": "
             "%llu}",
             (unsigned long long)apifix_user(f, "truong", ROLE_APPROVER).v);
    policy(f, body + 128);
    expect_status(f, 200, post(f, ALERTS, ROLE_OPERATOR, body));
    assert_string_equal(apifix_string(f, "would"), "waits");
    assert_true(json_is_true(apifix_json(f, "needs_factor")));
    expect_status(f, 200, post(f, ALERTS, ROLE_TECHNICIAN, body));
    assert_string_equal(apifix_string(f, "would"), "role");
    assert_int_equal(f->alerts_committed, 0);
}

static void test_a_drill_says_so_and_sounds_no_siren(void **state)
{
    struct apifix *f = *state;

    one_node(f);
    expect_status(f, 201,
                  post(f, ALERTS, ROLE_OPERATOR,
                       "{\"template\": \"flood\", \"everyone\": true, \"drill\": true, "
                       "\"quiet_confirmed\": true}"));
    assert_true(f->alert.drill);
    assert_int_equal(f->alert.signal, EMERGENCY_TEST);
    assert_int_equal(alert_priority(&f->alert), PRIORITY_PRIORITY);
    assert_int_equal(strncmp(f->alert.text, "Diễn tập", strlen("Diễn tập")), 0);
}

static void test_the_second_person_is_another_one(void **state)
{
    struct apifix *f = *state;
    uint64_t fallback = apifix_user(f, "truong", ROLE_TECHNICIAN).v;
    char body[128], path[80], action[64];

    one_node(f);
    expect_status(
        f, 409,
        apifix_send(f, WEB_PATCH, POLICY, ROLE_ADMIN, "{\"confirm_roles\": [\"operator\"]}"));
    snprintf(body, sizeof(body), "{\"confirm_roles\": [\"operator\"], \"fallback\": %llu}",
             (unsigned long long)fallback);
    policy(f, body);
    expect_status(f, 201, post(f, ALERTS, ROLE_OPERATOR, EVERYONE));
    assert_string_equal(apifix_string(f, "state"), "waiting");
    snprintf(path, sizeof(path), ALERTS "/%lld/confirm", (long long)apifix_number(f, "id"));
    expect_status(f, 403, post(f, path, ROLE_OPERATOR, "{}"));
    expect_status(f, 403, post(f, path, ROLE_TECHNICIAN, "{}"));
    expect_status(f, 200, post(f, path, ROLE_APPROVER, "{}"));
    assert_string_equal(apifix_string(f, "state"), "live");
    apifix_journal(f, action);
    assert_string_equal(action, "alert.confirm");
    expect_status(f, 409, post(f, path, ROLE_APPROVER, "{}"));
    expect_status(f, 201, post(f, ALERTS, ROLE_DISTRICT, EVERYONE));
    assert_string_equal(apifix_string(f, "state"), "live");
}

static void test_area_and_number_are_limited_but_ending_is_not(void **state)
{
    struct apifix *f = *state;
    uint64_t zone = one_node(f), other = apifix_zone(f, "T02", "Thôn Đoài");
    uint64_t user;
    char body[128], path[80];

    (void)apifix_token(f, ROLE_OPERATOR);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_OPERATOR, NULL));
    user = (uint64_t)apifix_number(f, "user.id");
    snprintf(path, sizeof(path), "/api/v1/users/%llu/alert-area", (unsigned long long)user);
    snprintf(body, sizeof(body), "{\"zones\": [%llu]}", (unsigned long long)other);
    expect_status(f, 200, apifix_send(f, WEB_PUT, path, ROLE_ADMIN, body));
    expect_status(f, 403, post(f, ALERTS, ROLE_OPERATOR, EVERYONE));
    assert_true(apifix_says(f, "some zones only"));
    expect_status(f, 404, apifix_send(f, WEB_PUT, path, ROLE_ADMIN, "{\"zones\": [999]}"));
    expect_status(f, 400, apifix_send(f, WEB_PUT, path, ROLE_ADMIN, "{\"zones\": []}"));
    snprintf(body, sizeof(body), "{\"zones\": [%llu]}", (unsigned long long)zone);
    expect_status(f, 200, apifix_send(f, WEB_PUT, path, ROLE_ADMIN, body));
    policy(f, "{\"per_hour\": 2}");
    snprintf(body, sizeof(body), "{\"text\": \"Lũ về.\", \"zones\": [%llu]}",
             (unsigned long long)zone);
    expect_status(f, 201, post(f, ALERTS, ROLE_OPERATOR, body));
    expect_status(f, 201, post(f, ALERTS, ROLE_OPERATOR, body));
    snprintf(path, sizeof(path), ALERTS "/%lld/all-clear", (long long)apifix_number(f, "id"));
    expect_status(f, 429, post(f, ALERTS, ROLE_OPERATOR, body));
    expect_status(f, 201, post(f, path, ROLE_OPERATOR, NULL));
    assert_int_equal(f->alert.signal, EMERGENCY_ALL_CLEAR);
    snprintf(path, sizeof(path), ALERTS "/%lld/cancel", (long long)apifix_number(f, "id"));
    expect_status(f, 200, post(f, path, ROLE_TECHNICIAN, NULL));
    assert_string_equal(apifix_string(f, "state"), "cancelled");
}

static void code_at(const struct store_totp *totp, usec_t at_us, char ret_code[TOTP_CODE_SIZE])
{
    assert_int_equal(oath_totp_generate((const char *)totp->secret, STORE_TOTP_BYTES,
                                        (time_t)(at_us / USEC_PER_SEC), 30, 0, 6, ret_code),
                     OATH_OK);
}

static void test_a_code_counts_once_and_is_in_no_journal(void **state)
{
    struct apifix *f = *state;
    struct store_totp totp;
    struct user_id user;
    char code[TOTP_CODE_SIZE], body[160], action[64];

    one_node(f);
    policy(f, "{\"totp_roles\": [\"operator\"]}");
    expect_status(f, 403, post(f, ALERTS, ROLE_OPERATOR, EVERYONE));
    assert_true(apifix_says(f, "second factor"));
    expect_status(f, 201, post(f, "/api/v1/whoami/totp", ROLE_OPERATOR, NULL));
    assert_int_equal(strncmp(apifix_string(f, "uri"), "otpauth://totp/Loa%20", 21), 0);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_OPERATOR, NULL));
    user.v = (uint64_t)apifix_number(f, "user.id");
    assert_int_equal(store_totp_get(f->db, user, &totp), ERR_OK);
    code_at(&totp, f->now_us, code);
    snprintf(body, sizeof(body), "{\"text\": \"Lũ.\", \"everyone\": true, \"totp\": \"%s\"}", code);
    expect_status(f, 409, post(f, ALERTS, ROLE_OPERATOR, body)); /* not proved yet */
    snprintf(body, sizeof(body), "{\"code\": \"%s\"}", code);
    expect_status(f, 204, post(f, "/api/v1/whoami/totp/confirm", ROLE_OPERATOR, body));
    apifix_journal(f, action);
    assert_string_equal(action, "totp.confirm");
    snprintf(body, sizeof(body), "{\"text\": \"Lũ.\", \"everyone\": true, \"totp\": \"%s\"}", code);
    expect_status(f, 403, post(f, ALERTS, ROLE_OPERATOR, body)); /* used */
    f->now_us += 30 * USEC_PER_SEC;
    code_at(&totp, f->now_us, code);
    snprintf(body, sizeof(body), "{\"text\": \"Lũ.\", \"everyone\": true, \"totp\": \"%s\"}", code);
    expect_status(f, 201, post(f, ALERTS, ROLE_OPERATOR, body));
    expect_status(f, 403, post(f, ALERTS, ROLE_OPERATOR, body)); /* replayed */
    expect_status(f, 403,
                  post(f, ALERTS, ROLE_OPERATOR,
                       "{\"text\": \"Lũ.\", \"everyone\": true, \"totp\": \"abcdef\"}"));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/journal?limit=500", ROLE_ADMIN, NULL));
    assert_null(strstr(f->text, code));
    expect_status(f, 409, post(f, "/api/v1/whoami/totp", ROLE_OPERATOR, NULL));
}

static void test_codes_are_those_of_rfc_6238(void **state)
{
    struct store_totp totp = {.confirmed = true};

    (void)state;
    memcpy(totp.secret, "12345678901234567890", STORE_TOTP_BYTES); /* appendix B, SHA-1 */
    assert_int_equal(totp_check(&totp, "287082", 59 * USEC_PER_SEC), ERR_OK);
    assert_int_equal(totp_check(&totp, "287082", 59 * USEC_PER_SEC), ERR_AUTH);
    assert_int_equal(totp_check(&totp, "081804", INT64_C(1111111109) * USEC_PER_SEC), ERR_OK);
    assert_int_equal(totp_check(&totp, "005924", INT64_C(1234567890) * USEC_PER_SEC + 60000000),
                     ERR_AUTH); /* two steps late */
    assert_int_equal(totp_check(&totp, "005924", INT64_C(1234567890) * USEC_PER_SEC + 30000000),
                     ERR_OK);
    assert_int_equal(totp_check(&totp, "", INT64_C(2000000000) * USEC_PER_SEC), ERR_AUTH);
    assert_int_equal(totp_check(&totp, "279037", INT64_C(2000000000) * USEC_PER_SEC), ERR_OK);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_roles_that_the_station_names_may_alert),
        WITH(test_a_template_fills_place_and_time_by_itself),
        WITH(test_a_changed_template_stays_and_a_broken_one_is_refused),
        WITH(test_a_preview_and_a_refusal_leave_nothing_behind),
        WITH(test_a_preview_says_where_it_sounds_and_what_it_takes),
        WITH(test_a_drill_says_so_and_sounds_no_siren),
        WITH(test_the_second_person_is_another_one),
        WITH(test_area_and_number_are_limited_but_ending_is_not),
        WITH(test_a_code_counts_once_and_is_in_no_journal),
        cmocka_unit_test(test_codes_are_those_of_rfc_6238),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
