#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db_state.h"
#include "migrate.h"
#include "query.h"
#include "store_journal.h"
#include "store_station.h"
#include "store_zone.h"
#include "storefix.h"

#define MIGRATIONS_MAX 64

static void remove_database(struct storefix *f)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[128];

    db_close(f->db);
    f->db = NULL;
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, ends[i]);
        unlink(path);
    }
}

static void write_file(const char *path, const void *data, size_t len)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void test_a_new_database_is_private_current_and_durable(void **state)
{
    struct storefix *f = *state;
    struct stat st;

    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(db_version(f->db), migrations_count);
    assert_int_equal(storefix_count(f, "PRAGMA user_version"), migrations_count);
    assert_int_equal(storefix_count(f, "PRAGMA application_id"), MIGRATE_APPLICATION_ID);
    assert_int_equal(storefix_count(f, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    /* On our own connection: they are not properties of the file. */
    for (int i = 0; i < 2; i++) {
        struct query q;
        uint64_t v = 0;

        query_open(&q, f->db, i == 0 ? "PRAGMA synchronous" : "PRAGMA foreign_keys");
        assert_ok(query_number(&q, &v));
        assert_int_equal(v, i == 0 ? 2 : 1);
    }
}

static void test_every_table_is_strict(void **state)
{
    struct storefix *f = *state;

    assert_true(storefix_count(f, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
                                  " AND name NOT LIKE 'sqlite_%'") > 15);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM pragma_table_list WHERE"
                                       " schema = 'main' AND name NOT LIKE 'sqlite_%'"
                                       " AND NOT strict"),
                     0);
}

static void test_every_reference_is_found_through_an_index(void **state)
{
    struct storefix *f = *state;

    assert_int_equal(
        storefix_count(f,
                       "SELECT count(*) FROM pragma_table_list t,"
                       " pragma_foreign_key_list(t.name) k WHERE k.seq = 0 AND NOT EXISTS"
                       " (SELECT 1 FROM pragma_index_list(t.name) l,"
                       " pragma_index_info(l.name) i WHERE i.seqno = 0 AND i.name = k.\"from\")"),
        0);
}

static void make_version(struct storefix *f, size_t version)
{
    char sql[80];

    snprintf(sql, sizeof sql, "PRAGMA user_version = %zu; PRAGMA application_id = %d", version,
             version > 0 ? MIGRATE_APPLICATION_ID : 0);
    storefix_tamper(f, sql);
}

static void test_every_older_version_is_brought_to_the_present_one(void **state)
{
    struct storefix *f = *state;

    for (size_t version = 0; version <= migrations_count; version++) {
        struct sample s;

        remove_database(f);
        write_file(f->path, "", 0);
        for (size_t i = 0; i < version; i++)
            storefix_tamper(f, migrations[i].sql);
        make_version(f, version);
        if (version >= 1)
            storefix_tamper(f, "INSERT INTO zone (code, name) VALUES ('old', 'kept')");
        storefix_reopen(f);
        assert_int_equal(db_version(f->db), migrations_count);
        if (version >= 1)
            assert_int_equal(storefix_count(f, "SELECT count(*) FROM zone WHERE name = 'kept'"), 1);
        storefix_fill(f, &s);
    }
}

static void count_told(void *ctx, const char *what, unsigned version)
{
    unsigned *counts = ctx;

    counts[what == NULL ? 2 : strcmp(what, "upgrading") == 0] += 1;
    assert_true(version <= migrations_count);
}

static void test_who_opens_an_old_one_is_told(void **state)
{
    struct storefix *f = *state;
    const size_t old = 28; /* the next migration goes through the whole journal */
    unsigned counts[3] = {0}; /* checking, upgrading, and again */
    const struct db_watch watch = {count_told, counts};

    remove_database(f);
    write_file(f->path, "", 0);
    for (size_t i = 0; i < old; i++)
        storefix_tamper(f, migrations[i].sql);
    storefix_tamper(f,
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000)"
                    " INSERT INTO journal SELECT i, i, 'a', 'b', '', '', zeroblob(32) FROM n");
    make_version(f, old);
    assert_ok(db_open_watched(f->path, &watch, &f->db, NULL));
    assert_int_equal(counts[0], 2);
    assert_int_equal(counts[1], migrations_count - old);
    assert_true(counts[2] > 0);
}

