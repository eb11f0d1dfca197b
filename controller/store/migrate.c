#include "migrate.h"

#include <sqlite3.h>
#include <stdio.h>

#include "db_state.h"
#include "query.h"

#define TELL_STEPS 100000 /* of SQLite's machine: milliseconds */

static enum err read_identity(struct db *db, uint64_t *ret_version, uint64_t *ret_application,
                              uint64_t *ret_tables)
{
    struct query q;
    enum err e;

    query_open(&q, db, "PRAGMA user_version");
    e = query_number(&q, ret_version);
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "PRAGMA application_id");
    e = query_number(&q, ret_application);
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "SELECT count(*) FROM sqlite_schema");
    return query_number(&q, ret_tables);
}

static enum err check_references(struct db *db)
{
    struct query q;
    bool broken;
    enum err e;

    query_open(&q, db, "PRAGMA foreign_key_check");
    broken = query_row(&q);
    e = query_end(&q);
    return e == ERR_OK && broken ? ERR_FORMAT : e;
}

static int tell_again(void *ctx)
{
    const struct db_watch *watch = ctx;

    watch->told(watch->ctx, NULL, 0);
    return 0;
}

static void tell(struct db *db, const struct db_watch *watch, const char *what, size_t version)
{
    if (watch == NULL)
        return;
    watch->told(watch->ctx, what, (unsigned)version);
    sqlite3_progress_handler(db->sqlite, TELL_STEPS, tell_again, (void *)watch);
}

static enum err set_version(struct db *db, size_t version)
{
    char sql[100];

    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %zu",
             MIGRATE_APPLICATION_ID, version);
    return db_exec(db, sql);
}

/* References are checked once, at the end: with ten million rows each time takes as long as the rest. */
static enum err apply(struct db *db, const struct migration *list, size_t from, size_t count,
                      const struct db_watch *watch, size_t *ret_at)
{
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    for (*ret_at = from; e == ERR_OK && *ret_at < count; ++*ret_at) {
        tell(db, watch, "upgrading", *ret_at + 1);
        e = db_exec(db, list[*ret_at].sql);
        if (e != ERR_OK)
            break;
    }
    tell(db, watch, "checking", count);
    if (e == ERR_OK)
        e = check_references(db);
    if (e == ERR_OK)
        e = set_version(db, count);
    e = db_end(db, e);
    sqlite3_progress_handler(db->sqlite, 0, NULL, NULL);
    return e;
}

enum err migrate(struct db *db, const struct migration *list, size_t count,
                 const struct db_watch *watch, struct err_detail *detail)
{
    size_t at = 0;
    uint64_t version;
    uint64_t application;
    uint64_t tables;
    enum err e = read_identity(db, &version, &application, &tables);

    if (e != ERR_OK)
        return e;
    if (application != MIGRATE_APPLICATION_ID && (application != 0 || version != 0 || tables != 0))
        return err_set(detail, ERR_FORMAT,
                       "the file belongs to another program: choose another data folder");
    if (version > count)
        return err_set(detail, ERR_UNSUPPORTED,
                       "the database has version %llu and this program knows up to %zu: install "
                       "the newer program again, or restore a backup made before the update",
                       (unsigned long long)version, count);
    if (version == count)
        return ERR_OK;
    e = apply(db, list, (size_t)version, count, watch, &at);
    if (e == ERR_OK)
        return ERR_OK;
    at = at < count ? at : count - 1;
    return err_set(detail, e == ERR_BUSY || e == ERR_NOMEM ? e : ERR_IO,
                   "the database cannot be brought to version %zu (%s): %s; nothing was "
                   "changed, free disk space or restore a backup",
                   at + 1, list[at].name, sqlite3_errstr(db->last_code));
}
