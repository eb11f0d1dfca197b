#include "store_event.h"

#include "query.h"

#define COLUMNS                                                                          \
    "SELECT id, bulletin, everyone, ics, repeats, pause_ms, quiet_confirmed, cancelled," \
    " conflict, priority, rank, revision, created_by, created_us FROM event WHERE "

static void get_event(struct query *q, struct event *v)
{
    *v = (struct event){.id = {query_get_u64(q)}};
    v->bulletin.v = query_get_u64(q);
    v->everyone = query_get_bool(q);
    query_get_text(q, v->ics, sizeof v->ics);
    v->repeats = query_get_u32(q);
    v->pause_ms = query_get_u32(q);
    v->quiet_confirmed = query_get_bool(q);
    v->cancelled = query_get_bool(q);
    v->conflict = (enum event_conflict)query_get_enum(q, EVENT_REPLACE);
    v->priority = (enum priority)query_get_enum(q, PRIORITY_EMERGENCY);
    v->rank = query_get_u32(q);
    v->revision = query_get_u32(q);
    v->created_by.v = query_get_u64(q);
    v->created_us = query_get_i64(q);
}

static enum err load_zones(struct db *db, struct event *v)
{
    struct query q;

    query_open(&q, db, "SELECT zone FROM event_zone WHERE event = ? ORDER BY zone LIMIT ?");
    query_put_u64(&q, v->id.v);
    query_put_i64(&q, EVENT_ZONES_MAX);
    v->zone_count = 0;
    while (query_row(&q))
        v->zones[v->zone_count++].v = query_get_u32(&q);
    return query_end(&q);
}

static enum err store_zones(struct db *db, struct event_id id, const struct event *v)
{
    struct query q;
    enum err e;

    query_open(&q, db, "DELETE FROM event_zone WHERE event = ?");
    query_put_u64(&q, id.v);
    e = query_run(&q);
    for (size_t i = 0; e == ERR_OK && i < v->zone_count; i++) {
        query_open(&q, db,
                   "INSERT INTO event_zone (event, zone) VALUES (?, ?) ON CONFLICT DO NOTHING");
        query_put_u64(&q, id.v);
        query_put_u64(&q, v->zones[i].v);
        e = query_run(&q);
    }
    return e;
}

static enum err check(const struct event *v, struct err_detail *detail)
{
    if (v->zone_count > EVENT_ZONES_MAX)
        return err_set(detail, ERR_ARG, "an event names at most %d zones: choose a higher zone",
                       EVENT_ZONES_MAX);
    if (v->everyone == (v->zone_count > 0))
        return err_set(detail, ERR_ARG, "an event sounds on everyone or on some zones: choose one");
    return ERR_OK;
}

static enum err explain(struct db *db, enum err e, struct err_detail *detail)
{
    if (e == ERR_NOT_FOUND && detail != NULL && detail->text[0] == '\0')
        return err_set(detail, e, "the bulletin or a zone of this event does not exist");
    return db_explain(db, e, detail);
}

static enum err add(struct db *db, const struct event *v, struct event_id *ret_id)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "INSERT INTO event (bulletin, everyone, ics, repeats, pause_ms, quiet_confirmed,"
               " conflict, priority, rank, created_by, created_us)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, v->bulletin.v);
    query_put_i64(&q, v->everyone);
    query_put_text(&q, v->ics);
    query_put_i64(&q, v->repeats);
    query_put_i64(&q, v->pause_ms);
    query_put_i64(&q, v->quiet_confirmed);
    query_put_i64(&q, (int64_t)v->conflict);
    query_put_i64(&q, (int64_t)v->priority);
    query_put_i64(&q, v->rank);
    query_put_u64(&q, v->created_by.v);
    query_put_i64(&q, v->created_us);
    e = query_run(&q);
    if (e != ERR_OK)
        return e;
    ret_id->v = query_inserted(db);
    return store_zones(db, *ret_id, v);
}

enum err store_event_add(struct db *db, const struct event *event, struct event_id *ret_id,
                         struct err_detail *detail)
{
    struct event_id id = {0};
    enum err e = check(event, detail);

    if (e == ERR_OK)
        e = db_begin(db);
    if (e != ERR_OK)
        return db_explain(db, e, detail);
    e = db_end(db, add(db, event, &id));
    if (e == ERR_OK)
        *ret_id = id;
    return explain(db, e, detail);
}

/* Tell "cancelled" from "never was" after an update of live events that changed nothing. */
static enum err why_not(struct db *db, struct event_id id, struct err_detail *detail)
{
    struct query q;
    uint64_t cancelled = 0;
    enum err e;

    query_open(&q, db, "SELECT cancelled FROM event WHERE id = ?");
    query_put_u64(&q, id.v);
    e = query_number(&q, &cancelled);
    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no such event: list them and choose one");
    if (e == ERR_OK && cancelled != 0)
        return err_set(detail, ERR_STATE, "the event was cancelled: make a new one");
    return e == ERR_OK ? ERR_NOT_FOUND : e;
}

static enum err update(struct db *db, const struct event *v, struct err_detail *detail)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "UPDATE event SET bulletin = ?, everyone = ?, ics = ?, repeats = ?, pause_ms = ?,"
               " quiet_confirmed = ?, conflict = ?, priority = ?, rank = ?, revision = revision + 1"
               " WHERE id = ? AND NOT cancelled");
    query_put_u64(&q, v->bulletin.v);
    query_put_i64(&q, v->everyone);
    query_put_text(&q, v->ics);
    query_put_i64(&q, v->repeats);
    query_put_i64(&q, v->pause_ms);
    query_put_i64(&q, v->quiet_confirmed);
    query_put_i64(&q, (int64_t)v->conflict);
    query_put_i64(&q, (int64_t)v->priority);
    query_put_i64(&q, v->rank);
    query_put_u64(&q, v->id.v);
    e = query_run_one(&q);
    if (e == ERR_NOT_FOUND)
        e = why_not(db, v->id, detail);
    return e == ERR_OK ? store_zones(db, v->id, v) : e;
}

enum err store_event_update(struct db *db, const struct event *event, struct err_detail *detail)
{
    enum err e = check(event, detail);

    if (e == ERR_OK)
        e = db_begin(db);
    if (e != ERR_OK)
        return db_explain(db, e, detail);
    return explain(db, db_end(db, update(db, event, detail)), detail);
}

enum err store_event_cancel(struct db *db, struct event_id id, struct err_detail *detail)
{
    struct query q;
    enum err e;

    query_open(&q, db, "UPDATE event SET cancelled = 1 WHERE id = ? AND NOT cancelled");
    query_put_u64(&q, id.v);
    e = query_run_one(&q);
    return e == ERR_NOT_FOUND ? why_not(db, id, detail) : db_explain(db, e, detail);
}

enum err store_event_get(struct db *db, struct event_id id, struct event *ret_event)
{
    struct query q;
    struct event v;
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id.v);
    row = query_row(&q);
    if (row)
        get_event(&q, &v);
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        e = load_zones(db, &v);
    if (e == ERR_OK)
        *ret_event = v;
    return e;
}

enum err store_event_list(struct db *db, bool cancelled_too, struct db_page *page,
                          struct event *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS "(? OR NOT cancelled)", "id"));
    query_put_i64(&q, cancelled_too);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_event(&q, &rows[n++]);
    e = query_end(&q);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = load_zones(db, &rows[i]);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id.v;
    *ret_count = n;
    return ERR_OK;
}
