/* Two who change the same thing, and one who asks twice for the same. */
#include "apifix.h"

#include <stdio.h>
#include <string.h>

#define KEY "0123456789abcdef-1"

static const char zone[] = "{\"code\": \"T1\", \"name\": \"Thôn Một\"}";

static unsigned get(struct apifix *f, const char *path)
{
    return apifix_send(f, WEB_GET, path, ROLE_ADMIN, NULL);
}

/* The etag of the last answer. */
static void keep_tag(struct apifix *f, char ret_tag[64])
{
    const char *at = strstr(f->headers, "etag: ");

    assert_non_null(at);
    assert_int_equal(sscanf(at, "etag: %63[^\n]", ret_tag), 1);
}

static void test_who_saw_an_older_state_is_told(void **state)
{
    struct apifix *f = *state;
    static const struct {
        const char *path, *change;
        enum web_method method;
    } things[] = {
        {"/api/v1/zones/1", "{\"name\": \"Thôn Hai\"}", WEB_PATCH},
        {"/api/v1/station", "{\"name\": \"Xã Mới\"}", WEB_PATCH},
        {"/api/v1/nodes/1", "{\"volume_mdb\": -6000}", WEB_PATCH},
        {"/api/v1/users/1", "{\"name\": \"Tên Khác\"}", WEB_PATCH},
        {"/api/v1/alert-policy", "{\"per_hour\": 7}", WEB_PATCH},
        {"/api/v1/bulletins/1", "{\"title\": \"Khác\", \"media\": []}", WEB_PUT},
    };
    char tag[64], newer[64];

    (void)apifix_node(f, apifix_zone(f, "T1", "Thôn Một"), "Loa 1");
    apifix_user(f, "lan", ROLE_OPERATOR);
    (void)apifix_bulletin(f, "Bản tin", false);
    for (size_t i = 0; i < sizeof(things) / sizeof(things[0]); i++) {
        unsigned roles = things[i].method == WEB_PUT ? ROLE_OPERATOR : ROLE_ADMIN;
        unsigned status;

        f->if_match = NULL;
        expect_status(f, 200, get(f, things[i].path));
        keep_tag(f, tag);
        expect_status(f, 200, get(f, things[i].path));
        keep_tag(f, newer);
        assert_string_equal(tag, newer); /* it stays while nothing changes */
        f->if_match = "\"seen-by-another\"";
        status = apifix_send(f, things[i].method, things[i].path, roles, things[i].change);
        if (status != 412 || !apifix_says(f, "Somebody else changed this"))
            fail_msg("%s: %u %s", things[i].path, status, f->text);
        f->if_match = tag;
        status = apifix_send(f, things[i].method, things[i].path, roles, things[i].change);
        if (status >= 300 && things[i].method != WEB_PUT)
            fail_msg("%s: %u %s", things[i].path, status, f->text);
        if (status >= 300)
            continue;
        f->if_match = NULL;
        expect_status(f, 200, get(f, things[i].path));
        keep_tag(f, newer);
        assert_string_not_equal(tag, newer);
        f->if_match = tag;
        expect_status(f, 412,
                      apifix_send(f, things[i].method, things[i].path, roles, things[i].change));
        f->if_match = "*";
        assert_true(apifix_send(f, things[i].method, things[i].path, roles, things[i].change) <
                    300);
    }
}

/* What a writer sends; the title is what tells one from another. */
static unsigned write_bulletin(struct apifix *f, const char *media, const char *tag,
                               const char *title)
{
    char body[256];

    snprintf(body, sizeof(body), "{\"title\": \"%s\", \"media\": [\"%s\"]}", title, media);
    f->if_match = tag;
    return apifix_send(f, WEB_PUT, "/api/v1/bulletins/1", ROLE_OPERATOR, body);
}

