#include "store_alarm.h"

#include "query.h"

#define COLUMNS                                                                     \
    "SELECT id, node, kind, since_us, cleared_us, acknowledged_us, acknowledged_by" \
    " FROM alarm WHERE "

static void get_alarm(struct query *q, struct alarm *a)
{
    *a = (struct alarm){.id = query_get_u64(q)};
    a->node.v = query_get_u32(q);
    a->kind = (enum alarm_kind)query_get_enum(q, INT32_MAX);
    a->since_us = query_get_i64(q);
    a->cleared_us = query_get_i64(q);
    a->acknowledged_us = query_get_i64(q);
    a->acknowledged_by.v = query_get_u64(q);
}

enum err store_alarm_raise(struct db *db, struct node_id node, enum alarm_kind kind,
                           usec_t since_us, uint64_t *ret_id)
{
    struct query q;
    enum err e;

    query_open(&q, db, "INSERT INTO alarm (node, kind, since_us) VALUES (?, ?, ?)");
    query_put_id(&q, node.v);
    query_put_i64(&q, kind);
    query_put_i64(&q, since_us);
    e = query_run(&q);
    if (e == ERR_OK)
        *ret_id = query_inserted(db);
    return e;
}

static enum err standing(struct db *db, struct node_id node, enum alarm_kind kind, uint64_t *ret_id)
{
    struct query q;

    query_open(&q, db, "SELECT id FROM alarm WHERE node IS ? AND kind = ? AND cleared_us = 0");
    query_put_id(&q, node.v);
    query_put_i64(&q, kind);
    return query_number(&q, ret_id);
}

enum err store_alarm_clear(struct db *db, struct node_id node, enum alarm_kind kind,
                           usec_t cleared_us, uint64_t *ret_id)
{
    struct query q;
    uint64_t id;
    enum err e = standing(db, node, kind, &id);

    if (e != ERR_OK)
        return e;
    query_open(&q, db, "UPDATE alarm SET cleared_us = ? WHERE id = ?");
    query_put_i64(&q, cleared_us);
    query_put_u64(&q, id);
    e = query_run_one(&q);
    if (e == ERR_OK)
        *ret_id = id;
    return e;
}

enum err store_alarm_acknowledge(struct db *db, uint64_t id, struct user_id user, usec_t now_us,
                                 struct err_detail *detail)
{
    struct query q;
    uint64_t there;
    enum err e;

    query_open(&q, db,
               "UPDATE alarm SET acknowledged_us = ?, acknowledged_by = ?"
               " WHERE id = ? AND acknowledged_us = 0");
    query_put_i64(&q, now_us);
    query_put_id(&q, user.v);
    query_put_u64(&q, id);
    e = query_run_one(&q);
    if (e != ERR_NOT_FOUND)
        return db_explain(db, e, detail);
    query_open(&q, db, "SELECT id FROM alarm WHERE id = ?");
    query_put_u64(&q, id);
    e = query_number(&q, &there);
    if (e == ERR_OK)
        return err_set(detail, ERR_STATE, "This alarm was acknowledged before; nothing to do");
    return db_explain(db, e, detail);
}

enum err store_alarm_list(struct db *db, bool only_standing, struct db_page *page,
                          struct alarm *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    if (only_standing)
        query_open(&q, db, QUERY_PAGE(page, COLUMNS "cleared_us = 0", "id"));
    else
        query_open(&q, db, QUERY_PAGE(page, COLUMNS "1", "id"));
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_alarm(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id;
    *ret_count = n;
    return ERR_OK;
}

enum err store_alarm_prune(struct db *db, usec_t before_us, size_t *room)
{
    return query_prune(db,
                       "DELETE FROM alarm WHERE id IN (SELECT id FROM alarm"
                       " WHERE cleared_us > 0 AND cleared_us < ? LIMIT ?)",
                       before_us, room);
}
