/* Watching: the whole state first, then what changed and nothing else, for as long as the session is good. */
#include "apifix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPDATES "/api/v1/updates"

static void watch(struct apifix *f, unsigned roles)
{
    expect_status(f, 200, apifix_send(f, WEB_GET, UPDATES, roles, NULL));
    assert_string_equal(f->type, "text/event-stream");
}

/* What a step sends. */
static const char *step(struct apifix *f)
{
    f->sent[0] = '\0';
    f->pieces = 0;
    f->now_us += 250 * USEC_PER_MSEC;
    api_step(f->api);
    return f->sent;
}

/* The data of the first event of a name in what was sent; NULL: there is none. */
static json_t *event(struct apifix *f, const char *name)
{
    char head[64];
    const char *at;
    json_t *data;

    snprintf(head, sizeof(head), "event: %s\ndata: ", name);
    at = strstr(f->sent, head);
    if (at == NULL)
        return NULL;
    at += strlen(head);
    data = json_loadb(at, strcspn(at, "\n"), 0, NULL);
    assert_non_null(data);
    return data;
}

static struct node_live *node(struct apifix *f, uint32_t id)
{
    return &registry_find(f->registry, (struct node_id){id})->live;
}

static void test_the_whole_state_comes_first(void **state)
{
    struct apifix *f = *state;
    struct broadcast on_air = {.id = {7},
                               .state = BROADCAST_ON_AIR,
                               .priority = PRIORITY_NORMAL,
                               .title = "Bản tin",
                               .target_count = 2};
    uint32_t id = apifix_node(f, apifix_zone(f, "T1", "Thôn Một"), "Loa 1");
    json_t *all;

    node(f, id)->ready = true;
    node(f, id)->status.playing_broadcast = 7;
    f->broadcasts = &on_air;
    f->broadcast_count = 1;
    watch(f, ROLE_AUDITOR);
    assert_int_equal(strncmp(f->sent, "retry: ", 7), 0);
    step(f);
    assert_int_equal(f->pieces, 1);
    all = event(f, "snapshot");
    assert_non_null(all);
    assert_int_equal(json_array_size(json_object_get(all, "nodes")), 1);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(all, "nodes"), 0), "name")),
                        "Loa 1");
    assert_int_equal(json_integer_value(json_object_get(
                         json_array_get(json_object_get(all, "broadcasts"), 0), "sounding")),
                     1);
    assert_non_null(json_object_get(json_object_get(all, "alarms"), "items"));
    assert_non_null(json_object_get(json_object_get(all, "bulletins"), "waiting"));
    assert_non_null(json_object_get(json_object_get(all, "alerts"), "inbox"));
    assert_non_null(json_object_get(json_object_get(all, "schedule"), "next"));
    json_decref(all);
    assert_string_equal(step(f), "");
}

static void test_only_nodes_that_changed_are_told_of(void **state)
{
    struct apifix *f = *state;
    uint64_t zone = apifix_zone(f, "T1", "Thôn Một");
    uint32_t first = apifix_node(f, zone, "Loa 1");
    uint32_t second = apifix_node(f, zone, "Loa 2");
    json_t *nodes;

    watch(f, ROLE_OPERATOR);
    step(f);
    node(f, second)->ready = true;
    node(f, second)->status.faults = loa_Fault_FAULT_TEMPERATURE_HIGH;
    step(f);
    nodes = event(f, "nodes");
    assert_non_null(nodes);
    assert_int_equal(json_array_size(json_object_get(nodes, "nodes")), 1);
    assert_int_equal(json_integer_value(
                         json_object_get(json_array_get(json_object_get(nodes, "nodes"), 0), "id")),
                     second);
    assert_non_null(strstr(f->sent, "\"faults\":[\"temperature_high\"]"));
    json_decref(nodes);
    assert_string_equal(step(f), "");
    node(f, first)->status.muted_locally = true;
    assert_non_null(strstr(step(f), "\"muted_locally\":true"));
}

static void test_levels_are_told_while_something_sounds(void **state)
{
    struct apifix *f = *state;
    uint32_t id = apifix_node(f, apifix_zone(f, "T1", "Thôn Một"), "Loa 1");

    watch(f, ROLE_OPERATOR);
    step(f);
    assert_int_equal(f->level_looks, 1);
    node(f, id)->ready = true;
    node(f, id)->rms_mdb = -18000;
    node(f, id)->peak_mdb = -9000;
    node(f, id)->level_us = f->now_us;
    step(f);
    assert_null(strstr(f->sent, "event: levels")); /* idle */
    node(f, id)->status.playing_broadcast = 7;
    node(f, id)->level_us = f->now_us;
    assert_non_null(strstr(step(f), "event: levels\ndata: {\"1\":[-18000,-9000]}\n\n"));
    assert_string_equal(step(f), ""); /* the same one is not told twice */
    node(f, id)->level_us = f->now_us;
    assert_non_null(strstr(step(f), "event: levels"));
    f->handler.on_gone(f->handler.ctx, f->watcher);
    step(f);
    assert_int_equal(f->level_looks, 5); /* nobody looks: no node is asked */
}

