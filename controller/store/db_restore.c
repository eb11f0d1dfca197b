#include "db_restore.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db_state.h"
#include "query.h"
#include "store_journal.h"

#define PATH_SIZE 4096
#define ORDERS_A_SECOND 1000 /* at most, on average since 1970: ids of orders begin there */
#define STREAMS_SINCE_S INT64_C(1577836800) /* 2020: ids of streams begin at the seconds since */
#define SECONDS_A_ROW 10 /* at least, on average, between two rows of one table */
#define ROWS_MORE 1000

static enum err open_backup(const char *backup, struct db *from, struct err_detail *detail)
{
    int code =
        sqlite3_open_v2(backup, &from->sqlite,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (access(backup, R_OK) != 0)
        return err_set(detail, ERR_NOT_FOUND, "the backup %s cannot be read (%s)", backup,
                       strerror(errno));
    if (code == SQLITE_OK)
        code = sqlite3_exec(from->sqlite, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return err_set(detail, ERR_FORMAT, "%s is no backup of a station, or damaged (%s)", backup,
                       sqlite3_errstr(code));
    return ERR_OK;
}

static enum err verify_journal(struct db *db, struct err_detail *detail)
{
    struct journal_verification v = {0};

    return store_journal_verify(db, &v, INT32_MAX, detail);
}

static enum err raise_counter(struct db *db, const char *name, int64_t least)
{
    struct query q;

    query_open(&q, db, "UPDATE counter SET value = max(value, ?) WHERE name = ?");
    query_put_i64(&q, least);
    query_put_text(&q, name);
    return query_run_one(&q);
}

/* Ids of rows: as many further as can have been used since the backup's last entry. */
static enum err raise_rows(struct db *db, usec_t now_us)
{
    struct query q;

    query_open(&q, db,
               "UPDATE sqlite_sequence SET seq = seq + ?1 + max(0, ?2 -"
               " coalesce((SELECT at_us FROM journal ORDER BY seq DESC LIMIT 1), ?2)) / ?3");
    query_put_i64(&q, ROWS_MORE);
    query_put_i64(&q, now_us);
    query_put_i64(&q, SECONDS_A_ROW * USEC_PER_SEC);
    return query_run(&q);
}

static enum err raise_numbers(struct db *db, usec_t now_us)
{
    struct journal_entry entry = {
        .at_us = now_us, .actor = "station", .action = "station.restore", .object = "station"};
    int64_t now_s = now_us / USEC_PER_SEC;
    enum err e = raise_rows(db, now_us);

    if (e == ERR_OK)
        e = raise_counter(db, "order", now_s * ORDERS_A_SECOND);
    if (e == ERR_OK)
        e = raise_counter(db, "stream", now_s > STREAMS_SINCE_S ? now_s - STREAMS_SINCE_S : 0);
    return e == ERR_OK ? store_journal_append(db, &entry) : e;
}

static enum err prepare(const char *fresh, usec_t now_us, struct err_detail *detail)
{
    struct db *db;
    enum err e = db_open(fresh, &db, detail);

    if (e != ERR_OK)
        return e;
    e = verify_journal(db, detail);
    if (e == ERR_OK)
        e = db_begin(db);
    if (e == ERR_OK)
        e = db_end(db, raise_numbers(db, now_us));
    if (e == ERR_OK)
        e = db_exec(db, "PRAGMA journal_mode = DELETE");
    e = db_explain(db, e, detail);
    db_close(db);
    return e;
}

/* What the old database still has in its log goes into its file; a damaged one keeps it beside. */
static void fold_log(const char *path)
{
    char log[PATH_SIZE], kept[PATH_SIZE];
    sqlite3 *old = NULL;

    if (access(path, F_OK) == 0 &&
        sqlite3_open_v2(path, &old, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
        (void)sqlite3_exec(old, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    sqlite3_close(old);
    snprintf(log, sizeof(log), "%s-wal", path);
    snprintf(kept, sizeof(kept), "%s.before-restore-wal", path);
    (void)rename(log, kept);
    snprintf(log, sizeof(log), "%s-shm", path);
    (void)unlink(log);
}

static enum err replace(const char *fresh, const char *path, struct err_detail *detail)
{
    char kept[PATH_SIZE];
    bool had_one = access(path, F_OK) == 0;

    snprintf(kept, sizeof(kept), "%s.before-restore", path);
    fold_log(path);
    (void)unlink(kept);
    /* The name of the database always names one of the two. */
    if ((had_one && link(path, kept) != 0) || rename(fresh, path) != 0)
        return err_set(detail, ERR_IO, "the database %s cannot be replaced (%s)", path,
                       strerror(errno));
    return ERR_OK;
}

enum err db_restore(const char *backup, const char *path, usec_t now_us, struct err_detail *detail)
{
    char fresh[PATH_SIZE];
    struct db *from;
    enum err e;

    if (strlen(path) > PATH_SIZE - 32)
        return err_set(detail, ERR_IO, "the path of the database is too long");
    snprintf(fresh, sizeof(fresh), "%s.restored", path);
    from = calloc(1, sizeof(*from));
    if (from == NULL)
        return ERR_NOMEM;
    e = open_backup(backup, from, detail);
    if (e == ERR_OK)
        e = db_backup(from, fresh, NULL, detail);
    db_close(from);
    if (e == ERR_OK)
        e = prepare(fresh, now_us, detail);
    if (e == ERR_OK)
        e = replace(fresh, path, detail);
    if (e != ERR_OK)
        (void)unlink(fresh);
    return e;
}
