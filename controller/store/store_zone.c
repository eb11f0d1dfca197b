#include "store_zone.h"

#include "query.h"

#define COLUMNS "SELECT id, parent, code, name, rank, languages FROM zone WHERE "

static void get_zone(struct query *q, struct zone *z)
{
    char languages[LANGUAGES_TEXT_SIZE];

    *z = (struct zone){.id = {query_get_u32(q)}};
    z->parent.v = query_get_u32(q);
    query_get_text(q, z->code, sizeof z->code);
    query_get_text(q, z->name, sizeof z->name);
    z->rank = query_get_u32(q);
    query_get_text(q, languages, sizeof languages);
    languages_parse(languages, &z->languages);
}

static enum err explain(struct db *db, enum err e, const struct zone *zone,
                        struct err_detail *detail)
{
    if (e == ERR_EXISTS)
        return err_set(detail, e, "another zone has the code %s: choose another", zone->code);
    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no such zone: list the zones and choose one of them");
    if (e == ERR_LIMIT)
        return err_set(detail, e, "a station has at most %d zones: remove one first", ZONES_MAX);
    return db_explain(db, e, detail);
}

static enum err add(struct db *db, const struct zone *zone)
{
    char languages[LANGUAGES_TEXT_SIZE];
    struct query q;
    uint64_t count = 0;
    enum err e;

    query_open(&q, db, "SELECT count(*) FROM zone");
    e = query_number(&q, &count);
    if (e == ERR_OK && count >= ZONES_MAX)
        e = ERR_LIMIT;
    if (e != ERR_OK)
        return e;
    languages_print(&zone->languages, languages);
    query_open(&q, db,
               "INSERT INTO zone (parent, code, name, rank, languages) VALUES (?, ?, ?, ?, ?)");
    query_put_id(&q, zone->parent.v);
    query_put_text(&q, zone->code);
    query_put_text(&q, zone->name);
    query_put_i64(&q, zone->rank);
    query_put_text(&q, languages);
    return query_run(&q);
}

enum err store_zone_add(struct db *db, const struct zone *zone, struct zone_id *ret_id,
                        struct err_detail *detail)
{
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, add(db, zone));
    if (e == ERR_OK)
        *ret_id = (struct zone_id){(uint32_t)query_inserted(db)};
    return explain(db, e, zone, detail);
}

enum err store_zone_update(struct db *db, const struct zone *zone, struct err_detail *detail)
{
    char languages[LANGUAGES_TEXT_SIZE];
    struct query q;

    languages_print(&zone->languages, languages);
    query_open(
        &q, db,
        "UPDATE zone SET parent = ?, code = ?, name = ?, rank = ?, languages = ? WHERE id = ?");
    query_put_id(&q, zone->parent.v);
    query_put_text(&q, zone->code);
    query_put_text(&q, zone->name);
    query_put_i64(&q, zone->rank);
    query_put_text(&q, languages);
    query_put_u64(&q, zone->id.v);
    return explain(db, query_run_one(&q), zone, detail);
}

/* ERR_STATE and the sentence when the statement yields a number other than 0. */
static enum err refuse_if_used(struct db *db, const char *sql, struct zone_id id, const char *by,
                               struct err_detail *detail)
{
    struct query q;
    uint64_t count = 0;
    enum err e;

    query_open(&q, db, sql);
    query_put_u64(&q, id.v);
    e = query_number(&q, &count);
    if (e == ERR_OK && count > 0)
        e = err_set(detail, ERR_STATE, "%llu %s in this zone: move or remove them first",
                    (unsigned long long)count, by);
    return e;
}

static enum err remove_unused(struct db *db, struct zone_id id, struct err_detail *detail)
{
    struct query q;
    enum err e;

    e = refuse_if_used(db, "SELECT count(*) FROM zone WHERE parent = ?", id, "zone(s) are", detail);
    if (e == ERR_OK)
        e = refuse_if_used(db, "SELECT count(*) FROM node WHERE zone = ? AND state = 1", id,
                           "node(s) are", detail);
    if (e == ERR_OK)
        e = refuse_if_used(db,
                           "SELECT count(*) FROM event_zone JOIN event ON event.id = event"
                           " WHERE zone = ? AND NOT cancelled",
                           id, "event(s) sound", detail);
    if (e == ERR_OK)
        e = refuse_if_used(db,
                           "SELECT count(*) FROM join_code WHERE zone = ? AND used_us = 0"
                           " AND NOT withdrawn",
                           id, "join code(s) lead to a node", detail);
    /* Never taken out of an area in silence: an account without any may alert everywhere. */
    if (e == ERR_OK)
        e = refuse_if_used(db, "SELECT count(*) FROM alert_area WHERE zone = ?", id,
                           "account(s) are limited to alerts", detail);
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "DELETE FROM zone WHERE id = ?");
    query_put_u64(&q, id.v);
    return query_run_one(&q);
}

enum err store_zone_delete(struct db *db, struct zone_id id, struct err_detail *detail)
{
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, remove_unused(db, id, detail));
    return e == ERR_STATE ? e : explain(db, e, NULL, detail);
}

enum err store_zone_get(struct db *db, struct zone_id id, struct zone *ret_zone)
{
    struct query q;
    struct zone z;
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id.v);
    row = query_row(&q);
    if (row)
        get_zone(&q, &z);
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_zone = z;
    return e;
}

enum err store_zone_list(struct db *db, struct db_page *page, struct zone *rows, size_t rows_max,
                         size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS "1", "id"));
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_zone(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id.v;
    *ret_count = n;
    return ERR_OK;
}

enum err store_zone_set_polygon(struct db *db, struct zone_id id, const char *polygon)
{
    struct query q;

    query_open(&q, db, "UPDATE zone SET polygon = ? WHERE id = ?");
    query_put_text(&q, polygon);
    query_put_u64(&q, id.v);
    return query_run_one(&q);
}

enum err store_zone_polygon(struct db *db, struct zone_id id, char *ret_polygon)
{
    struct query q;
    bool row;
    enum err e;

    query_open(&q, db, "SELECT polygon FROM zone WHERE id = ?");
    query_put_u64(&q, id.v);
    row = query_row(&q);
    if (row)
        query_get_text(&q, ret_polygon, ZONE_POLYGON_SIZE);
    e = query_end(&q);
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}
