#include <stdlib.h>
#include <string.h>

#include "store_alert_message.h"
#include "storefix.h"

static struct alertmessage message(uint8_t byte)
{
    struct alertmessage m = {
        .state = ALERTMESSAGE_WAITING,
        .received_us = NOW_US + byte,
        .source = "feed-1",
        .key = {.sender = "pctt@hue.example", .identifier = "x-1", .sent_us = NOW_US - 5},
        .title = "Lũ khẩn cấp",
        .level = PRIORITY_EMERGENCY,
        .expires_us = NOW_US + USEC_PER_HOUR,
    };

    storefix_hash(byte, m.sha256);
    return m;
}

static uint64_t add(struct storefix *f, const struct alertmessage *m)
{
    uint64_t id = 0;

    assert_ok(store_alert_message_add(f->db, m, "{\"a\":\"ữ\"}", bytes_of("<a\0b>", 5), &id));
    return id;
}

static void test_every_field_and_both_texts_come_back(void **state)
{
    struct storefix *f = *state;
    struct alertmessage m = message(1), again;
    char *verdict, *text;
    struct sample s;
    size_t len;

    storefix_fill(f, &s);
    m.life = UINT64_C(1) << 40;
    m.alert = 9;
    m.decided_by = s.author;
    m.decided_us = NOW_US + 7;
    m.id = add(f, &m);
    assert_ok(store_alert_message_get(f->db, m.id, &again));
    assert_memory_equal(&again, &m, sizeof(m));
    assert_ok(store_alert_message_find(f->db, m.sha256, &again));
    assert_memory_equal(&again, &m, sizeof(m));
    assert_ok(store_alert_message_texts(f->db, m.id, &verdict, &text, &len));
    assert_string_equal(verdict, "{\"a\":\"ữ\"}");
    assert_int_equal(len, 5);
    assert_memory_equal(text, "<a\0b>", 6);
    free(verdict);
    free(text);
    assert_err(ERR_EXISTS, store_alert_message_add(f->db, &m, "{}", bytes_of("x", 1), &m.id));
    assert_err(ERR_NOT_FOUND, store_alert_message_get(f->db, 99, &again));
    assert_err(ERR_NOT_FOUND, store_alert_message_texts(f->db, 99, &verdict, &text, &len));
}

static void test_the_inbox_lists_what_waits_and_pruning_leaves_it(void **state)
{
    struct storefix *f = *state;
    size_t room = 100;
    struct alertmessage rows[4], m = message(1);
    struct db_page page = {0}, all = {0};
    size_t count;

    m.id = add(f, &m);
    m.state = ALERTMESSAGE_DISMISSED;
    assert_ok(store_alert_message_put(f->db, &m));
    m = message(2);
    m.id = add(f, &m);
    assert_ok(store_alert_message_list(f->db, true, &page, rows, 4, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, m.id);
    assert_ok(store_alert_message_list(f->db, false, &all, rows, 4, &count));
    assert_int_equal(count, 2);
    assert_ok(store_alert_message_prune(f->db, NOW_US + USEC_PER_DAY, &room));
    all.after = 0;
    assert_ok(store_alert_message_list(f->db, false, &all, rows, 4, &count));
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].state, ALERTMESSAGE_WAITING);
    m.id = 77;
    assert_err(ERR_NOT_FOUND, store_alert_message_put(f->db, &m));
}

static void test_a_full_inbox_refuses_what_would_wait_and_nothing_else(void **state)
{
    struct storefix *f = *state;
    struct alertmessage m = message(0);
    uint64_t id;

    for (uint32_t i = 0; i < ALERTMESSAGE_WAITING_MAX; i++) {
        memcpy(m.sha256, &i, sizeof(i));
        add(f, &m);
    }
    storefix_hash(0xFF, m.sha256);
    assert_err(ERR_LIMIT, store_alert_message_add(f->db, &m, "{}", bytes_of("x", 1), &id));
    m.state = ALERTMESSAGE_SOUNDED;
    assert_ok(store_alert_message_add(f->db, &m, "{}", bytes_of("x", 1), &id));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_every_field_and_both_texts_come_back),
        CASE(test_the_inbox_lists_what_waits_and_pruning_leaves_it),
        CASE(test_a_full_inbox_refuses_what_would_wait_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
