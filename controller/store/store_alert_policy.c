#include "store_alert_policy.h"

#include "query.h"

enum err store_alert_policy_get(struct db *db, struct alertpolicy *ret_policy)
{
    struct alertpolicy p;
    struct query q;
    enum err e;

    alertpolicy_init(&p);
    query_open(&q, db,
               "SELECT roles, confirm_roles, totp_roles, confirm_s, fallback, per_hour"
               " FROM alert_policy");
    if (query_row(&q)) {
        p.roles = query_get_u32(&q);
        p.confirm_roles = query_get_u32(&q);
        p.totp_roles = query_get_u32(&q);
        p.confirm_s = query_get_u32(&q);
        p.fallback.v = query_get_u64(&q);
        p.per_hour = query_get_u32(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_policy = p;
    return e;
}

enum err store_alert_policy_put(struct db *db, const struct alertpolicy *policy)
{
    struct query q;

    query_open(&q, db,
               "INSERT OR REPLACE INTO alert_policy (id, roles, confirm_roles, totp_roles,"
               " confirm_s, fallback, per_hour) VALUES (1, ?, ?, ?, ?, ?, ?)");
    query_put_i64(&q, policy->roles);
    query_put_i64(&q, policy->confirm_roles);
    query_put_i64(&q, policy->totp_roles);
    query_put_i64(&q, policy->confirm_s);
    query_put_id(&q, policy->fallback.v);
    query_put_i64(&q, policy->per_hour);
    return query_run(&q);
}

enum err store_alert_policy_area(struct db *db, struct user_id user, struct zone_id *ret_zones,
                                 size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, "SELECT zone FROM alert_area WHERE user = ? ORDER BY zone LIMIT ?");
    query_put_u64(&q, user.v);
    query_put_u64(&q, ALERTPOLICY_AREA_MAX);
    while (query_row(&q))
        ret_zones[n++].v = query_get_u32(&q);
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_count = n;
    return e;
}

static enum err replace_area(struct db *db, struct user_id user, const struct zone_id *zones,
                             size_t count)
{
    struct query q;
    enum err e;

    query_open(&q, db, "DELETE FROM alert_area WHERE user = ?");
    query_put_u64(&q, user.v);
    e = query_run(&q);
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        query_open(&q, db, "INSERT OR IGNORE INTO alert_area (user, zone) VALUES (?, ?)");
        query_put_u64(&q, user.v);
        query_put_u64(&q, zones[i].v);
        e = query_run(&q);
    }
    return e;
}

enum err store_alert_policy_set_area(struct db *db, struct user_id user,
                                     const struct zone_id *zones, size_t count)
{
    enum err e = db_begin(db);

    return e == ERR_OK ? db_end(db, replace_area(db, user, zones, count)) : e;
}

enum err store_alert_policy_template(struct db *db, const char *name,
                                     struct alerttemplate *ret_template)
{
    struct query q;
    enum err e = alerttemplate_find(name, ret_template);

    if (e != ERR_OK)
        return e;
    query_open(&q, db, "SELECT title, text FROM alert_template WHERE name = ?");
    query_put_text(&q, name);
    if (query_row(&q)) {
        query_get_text(&q, ret_template->title, sizeof(ret_template->title));
        query_get_text(&q, ret_template->text, sizeof(ret_template->text));
    }
    return query_end(&q);
}

enum err store_alert_policy_set_template(struct db *db, const struct alerttemplate *t)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO alert_template (name, title, text) VALUES (?, ?, ?) ON CONFLICT (name)"
               " DO UPDATE SET title = excluded.title, text = excluded.text");
    query_put_text(&q, t->name);
    query_put_text(&q, t->title);
    query_put_text(&q, t->text);
    return query_run(&q);
}
