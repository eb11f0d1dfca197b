#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "broadcast.h"
#include "oggfile.h"
#include "retention.h"
#include "store_broadcast.h"
#include "store_journal.h"
#include "store_live.h"
#include "store_media.h"
#include "store_node.h"
#include "store_retention.h"
#include "store_station.h"

#define NOW_US (INT64_C(1800000000) * USEC_PER_SEC)
#define ROWS 100
#define MANY 60 /* nodes */
#define FEW 25 /* rows */

static struct db *db;
static char dir[32];
static struct station station;
static struct node_id node;

static int setup(void **state)
{
    struct node_record record = {.state = NODE_STATE_ACTIVE, .name = "N"};
    char path[64];

    (void)state;
    strcpy(dir, "/tmp/loa-keep-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/db", dir);
    assert_int_equal(db_open(path, &db, NULL), ERR_OK);
    station_init(&station);
    assert_int_equal(store_node_add(db, &record, &node), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"db", "db-wal", "db-shm", "media", ""};
    char path[64];

    (void)state;
    db_close(db);
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

/* One live broadcast with its recording, so many days ago, in this state. */
static struct broadcast_id past(int days, enum broadcast_state state, uint8_t recording)
{
    struct broadcast b = {.priority = PRIORITY_NORMAL,
                          .start_us = NOW_US - days * USEC_PER_DAY,
                          .repeats = 1,
                          .live.source = "stream"};
    struct media_info media = {.size_bytes = 1, .samples = 48, .duration_ms = 1000, .title = "t"};
    loa_Receipt receipt = {.receipt_id = recording, .outcome = loa_Outcome_OUTCOME_SOUNDED};

    memset(media.id.sha256, recording, SHA256_BYTES);
    assert_int_equal(store_media_add(db, &media), ERR_OK);
    assert_int_equal(broadcast_set_targets(&b, &node, 1), ERR_OK);
    assert_int_equal(store_broadcast_add(db, &b, &b.id), ERR_OK);
    b.state = state;
    assert_int_equal(store_broadcast_set_state(db, &b), ERR_OK);
    assert_int_equal(store_live_set_recording(db, b.id, &media.id), ERR_OK);
    receipt.broadcast_id = b.id.v;
    assert_int_equal(store_broadcast_add_receipt(db, node, &receipt, NOW_US), ERR_OK);
    broadcast_deinit(&b);
    return b.id;
}

static bool is_known(struct broadcast_id id)
{
    struct broadcast b;
    enum err e = store_broadcast_get(db, id, &b);

    if (e == ERR_OK)
        broadcast_deinit(&b);
    return e == ERR_OK;
}

static bool has_media(uint8_t first)
{
    struct media_id id;
    struct media_info info;

    memset(id.sha256, first, SHA256_BYTES);
    return store_media_get(db, &id, &info) == ERR_OK;
}

static uint64_t entries_told(void)
{
    uint8_t hash[SHA256_BYTES];
    uint64_t seq = 0;

    assert_int_equal(store_journal_head(db, &seq, hash), ERR_OK);
    return seq;
}

static void test_what_is_older_goes_and_the_journal_tells(void **state)
{
    struct broadcast_id old = past(31, BROADCAST_CLOSED, 1);
    struct broadcast_id young = past(29, BROADCAST_CLOSED, 2);
    struct broadcast_id open = past(31, BROADCAST_ENDED, 3);
    struct journal_entry entries[4];
    struct db_page page = {0};
    size_t count = 0;

    (void)state;
    station.policy.keep_days = 30;
    assert_false(retention_step(db, &station, dir, NOW_US, ROWS));
    assert_false(is_known(old));
    assert_true(is_known(young));
    assert_true(is_known(open));
    assert_false(has_media(1));
    assert_true(has_media(2));
    assert_true(has_media(3));
    assert_int_equal(store_journal_list(db, NULL, &page, entries, 4, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_string_equal(entries[0].action, "broadcast.expire");
    assert_non_null(strstr(entries[0].detail, "\"broadcasts\":1"));
    assert_string_equal(entries[1].action, "media.expire");
    assert_false(retention_step(db, &station, dir, NOW_US, ROWS));
    assert_int_equal(entries_told(), 2);
}

static void test_for_ever_is_for_ever(void **state)
{
    struct broadcast_id old = past(10000, BROADCAST_CLOSED, 1);

    (void)state;
    station.policy.keep_days = 0;
    assert_false(retention_step(db, &station, dir, NOW_US, ROWS));
    assert_true(is_known(old));
}

static void test_a_recording_is_not_deleted_while_its_broadcast_is_kept(void **state)
{
    struct err_detail detail = {""};
    struct media_id id;

    (void)state;
    (void)past(1, BROADCAST_CLOSED, 1);
    memset(id.sha256, 1, SHA256_BYTES);
    assert_int_equal(store_media_delete(db, &id, &detail), ERR_STATE);
    assert_non_null(strstr(detail.text, "sounded this recording"));
}

static void test_many_go_in_slices(void **state)
{
    size_t slices = 1;

    (void)state;
    for (int i = 0; i < 150; i++)
        (void)past(31 + i, BROADCAST_MISSED, (uint8_t)(i + 1));
    station.policy.keep_days = 30;
    while (retention_step(db, &station, dir, NOW_US, ROWS))
        slices++;
    assert_true(slices >= 150 / STORE_RETENTION_MAX);
    for (int i = 0; i < 150; i++)
        assert_false(has_media((uint8_t)(i + 1)));
}

/* Targets and receipts that are left of one. */
static size_t rows_of(struct broadcast_id id)
{
    static struct broadcast_target targets[MANY];
    static struct store_receipt receipts[MANY];
    struct db_page page = {0}, other = {0};
    size_t n = 0, m = 0;

    assert_int_equal(store_broadcast_targets(db, id, &page, targets, MANY, &n), ERR_OK);
    assert_int_equal(store_broadcast_receipts(db, id, &other, receipts, MANY, &m), ERR_OK);
    return n + m;
}

/* However many nodes one had, a slice takes no more rows than it may. */
static void test_one_of_many_nodes_goes_in_slices(void **state)
{
    struct broadcast_id id = past(31, BROADCAST_CLOSED, 1);
    struct node_record record = {.state = NODE_STATE_ACTIVE, .name = "M"};
    loa_Receipt receipt = {.broadcast_id = id.v, .outcome = loa_Outcome_OUTCOME_SOUNDED};
    size_t left, before;
    bool more = true;

    (void)state;
    for (uint64_t i = 1; i < MANY; i++) {
        struct broadcast_target target = {0};
        struct node_id other;

        receipt.receipt_id = i;
        assert_int_equal(store_node_add(db, &record, &other), ERR_OK);
        target.node = other;
        assert_int_equal(store_broadcast_add_targets(db, id, &target, 1), ERR_OK);
        assert_int_equal(store_broadcast_add_receipt(db, other, &receipt, NOW_US), ERR_OK);
    }
    station.policy.keep_days = 30;
    left = rows_of(id);
    assert_int_equal(left, 2 * MANY);
    while (more) {
        before = left;
        more = retention_step(db, &station, dir, NOW_US, FEW);
        left = rows_of(id);
        assert_true(before - left <= FEW);
        assert_true(more || left == 0);
        assert_int_equal(is_known(id), more);
        assert_int_equal(has_media(1), more); /* its recording goes last */
    }
    assert_int_equal(entries_told(), 2); /* one of the broadcast, one of its recording */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_older_goes_and_the_journal_tells),
        CASE(test_for_ever_is_for_ever),
        CASE(test_a_recording_is_not_deleted_while_its_broadcast_is_kept),
        CASE(test_many_go_in_slices),
        CASE(test_one_of_many_nodes_goes_in_slices),
    };

    return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
