/* CAP messages by the API: who may, how large, what the answers mean; the inbox. */
#include <string.h>

#include "apifix.h"
#include "store_alert_message.h"

#define PATH "/api/v1/alerts/cap"

/* Send a message as these roles; the status. */
static unsigned hand_in(struct apifix *f, unsigned roles, const char *text)
{
    uint64_t id;

    f->status = 0;
    if (!apifix_upload_begin(f, PATH, roles, &id))
        return f->status;
    assert_true(apifix_upload_piece(f, id, text, strlen(text)));
    apifix_upload_end(f, id, PATH, roles);
    return f->status;
}

static uint64_t waiting(struct apifix *f, uint8_t byte)
{
    struct alertmessage m = {.state = ALERTMESSAGE_WAITING,
                             .received_us = NOW_US,
                             .source = "feed",
                             .title = "Lũ",
                             .sha256 = {byte}};
    uint64_t id;

    assert_int_equal(
        store_alert_message_add(f->db, &m, "{\"verdict\":\"held\"}", bytes_of("<alert/>", 8), &id),
        ERR_OK);
    return id;
}

static void test_the_answer_says_what_became_of_it(void **state)
{
    static const struct {
        const char *result;
        uint64_t alert;
        unsigned status;
    } rows[] = {
        {"sounded", 7, 201}, {"waiting", 0, 202},   {"conflict", 0, 202}, {"duplicate", 7, 200},
        {"stopped", 0, 200}, {"overtaken", 0, 200}, {"rejected", 0, 422}, {"logged", 0, 200},
    };
    struct apifix *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f->cap_outcome = (struct api_cap_outcome){
            .result = rows[i].result, .alert = rows[i].alert, .verdict = "{\"level\":\"none\"}"};
        expect_status(f, rows[i].status, hand_in(f, ROLE_DISTRICT, "<alert/>"));
        assert_string_equal(apifix_string(f, "result"), rows[i].result);
        assert_string_equal(apifix_string(f, "verdict.level"), "none");
    }
    assert_int_equal(f->cap_bytes, 8);
    assert_string_equal(f->cap_source, "district");
    assert_string_equal(f->cap_by, "user-8");
    (void)hand_in(f, ROLE_ADMIN, "x");
    assert_string_equal(f->cap_source, "api");
}

static void test_only_those_who_may_alert_hand_in_release_and_dismiss(void **state)
{
    struct apifix *f = *state;
    unsigned others = ROLE_OPERATOR | ROLE_APPROVER | ROLE_TECHNICIAN | ROLE_AUDITOR;

    expect_status(f, 401, hand_in(f, 0, "<alert/>"));
    expect_status(f, 403, hand_in(f, others, "<alert/>"));
    expect_status(f, 403,
                  apifix_send(f, WEB_POST, "/api/v1/alert-messages/1/release", others, NULL));
    expect_status(f, 403,
                  apifix_send(f, WEB_POST, "/api/v1/alert-messages/1/dismiss", others, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/alert-messages", ROLE_AUDITOR, NULL));
}

static void test_a_message_over_the_limit_is_refused_and_nothing_is_kept(void **state)
{
    static char block[1 << 20];
    struct apifix *f = *state;
    uint64_t id;
    bool wanted = true;

    assert_true(apifix_upload_begin(f, PATH, ROLE_DISTRICT, &id));
    for (int i = 0; i < 4; i++)
        wanted = wanted && apifix_upload_piece(f, id, block, sizeof(block));
    assert_true(wanted);
    assert_false(apifix_upload_piece(f, id, block, 1));
    assert_int_equal(f->status, 413);
    for (int i = 0; i < 4; i++)
        assert_true(apifix_upload_begin(f, PATH, ROLE_DISTRICT, &id));
    assert_false(apifix_upload_begin(f, PATH, ROLE_DISTRICT, &id));
    assert_int_equal(f->status, 429);
    expect_status(f, 400, apifix_send(f, WEB_POST, PATH, ROLE_DISTRICT, NULL));
    f->handler.on_gone(f->handler.ctx, id - 1);
    f->cap_result = ERR_BUSY;
    expect_status(f, 429, hand_in(f, ROLE_DISTRICT, "<alert/>"));
}

static void test_the_inbox_holds_what_waits_until_somebody_decides(void **state)
{
    struct apifix *f = *state;
    uint64_t id = waiting(f, 1);
    char action[64];

    expect_status(
        f, 200, apifix_send(f, WEB_GET, "/api/v1/alert-messages?waiting=yes", ROLE_OPERATOR, NULL));
    assert_int_equal(apifix_number(f, "items.0.id"), id);
    expect_status(
        f, 400, apifix_send(f, WEB_GET, "/api/v1/alert-messages?waiting=no", ROLE_OPERATOR, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/alert-messages/1", ROLE_OPERATOR, NULL));
    assert_string_equal(apifix_string(f, "verdict.verdict"), "held");
    assert_int_equal(apifix_number(f, "bytes"), 8);
    f->cap_outcome = (struct api_cap_outcome){.result = "released", .alert = 3, .verdict = "{}"};
    expect_status(
        f, 201, apifix_send(f, WEB_POST, "/api/v1/alert-messages/1/release", ROLE_DISTRICT, NULL));
    expect_status(
        f, 404, apifix_send(f, WEB_POST, "/api/v1/alert-messages/2/release", ROLE_DISTRICT, NULL));
    f->cap_result = ERR_STATE;
    expect_status(
        f, 409, apifix_send(f, WEB_POST, "/api/v1/alert-messages/1/release", ROLE_DISTRICT, NULL));
    expect_status(
        f, 200, apifix_send(f, WEB_POST, "/api/v1/alert-messages/1/dismiss", ROLE_DISTRICT, NULL));
    assert_string_equal(apifix_string(f, "state"), "dismissed");
    (void)apifix_journal(f, action);
    assert_string_equal(action, "alert.dismiss");
    expect_status(
        f, 409, apifix_send(f, WEB_POST, "/api/v1/alert-messages/1/dismiss", ROLE_DISTRICT, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/alert-messages/9", ROLE_OPERATOR, NULL));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_the_answer_says_what_became_of_it),
        CASE(test_only_those_who_may_alert_hand_in_release_and_dismiss),
        CASE(test_a_message_over_the_limit_is_refused_and_nothing_is_kept),
        CASE(test_the_inbox_holds_what_waits_until_somebody_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