static void test_the_log_is_folded_by_another_connection(void **state)
{
    struct storefix *f = *state;
    struct journal_entry entry = {.at_us = NOW_US, .actor = "a", .action = "b"};
    struct db *folder = NULL;
    struct stat before, after;

    memset(entry.detail, 'x', sizeof(entry.detail) - 1);
    assert_ok(db_leave_log(f->db, &folder));
    assert_int_equal(stat(f->path, &before), 0);
    for (int i = 0; i < 100 && !db_log_is_long(f->db); i++) {
        assert_ok(db_begin(f->db));
        for (int row = 0; row < 100; row++)
            assert_ok(store_journal_append(f->db, &entry));
        assert_ok(db_commit(f->db));
    }
    assert_true(db_log_is_long(f->db));
    assert_int_equal(stat(f->path, &after), 0);
    assert_int_equal(after.st_size, before.st_size); /* no commit did it */
    assert_ok(db_fold_log(folder));
    assert_int_equal(stat(f->path, &after), 0);
    assert_true(after.st_size > before.st_size);
    assert_ok(store_journal_append(f->db, &entry));
    assert_false(db_log_is_long(f->db)); /* it begins anew */
    db_close(folder);
}

static void test_a_newer_database_is_refused_and_untouched(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct db *db = NULL;

    storefix_tamper(f, "PRAGMA user_version = 1000");
    assert_err(ERR_UNSUPPORTED, db_open(f->path, &db, &detail));
    assert_null(db);
    assert_non_null(strstr(detail.text, "version 1000"));
    assert_non_null(strstr(detail.text, "install"));
    assert_int_equal(storefix_count(f, "PRAGMA user_version"), 1000);
}

/* The built-in migrations and further ones. */
static size_t with_more(struct migration *list, const struct migration *more, size_t more_count)
{
    assert_true(migrations_count + more_count <= MIGRATIONS_MAX);
    memcpy(list, migrations, migrations_count * sizeof(*list));
    memcpy(list + migrations_count, more, more_count * sizeof(*list));
    return migrations_count + more_count;
}

static void test_a_migration_that_fails_leaves_everything_as_it_was(void **state)
{
    struct storefix *f = *state;
    struct migration more[] = {
        {"good", "CREATE TABLE good (id INTEGER PRIMARY KEY) STRICT"},
        {"bad", "CREATE TABLE bad (id INTEGER PRIMARY KEY) STRICT; INSERT INTO no VALUES (1)"},
        {"dangling", "INSERT INTO node SELECT 1, 99, '', 1, 0, 0, 0, 0, 1, NULL, 0, '', ''"},
    };
    struct migration list[MIGRATIONS_MAX];
    size_t count = with_more(list, more, 2);
    struct err_detail detail = {0};

    assert_ok(db_exec(f->db, "PRAGMA foreign_keys = OFF"));
    assert_err(ERR_IO, migrate(f->db, list, count, NULL, &detail));
    assert_non_null(strstr(detail.text, "bad"));
    assert_int_equal(db_version(f->db), migrations_count);
    assert_int_equal(
        storefix_count(f, "SELECT count(*) FROM sqlite_schema WHERE name IN ('good', 'bad')"), 0);
    more[1].sql = "CREATE TABLE bad (id INTEGER PRIMARY KEY) STRICT";
    for (unsigned n = 1;; n++) {
        count = with_more(list, more, 2);
        db_set_fault(f->db, n, 0);
        if (migrate(f->db, list, count, NULL, NULL) == ERR_OK)
            break;
        assert_false(db_fault_pending(f->db));
        assert_int_equal(storefix_count(f, "PRAGMA user_version"), migrations_count);
        assert_true(n < 100);
    }
    assert_true(db_fault_pending(f->db));
    db_set_fault(f->db, 0, 0);
    count = with_more(list, more, 3);
    assert_err(ERR_IO, migrate(f->db, list, count, NULL, NULL));
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM node"), 0);
}

static void test_files_that_are_no_database_of_loa_are_refused(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct db *db = NULL;
    char garbage[8192];

    remove_database(f);
    memset(garbage, 'x', sizeof garbage);
    write_file(f->path, garbage, sizeof garbage);
    assert_err(ERR_FORMAT, db_open(f->path, &db, &detail));
    assert_non_null(strstr(detail.text, "restore a backup"));

    write_file(f->path, "", 0);
    storefix_tamper(f, "CREATE TABLE other (x); PRAGMA user_version = 1");
    detail = (struct err_detail){0};
    assert_err(ERR_FORMAT, db_open(f->path, &db, &detail));
    assert_non_null(strstr(detail.text, "another program"));

    detail = (struct err_detail){0};
    assert_err(ERR_IO, db_open("/nonexistent/station.db", &db, &detail));
    assert_non_null(strstr(detail.text, "/nonexistent/station.db"));
    detail = (struct err_detail){0};
    assert_err(ERR_IO, db_open(f->dir, &db, &detail));
    assert_null(db);
}

