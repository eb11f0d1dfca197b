#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db_backups.h"
#include "db_restore.h"
#include "store_journal.h"
#include "store_station.h"
#include "store_zone.h"
#include "storefix.h"

static void test_a_backup_is_one_whole_private_file(void **state)
{
    struct storefix *f = *state;
    struct storefix copy = {0};
    struct err_detail detail = {0};
    uint8_t here[SHA256_BYTES];
    uint8_t there[SHA256_BYTES];
    struct sample s;
    struct zone later = storefix_zone("later", (struct zone_id){0});
    struct zone_id id;
    struct stat st;
    FILE *older;

    storefix_fill(f, &s);
    snprintf(copy.path, sizeof copy.path, "%s.backup", f->path);
    older = fopen(copy.path, "we");
    assert_non_null(older);
    fputs("older", older);
    fclose(older);
    assert_ok(db_backup(f->db, copy.path, NULL, &detail));
    assert_int_equal(stat(copy.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(storefix_count(&copy, "SELECT journal_mode = 'delete'"
                                           " FROM pragma_journal_mode"),
                     1);
    storefix_digest(f, here);
    storefix_digest(&copy, there);
    assert_memory_equal(here, there, SHA256_BYTES);
    assert_ok(store_zone_add(f->db, &later, &id, NULL));
    storefix_digest(&copy, there);
    assert_memory_equal(here, there, SHA256_BYTES);
    storefix_reopen(&copy);
    db_close(copy.db);
}

static void test_a_backup_that_cannot_be_written_says_so(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    char path[128];
    char name[5000];

    assert_err(ERR_IO, db_backup(f->db, "/nonexistent/b", NULL, &detail));
    assert_non_null(strstr(detail.text, "/nonexistent/b"));
    assert_err(ERR_IO, db_backup(f->db, f->dir, NULL, NULL));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_err(ERR_IO, db_backup(f->db, name, NULL, NULL));
    snprintf(path, sizeof path, "%s.backup", f->path);
    assert_ok(db_begin(f->db));
    assert_err(ERR_STATE, db_backup(f->db, path, NULL, NULL));
    assert_ok(db_commit(f->db));
}

/* Another connection goes on writing, faster than pages are copied. */
struct other_writer {
    const char *path;
    atomic_bool stop;
    enum err result;
    unsigned written;
};

static void *write_on(void *arg)
{
    struct other_writer *w = arg;
    struct db *db = NULL;

    w->result = db_open(w->path, &db, NULL);
    while (w->result == ERR_OK && !atomic_load(&w->stop)) {
        struct journal_entry entry = {.at_us = NOW_US, .actor = "a", .action = "b"};
        uint64_t number;
        enum err e = db_begin(db);

        if (e == ERR_OK)
            e = store_station_next(db, STORE_COUNTER_ORDER, &number);
        if (e == ERR_OK)
            e = store_journal_append(db, &entry);
        w->result = db_end(db, e);
        w->written++;
    }
    db_close(db);
    return NULL;
}

static void fill_pages(struct storefix *f)
{
    struct journal_entry entry = {.at_us = NOW_US, .actor = "a", .action = "b"};
    uint64_t number;

    memset(entry.detail, 'x', sizeof(entry.detail) - 1);
    assert_ok(db_begin(f->db));
    for (int i = 0; i < 4000; i++) {
        assert_ok(store_station_next(f->db, STORE_COUNTER_ORDER, &number));
        assert_ok(store_journal_append(f->db, &entry));
    }
    assert_ok(db_commit(f->db));
}

static void test_a_backup_is_of_one_instant_while_others_write(void **state)
{
    struct storefix *f = *state;
    struct storefix copy = {0};
    struct other_writer writer = {.path = f->path};
    struct journal_verification v = {0};
    struct err_detail detail = {0};
    struct db *view = NULL;
    pthread_t thread;

    fill_pages(f);
    snprintf(copy.path, sizeof copy.path, "%s.backup", f->path);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    assert_ok(db_view(f->db, &view));
    assert_ok(db_backup(view, copy.path, NULL, &detail));
    atomic_store(&writer.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(writer.result);
    db_close(view);
    storefix_reopen(&copy);
    assert_ok(store_journal_verify(copy.db, &v, SIZE_MAX, &detail));
    assert_true(v.checked >= 4000);
    assert_int_equal(storefix_count(&copy, "SELECT value FROM counter WHERE name = 'order'"),
                     v.checked);
    db_close(copy.db);
}

static void test_a_backup_can_be_given_up(void **state)
{
    struct storefix *f = *state;
    const atomic_bool stop = true;
    char path[128];

    snprintf(path, sizeof path, "%s.backup", f->path);
    assert_err(ERR_CANCELLED, db_backup(f->db, path, &stop, NULL));
    assert_int_equal(access(path, F_OK), -1);
    assert_ok(db_begin(f->db)); /* nothing is left open either */
    assert_ok(db_commit(f->db));
}

static _Noreturn void back_up_until_killed(const char *path, const char *dir)
{
    struct db *db = NULL;
    char to[160];

    if (db_open(path, &db, NULL) != ERR_OK)
        _exit(1);
    for (usec_t at_us = NOW_US;; at_us += USEC_PER_SEC) {
        char name[DB_BACKUPS_NAME_SIZE];

        db_backups_name(at_us, name);
        snprintf(to, sizeof to, "%s/%s", dir, name);
        if (db_backup(db, to, NULL, NULL) != ERR_OK)
            _exit(1);
    }
}

static unsigned count_files(const char *dir, bool whole)
{
    DIR *handle = opendir(dir);
    struct dirent *entry;
    unsigned count = 0;

    assert_non_null(handle);
    while ((entry = readdir(handle)) != NULL)
        count += entry->d_name[0] == 'l' && db_backups_is_name(entry->d_name) == whole;
    closedir(handle);
    return count;
}

static void check_and_remove(struct storefix *f, const char *dir)
{
    static struct db_backup_file rows[DB_BACKUPS_MAX];
    size_t count = 0;

    assert_ok(db_backups_list(dir, rows, &count));
    for (size_t i = 0; i < count; i++) {
        struct storefix copy = {0};

        snprintf(copy.path, sizeof copy.path, "%s/%s", dir, rows[i].name);
        assert_int_equal(storefix_count(&copy, "SELECT quick_check = 'ok' FROM pragma_quick_check"),
                         1);
        assert_int_equal(storefix_count(&copy, "SELECT count(*) FROM journal"),
                         storefix_count(f, "SELECT count(*) FROM journal"));
    }
    db_backups_prune(dir, 0);
}

static void test_a_crash_leaves_no_half_backup(void **state)
{
    struct storefix *f = *state;
    unsigned parts = 0;
    char dir[96];

    fill_pages(f);
    snprintf(dir, sizeof dir, "%s/kept", f->dir);
    assert_int_equal(mkdir(dir, 0700), 0);
    for (int round = 0; round < 4; round++) {
        pid_t child = fork();
        int status = 0;

        assert_true(child >= 0);
        if (child == 0)
            back_up_until_killed(f->path, dir);
        while (count_files(dir, false) == 0 && waitpid(child, &status, WNOHANG) == 0)
            usleep(200);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        parts += count_files(dir, false);
        db_backups_sweep(dir);
        assert_int_equal(count_files(dir, false), 0);
        check_and_remove(f, dir);
    }
    assert_true(parts > 0);
    assert_int_equal(rmdir(dir), 0);
}

/* A backup, then the numbers that a station goes on to use until it breaks; returns the last one. */
static uint64_t break_after_backup(struct storefix *f, char *backup, size_t size, usec_t at_us)
{
    struct journal_entry entry = {.at_us = at_us, .actor = "a", .action = "b"};
    struct err_detail detail = {0};
    uint64_t order = 0;

    snprintf(backup, size, "%s.backup", f->path);
    assert_ok(store_journal_append(f->db, &entry));
    assert_ok(db_backup(f->db, backup, NULL, &detail));
    for (int i = 0; i < 50; i++)
        assert_ok(store_station_next(f->db, STORE_COUNTER_ORDER, &order));
    return order;
}

static void test_after_a_restore_no_number_comes_again(void **state)
{
    struct storefix *f = *state;
    struct zone zone = storefix_zone("late", (struct zone_id){0});
    struct journal_verification v = {0};
    struct err_detail detail = {0};
    uint64_t last, order = 0, stream = 0;
    struct zone_id lost, id;
    struct sample s;
    char backup[128];

    storefix_fill(f, &s);
    last = break_after_backup(f, backup, sizeof backup, NOW_US);
    assert_ok(store_zone_add(f->db, &zone, &lost, NULL));
    /* Twice from the same backup, each time later. */
    for (int round = 1; round <= 2; round++) {
        db_close(f->db);
        f->db = NULL;
        if (db_restore(backup, f->path, NOW_US + round * USEC_PER_HOUR, &detail) != ERR_OK)
            fail_msg("%s", detail.text);
        storefix_reopen(f);
        assert_int_equal(storefix_count(f, "SELECT count(*) FROM zone WHERE code = 'late'"), 0);
        assert_ok(store_station_next(f->db, STORE_COUNTER_ORDER, &order));
        assert_true(order > last);
        assert_ok(store_station_next(f->db, STORE_COUNTER_STREAM, &stream));
        assert_true(stream > 1000000 && stream < UINT32_MAX);
        assert_ok(store_zone_add(f->db, &zone, &id, NULL));
        assert_true(id.v > lost.v);
        last = order;
        lost = id;
    }
    assert_ok(store_journal_verify(f->db, &v, INT32_MAX, &detail));
    assert_string_equal(v.last.action, "station.restore");
    assert_int_equal(storefix_count(f, "SELECT value FROM counter WHERE name = 'order'"), last);
    snprintf(backup, sizeof backup, "%s.before-restore", f->path);
    assert_int_equal(unlink(backup), 0); /* what was there before is kept */
}

static void test_what_is_no_backup_is_refused_and_changes_nothing(void **state)
{
    struct storefix *f = *state;
    struct err_detail detail = {0};
    uint8_t before[SHA256_BYTES], after[SHA256_BYTES];
    struct storefix copy = {0};
    struct sample s;
    FILE *other;
    char backup[128];

    storefix_fill(f, &s);
    (void)break_after_backup(f, backup, sizeof backup, NOW_US);
    db_close(f->db);
    f->db = NULL;
    storefix_digest(f, before);
    assert_err(ERR_NOT_FOUND, db_restore("/nonexistent/b", f->path, NOW_US, &detail));
    assert_non_null(strstr(detail.text, "/nonexistent/b"));
    snprintf(copy.path, sizeof copy.path, "%s.backup", f->path);
    storefix_tamper(&copy, "DROP TRIGGER journal_is_not_changed");
    storefix_tamper(&copy, "UPDATE journal SET actor = 'c' WHERE seq = 1");
    assert_err(ERR_FORMAT, db_restore(backup, f->path, NOW_US, &detail));
    other = fopen(backup, "we");
    assert_non_null(other);
    fputs("this is no database but a text of some length, to be read as a header of one hundred "
          "bytes",
          other);
    fclose(other);
    assert_err(ERR_FORMAT, db_restore(backup, f->path, NOW_US, &detail));
    storefix_digest(f, after);
    assert_memory_equal(before, after, SHA256_BYTES);
    storefix_reopen(f);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_backup_is_one_whole_private_file),
        CASE(test_a_backup_that_cannot_be_written_says_so),
        CASE(test_a_backup_is_of_one_instant_while_others_write),
        CASE(test_a_backup_can_be_given_up),
        CASE(test_a_crash_leaves_no_half_backup),
        CASE(test_after_a_restore_no_number_comes_again),
        CASE(test_what_is_no_backup_is_refused_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
