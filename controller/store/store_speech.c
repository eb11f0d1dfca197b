#include "store_speech.h"

#include "query.h"

enum err store_speech_put(struct db *db, const struct media_id *media, const struct spoken *spoken)
{
    struct query q;

    query_open(&q, db,
               "INSERT OR REPLACE INTO spoken (media, text, voice, speed)"
               " VALUES (?, ?, ?, ?)");
    query_put_blob(&q, media->sha256, SHA256_BYTES);
    query_put_text(&q, spoken->text);
    query_put_text(&q, spoken->voice);
    query_put_i64(&q, spoken->speed);
    return query_run(&q);
}

enum err store_speech_get(struct db *db, const struct media_id *media, struct spoken *ret_spoken)
{
    struct query q;
    bool row;
    enum err e;

    query_open(&q, db, "SELECT text, voice, speed FROM spoken WHERE media = ?");
    query_put_blob(&q, media->sha256, SHA256_BYTES);
    row = query_row(&q);
    if (row) {
        query_get_text(&q, ret_spoken->text, sizeof ret_spoken->text);
        query_get_text(&q, ret_spoken->voice, sizeof ret_spoken->voice);
        ret_spoken->speed = query_get_u32(&q);
    }
    e = query_end(&q);
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

enum err store_speech_get_signature(struct db *db, struct media_id *ret_media)
{
    struct query q;
    struct media_id media;
    bool row;
    enum err e;

    query_open(&q, db, "SELECT media FROM signature_tune");
    row = query_row(&q);
    if (row)
        query_get_blob(&q, media.sha256, sizeof media.sha256);
    e = query_end(&q);
    if (e == ERR_OK && row)
        *ret_media = media;
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

enum err store_speech_put_signature(struct db *db, const struct media_id *media)
{
    struct query q;

    query_open(&q, db, "INSERT OR REPLACE INTO signature_tune (id, media) VALUES (1, ?)");
    query_put_blob(&q, media->sha256, SHA256_BYTES);
    return query_run(&q);
}