static void test_what_is_journalled_is_told_with_its_new_state(void **state)
{
    struct apifix *f = *state;
    uint64_t id;
    char path[64];
    json_t *changed, *bulletins;

    watch(f, ROLE_APPROVER);
    step(f);
    id = apifix_bulletin(f, "Lịch tiêm", false);
    assert_non_null(strstr(step(f), "\"objects\":[\"bulletin:1\"]"));
    assert_null(strstr(f->sent, "event: bulletins")); /* a draft waits for nobody */
    snprintf(path, sizeof(path), "/api/v1/bulletins/%llu/submit", (unsigned long long)id);
    expect_status(f, 200, apifix_send(f, WEB_POST, path, ROLE_OPERATOR, NULL));
    step(f);
    changed = event(f, "changed");
    bulletins = event(f, "bulletins");
    assert_non_null(changed);
    assert_non_null(bulletins);
    assert_int_equal(json_integer_value(json_object_get(bulletins, "waiting")), 1);
    json_decref(changed);
    json_decref(bulletins);
    for (int i = 0; i < 60; i++) {
        snprintf(path, sizeof(path), "x%d", i);
        apifix_zone(f, path, "Thôn");
    }
    assert_non_null(strstr(step(f), "\"objects\":[\"*\"]"));
}

static void test_what_is_on_air_and_next_is_told(void **state)
{
    struct apifix *f = *state;
    static struct broadcast list[30];
    json_t *schedule = NULL;

    watch(f, ROLE_OPERATOR);
    step(f);
    for (size_t i = 0; i < 30; i++)
        list[i] = (struct broadcast){.id = {i + 1},
                                     .priority = PRIORITY_NORMAL,
                                     .start_us = f->now_us + (usec_t)(30 - i) * USEC_PER_MIN};
    f->broadcasts = list;
    f->broadcast_count = 30;
    for (int i = 0; i < 5; i++)
        step(f);
    list[29].title[0] = 'x';
    for (int i = 0; i < 5 && schedule == NULL; i++) {
        step(f);
        schedule = event(f, "schedule");
    }
    assert_non_null(schedule);
    assert_int_equal(json_array_size(json_object_get(schedule, "next")), 10);
    assert_int_equal(json_integer_value(json_object_get(
                         json_array_get(json_object_get(schedule, "next"), 0), "id")),
                     30);
    json_decref(schedule);
    list[29].state = BROADCAST_ON_AIR;
    assert_non_null(strstr(step(f), "event: broadcasts\ndata: [{\"id\":30,"));
}

static void test_all_watchers_share_what_is_sent_and_newcomers_get_the_rest(void **state)
{
    struct apifix *f = *state;
    uint32_t id = apifix_node(f, apifix_zone(f, "T1", "Thôn Một"), "Loa 1");

    watch(f, ROLE_OPERATOR);
    watch(f, ROLE_AUDITOR);
    step(f);
    assert_int_equal(f->pieces, 2);
    watch(f, ROLE_TECHNICIAN);
    node(f, id)->ready = true;
    step(f);
    assert_int_equal(f->pieces, 3);
    assert_non_null(strstr(f->sent, "event: nodes"));
    assert_non_null(strstr(f->sent, "event: snapshot"));
}

static void test_a_heartbeat_comes_and_who_signed_out_goes(void **state)
{
    struct apifix *f = *state;
    char path[64];

    snprintf(f->token, sizeof(f->token), "%s", apifix_token(f, ROLE_ADMIN));
    watch(f, ROLE_ADMIN);
    step(f);
    f->now_us += 15 * USEC_PER_SEC;
    assert_string_equal(step(f), ":\n\n");
    assert_int_equal(f->streams_ended, 0);
    expect_status(f, 200, apifix_send(f, WEB_GET, "/api/v1/tokens", ROLE_ADMIN, NULL));
    snprintf(path, sizeof(path), "/api/v1/tokens/%lld", (long long)apifix_number(f, "items.0.id"));
    expect_status(f, 204, apifix_send(f, WEB_DELETE, path, ROLE_ADMIN, NULL));
    f->now_us += 15 * USEC_PER_SEC;
    step(f);
    assert_int_equal(f->streams_ended, 1);
    f->now_us += 15 * USEC_PER_SEC;
    assert_string_equal(step(f), "");
    assert_int_equal(f->streams_ended, 1);
}

static void test_only_the_on_air_page_has_a_name(void **state)
{
    struct apifix *f = *state;

    expect_status(f, 400, apifix_send(f, WEB_GET, UPDATES "?page=x", ROLE_ADMIN, NULL));
    expect_status(f, 400, apifix_send(f, WEB_GET, UPDATES "?page=", ROLE_ADMIN, NULL));
    expect_status(f, 401, apifix_send(f, WEB_GET, UPDATES, 0, NULL));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, apifix_setup, apifix_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH(test_the_whole_state_comes_first),
        WITH(test_only_nodes_that_changed_are_told_of),
        WITH(test_levels_are_told_while_something_sounds),
        WITH(test_what_is_journalled_is_told_with_its_new_state),
        WITH(test_what_is_on_air_and_next_is_told),
        WITH(test_all_watchers_share_what_is_sent_and_newcomers_get_the_rest),
        WITH(test_a_heartbeat_comes_and_who_signed_out_goes),
        WITH(test_only_the_on_air_page_has_a_name),
    };

    return cmocka_run_group_tests_name("updates", tests, NULL, NULL);
}
