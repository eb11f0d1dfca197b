#include "migrate.h"

#include <sqlite3.h>
#include <stdio.h>

#include "db_state.h"
#include "query.h"

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

static enum err apply(struct db *db, const struct migration *m, size_t version)
{
    char set_version[100];
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    e = db_exec(db, m->sql);
    if (e == ERR_OK)
        e = check_references(db);
    if (e == ERR_OK) {
        snprintf(set_version, sizeof set_version,
                 "PRAGMA application_id = %d; PRAGMA user_version = %zu", MIGRATE_APPLICATION_ID,
                 version);
        e = db_exec(db, set_version);
    }
    return db_end(db, e);
}

enum err migrate(struct db *db, const struct migration *list, size_t count,
                 struct err_detail *detail)
{
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
    for (size_t i = (size_t)version; i < count; i++) {
        e = apply(db, &list[i], i + 1);
        if (e != ERR_OK)
            return err_set(detail, e == ERR_BUSY || e == ERR_NOMEM ? e : ERR_IO,
                           "the database cannot be brought to version %zu (%s): %s; nothing was "
                           "changed, free disk space or restore a backup",
                           i + 1, list[i].name, sqlite3_errstr(db->last_code));
    }
    return ERR_OK;
}
