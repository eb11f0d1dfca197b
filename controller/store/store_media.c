#include "store_media.h"

#include "query.h"

#define COLUMNS                                                                                 \
    "SELECT seq, sha256, title, source_name, size_bytes, samples, duration_ms, loudness_mlufs," \
    " true_peak_mdb, gain_mdb, created_us, created_by, archived,"                               \
    " EXISTS (SELECT 1 FROM spoken WHERE spoken.media = sha256),"                               \
    " EXISTS (SELECT 1 FROM live WHERE recording = sha256) FROM media WHERE "

static uint64_t get_media(struct query *q, struct media_info *m)
{
    uint64_t seq = query_get_u64(q);

    *m = (struct media_info){0};
    query_get_blob(q, m->id.sha256, sizeof m->id.sha256);
    query_get_text(q, m->title, sizeof m->title);
    query_get_text(q, m->source_name, sizeof m->source_name);
    m->size_bytes = query_get_u64(q);
    m->samples = query_get_u64(q);
    m->duration_ms = query_get_u32(q);
    m->loudness_mlufs = query_get_i32(q);
    m->true_peak_mdb = query_get_i32(q);
    m->gain_mdb = query_get_i32(q);
    m->created_us = query_get_i64(q);
    m->created_by.v = query_get_u64(q);
    m->archived = query_get_bool(q);
    m->spoken = query_get_bool(q);
    m->aircheck = query_get_bool(q);
    return seq;
}

enum err store_media_add(struct db *db, const struct media_info *media)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO media (sha256, title, source_name, size_bytes, samples, duration_ms,"
               " loudness_mlufs, true_peak_mdb, gain_mdb, created_us, created_by)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_blob(&q, media->id.sha256, SHA256_BYTES);
    query_put_text(&q, media->title);
    query_put_text(&q, media->source_name);
    query_put_u64(&q, media->size_bytes);
    query_put_u64(&q, media->samples);
    query_put_i64(&q, media->duration_ms);
    query_put_i64(&q, media->loudness_mlufs);
    query_put_i64(&q, media->true_peak_mdb);
    query_put_i64(&q, media->gain_mdb);
    query_put_i64(&q, media->created_us);
    query_put_id(&q, media->created_by.v);
    return query_run(&q);
}

enum err store_media_get(struct db *db, const struct media_id *id, struct media_info *ret_media)
{
    struct query q;
    struct media_info m;
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "sha256 = ?");
    query_put_blob(&q, id->sha256, SHA256_BYTES);
    row = query_row(&q);
    if (row)
        get_media(&q, &m);
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_media = m;
    return e;
}

enum err store_media_list(struct db *db, struct db_page *page, struct media_info *rows,
                          size_t rows_max, size_t *ret_count)
{
    const struct media_filter all = {.to_us = INT64_MAX};

    return store_media_find(db, &all, page, rows, rows_max, ret_count);
}

enum err store_media_find(struct db *db, const struct media_filter *f, struct db_page *page,
                          struct media_info *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    uint64_t last = 0;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               QUERY_PAGE(page,
                          COLUMNS "(instr(loa_fold(title), loa_fold(?1)) > 0"
                                  " OR instr(loa_fold(source_name), loa_fold(?1)) > 0)"
                                  " AND created_us >= ?2 AND created_us < ?3"
                                  " AND (?4 = 0 OR archived = ?4 - 1)"
                                  " AND (?5 = 0 OR ?5 = 1 + EXISTS (SELECT 1 FROM spoken"
                                  " WHERE spoken.media = sha256) + 2 * EXISTS"
                                  " (SELECT 1 FROM live WHERE recording = sha256))",
                          "seq"));
    query_put_text(&q, f->text);
    query_put_i64(&q, f->from_us);
    query_put_i64(&q, f->to_us);
    query_put_i64(&q, f->archived);
    query_put_i64(&q, f->kind);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        last = get_media(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = last;
    *ret_count = n;
    return ERR_OK;
}

