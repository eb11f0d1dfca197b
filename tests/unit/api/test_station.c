/* Zones, nodes, join codes, the station's policy, journal, backup; and changes that a fault interrupts. */
#include "apifix.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "joincode.h"
#include "store_alarm.h"
#include "store_node.h"

#define TECH ROLE_TECHNICIAN

static void test_zones_are_made_changed_and_deleted(void **state)
{
    struct apifix *f = *state;
    uint64_t top = apifix_zone(f, "1", "Thôn Đông");
    char body[128];
    char path[64];

    snprintf(body, sizeof(body), "{\"code\": \"2\", \"name\": \"Xóm\", \"parent\": %d}", (int)top);
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", TECH, body));
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/zones", TECH, body));
    snprintf(path, sizeof(path), "/api/v1/zones/%d", (int)top);
    expect_status(f, 409, apifix_send(f, WEB_DELETE, path, TECH, NULL));
    expect_status(f, 200, apifix_send(f, WEB_PATCH, path, TECH, "{\"name\": \"Thôn Tây\"}"));
    assert_string_equal(apifix_string(f, "name"), "Thôn Tây");
    assert_string_equal(apifix_string(f, "code"), "1");
    snprintf(body, sizeof(body), "{\"parent\": %d}", (int)top);
    assert_int_not_equal(apifix_send(f, WEB_PATCH, path, TECH, body), 200);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/zones", TECH, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 2);
    expect_status(f, 204, apifix_send(f, WEB_DELETE, "/api/v1/zones/2", TECH, NULL));
    expect_status(f, 404, apifix_send(f, WEB_DELETE, "/api/v1/zones/2", TECH, NULL));
    assert_true(apifix_says(f, "no zone"));
}

static void test_lists_come_in_pages(void **state)
{
    struct apifix *f = *state;
    char text[64];
    int64_t after = 0;
    int seen = 0;

    for (int i = 0; i < 7; i++) {
        snprintf(text, sizeof(text), "%d", i);
        (void)apifix_zone(f, text, "Z");
    }
    do {
        snprintf(text, sizeof(text), "/api/v1/zones?limit=3&after=%lld", (long long)after);
        expect_status(f, 200, apifix_send(f, WEB_GET, text, TECH, NULL));
        seen += (int)json_array_size(apifix_json(f, "items"));
        after = apifix_number(f, "next");
    } while (after > 0);
    assert_int_equal(seen, 7);
    expect_status(f, 422, apifix_send(f, WEB_GET, "/api/v1/zones?limit=0", TECH, NULL));
    expect_status(f, 422, apifix_send(f, WEB_GET, "/api/v1/zones?limit=501", TECH, NULL));
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/zones?after=x", TECH, NULL));
    expect_status(f, 400, apifix_send(f, WEB_GET, "/api/v1/journal?order=up", ROLE_ADMIN, NULL));
}

static void test_nodes_show_record_and_live_state(void **state)
{
    struct apifix *f = *state;
    uint64_t zone = apifix_zone(f, "1", "A");
    uint32_t id = apifix_node(f, zone, "Cụm loa 1");
    struct node_entry *entry = registry_find(f->registry, (struct node_id){id});

    (void)apifix_node(f, zone, "Cụm loa 2");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", ROLE_AUDITOR, NULL));
    assert_true(json_is_false(apifix_json(f, "online")));
    assert_true(json_is_null(apifix_json(f, "status")));
    entry->live.conn = 5;
    entry->live.ready = true;
    entry->live.status_us = NOW_US;
    entry->live.status.uptime_ms = 1234;
    entry->live.status.has_mains = true;
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes?limit=1", ROLE_AUDITOR, NULL));
    assert_int_equal(apifix_number(f, "items.0.status.uptime_ms"), 1234);
    assert_true(json_is_true(apifix_json(f, "items.0.online")));
    assert_true(json_is_false(apifix_json(f, "items.0.status.mains_ok")));
    assert_int_equal(apifix_number(f, "next"), 1);
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/nodes/3", ROLE_AUDITOR, NULL));
}

