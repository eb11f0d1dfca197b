#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db_state.h"
#include "fold.h"
#include "migrate.h"
#include "query.h"

#define BUSY_TIMEOUT_MS 5000

enum err db_map(int code)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
        code == SQLITE_CONSTRAINT_ROWID)
        return ERR_EXISTS;
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
        return ERR_NOT_FOUND;
    switch (code & 0xFF) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CONSTRAINT:
        return ERR_ARG;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_FORMAT;
    default:
        return ERR_IO;
    }
}

enum err db_failed(struct db *db, int code)
{
    db->last_code = code;
    if (db->depth > 0 && sqlite3_get_autocommit(db->sqlite) != 0)
        db->lost = true;
    return db_map(code);
}

bool db_fault_hits(unsigned *countdown)
{
    return *countdown > 0 && --*countdown == 0;
}

enum err db_exec(struct db *db, const char *sql)
{
    int code;

    if (db->lost)
        return ERR_IO;
    db->last_code = SQLITE_OK;
    if (db_fault_hits(&db->fail_statement))
        return db_failed(db, SQLITE_IOERR);
    code = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? ERR_OK : db_failed(db, code);
}

/* Opening */

static enum err create_private(const char *path, struct err_detail *detail)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_set(detail, ERR_IO,
                       "the database %s cannot be opened (%s): check the folder and its owner",
                       path, strerror(errno));
    close(fd);
    return ERR_OK;
}

static enum err quick_check(struct db *db)
{
    struct query q;
    char answer[200] = "";
    enum err e;

    query_open(&q, db, "PRAGMA quick_check(1)");
    if (query_row(&q))
        query_get_text(&q, answer, sizeof answer);
    e = query_end(&q);
    if (e == ERR_OK && strcmp(answer, "ok") != 0)
        e = ERR_FORMAT;
    return e;
}

static enum err configure(struct db *db, const struct db_watch *watch, struct err_detail *detail)
{
    enum err e;

    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_busy_timeout(db->sqlite, BUSY_TIMEOUT_MS);
    if (watch != NULL)
        watch->told(watch->ctx, "checking", 0);
    e = quick_check(db);
    if (e != ERR_OK)
        return e;
    e = db_exec(db, "PRAGMA foreign_keys = OFF; PRAGMA synchronous = FULL");
    if (e != ERR_OK)
        return e;
    e = migrate(db, migrations, migrations_count, watch, detail);
    if (e != ERR_OK)
        return e;
    return db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON");
}

/* loa_fold(text): see fold.h. */
static void fold_in_sql(sqlite3_context *context, int count, sqlite3_value **values)
{
    const char *text = (const char *)sqlite3_value_text(values[0]);
    size_t len = (size_t)sqlite3_value_bytes(values[0]);
    char *folded = text != NULL ? sqlite3_malloc64(len + 1) : NULL;

    (void)count;
    if (text == NULL)
        sqlite3_result_null(context);
    else if (folded == NULL)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text(context, folded, (int)fold_text(text, len, folded), sqlite3_free);
}

enum err db_open(const char *path, struct db **ret_db, struct err_detail *detail)
{
    return db_open_watched(path, NULL, ret_db, detail);
}

enum err db_open_watched(const char *path, const struct db_watch *watch, struct db **ret_db,
                         struct err_detail *detail)
{
    struct db *db;
    int code;
    enum err e = create_private(path, detail);

    if (e != ERR_OK)
        return e;
    db = calloc(1, sizeof *db);
    if (db == NULL)
        return ERR_NOMEM;
    code =
        sqlite3_open_v2(path, &db->sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_create_function_v2(db->sqlite, "loa_fold", 1,
                                          SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                          NULL, fold_in_sql, NULL, NULL, NULL);
    e = code == SQLITE_OK ? configure(db, watch, detail) : db_failed(db, code);
    if (e == ERR_FORMAT && (detail == NULL || detail->text[0] == '\0'))
        e = err_set(detail, e, "the database %s is damaged or no database of Loa: restore a backup",
                    path);
    if (e != ERR_OK) {
        e = db_explain(db, e, detail);
        db_close(db);
        return e;
    }
    *ret_db = db;
    return ERR_OK;
}

enum err db_view(struct db *db, struct db **ret_view)
{
    struct db *view = calloc(1, sizeof *view);
    int code;

