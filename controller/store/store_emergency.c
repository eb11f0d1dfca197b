#include "store_emergency.h"

#include "query.h"

#define COLUMNS "SELECT signal, media, changed_us, changed_by FROM emergency_set WHERE "

static void get_entry(struct query *q, struct emergency_entry *e)
{
    *e = (struct emergency_entry){.signal =
                                      (enum emergency_signal)query_get_enum(q, EMERGENCY_SIGNALS)};
    query_get_blob(q, e->media.sha256, sizeof e->media.sha256);
    e->changed_us = query_get_i64(q);
    e->changed_by.v = query_get_u64(q);
}

enum err store_emergency_list(struct db *db, struct emergency_entry *entries, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, COLUMNS "1 ORDER BY signal LIMIT ?");
    query_put_u64(&q, EMERGENCY_SIGNALS);
    while (query_row(&q))
        get_entry(&q, &entries[n++]);
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_count = n;
    return e;
}

enum err store_emergency_get(struct db *db, enum emergency_signal signal,
                             struct emergency_entry *ret_entry)
{
    struct emergency_entry entry;
    struct query q;
    bool found;
    enum err e;

    query_open(&q, db, COLUMNS "signal = ?");
    query_put_i64(&q, (int64_t)signal);
    found = query_row(&q);
    if (found)
        get_entry(&q, &entry);
    e = query_end(&q);
    if (e == ERR_OK && !found)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_entry = entry;
    return e;
}

enum err store_emergency_put(struct db *db, const struct emergency_entry *entry)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO emergency_set (signal, media, changed_us, changed_by)"
               " VALUES (?, ?, ?, ?) ON CONFLICT (signal) DO UPDATE SET media = excluded.media,"
               " changed_us = excluded.changed_us, changed_by = excluded.changed_by");
    query_put_i64(&q, (int64_t)entry->signal);
    query_put_blob(&q, entry->media.sha256, SHA256_BYTES);
    query_put_i64(&q, entry->changed_us);
    query_put_id(&q, entry->changed_by.v);
    return query_run(&q);
}