static void test_of_two_writers_the_second_does_not_undo_the_first(void **state)
{
    struct apifix *f = *state;
    char seen[64], now[64], media[65];

    (void)apifix_bulletin(f, "Bản tin", false);
    apifix_media(f, 204, 2000, media);
    expect_status(f, 200, get(f, "/api/v1/bulletins/1"));
    keep_tag(f, seen);
    expect_status(f, 428, write_bulletin(f, media, NULL, "Không xem trước"));
    assert_true(apifix_says(f, "If-Match"));
    expect_status(f, 200, write_bulletin(f, media, seen, "Của Lan"));
    expect_status(f, 412, write_bulletin(f, media, seen, "Của Mai"));
    assert_true(apifix_says(f, "load it again"));
    keep_tag(f, now);
    f->if_match = NULL;
    expect_status(f, 200, get(f, "/api/v1/bulletins/1"));
    assert_string_equal(apifix_string(f, "title"), "Của Lan");
    expect_status(f, 200, write_bulletin(f, media, now, "Của Mai, sau khi đọc"));
}

static void test_a_change_whose_answer_got_lost_is_told_again(void **state)
{
    struct apifix *f = *state;
    char seen[64], media[65];
    uint64_t entries;

    (void)apifix_bulletin(f, "Bản tin", false);
    apifix_media(f, 204, 2000, media);
    expect_status(f, 200, get(f, "/api/v1/bulletins/1"));
    keep_tag(f, seen);
    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_OPERATOR));
    f->idempotency_key = KEY;
    expect_status(f, 200, write_bulletin(f, media, seen, "Của Lan"));
    entries = apifix_journal(f, NULL);
    expect_status(f, 200, write_bulletin(f, media, seen, "Của Lan"));
    assert_non_null(strstr(f->headers, "idempotency-replayed: true"));
    assert_string_equal(apifix_string(f, "title"), "Của Lan");
    assert_int_equal(apifix_journal(f, NULL), entries);
    f->idempotency_key = "another-key-of-mine";
    expect_status(f, 412, write_bulletin(f, media, seen, "Của Lan"));
    f->if_match = NULL;
    f->idempotency_key = KEY;
    expect_status(f, 422, apifix_send(f, WEB_DELETE, "/api/v1/bulletins/1", ROLE_OPERATOR, NULL));
}

static void test_what_a_node_does_is_no_change_of_it(void **state)
{
    struct apifix *f = *state;
    uint32_t id = apifix_node(f, apifix_zone(f, "T1", "Thôn Một"), "Loa 1");
    char tag[64];

    expect_status(f, 200, get(f, "/api/v1/nodes/1"));
    keep_tag(f, tag);
    registry_find(f->registry, (struct node_id){id})->live.status.rms_mdb = -12345;
    f->if_match = tag;
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", ROLE_ADMIN, "{\"muted\": true}"));
}

static void test_what_the_client_holds_is_not_sent_again(void **state)
{
    struct apifix *f = *state;
    char tag[64];

    (void)apifix_zone(f, "T1", "Thôn Một");
    expect_status(f, 200, get(f, "/api/v1/zones/1"));
    keep_tag(f, tag);
    assert_string_equal(f->cache, "private, no-cache");
    f->if_none_match = tag;
    expect_status(f, 304, get(f, "/api/v1/zones/1"));
    assert_string_equal(f->text, "");
    expect_status(f, 200, get(f, "/api/v1/zones")); /* lists have no tag */
    f->if_none_match = NULL;
}

static void test_what_is_gone_is_gone_whatever_was_seen(void **state)
{
    struct apifix *f = *state;

    f->if_match = "\"x\"";
    expect_status(f, 404, apifix_send(f, WEB_PATCH, "/api/v1/zones/9", ROLE_ADMIN, "{}"));
}

static void test_a_request_sent_again_is_carried_out_once(void **state)
{
    struct apifix *f = *state;
    uint64_t entries;
    int64_t id;

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    f->idempotency_key = KEY;
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, zone));
    id = apifix_number(f, "id");
    entries = apifix_journal(f, NULL);
    assert_null(strstr(f->headers, "idempotency-replayed"));
    for (int i = 0; i < 3; i++) {
        expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, zone));
        assert_int_equal(apifix_number(f, "id"), id);
        assert_non_null(strstr(f->headers, "idempotency-replayed: true"));
    }
    assert_int_equal(apifix_journal(f, NULL), entries);
    expect_status(f, 422,
                  apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN,
                              "{\"code\": \"T2\", \"name\": \"Thôn Hai\"}"));
    assert_true(apifix_says(f, "another request"));
    f->idempotency_key = "another-key-of-mine";
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN,
                              "{\"code\": \"T2\", \"name\": \"Thôn Hai\"}"));
}