    if (view == NULL)
        return ERR_NOMEM;
    code =
        sqlite3_open_v2(sqlite3_db_filename(db->sqlite, "main"), &view->sqlite,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        enum err e = db_map(code);

        db_close(view);
        return e;
    }
    sqlite3_busy_timeout(view->sqlite, BUSY_TIMEOUT_MS);
    *ret_view = view;
    return ERR_OK;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    while (db->depth > 0)
        db_rollback(db);
    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
        sqlite3_finalize(db->slots[i].stmt);
    sqlite3_close(db->sqlite);
    free(db);
}

unsigned db_version(struct db *db)
{
    struct query q;
    uint64_t version = 0;

    query_open(&q, db, "PRAGMA user_version");
    return query_number(&q, &version) == ERR_OK ? (unsigned)version : 0;
}

/* Transactions */

enum err db_begin(struct db *db)
{
    enum err e;

    if (db->depth == DB_DEPTH_MAX)
        return ERR_LIMIT;
    e = db_exec(db, db->depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT s");
    if (e == ERR_OK)
        db->depth++;
    return e;
}

void db_rollback(struct db *db)
{
    if (db->depth == 0)
        return;
    /* Not through db_exec(): undoing is not subject to faults. */
    if (db->depth > 1 && !db->lost &&
        sqlite3_exec(db->sqlite, "ROLLBACK TO s; RELEASE s", NULL, NULL, NULL) != SQLITE_OK)
        db->lost = true;
    db->depth--;
    if (db->depth == 0) {
        if (sqlite3_get_autocommit(db->sqlite) == 0)
            sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
        db->lost = false;
    }
}

enum err db_commit(struct db *db)
{
    enum err e;

    if (db->depth == 0)
        return ERR_STATE;
    if (db->depth == 1 && db_fault_hits(&db->fail_commit))
        e = db_failed(db, SQLITE_IOERR);
    else
        e = db_exec(db, db->depth == 1 ? "COMMIT" : "RELEASE s");
    if (e != ERR_OK)
        db_rollback(db);
    else
        db->depth--;
    return e;
}

enum err db_end(struct db *db, enum err result)
{
    if (result == ERR_OK)
        return db_commit(db);
    db_rollback(db);
    return result;
}

enum err db_explain(const struct db *db, enum err result, struct err_detail *detail)
{
    if (result == ERR_OK || detail == NULL || detail->text[0] != '\0')
        return result;
    if ((db->last_code & 0xFF) == SQLITE_FULL)
        return err_set(detail, result, "the disk is full: free some space and try again");
    if (result == ERR_IO)
        return err_set(detail, result,
                       "the database cannot be read or written (%s): check the disk",
                       sqlite3_errstr(db->last_code));
    if (result == ERR_FORMAT)
        return err_set(detail, result, "the database is damaged: restore a backup");
    if (result == ERR_BUSY)
        return err_set(detail, result,
                       "another program holds the database: close it and try again");
    return result;
}

/* Faults */

void db_set_fault(struct db *db, unsigned fail_statement, unsigned fail_commit)
{
    db->fail_statement = fail_statement;
    db->fail_commit = fail_commit;
}

bool db_fault_pending(const struct db *db)
{
    return db->fail_statement > 0 || db->fail_commit > 0;
}

static enum err limit_pages(struct db *db, int room)
{
    struct query q;
    uint64_t pages = 0;
    char *sql;
    enum err e;

    query_open(&q, db, "PRAGMA page_count");
    e = query_number(&q, &pages);
    if (e != ERR_OK)
        return e;
    sql = sqlite3_mprintf("PRAGMA max_page_count = %lld",
                          room < 0 ? 4294967294LL : (long long)pages + room);
    if (sql == NULL)
        return ERR_NOMEM;
    e = db_exec(db, sql);
    sqlite3_free(sql);
    return e;
}

void db_set_room(struct db *db, int pages)
{
    if (limit_pages(db, pages) != ERR_OK)
        db->last_code = SQLITE_ERROR;
}
