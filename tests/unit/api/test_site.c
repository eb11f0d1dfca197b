/* Where nodes stand: position, SIM card, photo, checklist, history, a new board; the shape of zones. */
#include "apifix.h"

#include <string.h>

#include "store_emergency.h"
#include "store_join.h"
#include "store_node.h"
#include "store_sample.h"

#define TECH ROLE_TECHNICIAN

static uint32_t node(struct apifix *f)
{
    uint32_t id = apifix_node(f, apifix_zone(f, "t1", "Thôn 1"), "Cụm 1");

    registry_find(f->registry, (struct node_id){id})->live.ready = true;
    return id;
}

static void test_a_node_has_a_place_and_a_card(void **state)
{
    struct apifix *f = *state;

    node(f);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", TECH, NULL));
    assert_true(json_is_null(apifix_json(f, "lat_udeg")));
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH,
                              "{\"lat_udeg\": 21028511, \"lon_udeg\": 105804817,"
                              " \"sim_number\": \"0912 345 678\", \"sim_due\": \"2026-12-31\"}"));
    assert_int_equal(apifix_number(f, "lat_udeg"), 21028511);
    assert_int_equal(apifix_number(f, "lon_udeg"), 105804817);
    assert_string_equal(apifix_string(f, "sim_due"), "2026-12-31");
    assert_string_equal(apifix_string(f, "data_month"), "2026-11");
    assert_int_equal(f->site_changes, 1);
    expect_status(f, 400, apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH, "{\"lat_udeg\": 1}"));
    expect_status(f, 400,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH, "{\"sim_due\": \"31/12\"}"));
    expect_status(
        f, 400,
        apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH, "{\"sim_due\": \"2026-02-30\"}"));
    expect_status(f, 422,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", TECH,
                              "{\"lat_udeg\": 90000001, \"lon_udeg\": 0}"));
    expect_status(
        f, 403,
        apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", ROLE_OPERATOR, "{\"sim_number\": \"1\"}"));
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, "/api/v1/nodes/1", ROLE_OPERATOR, "{\"muted\": true}"));
    assert_int_equal(apifix_number(f, "lat_udeg"), 21028511);
}

static unsigned send_photo(struct apifix *f, const void *data, size_t len, unsigned roles)
{
    uint64_t id;

    if (apifix_upload_begin(f, "/api/v1/nodes/1/photo", roles, &id) &&
        apifix_upload_piece(f, id, data, len))
        apifix_upload_end(f, id, "/api/v1/nodes/1/photo", roles);
    return f->status;
}

static void test_a_photo_is_a_picture_of_bounded_size(void **state)
{
    static char big[1024 * 1024 + 1] = "\xFF\xD8\xFF\xE0";
    struct apifix *f = *state;
    char action[64];

    node(f);
    f->upload_method = WEB_PUT;
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/nodes/1/photo", TECH, NULL));
    expect_status(f, 415, send_photo(f, "<svg onload=alert(1)>", 21, TECH));
    expect_status(f, 413, send_photo(f, big, sizeof(big), TECH));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/nodes/1/photo", TECH, NULL));
    expect_status(f, 204, send_photo(f, "\xFF\xD8\xFF\xE0\0\x10JFIF", 10, TECH));
    apifix_journal(f, action);
    assert_string_equal(action, "node.photo");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1/photo", ROLE_AUDITOR, NULL));
    assert_non_null(strstr(f->file, "node-1"));
    expect_status(f, 401, apifix_send(f, WEB_GET, "/api/v1/nodes/1/photo", 0, NULL));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", TECH, NULL));
    assert_true(json_is_true(apifix_json(f, "has_photo")));
    expect_status(f, 204, apifix_send(f, WEB_DELETE, "/api/v1/nodes/1/photo", TECH, NULL));
    expect_status(f, 404, apifix_send(f, WEB_GET, "/api/v1/nodes/1/photo", TECH, NULL));
}

static void test_a_checklist_is_signed_when_it_is_complete(void **state)
{
    static const char *const items[] = {"mounted", "power", "earth",     "link",     "position",
                                        "photo",   "label", "walk_test", "tone_test"};
    static const char path[] = "/api/v1/nodes/1/commissioning";
    struct apifix *f = *state;
    char body[64], action[64];

    node(f);
    for (size_t i = 0; i < 9; i++) {
        expect_status(f, 409,
                      apifix_send(f, WEB_POST, "/api/v1/nodes/1/commissioning/sign", TECH, NULL));
        snprintf(body, sizeof(body), "{\"item\": \"%s\"}", items[i]);
        expect_status(f, 200, apifix_send(f, WEB_PATCH, path, TECH, body));
    }
    assert_string_equal(apifix_string(f, "items.0.by_name"), "user-4");
    expect_status(f, 200,
                  apifix_send(f, WEB_POST, "/api/v1/nodes/1/commissioning/sign", TECH, NULL));
    assert_int_equal(apifix_number(f, "signed_us"), NOW_US);
    apifix_journal(f, action);
    assert_string_equal(action, "node.sign");
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", TECH, NULL));
    assert_int_equal(apifix_number(f, "commissioned_us"), NOW_US);
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, path, TECH, "{\"item\": \"earth\", \"done\": false}"));
    assert_int_equal(apifix_number(f, "signed_us"), 0);
    expect_status(f, 400, apifix_send(f, WEB_PATCH, path, TECH, "{\"item\": \"paint\"}"));
}

