#include "query.h"

#include <limits.h>
#include <sqlite3.h>
#include <string.h>

#include "check.h"
#include "db_state.h"

static size_t find_slot(const struct db *db, const char *sql)
{
    size_t start = ((uintptr_t)sql >> 3) % DB_STATEMENTS_MAX;

    for (size_t i = 0; i < DB_STATEMENTS_MAX; i++) {
        size_t at = (start + i) % DB_STATEMENTS_MAX;

        if (db->slots[at].sql == sql || db->slots[at].sql == NULL)
            return at;
    }
    return DB_STATEMENTS_MAX;
}

static void prepare(struct query *q, const char *sql)
{
    struct db *db = q->db;
    size_t at = find_slot(db, sql);
    struct db_slot *slot = at < DB_STATEMENTS_MAX ? &db->slots[at] : NULL;
    int code;

    if (slot != NULL && slot->sql == sql && !slot->busy) {
        CHECK(strcmp(sqlite3_sql(slot->stmt), sql) == 0);
        q->stmt = slot->stmt;
    } else {
        code = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->stmt, NULL);
        if (code != SQLITE_OK) {
            q->err = db_failed(db, code);
            return;
        }
        if (slot == NULL || slot->busy)
            return;
        *slot = (struct db_slot){.sql = sql, .stmt = q->stmt};
    }
    slot->busy = true;
    q->slot = at;
}

void query_open(struct query *q, struct db *db, const char *sql)
{
    *q = (struct query){.db = db, .slot = DB_STATEMENTS_MAX};
    if (db->lost) {
        q->err = ERR_IO;
        return;
    }
    db->last_code = SQLITE_OK;
    prepare(q, sql);
}

static void check_bound(struct query *q, int code)
{
    if (code != SQLITE_OK)
        q->err = db_failed(q->db, code);
}

void query_put_i64(struct query *q, int64_t v)
{
    if (q->err == ERR_OK)
        check_bound(q, sqlite3_bind_int64(q->stmt, ++q->bound, v));
}

void query_put_u64(struct query *q, uint64_t v)
{
    query_put_i64(q, (int64_t)v);
}

void query_put_id(struct query *q, uint64_t v)
{
    if (v != 0)
        query_put_u64(q, v);
    else
        query_put_blob(q, NULL, 0);
}

void query_put_text(struct query *q, const char *text)
{
    if (q->err == ERR_OK)
        check_bound(q, sqlite3_bind_text(q->stmt, ++q->bound, text, -1, SQLITE_STATIC));
}

void query_put_blob(struct query *q, const void *data, size_t len)
{
    if (q->err == ERR_OK)
        check_bound(q, sqlite3_bind_blob64(q->stmt, ++q->bound, data, len, SQLITE_STATIC));
}

void query_put_page(struct query *q, const struct db_page *page, size_t rows_max)
{
    uint64_t after = page->after;

    if (page->newest_first && after == 0)
        after = INT64_MAX;
    query_put_i64(q, after > INT64_MAX ? INT64_MAX : (int64_t)after);
    query_put_i64(q, rows_max > INT_MAX ? INT_MAX : (int64_t)rows_max);
}

bool query_row(struct query *q)
{
    int code;

    if (q->err != ERR_OK)
        return false;
    q->column = 0;
    if (!q->stepped && db_fault_hits(&q->db->fail_statement))
        code = SQLITE_IOERR;
    else
        code = sqlite3_step(q->stmt);
    q->stepped = true;
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        q->err = db_failed(q->db, code);
    return false;
}

static void mark_bad(struct query *q)
{
    if (q->err == ERR_OK)
        q->err = ERR_FORMAT;
}

int64_t query_get_i64(struct query *q)
{
    if (q->err != ERR_OK)
        return 0;
    CHECK(q->column < sqlite3_column_count(q->stmt));
    return sqlite3_column_int64(q->stmt, q->column++);
}

uint64_t query_get_u64(struct query *q)
{
    return (uint64_t)query_get_i64(q);
}

static int64_t get_in_range(struct query *q, int64_t min, int64_t max)
{
    int64_t v = query_get_i64(q);

    if (v >= min && v <= max)
        return v;
    mark_bad(q);
    return 0;
}

uint32_t query_get_u32(struct query *q)
{
    return (uint32_t)get_in_range(q, 0, UINT32_MAX);
}

int32_t query_get_i32(struct query *q)
{
    return (int32_t)get_in_range(q, INT32_MIN, INT32_MAX);
}

bool query_get_bool(struct query *q)
{
    return get_in_range(q, 0, 1) != 0;
}

int query_get_enum(struct query *q, int max)
{
    return (int)get_in_range(q, 0, max);
}

size_t query_get_bytes(struct query *q, void *ret_data, size_t size)
{
    const void *data;
    size_t len;

    if (q->err != ERR_OK)
        return 0;
    CHECK(q->column < sqlite3_column_count(q->stmt));
    data = sqlite3_column_blob(q->stmt, q->column);
    len = (size_t)sqlite3_column_bytes(q->stmt, q->column++);
    if (len > size) {
        mark_bad(q);
        return 0;
    }
    if (len > 0 && data == NULL) {
        q->err = db_failed(q->db, SQLITE_NOMEM);
        return 0;
    }
    if (len > 0)
        memcpy(ret_data, data, len);
    return len;
}

void query_get_text(struct query *q, char *ret_text, size_t size)
{
    size_t len = query_get_bytes(q, ret_text, size - 1);

    if (memchr(ret_text, '\0', len) != NULL)
        mark_bad(q);
    ret_text[len] = '\0';
}

void query_get_blob(struct query *q, void *ret_data, size_t len)
{
    size_t got = query_get_bytes(q, ret_data, len);

    if (got != 0 && got != len)
        mark_bad(q);
    if (got != len)
        memset(ret_data, 0, len);
}

enum err query_end(struct query *q)
{
    if (q->stmt != NULL) {
        /* The result of a reset repeats the error of the last step. */
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
        if (q->slot < DB_STATEMENTS_MAX)
            q->db->slots[q->slot].busy = false;
        else
            sqlite3_finalize(q->stmt);
        q->stmt = NULL;
    }
    return q->err;
}

enum err query_run(struct query *q)
{
    bool row = query_row(q);

    CHECK(!row);
    return query_end(q);
}

enum err query_run_one(struct query *q)
{
    enum err e = query_run(q);

    if (e == ERR_OK && query_changes(q->db) == 0)
        e = ERR_NOT_FOUND;
    return e;
}

enum err query_number(struct query *q, uint64_t *ret_number)
{
    bool row = query_row(q);
    uint64_t number = row ? query_get_u64(q) : 0;
    enum err e = query_end(q);

    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_number = number;
    return e;
}

enum err query_prune(struct db *db, const char *sql, int64_t before_us, size_t *room)
{
    struct query q;
    enum err e;

    if (*room == 0)
        return ERR_OK;
    query_open(&q, db, sql);
    query_put_i64(&q, before_us);
    query_put_u64(&q, *room);
    e = query_run(&q);
    if (e == ERR_OK)
        *room -= (size_t)query_changes(db);
    return e;
}

int query_changes(const struct db *db)
{
    return sqlite3_changes(db->sqlite);
}

uint64_t query_inserted(const struct db *db)
{
    return (uint64_t)sqlite3_last_insert_rowid(db->sqlite);
}
