#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db_state.h"
#include "prop.h"
#include "store_journal.h"
#include "store_station.h"
#include "storefix.h"

/* A loss of power, imitated: SQLite works through a file layer that notes, at each sync, what the file
 * then holds. What was noted last is all that a disk must still have after the power came back. */

#define FILES_MAX 8

static struct {
    sqlite3_file *file;
    const sqlite3_io_methods
        *methods; /* of the layer below; they differ between database and WAL */
    sqlite3_io_methods noting;
    const char *path;
} open_files[FILES_MAX];

static sqlite3_vfs below;
static sqlite3_vfs noting;
static unsigned syncs;

static size_t find(const sqlite3_file *file)
{
    size_t i = 0;

    while (i < FILES_MAX && open_files[i].file != file)
        i++;
    assert_true(i < FILES_MAX);
    return i;
}

static void copy_file(const char *from, const char *to)
{
    char block[16384];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t n;

    assert_true(in >= 0 && out >= 0);
    while ((n = read(in, block, sizeof block)) > 0)
        assert_int_equal(write(out, block, (size_t)n), n);
    assert_int_equal(n, 0);
    close(in);
    close(out);
}

static int note_sync(sqlite3_file *file, int flags)
{
    size_t i = find(file);
    int code = open_files[i].methods->xSync(file, flags);
    char noted[256];

    if (code == SQLITE_OK) {
        snprintf(noted, sizeof noted, "%s.synced", open_files[i].path);
        copy_file(open_files[i].path, noted);
        syncs++;
    }
    return code;
}

static int note_close(sqlite3_file *file)
{
    size_t i = find(file);

    open_files[i].file = NULL;
    return open_files[i].methods->xClose(file);
}

static int note_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    int code = below.xOpen(&below, path, file, flags, ret_flags);

    (void)vfs;
    if (code == SQLITE_OK && path != NULL &&
        (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
        size_t i = find(NULL);

        open_files[i].file = file;
        open_files[i].methods = file->pMethods;
        open_files[i].path = path;
        open_files[i].noting = *file->pMethods;
        open_files[i].noting.xSync = note_sync;
        open_files[i].noting.xClose = note_close;
        file->pMethods = &open_files[i].noting;
    }
    return code;
}

static int setup(void **state)
{
    sqlite3_initialize();
    below = *sqlite3_vfs_find(NULL);
    noting = below;
    noting.zName = "noting";
    noting.xOpen = note_open;
    noting.pNext = NULL;
    if (sqlite3_vfs_register(&noting, 1) != SQLITE_OK)
        return -1;
    return storefix_setup(state);
}

static int teardown(void **state)
{
    struct storefix *f = *state;
    char path[128];

    db_close(f->db);
    f->db = NULL;
    sqlite3_vfs_unregister(&noting);
    snprintf(path, sizeof path, "%s.synced", f->path);
    unlink(path);
    snprintf(path, sizeof path, "%s-wal.synced", f->path);
    unlink(path);
    return storefix_teardown(state);
}

/* The entries that a station would find when the power came back now. */
static uint64_t entries_after_power_loss(const struct storefix *f)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    struct journal_verification verification = {0};
    struct db *db = NULL;
    uint8_t hash[SHA256_BYTES];
    char from[128];
    char to[128];
    uint64_t seq = 0;
    uint64_t number = 0;

    for (size_t i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s%s.synced", f->path, parts[i]);
        snprintf(to, sizeof to, "%s.backup%s", f->path, parts[i]);
        if (access(from, F_OK) == 0)
            copy_file(from, to);
    }
    /* Not noted: it is another disk. */
    sqlite3_vfs_unregister(&noting);
    snprintf(to, sizeof to, "%s.backup", f->path);
    assert_ok(db_open(to, &db, NULL));
    assert_ok(store_journal_head(db, &seq, hash));
    assert_ok(store_journal_verify(db, &verification, SIZE_MAX, NULL));
    assert_int_equal(verification.checked, seq);
    assert_ok(store_station_next(db, STORE_COUNTER_ORDER, &number));
    assert_int_equal(number, seq + 1);
    db_close(db);
    for (size_t i = 0; i < 3; i++) {
        snprintf(to, sizeof to, "%s.backup%s", f->path, parts[i]);
        unlink(to);
    }
    assert_int_equal(sqlite3_vfs_register(&noting, 1), SQLITE_OK);
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
    assert_true(syncs > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_committed_survives_a_loss_of_power, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