/* ERR_STATE and the sentence when the statement finds one that uses the recording. */
static enum err refuse_if_used(struct db *db, const char *sql, const struct media_id *id,
                               const char *by, struct err_detail *detail)
{
    struct query q;
    uint64_t user = 0;
    enum err e;

    query_open(&q, db, sql);
    query_put_blob(&q, id->sha256, SHA256_BYTES);
    e = query_number(&q, &user);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e == ERR_OK)
        e = err_set(detail, ERR_STATE, "%s %llu uses this recording: change or remove it first", by,
                    (unsigned long long)user);
    return e;
}

/* What sounded is kept as long as the broadcast itself. */
static enum err refuse_if_kept(struct db *db, const struct media_id *id, struct err_detail *detail)
{
    struct query q;
    uint64_t broadcast = 0;
    enum err e;

    query_open(&q, db,
               "SELECT broadcast FROM broadcast_media WHERE media = ?1"
               " UNION SELECT broadcast FROM live WHERE recording = ?1 LIMIT 1");
    query_put_blob(&q, id->sha256, SHA256_BYTES);
    e = query_number(&q, &broadcast);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e == ERR_OK)
        e = err_set(
            detail, ERR_STATE,
            "broadcast %llu sounded this recording: it is kept as long as the station keeps "
            "broadcasts",
            (unsigned long long)broadcast);
    return e;
}

static enum err remove_unused(struct db *db, const struct media_id *id, struct err_detail *detail)
{
    struct query q;
    enum err e;

    e = refuse_if_used(db, "SELECT bulletin FROM bulletin_part WHERE media = ? LIMIT 1", id,
                       "bulletin", detail);
    /* 0, 1: planned, on air */
    if (e == ERR_OK)
        e = refuse_if_used(db,
                           "SELECT id FROM broadcast_media JOIN broadcast ON id = broadcast"
                           " WHERE media = ? AND state IN (0, 1) LIMIT 1",
                           id, "broadcast", detail);
    if (e == ERR_OK)
        e = refuse_if_used(db, "SELECT id FROM signature_tune WHERE media = ?", id,
                           "the signature tune of station", detail);
    if (e == ERR_OK)
        e = refuse_if_used(db, "SELECT signal FROM emergency_set WHERE media = ?", id,
                           "emergency signal", detail);
    if (e == ERR_OK)
        e = refuse_if_kept(db, id, detail);
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "DELETE FROM media WHERE sha256 = ?");
    query_put_blob(&q, id->sha256, SHA256_BYTES);
    return query_run_one(&q);
}

enum err store_media_delete(struct db *db, const struct media_id *id, struct err_detail *detail)
{
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, remove_unused(db, id, detail));
    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no such recording: list the media and choose one");
    return db_explain(db, e, detail);
}

enum err store_media_change(struct db *db, const struct media_info *media)
{
    struct query q;

    query_open(&q, db, "UPDATE media SET title = ?, archived = ? WHERE sha256 = ?");
    query_put_text(&q, media->title);
    query_put_i64(&q, media->archived);
    query_put_blob(&q, media->id.sha256, SHA256_BYTES);
    return query_run_one(&q);
}

enum err store_media_uses(struct db *db, const struct media_id *id, struct media_use *rows,
                          size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               "SELECT 1, id, title, state FROM bulletin WHERE id IN"
               " (SELECT bulletin FROM bulletin_part WHERE media = ?1)"
               " UNION ALL SELECT 2, id, title, state FROM broadcast JOIN broadcast_media"
               " ON id = broadcast WHERE media = ?1 AND state IN (0, 1)"
               " UNION ALL SELECT 3, id, '', 0 FROM signature_tune WHERE media = ?1"
               " UNION ALL SELECT 4, signal, '', 0 FROM emergency_set WHERE media = ?1"
               " ORDER BY 1, 2 LIMIT ?2");
    query_put_blob(&q, id->sha256, SHA256_BYTES);
    query_put_u64(&q, rows_max);
    while (n < rows_max && query_row(&q)) {
        struct media_use *u = &rows[n++];

        *u = (struct media_use){.what = (enum media_use_what)query_get_enum(&q, MEDIA_USE_SIGNAL)};
        u->id = query_get_u64(&q);
        query_get_text(&q, u->title, sizeof u->title);
        u->state = query_get_u32(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_count = n;
    return e;
}