static void test_a_damaged_database_is_refused(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    struct db *db = NULL;
    struct sample s;
    char noise[4096];
    int fd;
    off_t size;

    storefix_fill(f, &s);
    db_close(f->db);
    f->db = NULL;
    memset(noise, 0xA5, sizeof noise);
    fd = open(f->path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    size = lseek(fd, 0, SEEK_END);
    assert_true(size > 40 * 4096);
    for (off_t at = 4096 * 4; at < size; at += 4096 * 7)
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
    close(fd);
    assert_err(ERR_FORMAT, db_open(f->path, &db, &detail));
    assert_non_null(strstr(detail.text, "damaged"));
    assert_int_equal(truncate(f->path, size / 2), 0);
    assert_err(ERR_FORMAT, db_open(f->path, &db, NULL));
    assert_null(db);
}

static void add_zone(struct db *db, const char *code)
{
    struct zone z = storefix_zone(code, (struct zone_id){0});
    struct zone_id id;

    assert_ok(store_zone_add(db, &z, &id, NULL));
}

static int64_t zones(const struct storefix *f)
{
    return storefix_count(f, "SELECT count(*) FROM zone");
}

static void test_inner_transactions_are_undone_alone(void **state)
{
    struct storefix *f = *state;

    assert_ok(db_begin(f->db));
    add_zone(f->db, "A");
    assert_ok(db_begin(f->db));
    add_zone(f->db, "B");
    assert_ok(db_begin(f->db));
    add_zone(f->db, "C");
    assert_ok(db_commit(f->db));
    db_rollback(f->db);
    assert_ok(db_begin(f->db));
    add_zone(f->db, "D");
    assert_ok(db_commit(f->db));
    assert_int_equal(zones(f), 0);
    assert_ok(db_commit(f->db));
    assert_int_equal(zones(f), 2);
    assert_int_equal(storefix_count(f, "SELECT count(*) FROM zone WHERE code IN ('A', 'D')"), 2);
}

static void test_an_outer_rollback_undoes_inner_commits(void **state)
{
    struct storefix *f = *state;

    assert_ok(db_begin(f->db));
    assert_ok(db_begin(f->db));
    add_zone(f->db, "A");
    assert_ok(db_commit(f->db));
    assert_err(ERR_AUTH, db_end(f->db, ERR_AUTH));
    assert_int_equal(zones(f), 0);
    assert_err(ERR_STATE, db_commit(f->db));
    db_rollback(f->db);
    add_zone(f->db, "A");
    assert_int_equal(zones(f), 1);
}

static void test_transactions_nest_to_a_stated_depth(void **state)
{
    struct storefix *f = *state;

    for (int i = 0; i < DB_DEPTH_MAX; i++)
        assert_ok(db_begin(f->db));
    assert_err(ERR_LIMIT, db_begin(f->db));
    for (int i = 0; i < DB_DEPTH_MAX; i++)
        assert_ok(db_commit(f->db));
    assert_err(ERR_STATE, db_commit(f->db));
}

static void test_closing_undoes_what_is_open(void **state)
{
    struct storefix *f = *state;

    assert_ok(db_begin(f->db));
    add_zone(f->db, "A");
    assert_ok(db_begin(f->db));
    storefix_reopen(f);
    assert_int_equal(zones(f), 0);
    db_close(NULL);
}

static int interrupt(void *ctx)
{
    (void)ctx;
    return 1;
}

static void test_a_transaction_that_sqlite_gave_up_is_never_committed_in_part(void **state)
{
    struct storefix *f = *state;
    struct zone z = storefix_zone("C", (struct zone_id){0});
    struct zone_id id;

    assert_ok(db_begin(f->db));
    add_zone(f->db, "A");
    assert_ok(db_begin(f->db));
    add_zone(f->db, "B");
    /* An interrupted change makes SQLite roll back the whole transaction, not the statement alone. */
    sqlite3_progress_handler(f->db->sqlite, 1, interrupt, NULL);
    assert_err(ERR_IO, db_exec(f->db, "UPDATE zone SET name = name || 'x'"));
    sqlite3_progress_handler(f->db->sqlite, 0, NULL, NULL);
    assert_int_not_equal(sqlite3_get_autocommit(f->db->sqlite), 0);
    assert_err(ERR_IO, store_zone_add(f->db, &z, &id, NULL));
    assert_err(ERR_IO, db_commit(f->db));
    assert_err(ERR_IO, store_zone_add(f->db, &z, &id, NULL));
    assert_err(ERR_IO, db_commit(f->db));
    assert_int_equal(zones(f), 0);
    add_zone(f->db, "A");
    assert_int_equal(zones(f), 1);
}

static void test_references_are_enforced(void **state)
{
    struct storefix *f = *state;

    assert_err(ERR_NOT_FOUND,
               db_exec(f->db, "INSERT INTO zone (parent, code, name) VALUES (7, 'x', 'x')"));
    assert_err(ERR_ARG, db_exec(f->db, "INSERT INTO zone (code, name) VALUES ('x', NULL)"));
    assert_err(ERR_ARG, db_exec(f->db, "UPDATE counter SET value = 'many'"));
    assert_err(ERR_IO, db_exec(f->db, "INSERT INTO nowhere VALUES (1)"));
}

static void test_a_database_that_another_program_holds_is_busy(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    sqlite3 *other = NULL;

    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_busy_timeout(f->db->sqlite, 1);
    assert_err(ERR_BUSY, db_begin(f->db));
    assert_err(ERR_BUSY, db_explain(f->db, ERR_BUSY, &detail));
    assert_non_null(strstr(detail.text, "another program"));
    sqlite3_close(other);
    assert_ok(db_begin(f->db));
    assert_ok(db_commit(f->db));
}

static void test_a_value_that_nothing_wrote_is_damage(void **state)
{
    static const char *const edits[] = {
        "UPDATE zone SET code = printf('%.*c', 32, 'a')",
        "UPDATE zone SET name = 'a' || char(0) || 'b'",
        "UPDATE zone SET id = 4294967296",
        "UPDATE zone SET id = -1",
    };
    struct storefix *f = *state;
    struct zone rows[2];
    size_t n = 7;

    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        struct db_page page = {.after = 0, .newest_first = true};

        storefix_tamper(f, "DELETE FROM zone; INSERT INTO zone (code, name) VALUES ('A', 'A')");
        assert_ok(store_zone_list(f->db, &page, rows, 2, &n));
        storefix_tamper(f, edits[i]);
        page = (struct db_page){.newest_first = true};
        n = 7;
        assert_err(ERR_FORMAT, store_zone_list(f->db, &page, rows, 2, &n));
        assert_int_equal(n, 7);
        assert_int_equal(page.after, 0);
    }
}

