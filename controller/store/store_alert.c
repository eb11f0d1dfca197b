#include "store_alert.h"

#include "bytes.h"
#include "query.h"

#define REF_BYTES 8

static enum err put(struct db *db, const struct alertlife_row *row)
{
    uint8_t refs[ALERTLIFE_REFS_MAX * REF_BYTES];
    struct writer w;
    struct query q;

    writer_init(&w, refs, sizeof(refs));
    for (size_t i = 0; i < row->ref_count; i++)
        writer_u64(&w, row->refs[i]);
    query_open(&q, db,
               "INSERT INTO alert (id, sender, identifier, sent_us, type, state, seen, sha256,"
               " expires_us, cancelled_us, overruled_us, superior, refs)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
               " ON CONFLICT (id) DO UPDATE SET type = excluded.type, state = excluded.state,"
               " seen = excluded.seen, sha256 = excluded.sha256, expires_us = excluded.expires_us,"
               " cancelled_us = excluded.cancelled_us, overruled_us = excluded.overruled_us,"
               " superior = excluded.superior, refs = excluded.refs");
    query_put_u64(&q, row->id);
    query_put_text(&q, row->key.sender);
    query_put_text(&q, row->key.identifier);
    query_put_i64(&q, row->key.sent_us);
    query_put_i64(&q, (int64_t)row->type);
    query_put_i64(&q, (int64_t)row->state);
    query_put_i64(&q, row->seen);
    query_put_blob(&q, row->sha256, sizeof(row->sha256));
    query_put_i64(&q, row->expires_us);
    query_put_i64(&q, row->cancelled_us);
    query_put_i64(&q, row->overruled_us);
    query_put_i64(&q, row->superior);
    query_put_blob(&q, refs, w.at);
    return query_run(&q);
}

enum err store_alert_put(struct db *db, const struct alertlife_row *rows, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = put(db, &rows[i]);
    return e;
}

static void fetch(struct query *q, struct alertlife_row *row)
{
    uint8_t refs[ALERTLIFE_REFS_MAX * REF_BYTES];
    struct reader r;

    *row = (struct alertlife_row){.id = query_get_u64(q)};
    query_get_text(q, row->key.sender, sizeof(row->key.sender));
    query_get_text(q, row->key.identifier, sizeof(row->key.identifier));
    row->key.sent_us = query_get_i64(q);
    row->type = (enum alertlife_type)query_get_enum(q, ALERTLIFE_CANCEL);
    row->state = (enum alertlife_state)query_get_enum(q, ALERTLIFE_CANCELLED);
    row->seen = query_get_bool(q);
    query_get_blob(q, row->sha256, sizeof(row->sha256));
    row->expires_us = query_get_i64(q);
    row->cancelled_us = query_get_i64(q);
    row->overruled_us = query_get_i64(q);
    row->superior = query_get_bool(q);
    reader_init(&r, bytes_of(refs, query_get_bytes(q, refs, sizeof(refs))));
    while (reader_left(&r) >= REF_BYTES)
        row->refs[row->ref_count++] = reader_u64(&r);
}

enum err store_alert_list(struct db *db, uint64_t after, struct alertlife_row *ret_rows,
                          size_t room, size_t *ret_count)
{
    struct query q;
    size_t count = 0;
    enum err e;

    query_open(&q, db,
               "SELECT id, sender, identifier, sent_us, type, state, seen, sha256, expires_us,"
               " cancelled_us, overruled_us, superior, refs FROM alert WHERE id > ? ORDER BY id"
               " LIMIT ?");
    query_put_u64(&q, after);
    query_put_u64(&q, room);
    while (count < room && query_row(&q))
        fetch(&q, &ret_rows[count++]);
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_count = count;
    return e;
}

enum err store_alert_delete(struct db *db, uint64_t id)
{
    struct query q;

    query_open(&q, db, "DELETE FROM alert WHERE id = ?");
    query_put_u64(&q, id);
    return query_run(&q);
}
