#include "store_once.h"

#include "query.h"

enum err store_once_add(struct db *db, struct user_id user, const uint8_t key[SHA256_BYTES],
                        const uint8_t request[SHA256_BYTES], usec_t now_us)
{
    struct query q;

    query_open(&q, db, "INSERT INTO once (user, key, request, at_us) VALUES (?, ?, ?, ?)");
    query_put_u64(&q, user.v);
    query_put_blob(&q, key, SHA256_BYTES);
    query_put_blob(&q, request, SHA256_BYTES);
    query_put_i64(&q, now_us);
    return query_run(&q);
}

enum err store_once_find(struct db *db, struct user_id user, const uint8_t key[SHA256_BYTES],
                         uint8_t ret_request[SHA256_BYTES])
{
    struct query q;
    bool row;
    enum err e;

    query_open(&q, db, "SELECT request FROM once WHERE user = ? AND key = ?");
    query_put_u64(&q, user.v);
    query_put_blob(&q, key, SHA256_BYTES);
    row = query_row(&q);
    if (row)
        query_get_blob(&q, ret_request, SHA256_BYTES);
    e = query_end(&q);
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

enum err store_once_prune(struct db *db, usec_t before_us, size_t *room)
{
    return query_prune(db,
                       "DELETE FROM once WHERE (user, key) IN"
                       " (SELECT user, key FROM once WHERE at_us < ? LIMIT ?)",
                       before_us, room);
}
