#include "db_state.h"
#include "powerfix.h"
#include "prop.h"
#include "store_journal.h"
#include "store_station.h"

/* The entries that a station would find when the power came back now. */
static uint64_t entries_after_power_loss(const struct storefix *f)
{
    struct journal_verification verification = {0};
    struct db *db = powerfix_after_loss(f);
    uint8_t hash[SHA256_BYTES];
    uint64_t seq = 0;
    uint64_t number = 0;

    assert_ok(store_journal_head(db, &seq, hash));
    assert_ok(store_journal_verify(db, &verification, SIZE_MAX, NULL));
    assert_int_equal(verification.checked, seq);
    assert_ok(store_station_next(db, STORE_COUNTER_ORDER, &number));
    assert_int_equal(number, seq + 1);
    powerfix_forget(f, db);
    return seq;
}

static void append(struct db *db)
{
    struct journal_entry e = {.at_us = NOW_US, .actor = "lan", .action = "x"};
    uint64_t number = 0;

    assert_ok(store_station_next(db, STORE_COUNTER_ORDER, &number));
    assert_ok(store_journal_append(db, &e));
    assert_int_equal(e.seq, number);
}

static void test_what_was_committed_survives_a_loss_of_power(void **state)
{
    struct storefix *f = *state;
    uint64_t committed = 0;
    struct prop p;

    prop_init(&p, "power");
    /* Checkpoints, too, are to fall between. */
    assert_int_equal(sqlite3_wal_autocheckpoint(f->db->sqlite, 20), SQLITE_OK);
    for (int round = 0; round < 150; round++) {
        uint64_t batch = (uint64_t)prop_range(&p, 1, 20);

        assert_ok(db_begin(f->db));
        for (uint64_t i = 0; i < batch; i++)
            append(f->db);
        if (prop_one_in(&p, 4))
            assert_int_equal(entries_after_power_loss(f), committed);
        if (prop_one_in(&p, 5)) {
            db_rollback(f->db);
        } else {
            assert_ok(db_commit(f->db));
            committed += batch;
        }
        if (prop_one_in(&p, 3))
            assert_int_equal(entries_after_power_loss(f), committed);
        if (prop_one_in(&p, 40)) {
            storefix_reopen(f);
            assert_int_equal(sqlite3_wal_autocheckpoint(f->db->sqlite, 20), SQLITE_OK);
        }
    }
    assert_int_equal(entries_after_power_loss(f), committed);
    assert_true(powerfix_syncs() > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_committed_survives_a_loss_of_power,
                                        powerfix_setup, powerfix_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
