#include "store_upload.h"

#include "query.h"

enum err store_upload_add(struct db *db, const struct store_upload *upload)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO upload (id, user, title, name, size_bytes, offset_bytes, expires_us)"
               " VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, upload->id);
    query_put_u64(&q, upload->user.v);
    query_put_text(&q, upload->title);
    query_put_text(&q, upload->name);
    query_put_u64(&q, upload->size_bytes);
    query_put_u64(&q, upload->offset_bytes);
    query_put_i64(&q, upload->expires_us);
    return query_run(&q);
}

enum err store_upload_set(struct db *db, const struct store_upload *upload)
{
    struct query q;

    query_open(&q, db, "UPDATE upload SET offset_bytes = ?, expires_us = ? WHERE id = ?");
    query_put_u64(&q, upload->offset_bytes);
    query_put_i64(&q, upload->expires_us);
    query_put_u64(&q, upload->id);
    return query_run_one(&q);
}

enum err store_upload_delete(struct db *db, uint64_t id)
{
    struct query q;

    query_open(&q, db, "DELETE FROM upload WHERE id = ?");
    query_put_u64(&q, id);
    return query_run(&q);
}

enum err store_upload_list(struct db *db, struct store_upload *rows, size_t rows_max,
                           size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               "SELECT id, user, title, name, size_bytes, offset_bytes, expires_us FROM upload"
               " ORDER BY expires_us, id");
    while (n < rows_max && query_row(&q)) {
        struct store_upload *u = &rows[n++];

        u->id = query_get_u64(&q);
        u->user.v = query_get_u64(&q);
        query_get_text(&q, u->title, sizeof u->title);
        query_get_text(&q, u->name, sizeof u->name);
        u->size_bytes = query_get_u64(&q);
        u->offset_bytes = query_get_u64(&q);
        u->expires_us = query_get_i64(&q);
    }
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    *ret_count = n;
    return ERR_OK;
}