static void test_a_node_is_changed_by_whom_may_what(void **state)
{
    struct apifix *f = *state;
    uint64_t zone = apifix_zone(f, "1", "A");
    char action[64];

    (void)apifix_node(f, zone, "N");
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", ROLE_OPERATOR,
                              "{\"volume_mdb\": -6000, \"muted\": true}"));
    assert_int_equal(apifix_number(f, "volume_mdb"), -6000);
    assert_true(json_is_true(apifix_json(f, "muted")));
    assert_int_equal(f->node_changes, 1);
    expect_status(f, 403,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", ROLE_OPERATOR, "{\"delay_us\": 1}"));
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH,
                              "{\"delay_us\": 1000000, \"name\": \"M\"}"));
    assert_int_equal(apifix_number(f, "settings_revision"), 3);
    expect_status(f, 422,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH, "{\"delay_us\": 1000001}"));
    expect_status(f, 422,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH, "{\"volume_mdb\": 1}"));
    expect_status(f, 404, apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH, "{\"zone\": 9}"));
    assert_int_equal(f->node_changes, 2);
    apifix_journal(f, action);
    assert_string_equal(action, "node.change");
}

static void test_a_revoked_node_is_dropped_at_once(void **state)
{
    struct apifix *f = *state;

    (void)apifix_node(f, apifix_zone(f, "1", "A"), "N");
    expect_status(f, 204, apifix_send(f, WEB_POST, "/api/v1/nodes/1/revoke", TECH, NULL));
    assert_int_equal(f->node_revocations, 1);
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/revoke", TECH, NULL));
    assert_int_equal(f->node_revocations, 1);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", TECH, NULL));
    assert_string_equal(apifix_string(f, "state"), "revoked");
    expect_status(f, 409, apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH, "{\"muted\": true}"));
}

static void test_a_node_is_tested_unless_it_is_muted_or_away(void **state)
{
    struct apifix *f = *state;
    struct node_id id = {apifix_node(f, apifix_zone(f, "1", "A"), "N")};
    struct node_entry *node = registry_find(f->registry, id);

    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/test", TECH, NULL));
    assert_true(apifix_says(f, "not connected"));
    node->live.ready = true;
    node->live.status.muted_locally = true;
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/test", TECH, NULL));
    assert_true(apifix_says(f, "switch on its cabinet"));
    node->live.status.muted_locally = false;
    node->record.muted = true;
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/test", TECH, NULL));
    assert_true(apifix_says(f, "is muted"));
    assert_int_equal(f->node_tests, 0);
    node->record.muted = false;
    expect_status(f, 202, apifix_send(f, WEB_POST, "/api/v1/nodes/1/test", TECH, NULL));
    assert_int_equal(f->node_tests, 1);
    assert_int_equal(apifix_number(f, "order"), 77);
    node->live.test.order_id = 77;
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", TECH, NULL));
    assert_string_equal(apifix_string(f, "test.state"), "waiting");
    node->live.test.verdict = loa_Verdict_VERDICT_MUTED;
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", TECH, NULL));
    assert_string_equal(apifix_string(f, "test.state"), "refused");
}

