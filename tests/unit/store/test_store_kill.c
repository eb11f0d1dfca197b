#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prop.h"
#include "store_journal.h"
#include "store_station.h"
#include "storefix.h"

/* Write until killed; each number goes to the pipe after its commit. */
static _Noreturn void write_until_killed(const char *path, int pipe_fd)
{
    struct db *db = NULL;

    if (db_open(path, &db, NULL) != ERR_OK)
        _exit(1);
    for (;;) {
        struct journal_entry entry = {.at_us = NOW_US, .actor = "child", .action = "write"};
        uint64_t v = 0;
        enum err e = db_begin(db);

        if (e == ERR_OK)
            e = store_station_next(db, STORE_COUNTER_ORDER, &v);
        if (e == ERR_OK)
            e = store_journal_append(db, &entry);
        if (db_end(db, e) != ERR_OK || write(pipe_fd, &v, sizeof v) != sizeof v)
            _exit(1);
    }
}

/* Returns the last number that the child acknowledged. */
static uint64_t run_and_kill(const struct storefix *f, struct prop *p)
{
    uint64_t acknowledged = 0;
    int64_t acks = prop_range(p, 1, 60);
    int status = 0;
    int fds[2];
    pid_t child;
    uint64_t v;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(fds[0]);
        write_until_killed(f->path, fds[1]);
    }
    close(fds[1]);
    for (int64_t i = 0; i < acks; i++) {
        assert_int_equal(read(fds[0], &v, sizeof v), sizeof v);
        acknowledged = v;
    }
    /* Somewhere within the next write. */
    for (int64_t spin = prop_range(p, 0, 400000); spin > 0; spin--)
        __asm__ volatile("");
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    while (read(fds[0], &v, sizeof v) == sizeof v)
        acknowledged = v;
    close(fds[0]);
    return acknowledged;
}

static void test_what_was_acknowledged_survives_a_kill(void **state)
{
    struct storefix *f = *state;
    struct prop p;

    prop_init(&p, "kill");
    for (int round = 0; round < 25; round++) {
        struct journal_verification verification = {0};
        struct err_detail detail = {0};
        uint64_t acknowledged;
        uint8_t hash[SHA256_BYTES];
        uint64_t seq = 0;

        db_close(f->db);
        f->db = NULL;
        acknowledged = run_and_kill(f, &p);
        storefix_reopen(f);
        assert_ok(store_journal_head(f->db, &seq, hash));
        /* At most the one that was committed and not yet told. */
        assert_in_range(seq, acknowledged, acknowledged + 1);
        assert_int_equal(storefix_count(f, "SELECT value FROM counter WHERE name = 'order'"), seq);
        assert_ok(store_journal_verify(f->db, &verification, SIZE_MAX, &detail));
        assert_int_equal(verification.checked, seq);
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, storefix_setup, storefix_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_what_was_acknowledged_survives_a_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
