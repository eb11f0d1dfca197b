/* query.h - one SQL statement at work: bind in order, step, read columns in order; first error sticks.
 *
 * Only controller/store includes this. Statements are prepared once and kept (DB_STATEMENTS_MAX). After the
 * first error every further call is harmless, and query_end() returns it: a store function reads all its
 * columns and tests once. Thread: main. */
#ifndef LOA_QUERY_H
#define LOA_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "db.h"
#include "err.h"

struct sqlite3_stmt;

struct query {
    struct db *db;
    struct sqlite3_stmt *stmt;
    size_t slot; /* of the cache; DB_STATEMENTS_MAX: not kept */
    int bound;
    int column;
    bool stepped;
    enum err err;
};

/* SQL of one page of a list: `head` ends in a WHERE clause; `key` is the unique column of db_page. The
 * last two parameters are query_put_page()'s. */
#define QUERY_PAGE(page, head, key)                                               \
    ((page)->newest_first ? head " AND " key " < ? ORDER BY " key " DESC LIMIT ?" \
                          : head " AND " key " > ? ORDER BY " key " LIMIT ?")

/* Take a statement. Every query_open() is ended by query_end(), query_run() or query_run_one().
 *
 *   sql  a string literal */
void query_open(struct query *q, struct db *db, const char *sql);

/* Bind the next parameter. Data is borrowed until the query ends. 64-bit unsigned numbers keep their bits. */
void query_put_i64(struct query *q, int64_t v);
void query_put_u64(struct query *q, uint64_t v);
void query_put_id(struct query *q, uint64_t v); /* 0 is NULL */
void query_put_text(struct query *q, const char *text);
void query_put_blob(struct query *q, const void *data, size_t len); /* data NULL is NULL */
void query_put_page(struct query *q, const struct db_page *page, size_t rows_max);

/* Go to the next row; false at the end and after an error. */
bool query_row(struct query *q);

/* Read the next column of the row; NULL reads as 0 or "". What does not fit (a number outside the type, a
 * text longer than its place, a blob of another length) was not written by us: ERR_FORMAT. */
int64_t query_get_i64(struct query *q);
uint64_t query_get_u64(struct query *q);
uint32_t query_get_u32(struct query *q);
int32_t query_get_i32(struct query *q);
bool query_get_bool(struct query *q);
int query_get_enum(struct query *q, int max); /* 0..max */
void query_get_text(struct query *q, char *ret_text, size_t size);
void query_get_blob(struct query *q, void *ret_data, size_t len); /* exactly len; zeros when NULL */
size_t query_get_bytes(struct query *q, void *ret_data, size_t size); /* at most size */

/* Give the statement back. Returns the first error. */
MUST_USE enum err query_end(struct query *q);

/* Step a statement without rows to its end, and give it back. */
MUST_USE enum err query_run(struct query *q);

/* Likewise; ERR_NOT_FOUND when it changed no row. */
MUST_USE enum err query_run_one(struct query *q);

/* Fetch the one number that a statement yields, and give it back. ERR_NOT_FOUND: no row. */
MUST_USE enum err query_number(struct query *q, uint64_t *ret_number);

/* Run a DELETE of old rows: its parameters are an instant and at most how many rows (`room`, which shrinks by those
 * that went). Without room nothing is done. */
MUST_USE enum err query_prune(struct db *db, const char *sql, int64_t before_us, size_t *room);

/* Number of rows that the last change touched. */
int query_changes(const struct db *db);

/* Key of the row inserted last. */
uint64_t query_inserted(const struct db *db);

#endif