static void test_history_is_folded_into_steps(void **state)
{
    struct apifix *f = *state;
    size_t room = 100;
    struct node_id id = {node(f)};
    struct node_sample s = {.has_temperature = true, .out_bytes = 100};
    usec_t first_us = NOW_US - 40 * STORE_SAMPLE_US;
    char path[200];

    for (int i = 0; i < 40; i++) {
        s.at_us = first_us + i * STORE_SAMPLE_US;
        s.temperature_mc = i < 20 ? 20000 : 40000;
        s.online_permille = 500;
        assert_int_equal(store_sample_add(f->db, id, &s, "2026-11"), ERR_OK);
    }
    snprintf(path, sizeof(path), "/api/v1/nodes/1/history?from_us=%lld&to_us=%lld&points=4",
             (long long)first_us, (long long)NOW_US);
    expect_status(f, 200, apifix_send(f, WEB_GET, path, ROLE_AUDITOR, NULL));
    assert_in_range(json_array_size(apifix_json(f, "items")), 4, 5);
    assert_int_equal(apifix_number(f, "items.0.temperature_mc"), 20000);
    assert_int_equal(apifix_number(f, "items.3.temperature_mc"), 40000);
    assert_true(json_is_null(apifix_json(f, "items.0.supply_mv")));
    assert_int_equal(apifix_number(f, "items.1.out_bytes"), 1000);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/nodes/1", TECH, NULL));
    assert_int_equal(apifix_number(f, "data_out_bytes"), 4000);
    expect_status(
        f, 400,
        apifix_send(f, WEB_GET, "/api/v1/nodes/1/history?from_us=5&to_us=5", ROLE_AUDITOR, NULL));
    expect_status(
        f, 422, apifix_send(f, WEB_GET, "/api/v1/nodes/1/history?points=501", ROLE_AUDITOR, NULL));
    assert_int_equal(store_sample_prune(f->db, NOW_US, &room), ERR_OK);
    expect_status(f, 200, apifix_send(f, WEB_GET, path, ROLE_AUDITOR, NULL));
    assert_int_equal(json_array_size(apifix_json(f, "items")), 0);
}

static void test_a_code_can_be_for_a_new_board(void **state)
{
    struct apifix *f = *state;
    struct node_record board = {.hardware = "board 2", .serial = "two"}, now;
    uint8_t secret[SHA256_BYTES] = {7};
    struct join_code code = {.created_us = NOW_US, .expires_us = NOW_US + 9, .replaces = {1}};
    uint64_t id;

    node(f);
    expect_status(f, 400, apifix_send(f, WEB_POST, "/api/v1/join-codes", TECH, "{}"));
    expect_status(f, 404, apifix_send(f, WEB_POST, "/api/v1/join-codes", TECH, "{\"node\": 9}"));
    expect_status(
        f, 400,
        apifix_send(f, WEB_POST, "/api/v1/join-codes", TECH, "{\"node\": 1, \"name\": \"x\"}"));
    expect_status(f, 201, apifix_send(f, WEB_POST, "/api/v1/join-codes", TECH, "{\"node\": 1}"));
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/join-codes", TECH, NULL));
    assert_int_equal(apifix_number(f, "items.0.replaces"), 1);
    assert_string_equal(apifix_string(f, "items.0.name"), "Cụm 1");
    assert_int_equal(store_node_get(f->db, (struct node_id){1}, &now), ERR_OK);
    assert_int_equal(store_join_add(f->db, &code, secret, &id), ERR_OK);
    assert_int_equal(store_join_redeem(f->db, secret, &board, NOW_US, &now), ERR_OK);
    assert_int_equal(now.id.v, 1);
    assert_string_equal(now.name, "Cụm 1");
    assert_string_equal(now.serial, "two");
    assert_memory_equal(now.cert_sha256, (uint8_t[SHA256_BYTES]){0}, SHA256_BYTES);
    assert_int_equal(store_join_redeem(f->db, secret, &board, NOW_US, &now), ERR_EXISTS);
}

