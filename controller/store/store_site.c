#include "store_site.h"

#include <string.h>

#include "query.h"

enum err store_site_get(struct db *db, struct node_id node, struct site *ret_site)
{
    struct site s = {.node = node};
    struct query q;
    enum err e;

    query_open(&q, db,
               "SELECT has_position, lat_udeg, lon_udeg, sim_number, sim_due, photo, signed_us,"
               " signed_by FROM node_site WHERE node = ?");
    query_put_u64(&q, node.v);
    if (query_row(&q)) {
        s.has_position = query_get_bool(&q);
        s.lat_udeg = query_get_i32(&q);
        s.lon_udeg = query_get_i32(&q);
        query_get_text(&q, s.sim_number, sizeof s.sim_number);
        query_get_text(&q, s.sim_due, sizeof s.sim_due);
        s.photo = (enum site_photo)query_get_enum(&q, SITE_PHOTO_PNG);
        s.signed_us = query_get_i64(&q);
        s.signed_by.v = query_get_u64(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_site = s;
    return e;
}

enum err store_site_put(struct db *db, const struct site *s)
{
    struct query q;

    query_open(&q, db,
               "INSERT OR REPLACE INTO node_site (node, has_position, lat_udeg, lon_udeg,"
               " sim_number, sim_due, photo, signed_us, signed_by)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, s->node.v);
    query_put_i64(&q, s->has_position);
    query_put_i64(&q, s->lat_udeg);
    query_put_i64(&q, s->lon_udeg);
    query_put_text(&q, s->sim_number);
    query_put_text(&q, s->sim_due);
    query_put_i64(&q, s->photo);
    query_put_i64(&q, s->signed_us);
    query_put_id(&q, s->signed_by.v);
    return query_run(&q);
}

enum err store_site_checks(struct db *db, struct node_id node, struct site_check *ret_checks)
{
    struct site_check checks[SITE_ITEMS] = {0};
    struct query q;
    enum err e;

    query_open(&q, db, "SELECT item, done_us, done_by FROM node_check WHERE node = ?");
    query_put_u64(&q, node.v);
    while (query_row(&q)) {
        struct site_check *check = &checks[query_get_enum(&q, SITE_ITEMS - 1)];

        check->done_us = query_get_i64(&q);
        check->done_by.v = query_get_u64(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK)
        memcpy(ret_checks, checks, sizeof checks);
    return e;
}

enum err store_site_check(struct db *db, struct node_id node, enum site_item item,
                          const struct site_check *check)
{
    struct query q;

    if (check->done_us == 0) {
        query_open(&q, db, "DELETE FROM node_check WHERE node = ? AND item = ?");
        query_put_u64(&q, node.v);
        query_put_i64(&q, item);
        return query_run(&q);
    }
    query_open(&q, db,
               "INSERT OR REPLACE INTO node_check (node, item, done_us, done_by)"
               " VALUES (?, ?, ?, ?)");
    query_put_u64(&q, node.v);
    query_put_i64(&q, item);
    query_put_i64(&q, check->done_us);
    query_put_id(&q, check->done_by.v);
    return query_run(&q);
}

enum err store_site_due(struct db *db, const char *today, struct db_page *page,
                        struct node_id *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               "SELECT node FROM node_site JOIN node ON node.id = node WHERE sim_due <> ''"
               " AND sim_due <= ? AND state = 1 AND node > ? ORDER BY node LIMIT ?");
    query_put_text(&q, today);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        rows[n++].v = query_get_u32(&q);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].v;
    *ret_count = n;
    return ERR_OK;
}

enum err store_site_places(struct db *db, struct db_page *page, struct store_site_place *rows,
                           size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               QUERY_PAGE(page,
                          "SELECT id, zone, has_position, lat_udeg, lon_udeg FROM node"
                          " LEFT JOIN node_site ON node_site.node = node.id WHERE state = 1",
                          "id"));
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q)) {
        struct store_site_place *r = &rows[n++];

        r->node.v = query_get_u32(&q);
        r->zone.v = query_get_u32(&q);
        r->has_position = query_get_bool(&q);
        r->lat_udeg = query_get_i32(&q);
        r->lon_udeg = query_get_i32(&q);
    }
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].node.v;
    *ret_count = n;
    return ERR_OK;
}
