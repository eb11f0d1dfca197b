#include "store_retention.h"

#include "broadcast.h"
#include "query.h"

static enum err list_old(struct db *db, usec_t before_us, uint64_t *ids, size_t *ret_count)
{
    struct query q;

    query_open(&q, db,
               "SELECT id FROM broadcast b WHERE start_us < ? AND +state IN (?, ?)"
               " AND NOT EXISTS (SELECT 1 FROM alert_sound WHERE tone = b.id)"
               " AND NOT EXISTS (SELECT 1 FROM alert_sound WHERE round = b.id)"
               " ORDER BY start_us, id LIMIT ?");
    query_put_i64(&q, before_us);
    query_put_i64(&q, BROADCAST_CLOSED);
    query_put_i64(&q, BROADCAST_MISSED);
    query_put_i64(&q, STORE_RETENTION_MAX);
    *ret_count = 0;
    while (*ret_count < STORE_RETENTION_MAX && query_row(&q))
        ids[(*ret_count)++] = query_get_u64(&q);
    return query_end(&q);
}

static enum err note_recording(struct db *db, uint64_t id, struct store_retention *done)
{
    struct query q;

    query_open(&q, db, "SELECT recording FROM live WHERE broadcast = ? AND recording IS NOT NULL");
    query_put_u64(&q, id);
    if (query_row(&q))
        query_get_blob(&q, done->recordings[done->recording_count++].sha256, SHA256_BYTES);
    return query_end(&q);
}

static enum err run(struct db *db, const char *sql, uint64_t id, size_t *room)
{
    struct query q;
    enum err e;

    query_open(&q, db, sql);
    query_put_u64(&q, id);
    query_put_u64(&q, *room);
    e = query_run(&q);
    if (e == ERR_OK)
        *room -= (size_t)query_changes(db);
    return e;
}

/* Its own row goes last and with that of its recording, so that a recording is told of once. */
static enum err forget(struct db *db, uint64_t id, size_t *room, struct store_retention *done)
{
    static const char *const parts[] = {
        "DELETE FROM receipt WHERE id IN (SELECT id FROM receipt WHERE broadcast = ? LIMIT ?)",
        "DELETE FROM target WHERE broadcast = ?1 AND node IN"
        " (SELECT node FROM target WHERE broadcast = ?1 LIMIT ?2)",
        "DELETE FROM issued_order WHERE id IN"
        " (SELECT id FROM issued_order WHERE broadcast = ? LIMIT ?)",
    };
    static const char *const whole[] = {
        "DELETE FROM broadcast_media WHERE broadcast = ?1 AND ?2 > 0",
        "DELETE FROM live WHERE broadcast = ?1 AND ?2 > 0",
        "DELETE FROM broadcast WHERE id = ?1 AND ?2 > 0",
    };
    size_t enough = BULLETIN_PARTS_MAX + 2;
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && *room > 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        e = run(db, parts[i], id, room);
    if (e != ERR_OK || *room == 0)
        return e;
    e = note_recording(db, id, done);
    for (size_t i = 0; e == ERR_OK && i < sizeof(whole) / sizeof(whole[0]); i++)
        e = run(db, whole[i], id, &enough);
    *room -= *room > 0;
    done->broadcasts++;
    return e;
}

static enum err prune(struct db *db, usec_t before_us, size_t *room, struct store_retention *done)
{
    uint64_t ids[STORE_RETENTION_MAX];
    size_t count = 0;
    enum err e = list_old(db, before_us, ids, &count);

    for (size_t i = 0; e == ERR_OK && *room > 0 && i < count; i++)
        e = forget(db, ids[i], room, done);
    return e;
}

enum err store_retention_prune(struct db *db, usec_t before_us, size_t *room,
                               struct store_retention *ret_done)
{
    struct store_retention done = {.broadcasts = 0};
    size_t left = *room;
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, prune(db, before_us, &left, &done));
    if (e == ERR_OK) {
        *ret_done = done;
        *room = left;
    }
    return e;
}