static void test_a_node_is_restarted_and_walked_around(void **state)
{
    struct apifix *f = *state;
    struct emergency_entry tone = {.signal = EMERGENCY_TEST, .changed_us = NOW_US};
    struct node_entry *entry;
    char hex[65], action[64];

    entry = registry_find(f->registry, (struct node_id){node(f)});
    expect_status(f, 202, apifix_send(f, WEB_POST, "/api/v1/nodes/1/reboot", TECH, NULL));
    assert_int_equal(f->node_reboots, 1);
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/walk-test", TECH, "{}"));
    apifix_media(f, 0x55, 3000, hex);
    assert_int_equal(bytes_from_hex(hex, tone.media.sha256, SHA256_BYTES), ERR_OK);
    assert_int_equal(store_emergency_put(f->db, &tone), ERR_OK);
    expect_status(f, 201,
                  apifix_send(f, WEB_POST, "/api/v1/nodes/1/walk-test", TECH,
                              "{\"volume_mdb\": -12000, \"repeats\": 5}"));
    apifix_journal(f, action);
    assert_string_equal(action, "node.walk_test");
    assert_int_equal(f->played.signal, EMERGENCY_TEST);
    assert_int_equal(f->played.node_count, 1);
    assert_int_equal(f->played.repeats, 5);
    entry = registry_find(f->registry, (struct node_id){1});
    assert_int_equal(entry->record.volume_mdb, -12000);
    f->now_us = NOW_US + 13 * USEC_PER_HOUR; /* 23:00 */
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/walk-test", TECH, "{}"));
    entry->live.status.playing_broadcast = 5;
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/reboot", TECH, NULL));
    entry->live.ready = false;
    expect_status(f, 409, apifix_send(f, WEB_POST, "/api/v1/nodes/1/reboot", TECH, NULL));
    assert_int_equal(f->node_reboots, 1);
}

static void test_a_zone_has_a_shape_and_a_place_in_the_tree(void **state)
{
    static const char *const bad[] = {
        "{\"polygon\": {\"type\": \"Point\", \"coordinates\": [[[1,2],[1,3],[2,3],[1,2]]]}}",
        "{\"polygon\": {\"type\": \"Polygon\", \"coordinates\": []}}",
        "{\"polygon\": {\"type\": \"Polygon\", \"coordinates\": [[[1,2],[1,3],[2,3]]]}}",
        "{\"polygon\": {\"type\": \"Polygon\", \"coordinates\": [[[1,2],[1,3],[2,3],[1,2.5]]]}}",
        "{\"polygon\": {\"type\": \"Polygon\", \"coordinates\": [[[181,2],[1,3],[2,3],[181,2]]]}}",
        "{\"polygon\": {\"type\": \"Polygon\", \"coordinates\": [[[1,91],[1,3],[2,3],[1,91]]]}}",
        "{\"polygon\": {\"type\": \"Polygon\", \"coordinates\": [[[1,\"2\"],[1,3],[2,3],[1,2]]]}}",
        "{\"polygon\": {\"coordinates\": [[[1,2],[1,3],[2,3],[1,2]]]}}",
        "{\"polygon\": 7}",
    };
    struct apifix *f = *state;

    apifix_zone(f, "t1", "Thôn 1");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_status(f, 400, apifix_send(f, WEB_PATCH, "/api/v1/zones/1", TECH, bad[i]));
    expect_status(
        f, 200,
        apifix_send(f, WEB_PATCH, "/api/v1/zones/1", TECH,
                    "{\"rank\": 3, \"polygon\": {\"type\": \"Polygon\", \"coordinates\":"
                    " [[[105.8, 21.02], [105.9, 21], [105.85, 21.1], [105.8, 21.02]]]}}"));
    assert_int_equal(apifix_number(f, "rank"), 3);
    assert_string_equal(apifix_string(f, "polygon.type"), "Polygon");
    assert_float_equal(json_real_value(apifix_json(f, "polygon.coordinates.0.0.0")), 105.8, 1e-9);
    expect_status(f, 200,
                  apifix_send(f, WEB_PATCH, "/api/v1/zones/1", TECH, "{\"polygon\": null}"));
    assert_true(json_is_null(apifix_json(f, "polygon")));
    assert_int_equal(apifix_number(f, "rank"), 3);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_a_node_has_a_place_and_a_card),
        WITH(test_a_photo_is_a_picture_of_bounded_size),
        WITH(test_a_checklist_is_signed_when_it_is_complete),
        WITH(test_history_is_folded_into_steps),
        WITH(test_a_code_can_be_for_a_new_board),
        WITH(test_a_node_is_restarted_and_walked_around),
        WITH(test_a_zone_has_a_shape_and_a_place_in_the_tree),
    };

    return cmocka_run_group_tests_name("site", tests, NULL, NULL);
}
