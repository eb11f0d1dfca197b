#include "store_totp.h"

#include "query.h"

enum err store_totp_get(struct db *db, struct user_id user, struct store_totp *ret_totp)
{
    struct store_totp totp = {.confirmed = false};
    struct query q;
    bool found;
    enum err e;

    query_open(&q, db, "SELECT secret, confirmed, last_step FROM totp WHERE user = ?");
    query_put_u64(&q, user.v);
    found = query_row(&q);
    if (found) {
        query_get_blob(&q, totp.secret, sizeof(totp.secret));
        totp.confirmed = query_get_bool(&q);
        totp.last_step = query_get_i64(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK && !found)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_totp = totp;
    return e;
}

enum err store_totp_put(struct db *db, struct user_id user, const struct store_totp *totp)
{
    struct query q;

    query_open(&q, db,
               "INSERT OR REPLACE INTO totp (user, secret, confirmed, last_step)"
               " VALUES (?, ?, ?, ?)");
    query_put_u64(&q, user.v);
    query_put_blob(&q, totp->secret, sizeof(totp->secret));
    query_put_i64(&q, totp->confirmed);
    query_put_i64(&q, totp->last_step);
    return query_run(&q);
}

enum err store_totp_delete(struct db *db, struct user_id user)
{
    struct query q;

    query_open(&q, db, "DELETE FROM totp WHERE user = ?");
    query_put_u64(&q, user.v);
    return query_run_one(&q);
}
