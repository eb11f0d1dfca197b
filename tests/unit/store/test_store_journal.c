#include <stdio.h>
#include <string.h>

#include "store_journal.h"
#include "storefix.h"

#define ENTRIES 12

#define UNLOCK "DROP TRIGGER journal_is_not_changed; DROP TRIGGER journal_is_not_shortened; "

static void append(struct db *db, uint64_t n)
{
    struct journal_entry e = {.at_us = NOW_US + (usec_t)n};

    snprintf(e.actor, sizeof e.actor, "lan");
    snprintf(e.action, sizeof e.action, "bulletin.approve");
    snprintf(e.object, sizeof e.object, "bulletin:%llu", (unsigned long long)(n % 3));
    snprintf(e.detail, sizeof e.detail, "{\"n\":%llu}", (unsigned long long)n);
    assert_ok(store_journal_append(db, &e));
    assert_int_equal(e.seq, n);
}

static int setup(void **state)
{
    struct storefix *f;

    if (storefix_setup(state) != 0)
        return -1;
    f = *state;
    for (uint64_t n = 1; n <= ENTRIES; n++)
        append(f->db, n);
    return 0;
}

static enum err verify(struct db *db, size_t step, struct journal_verification *v,
                       struct err_detail *detail)
{
    enum err e;

    *v = (struct journal_verification){0};
    *detail = (struct err_detail){0};
    do {
        e = store_journal_verify(db, v, step, detail);
    } while (e == ERR_MORE);
    return e;
}

static void test_an_intact_chain_verifies_in_steps_of_any_size(void **state)
{
    struct storefix *f = *state;
    struct journal_verification v;
    struct err_detail detail;

    for (size_t step = 1; step <= ENTRIES + 1; step++) {
        assert_ok(verify(f->db, step, &v, &detail));
        assert_int_equal(v.checked, ENTRIES);
        assert_string_equal(detail.text, "");
    }
    storefix_reopen(f);
    assert_ok(verify(f->db, 5, &v, &detail));
}

static void test_an_empty_journal_verifies(void **state)
{
    struct storefix *f = *state;
    struct journal_verification v;
    struct err_detail detail;
    uint8_t hash[SHA256_BYTES];
    uint64_t seq = 9;

    assert_ok(verify(f->db, 10, &v, &detail));
    assert_int_equal(v.checked, 0);
    assert_ok(store_journal_head(f->db, &seq, hash));
    assert_int_equal(seq, 0);
}

static void test_entries_may_come_while_it_is_verified(void **state)
{
    struct storefix *f = *state;
    struct journal_verification v = {0};
    struct err_detail detail = {0};

    assert_err(ERR_MORE, store_journal_verify(f->db, &v, 5, &detail));
    append(f->db, ENTRIES + 1);
    assert_err(ERR_MORE, store_journal_verify(f->db, &v, 5, &detail));
    assert_ok(store_journal_verify(f->db, &v, 5, &detail));
    assert_int_equal(v.checked, ENTRIES + 1);
}