static void test_alarms_are_listed_and_acknowledged(void **state)
{
    struct apifix *f = *state;
    struct node_id node = {apifix_node(f, apifix_zone(f, "1", "A"), "N")};
    char action[64];
    uint64_t id;

    assert_int_equal(store_alarm_raise(f->db, node, ALARM_LINK_LOST, NOW_US, &id), ERR_OK);
    assert_int_equal(store_alarm_raise(f->db, node, ALARM_UNDERRUNS, NOW_US, &id), ERR_OK);
    assert_int_equal(store_alarm_clear(f->db, node, ALARM_UNDERRUNS, NOW_US + 1, &id), ERR_OK);
    expect_status(f, 204,
                  apifix_send(f, WEB_POST, "/api/v1/alarms/1/acknowledge", ROLE_OPERATOR, NULL));
    apifix_journal(f, action);
    assert_string_equal(action, "alarm.acknowledge");
    expect_status(f, 409,
                  apifix_send(f, WEB_POST, "/api/v1/alarms/1/acknowledge", ROLE_OPERATOR, NULL));
    expect_status(f, 404,
                  apifix_send(f, WEB_POST, "/api/v1/alarms/8/acknowledge", ROLE_OPERATOR, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/alarms", ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    assert_string_equal(apifix_string(f, "items.0.kind"), "link_lost");
    assert_string_equal(apifix_string(f, "items.0.level"), "critical");
    assert_string_equal(apifix_string(f, "items.0.node_name"), "N");
    assert_string_equal(apifix_string(f, "items.0.acknowledged_by"), "user-1");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/alarms?all=1", ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 2);
    assert_int_equal(apifix_number(f, "items.1.cleared_us"), NOW_US + 1);
}

static void test_join_codes_pin_the_ca_and_are_shown_once(void **state)
{
    struct apifix *f = *state;
    struct joincode code;
    uint8_t pin[JOINCODE_PIN_BYTES];
    char text[64];

    (void)apifix_zone(f, "1", "A");
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/join-codes", TECH,
                              "{\"name\": \"Cụm 4\", \"zone\": 1, \"valid_s\": 60}"));
    snprintf(text, sizeof(text), "%s", apifix_string(f, "code"));
    assert_int_equal(joincode_parse(text, &code, NULL), ERR_OK);
    memset(pin, 0xA5, sizeof(pin));
    assert_memory_equal(code.ca_pin, pin, sizeof(pin));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/join-codes", TECH, NULL));
    assert_null(strstr(f->text, text));
    assert_string_equal(apifix_string(f, "items.0.state"), "open");
    f->now_us += 60 * USEC_PER_SEC;
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/join-codes", TECH, NULL));
    assert_string_equal(apifix_string(f, "items.0.state"), "expired");
    expect_status(f, 204, apifix_send(f, WEB_DELETE, "/api/v1/join-codes/1", TECH, NULL));
    expect_status(f, 409, apifix_send(f, WEB_DELETE, "/api/v1/join-codes/1", TECH, NULL));
    expect_status(f, 404, apifix_send(f, WEB_DELETE, "/api/v1/join-codes/7", TECH, NULL));
    expect_status(
        f, 404,
        apifix_send(f, WEB_POST, "/api/v1/join-codes", TECH, "{\"name\": \"x\", \"zone\": 8}"));
}

static void test_policy_takes_effect_and_is_checked(void **state)
{
    struct apifix *f = *state;
    struct node_id id = {apifix_node(f, apifix_zone(f, "1", "A"), "N")};
    struct node_record node;

    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN,
                              "{\"quiet_from_min\": 1200, \"author_may_approve\": true}"));
    assert_int_equal(f->station.policy.quiet_from_min, 1200);
    assert_true(f->station.policy.author_may_approve);
    assert_int_equal(f->policy_changes, 1);
    assert_int_equal(store_node_get(f->db, id, &node), ERR_OK);
    assert_int_equal(node.settings_revision, 2);
    expect_status(
        f, 200,
        apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"timezone\": \"Asia/Tokyo\"}"));
    assert_int_equal(apifix_number(f, "utc_offset_min"), 540);
    expect_status(f, 400,
                  apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN,
                              "{\"timezone\": \"Asia/Nowhere\"}"));
    expect_status(
        f, 422,
        apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"max_broadcast_s\": 50000}"));
    expect_status(f, 400,
                  apifix_send(f, WEB_PATCH, "/api/v1/station", ROLE_ADMIN, "{\"code\": \"1\"}"));
    assert_int_equal(f->policy_changes, 2);
}