static void test_keys_of_two_accounts_are_two(void **state)
{
    struct apifix *f = *state;

    f->idempotency_key = KEY;
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, zone));
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_TECHNICIAN,
                              "{\"code\": \"T2\", \"name\": \"Thôn Hai\"}"));
}

static void test_what_was_refused_may_be_tried_again(void **state)
{
    struct apifix *f = *state;

    f->idempotency_key = KEY;
    expect_status(f, 404,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins/1/copy", ROLE_OPERATOR, "{}"));
    f->idempotency_key = NULL;
    (void)apifix_bulletin(f, "Bản tin", false);
    f->idempotency_key = KEY;
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/bulletins/1/copy", ROLE_OPERATOR, "{}"));
}

static void test_what_is_under_way_is_not_begun_again(void **state)
{
    struct apifix *f = *state;
    static const char user[] = "{\"login\": \"mai\", \"name\": \"Mai\", \"roles\": [\"operator\"], "
                               "\"password\": \"long enough it is\"}";

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    f->idempotency_key = KEY;
    f->hold_work = true;
    assert_int_equal(apifix_send(f, WEB_POST, "/api/v1/users", ROLE_ADMIN, user), 0);
    expect_status(f, 429, apifix_send(f, WEB_POST, "/api/v1/users", ROLE_ADMIN, user));
    assert_int_equal(apifix_number(f, "retry_after_s"), 1);
    apifix_work(f);
    assert_int_equal(f->status, 201);
    f->hold_work = false;
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/users", ROLE_ADMIN, user));
    assert_non_null(strstr(f->headers, "idempotency-replayed"));
}

static void test_a_restarted_station_does_nothing_twice(void **state)
{
    struct apifix *f = *state;

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    f->idempotency_key = KEY;
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, zone));
    apifix_restart(f);
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, zone));
    assert_true(apifix_says(f, "done already"));
    expect_status(f, 422, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, "{}"));
}

static void test_keys_are_long_enough_to_be_ones_own(void **state)
{
    struct apifix *f = *state;
    char text[200];

    f->idempotency_key = "1";
    expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, zone));
    memset(text, 'k', sizeof(text));
    text[199] = '\0';
    f->idempotency_key = text;
    expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, zone));
}

static void test_very_many_keys_push_out_old_answers_only(void **state)
{
    struct apifix *f = *state;
    char key[32];

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    for (int i = 0; i < 300; i++) {
        snprintf(key, sizeof(key), "key-number-%08d", i);
        f->idempotency_key = key;
        expect_status(
            f, 201, apifix_send(f, WEB_POST, "/api/v1/tokens", ROLE_ADMIN, "{\"label\": \"pi\"}"));
    }
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/tokens", ROLE_ADMIN, "{\"label\": \"pi\"}"));
    f->idempotency_key = "key-number-00000000";
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/tokens", ROLE_ADMIN, "{\"label\": \"pi\"}"));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_who_saw_an_older_state_is_told),
        WITH(test_of_two_writers_the_second_does_not_undo_the_first),
        WITH(test_a_change_whose_answer_got_lost_is_told_again),
        WITH(test_what_a_node_does_is_no_change_of_it),
        WITH(test_what_the_client_holds_is_not_sent_again),
        WITH(test_what_is_gone_is_gone_whatever_was_seen),
        WITH(test_a_request_sent_again_is_carried_out_once),
        WITH(test_keys_of_two_accounts_are_two),
        WITH(test_what_was_refused_may_be_tried_again),
        WITH(test_what_is_under_way_is_not_begun_again),
        WITH(test_a_restarted_station_does_nothing_twice),
        WITH(test_keys_are_long_enough_to_be_ones_own),
        WITH(test_very_many_keys_push_out_old_answers_only),
    };

    return cmocka_run_group_tests_name("concurrent", tests, NULL, NULL);
}