static void test_every_edit_is_found(void **state)
{
    static const struct {
        const char *sql;
        const char *says;
        unsigned good;
    } edits[] = {
        {"UPDATE journal SET at_us = at_us + 1 WHERE seq = 4", "entry 4 was changed", 3},
        {"UPDATE journal SET actor = 'minh' WHERE seq = 4", "entry 4 was changed", 3},
        {"UPDATE journal SET action = 'bulletin.reject' WHERE seq = 4", "entry 4 was changed", 3},
        {"UPDATE journal SET object = 'bulletin:9' WHERE seq = 4", "entry 4 was changed", 3},
        {"UPDATE journal SET detail = '' WHERE seq = 4", "entry 4 was changed", 3},
        {"UPDATE journal SET actor = 'lanb', action = 'ulletin.approve' WHERE seq = 4",
         "entry 4 was changed", 3},
        {"UPDATE journal SET hash = zeroblob(32) WHERE seq = 4", "entry 4 was changed", 3},
        {"UPDATE journal SET detail = detail || char(0) || 'x' WHERE seq = 4",
         "after 3 was changed", 3},
        {"UPDATE journal SET actor = printf('%.*c', 64, 'a') WHERE seq = 4", "after 3 was changed",
         3},
        {"UPDATE journal SET seq = 40 WHERE seq = 4", "entry 4 is missing", 3},
        {"DELETE FROM journal WHERE seq = 4", "entry 4 is missing", 3},
        {"DELETE FROM journal WHERE seq = 1", "entry 1 is missing", 0},
        {"DELETE FROM journal WHERE seq = 12", "ends at entry 11", 11},
        {"DELETE FROM journal WHERE seq > 3", "ends at entry 3", 3},
        {"DELETE FROM journal", "ends at entry 0", 0},
        {"DELETE FROM journal WHERE seq = 12; UPDATE journal_head SET seq = 11", "ends at entry 11",
         11},
        {"UPDATE journal_head SET seq = 13", "ends at entry 12", 12},
        {"UPDATE journal_head SET hash = zeroblob(32)", "ends at entry 12", 12},
        {"INSERT INTO journal SELECT 13, at_us, actor, action, object, detail, hash FROM journal"
         " WHERE seq = 12",
         "entry 13 was changed", 12},
        {"INSERT INTO journal SELECT 0, at_us, actor, action, object, detail, hash FROM journal"
         " WHERE seq = 1",
         "before the first", 0},
        {"INSERT INTO journal SELECT -7, at_us, actor, action, object, detail, hash FROM journal"
         " WHERE seq = 1",
         "before the first", 0},
        {"UPDATE journal SET seq = 100 WHERE seq = 4; UPDATE journal SET seq = 4 WHERE seq = 5;"
         " UPDATE journal SET seq = 5 WHERE seq = 100",
         "entry 4 was changed", 3},
        {"DELETE FROM journal_head", "damaged", 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct journal_verification v;
        struct err_detail detail;
        struct storefix *f;
        void *own;
        char *sql = sqlite3_mprintf("%s%s", UNLOCK, edits[i].sql);

        assert_int_equal(setup(&own), 0);
        f = own;
        storefix_tamper(f, sql);
        sqlite3_free(sql);
        for (size_t step = 1; step <= 2 * ENTRIES; step += 5) {
            assert_err(ERR_FORMAT, verify(f->db, step, &v, &detail));
            if (strstr(detail.text, edits[i].says) == NULL)
                fail_msg("%s: says \"%s\"", edits[i].sql, detail.text);
            assert_int_equal(v.checked, edits[i].good);
        }
        assert_int_equal(storefix_teardown(&own), 0);
    }
}

static void test_nothing_is_appended_to_a_chain_that_was_cut(void **state)
{
    struct storefix *f = *state;
    struct journal_entry e = {.at_us = NOW_US, .actor = "lan", .action = "x"};

    storefix_tamper(f, UNLOCK "DELETE FROM journal WHERE seq = 12");
    assert_err(ERR_FORMAT, store_journal_append(f->db, &e));
    assert_int_equal(e.seq, 0);
}

static void test_the_database_itself_refuses_changes(void **state)
{
    struct storefix *f = *state;

    assert_int_equal(storefix_try(f, "UPDATE journal SET actor = 'x'"), SQLITE_CONSTRAINT);
    assert_int_equal(storefix_try(f, "DELETE FROM journal WHERE seq = 12"), SQLITE_CONSTRAINT);
}

static void test_an_entry_goes_with_the_change_it_tells_of(void **state)
{
    struct storefix *f = *state;
    struct journal_verification v;
    struct err_detail detail;

    assert_ok(db_begin(f->db));
    append(f->db, ENTRIES + 1);
    db_rollback(f->db);
    assert_ok(verify(f->db, 100, &v, &detail));
    assert_int_equal(v.checked, ENTRIES);
}

static void test_an_entry_without_actor_is_refused(void **state)
{
    struct storefix *f = *state;
    struct journal_entry e = {.at_us = NOW_US, .action = "x"};

    assert_err(ERR_ARG, store_journal_append(f->db, &e));
}

static void test_entries_are_listed_by_object_and_both_ways(void **state)
{
    struct storefix *f = *state;
    struct journal_entry rows[ENTRIES];
    struct db_page page = {.newest_first = true};
    size_t n = 0;

    assert_ok(store_journal_list(f->db, NULL, &page, rows, 5, &n));
    assert_int_equal(n, 5);
    assert_int_equal(rows[0].seq, ENTRIES);
    assert_int_equal(page.after, ENTRIES - 4);
    assert_string_equal(rows[0].detail, "{\"n\":12}");
    page = (struct db_page){0};
    assert_ok(store_journal_list(f->db, "bulletin:1", &page, rows, ENTRIES, &n));
    assert_int_equal(n, 4);
    assert_int_equal(rows[3].seq, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_intact_chain_verifies_in_steps_of_any_size, setup,
                                        storefix_teardown),
        cmocka_unit_test_setup_teardown(test_an_empty_journal_verifies, storefix_setup,
                                        storefix_teardown),
        cmocka_unit_test_setup_teardown(test_entries_may_come_while_it_is_verified, setup,
                                        storefix_teardown),
        cmocka_unit_test(test_every_edit_is_found),
        cmocka_unit_test_setup_teardown(test_nothing_is_appended_to_a_chain_that_was_cut, setup,
                                        storefix_teardown),
        cmocka_unit_test_setup_teardown(test_the_database_itself_refuses_changes, setup,
                                        storefix_teardown),
        cmocka_unit_test_setup_teardown(test_an_entry_goes_with_the_change_it_tells_of, setup,
                                        storefix_teardown),
        cmocka_unit_test_setup_teardown(test_an_entry_without_actor_is_refused, setup,
                                        storefix_teardown),
        cmocka_unit_test_setup_teardown(test_entries_are_listed_by_object_and_both_ways, setup,
                                        storefix_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
