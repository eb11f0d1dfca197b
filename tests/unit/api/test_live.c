/* Speaking and relaying now. */
#include "apifix.h"

#define OPERATOR ROLE_OPERATOR
#define LIVE "/api/v1/live"

static void test_a_live_broadcast_is_planned_begun_and_journalled(void **state)
{
    struct apifix *f = *state;
    char action[64];

    (void)apifix_node(f, apifix_zone(f, "T1", "Thôn 1"), "N1");
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, LIVE, OPERATOR,
                              "{\"title\":\"Xã đội\",\"everyone\":true,\"quiet_confirmed\":true}"));
    assert_int_equal(apifix_number(f, "id"), 78);
    assert_true(apifix_number(f, "wait_ms") > 0);
    assert_int_equal(f->broadcasts_committed, 1);
    assert_int_equal(f->live.node_count, 1);
    assert_int_equal(f->live.duration_ms, 15 * 60 * 1000);
    assert_int_equal(f->live.priority, PRIORITY_NORMAL);
    apifix_journal(f, action);
    assert_string_equal(action, "live.begin");
    expect_status(f, 204,
                  apifix_send(f, WEB_POST, "/api/v1/broadcasts/78/hang-up", OPERATOR, NULL));
    apifix_journal(f, action);
    assert_string_equal(action, "live.hang_up");
}

static void test_a_fallback_must_be_a_recording(void **state)
{
    struct apifix *f = *state;
    char hex[65], body[256];

    (void)apifix_node(f, apifix_zone(f, "T1", "Thôn 1"), "N1");
    apifix_media(f, 7, 5000, hex);
    snprintf(body, sizeof(body),
             "{\"title\":\"t\",\"everyone\":true,\"quiet_confirmed\":true,\"fallback\":\"%s\"}",
             hex);
    expect_status(f, 201, apifix_send(f, WEB_POST, LIVE, OPERATOR, body));
    assert_true(f->live.has_fallback);
    assert_int_equal(f->live.fallback_ms, 5000);
    hex[0] = hex[0] == 'f' ? 'e' : 'f';
    snprintf(body, sizeof(body),
             "{\"title\":\"t\",\"everyone\":true,\"quiet_confirmed\":true,\"fallback\":\"%s\"}",
             hex);
    expect_status(f, 404, apifix_send(f, WEB_POST, LIVE, OPERATOR, body));
    assert_true(apifix_says(f, "no recording"));
}

static void test_whoever_may_listen_gets_what_is_on_air(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 200,
                  apifix_send(f, WEB_GET, "/api/v1/broadcasts/78/listen", ROLE_AUDITOR, NULL));
    assert_int_equal(f->listeners, 1);
    expect_status(f, 404,
                  apifix_send(f, WEB_GET, "/api/v1/broadcasts/79/listen", ROLE_AUDITOR, NULL));
    expect_status(f, 401, apifix_send(f, WEB_GET, "/api/v1/broadcasts/78/listen", 0, NULL));
    assert_int_equal(f->listeners, 1);
    f->handler.on_gone(f->handler.ctx, 1);
    assert_int_equal(f->listeners_gone, 1);
}

static void test_who_is_signed_out_listens_no_longer(void **state)
{
    struct apifix *f = *state;
    char path[64];

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    for (int i = 0; i < 20; i++) { /* those before have left: there is always a place */
        expect_status(f, 200,
                      apifix_send(f, WEB_GET, "/api/v1/broadcasts/78/listen", ROLE_ADMIN, NULL));
        f->now_us += 2 * USEC_PER_SEC;
        api_step(f->api);
        assert_int_not_equal(f->listener, 0);
    }
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/tokens", ROLE_ADMIN, NULL));
    snprintf(path, sizeof(path), "/api/v1/tokens/%lld", (long long)apifix_number(f, "items.0.id"));
    expect_status(f, 204, apifix_send(f, WEB_DELETE, path, ROLE_ADMIN, NULL));
    f->now_us += 2 * USEC_PER_SEC;
    api_step(f->api);
    assert_int_equal(f->listener, 0);
}

static void test_bad_requests_begin_nothing(void **state)
{
    static const char *const bodies[] = {
        "{\"everyone\":true}",
        "{\"title\":\"t\"}",
        "{\"title\":\"t\",\"everyone\":true,\"priority\":\"loud\"}",
        "{\"title\":\"t\",\"everyone\":true,\"duration_s\":43201}",
        "{\"title\":\"t\",\"everyone\":true,\"duration_s\":0}",
        "{\"title\":\"t\",\"zones\":[99]}",
    };
    struct apifix *f = *state;

    (void)apifix_node(f, apifix_zone(f, "T1", "Thôn 1"), "N1");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_in_range(apifix_send(f, WEB_POST, LIVE, OPERATOR, bodies[i]), 400, 422);
    assert_int_equal(f->broadcasts_committed, 0);
    expect_status(f, 404, apifix_send(f, WEB_POST, "/api/v1/broadcasts/5/hang-up", OPERATOR, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_live_broadcast_is_planned_begun_and_journalled,
                                        apifix_setup, apifix_teardown),
        cmocka_unit_test_setup_teardown(test_a_fallback_must_be_a_recording, apifix_setup,
                                        apifix_teardown),
        cmocka_unit_test_setup_teardown(test_whoever_may_listen_gets_what_is_on_air, apifix_setup,
                                        apifix_teardown),
        cmocka_unit_test_setup_teardown(test_who_is_signed_out_listens_no_longer, apifix_setup,
                                        apifix_teardown),
        cmocka_unit_test_setup_teardown(test_bad_requests_begin_nothing, apifix_setup,
                                        apifix_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