static void test_the_journal_is_read_and_verified(void **state)
{
    struct apifix *f = *state;

    (void)apifix_zone(f, "1", "A");
    (void)apifix_zone(f, "2", "B");
    expect_status(
        f, 200,
        apifix_send(f, WEB_GET, "/api/v1/journal?order=newest&limit=1", ROLE_AUDITOR, NULL));
    assert_string_equal(apifix_string(f, "items.0.object"), "zone:2");
    assert_string_equal(apifix_string(f, "items.0.actor"), "user-16");
    assert_string_equal(apifix_string(f, "items.0.detail.name"), "B");
    expect_status(f, 200,
                  apifix_send(f, WEB_GET, "/api/v1/journal?object=zone%3A1", ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 1);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/journal/verify", ROLE_AUDITOR, NULL));
    assert_true(json_is_true(apifix_json(f, "intact")));
    assert_int_equal(apifix_number(f, "checked"), 2);
}

static void test_a_backup_is_a_whole_database(void **state)
{
    struct apifix *f = *state;
    struct db *copy = NULL;
    struct err_detail detail = {0};

    expect_status(f, 200, apifix_send(f, WEB_POST, "/api/v1/backup", ROLE_ADMIN, NULL));
    assert_int_not_equal(f->file[0], '\0');
    if (db_open(f->file, &copy, &detail) != ERR_OK)
        fail_msg("%s", detail.text);
    db_close(copy);
    unlink(f->file);
    assert_int_equal(apifix_journal(f, NULL), 1);
}

static void test_metrics_hold_the_stations_and_the_apis(void **state)
{
    struct apifix *f = *state;

    (void)apifix_send(f, WEB_GET, "/nothing", 0, NULL);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/metrics", ROLE_ADMIN, NULL));
    assert_non_null(strstr(f->text, "loa_encodes_total 4\n"));
    assert_non_null(strstr(f->text, "loa_api_requests_total 1\n"));
    assert_non_null(strstr(f->text, "loa_api_refused_total 1\n"));
}

/* Statement after statement fails: the change and its journal entry are both there or both not. */
static void test_a_fault_leaves_the_change_and_its_entry_together(void **state)
{
    struct apifix *f = *state;
    unsigned faults = 0;

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_ADMIN, NULL));
    for (unsigned n = 1;; n++) {
        char body[64];
        uint64_t before = apifix_journal(f, NULL);
        unsigned status;
        bool is_over;

        snprintf(body, sizeof(body), "{\"code\": \"%u\", \"name\": \"Z\"}", n);
        db_set_fault(f->db, n, 0);
        status = apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, body);
        is_over = db_fault_pending(f->db);
        db_set_fault(f->db, 0, 0);
        if (status != 201)
            assert_int_equal(apifix_journal(f, NULL), before);
        if (status != 201)
            expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, body));
        assert_int_equal(apifix_journal(f, NULL), before + 1);
        if (is_over)
            break;
        faults++;
    }
    assert_true(faults > 5);
}

static void test_a_full_disk_is_told_and_leaves_nothing(void **state)
{
    struct apifix *f = *state;
    char body[64];
    unsigned status = 201;
    uint64_t before = 0;

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/whoami", ROLE_ADMIN, NULL));
    db_set_room(f->db, 0);
    for (int i = 0; i < 500 && status == 201; i++) {
        before = apifix_journal(f, NULL);
        snprintf(body, sizeof(body), "{\"code\": \"z%d\", \"name\": \"Z\"}", i);
        status = apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, body);
    }
    assert_int_equal(status, 500);
    assert_string_equal(apifix_string(f, "error"), "io");
    assert_int_equal(apifix_journal(f, NULL), before);
    db_set_room(f->db, -1);
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/zones", ROLE_ADMIN, body));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_zones_are_made_changed_and_deleted),
        WITH(test_lists_come_in_pages),
        WITH(test_nodes_show_record_and_live_state),
        WITH(test_a_node_is_changed_by_whom_may_what),
        WITH(test_a_revoked_node_is_dropped_at_once),
        WITH(test_a_node_is_tested_unless_it_is_muted_or_away),
        WITH(test_alarms_are_listed_and_acknowledged),
        WITH(test_join_codes_pin_the_ca_and_are_shown_once),
        WITH(test_policy_takes_effect_and_is_checked),
        WITH(test_the_journal_is_read_and_verified),
        WITH(test_a_backup_is_a_whole_database),
        WITH(test_metrics_hold_the_stations_and_the_apis),
        WITH(test_a_fault_leaves_the_change_and_its_entry_together),
        WITH(test_a_full_disk_is_told_and_leaves_nothing),
    };

    return cmocka_run_group_tests_name("station", tests, NULL, NULL);
}
