#include "store_credential.h"

#include "query.h"
#include "store_user.h"

#define COLUMNS                                                                               \
    "SELECT id, kind, user, label, created_us, expires_us, used_us, browser FROM credential " \
    "WHERE "

static void get_credential(struct query *q, struct credential *c)
{
    *c = (struct credential){.id = query_get_u64(q)};
    c->kind = (enum credential_kind)query_get_enum(q, CREDENTIAL_SETUP);
    c->user.v = query_get_u64(q);
    query_get_text(q, c->label, sizeof c->label);
    c->created_us = query_get_i64(q);
    c->expires_us = query_get_i64(q);
    c->used_us = query_get_i64(q);
    c->browser = query_get_bool(q);
}

enum err store_credential_add(struct db *db, const struct credential *credential,
                              const uint8_t sha256[SHA256_BYTES], uint64_t *ret_id)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "INSERT INTO credential (kind, user, label, sha256, created_us, expires_us, browser)"
               " VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_put_i64(&q, (int64_t)credential->kind);
    query_put_id(&q, credential->user.v);
    query_put_text(&q, credential->label);
    query_put_blob(&q, sha256, SHA256_BYTES);
    query_put_i64(&q, credential->created_us);
    query_put_i64(&q, credential->expires_us);
    query_put_i64(&q, credential->browser);
    e = query_run(&q);
    if (e == ERR_OK)
        *ret_id = query_inserted(db);
    return e;
}

enum err store_credential_find(struct db *db, const uint8_t sha256[SHA256_BYTES], usec_t now_us,
                               struct credential *ret_credential, struct user *ret_user)
{
    struct query q;
    struct credential c;
    struct user u = {0};
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "sha256 = ?");
    query_put_blob(&q, sha256, SHA256_BYTES);
    row = query_row(&q);
    if (row)
        get_credential(&q, &c);
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK && c.expires_us != 0 && now_us >= c.expires_us)
        e = ERR_AUTH;
    if (e == ERR_OK && c.user.v != 0)
        e = store_user_get(db, c.user, &u);
    if (e == ERR_OK && u.disabled)
        e = ERR_AUTH;
    if (e != ERR_OK)
        return e;
    *ret_credential = c;
    *ret_user = u;
    return ERR_OK;
}

enum err store_credential_touch(struct db *db, uint64_t id, usec_t now_us)
{
    struct query q;

    query_open(&q, db, "UPDATE credential SET used_us = ? WHERE id = ?");
    query_put_i64(&q, now_us);
    query_put_u64(&q, id);
    return query_run_one(&q);
}

enum err store_credential_extend(struct db *db, uint64_t id, usec_t expires_us)
{
    struct query q;

    query_open(&q, db, "UPDATE credential SET expires_us = ? WHERE id = ?");
    query_put_i64(&q, expires_us);
    query_put_u64(&q, id);
    return query_run_one(&q);
}

enum err store_credential_revoke(struct db *db, uint64_t id, struct user_id user)
{
    struct query q;

    query_open(&q, db, "DELETE FROM credential WHERE id = ?1 AND (?2 IS NULL OR user = ?2)");
    query_put_u64(&q, id);
    query_put_id(&q, user.v);
    return query_run_one(&q);
}

enum err store_credential_list(struct db *db, struct user_id user, struct db_page *page,
                               struct credential *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS "(?1 IS NULL OR user = ?1)", "id"));
    query_put_id(&q, user.v);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_credential(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id;
    *ret_count = n;
    return ERR_OK;
}

enum err store_credential_prune(struct db *db, usec_t before_us, size_t *room)
{
    return query_prune(db,
                       "DELETE FROM credential WHERE id IN (SELECT id FROM credential"
                       " WHERE expires_us > 0 AND expires_us < ? LIMIT ?)",
                       before_us, room);
}
