#include "store_live.h"

#include "query.h"

enum err store_live_add(struct db *db, struct broadcast_id id, const struct broadcast_live *live)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO live (broadcast, source, fallback, fallback_ms) VALUES (?, ?, ?, ?)");
    query_put_u64(&q, id.v);
    query_put_text(&q, live->source);
    query_put_blob(&q, live->has_fallback ? live->fallback.media.sha256 : NULL,
                   live->has_fallback ? SHA256_BYTES : 0);
    query_put_i64(&q, live->fallback.duration_ms);
    return query_run(&q);
}

enum err store_live_get(struct db *db, struct broadcast_id id, struct broadcast_live *ret_live)
{
    struct broadcast_live live = {0};
    struct query q;

    query_open(&q, db,
               "SELECT source, fallback IS NOT NULL, fallback, fallback_ms, recording IS NOT NULL,"
               " recording FROM live WHERE broadcast = ?");
    query_put_u64(&q, id.v);
    if (query_row(&q)) {
        query_get_text(&q, live.source, sizeof live.source);
        live.has_fallback = query_get_bool(&q);
        query_get_blob(&q, live.fallback.media.sha256, SHA256_BYTES);
        live.fallback.duration_ms = query_get_u32(&q);
        live.has_recording = query_get_bool(&q);
        query_get_blob(&q, live.recording.sha256, SHA256_BYTES);
    }
    *ret_live = live;
    return query_end(&q);
}

enum err store_live_set_recording(struct db *db, struct broadcast_id id,
                                  const struct media_id *recording)
{
    struct query q;

    query_open(&q, db, "UPDATE live SET recording = ? WHERE broadcast = ?");
    query_put_blob(&q, recording->sha256, SHA256_BYTES);
    query_put_u64(&q, id.v);
    return query_run_one(&q);
}
