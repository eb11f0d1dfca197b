#include "store_journal.h"

#include <string.h>

#include "query.h"

#define COLUMNS "SELECT seq, at_us, actor, action, object, detail, hash FROM journal WHERE "

static void get_entry(struct query *q, struct journal_entry *e)
{
    *e = (struct journal_entry){.seq = query_get_u64(q)};
    e->at_us = query_get_i64(q);
    query_get_text(q, e->actor, sizeof e->actor);
    query_get_text(q, e->action, sizeof e->action);
    query_get_text(q, e->object, sizeof e->object);
    query_get_text(q, e->detail, sizeof e->detail);
    query_get_blob(q, e->hash, sizeof e->hash);
}

enum err store_journal_head(struct db *db, uint64_t *ret_seq, uint8_t ret_hash[SHA256_BYTES])
{
    struct query q;
    uint64_t seq = 0;
    uint8_t hash[SHA256_BYTES];
    bool row;
    enum err e;

    query_open(&q, db, "SELECT seq, hash FROM journal_head");
    row = query_row(&q);
    if (row) {
        seq = query_get_u64(&q);
        query_get_blob(&q, hash, sizeof hash);
    }
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_FORMAT;
    if (e != ERR_OK)
        return e;
    *ret_seq = seq;
    memcpy(ret_hash, hash, sizeof hash);
    return ERR_OK;
}

/* ERR_FORMAT unless the newest entry is the one the head names. */
static enum err check_end(struct db *db, uint64_t seq, const uint8_t hash[SHA256_BYTES])
{
    struct query q;
    uint8_t last_hash[SHA256_BYTES] = {0};
    uint64_t last_seq = 0;
    enum err e;

    query_open(&q, db, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1");
    if (query_row(&q)) {
        last_seq = query_get_u64(&q);
        query_get_blob(&q, last_hash, sizeof last_hash);
    }
    e = query_end(&q);
    if (e == ERR_OK && (last_seq != seq || memcmp(last_hash, hash, SHA256_BYTES) != 0))
        e = ERR_FORMAT;
    return e;
}

static enum err append(struct db *db, struct journal_entry *entry)
{
    uint8_t prev[SHA256_BYTES];
    uint64_t last = 0;
    struct query q;
    enum err e = store_journal_head(db, &last, prev);

    if (e == ERR_OK)
        e = check_end(db, last, prev);
    if (e != ERR_OK)
        return e;
    entry->seq = last + 1;
    journal_hash(entry, prev, entry->hash);
    query_open(&q, db,
               "INSERT INTO journal (seq, at_us, actor, action, object, detail, hash)"
               " VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, entry->seq);
    query_put_i64(&q, entry->at_us);
    query_put_text(&q, entry->actor);
    query_put_text(&q, entry->action);
    query_put_text(&q, entry->object);
    query_put_text(&q, entry->detail);
    query_put_blob(&q, entry->hash, sizeof entry->hash);
    e = query_run(&q);
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "UPDATE journal_head SET seq = ?, hash = ?");
    query_put_u64(&q, entry->seq);
    query_put_blob(&q, entry->hash, sizeof entry->hash);
    return query_run_one(&q);
}

enum err store_journal_append(struct db *db, struct journal_entry *entry)
{
    struct journal_entry appended = *entry;
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, append(db, &appended));
    if (e == ERR_OK)
        *entry = appended;
    return e;
}

enum err store_journal_list(struct db *db, const char *object, struct db_page *page,
                            struct journal_entry *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    if (object != NULL && object[0] != '\0') {
        query_open(&q, db, QUERY_PAGE(page, COLUMNS "object = ?", "seq"));
        query_put_text(&q, object);
    } else {
        query_open(&q, db, QUERY_PAGE(page, COLUMNS "1", "seq"));
    }
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_entry(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].seq;
    *ret_count = n;
    return ERR_OK;
}

/* Entries before the first would never be reached by following the chain. */
static enum err check_start(struct db *db, struct err_detail *detail)
{
    struct query q;
    uint64_t count = 0;
    enum err e;

    query_open(&q, db, "SELECT count(*) FROM journal WHERE seq < 1");
    e = query_number(&q, &count);
    if (e == ERR_OK && count > 0)
        e = err_set(detail, ERR_FORMAT,
                    "%llu journal entries stand before the first: compare with a backup",
                    (unsigned long long)count);
    return e;
}

static enum err check_head(struct db *db, const struct journal_entry *last,
                           struct err_detail *detail)
{
    uint8_t hash[SHA256_BYTES];
    uint64_t seq = 0;
    enum err e = store_journal_head(db, &seq, hash);

    if (e == ERR_OK && (seq != last->seq || memcmp(hash, last->hash, SHA256_BYTES) != 0))
        e = err_set(detail, ERR_FORMAT,
                    "the journal ends at entry %llu, its head names entry %llu: the end was cut "
                    "off or added to; compare with a backup",
                    (unsigned long long)last->seq, (unsigned long long)seq);
    return e;
}

enum err store_journal_verify(struct db *db, struct journal_verification *v, size_t entries_max,
                              struct err_detail *detail)
{
    struct journal_entry entry;
    struct query q;
    size_t n = 0;
    enum err broken = ERR_OK;
    enum err e = v->last.seq == 0 ? check_start(db, detail) : ERR_OK;

    if (e != ERR_OK)
        return db_explain(db, e, detail);
    query_open(&q, db, COLUMNS "seq > ? ORDER BY seq LIMIT ?");
    query_put_u64(&q, v->last.seq);
    query_put_u64(&q, entries_max);
    while (broken == ERR_OK && query_row(&q)) {
        get_entry(&q, &entry);
        if (q.err == ERR_FORMAT)
            err_set(detail, ERR_FORMAT,
                    "the journal entry after %llu was changed after it was written: it cannot be "
                    "read; compare with a backup",
                    (unsigned long long)v->last.seq);
        if (q.err != ERR_OK)
            break;
        broken = journal_check(&entry, v->last.seq != 0 ? &v->last : NULL, detail);
        if (broken == ERR_OK) {
            v->last = entry;
            v->checked++;
            n++;
        }
    }
    e = query_end(&q);
    if (e == ERR_OK)
        e = broken;
    if (e == ERR_OK)
        e = n == entries_max ? ERR_MORE : check_head(db, &v->last, detail);
    return e == ERR_MORE ? e : db_explain(db, e, detail);
}