static void test_a_statement_works_inside_itself(void **state)
{
    static const char sql[] = "SELECT id FROM zone ORDER BY id";
    struct storefix *f = *state;
    struct query outer;
    struct query inner;
    uint64_t first = 0;
    unsigned rows = 0;

    add_zone(f->db, "A");
    add_zone(f->db, "B");
    query_open(&outer, f->db, sql);
    while (query_row(&outer)) {
        rows++;
        query_open(&inner, f->db, sql);
        assert_ok(query_number(&inner, &first));
        assert_int_equal(first, 1);
    }
    assert_ok(query_end(&outer));
    assert_int_equal(rows, 2);
}

static void test_a_full_disk_is_said_and_leaves_nothing_behind(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    enum err e = ERR_OK;
    int64_t before;

    db_set_room(f->db, 0);
    add_zone(f->db, "A");
    assert_ok(db_begin(f->db));
    for (int i = 0; i < 2000 && e == ERR_OK; i++) {
        struct zone z = storefix_zone("", (struct zone_id){0});
        struct zone_id id;

        snprintf(z.code, sizeof z.code, "%d", i);
        e = store_zone_add(f->db, &z, &id, &detail);
        /* 1,024 zones do not fill the room that pages have left: a table of our own does. */
        if (i == 1000)
            e = db_exec(f->db, "CREATE TABLE filler AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                               " SELECT i + 1 FROM n LIMIT 5000) SELECT randomblob(500) FROM n");
    }
    assert_err(ERR_IO, db_explain(f->db, e, &detail));
    assert_non_null(strstr(detail.text, "disk is full"));
    assert_err(ERR_IO, db_end(f->db, e));
    before = zones(f);
    assert_int_equal(before, 1);
    db_set_room(f->db, -1);
    add_zone(f->db, "B");
    assert_int_equal(zones(f), 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_new_database_is_private_current_and_durable),
        CASE(test_every_table_is_strict),
        CASE(test_every_reference_is_found_through_an_index),
        CASE(test_every_older_version_is_brought_to_the_present_one),
        CASE(test_who_opens_an_old_one_is_told),
        CASE(test_the_log_is_folded_by_another_connection),
        CASE(test_a_newer_database_is_refused_and_untouched),
        CASE(test_a_migration_that_fails_leaves_everything_as_it_was),
        CASE(test_files_that_are_no_database_of_loa_are_refused),
        CASE(test_a_damaged_database_is_refused),
        CASE(test_inner_transactions_are_undone_alone),
        CASE(test_an_outer_rollback_undoes_inner_commits),
        CASE(test_transactions_nest_to_a_stated_depth),
        CASE(test_closing_undoes_what_is_open),
        CASE(test_a_transaction_that_sqlite_gave_up_is_never_committed_in_part),
        CASE(test_references_are_enforced),
        CASE(test_a_database_that_another_program_holds_is_busy),
        CASE(test_a_value_that_nothing_wrote_is_damage),
        CASE(test_a_statement_works_inside_itself),
        CASE(test_a_full_disk_is_said_and_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
