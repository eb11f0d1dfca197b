#include "store_published.h"

#include <stdlib.h>

#include "query.h"

#define COLUMNS \
    "SELECT id, alert, kind, identifier, sent_us, expires_us, title FROM published WHERE "

static void fetch(struct query *q, struct published *p)
{
    *p = (struct published){.id = query_get_u64(q)};
    p->alert = query_get_u64(q);
    p->kind = (enum published_kind)query_get_enum(q, PUBLISHED_STOPPED);
    query_get_text(q, p->identifier, sizeof(p->identifier));
    p->sent_us = query_get_i64(q);
    p->expires_us = query_get_i64(q);
    query_get_text(q, p->title, sizeof(p->title));
}

/* Alerts that people here stopped: ?3, ?4 and ?5 are CANCELLED, STOPPED and REPLACED. A sender who ends its own leaves
 * nobody who decided, and no alert of the station (priority 0) in its place. */
#define REPLACED_BY "o.replaces = a.id AND o.priority = 0 AND o.life <> 0"
#define STOPPED_HERE                                             \
    " a.priority <> 0 AND a.state IN (?3, ?4, ?5)"               \
    " AND (a.state <> ?3 OR a.decided_by IS NOT NULL)"           \
    " AND (a.state <> ?5 OR EXISTS (SELECT 1 FROM alert_sound o" \
    " WHERE " REPLACED_BY "))"

static void put_states(struct query *q)
{
    query_put_i64(q, (int64_t)ALERT_CANCELLED);
    query_put_i64(q, (int64_t)ALERT_STOPPED);
    query_put_i64(q, (int64_t)ALERT_REPLACED);
}

/* priority 0: written here, not taken over from a CAP message. Reports come last: one that cannot be made must not
 * hold up an alert. */
enum err store_published_due(struct db *db, usec_t now_us, struct published *ret_due)
{
    struct published due = {0};
    struct query q;
    bool row;
    enum err e;

    query_open(
        &q, db,
        "SELECT a.id, 0, 0 FROM alert_sound a WHERE a.state = ?1 AND a.priority = 0"
        " AND NOT EXISTS (SELECT 1 FROM published p WHERE p.alert = a.id AND p.kind = 0)"
        " UNION ALL SELECT a.id, 1, 0 FROM published b JOIN alert_sound a ON a.id = b.alert"
        " WHERE b.kind = 0 AND b.expires_us > ?2 AND a.state IN (?3, ?4)"
        " AND NOT EXISTS (SELECT 1 FROM published p WHERE p.alert = a.id AND p.kind = 1)"
        " UNION ALL SELECT a.id, 2, 1 FROM alert_sound a WHERE a.expires_us > ?6 AND" STOPPED_HERE
        " AND EXISTS (SELECT 1 FROM alert_message m WHERE m.sounding = a.id)"
        " AND NOT EXISTS (SELECT 1 FROM published p WHERE p.alert = a.id AND p.kind = 2)"
        " ORDER BY 3, 1 LIMIT 1");
    query_put_i64(&q, (int64_t)ALERT_LIVE);
    query_put_i64(&q, now_us);
    put_states(&q);
    query_put_i64(&q, now_us - PUBLISHED_KEEP_US);
    row = query_row(&q);
    if (row) {
        due.alert = query_get_u64(&q);
        due.kind = (enum published_kind)query_get_enum(&q, PUBLISHED_STOPPED);
    }
    e = query_end(&q);
    if (e == ERR_OK && row)
        *ret_due = due;
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

/* When: as the life of alerts has it, or when the other began. */
enum err store_published_stop(struct db *db, uint64_t alert, struct published_stop *ret_stop)
{
    struct published_stop stop = {0};
    struct query q;
    bool row;
    enum err e;

    query_open(&q, db,
               "SELECT m.id, coalesce(o.id, 0), coalesce(max(o.created_us, o.tone_start_us),"
               " max(l.cancelled_us, l.overruled_us), 0)"
               " FROM alert_sound a JOIN alert_message m ON m.sounding = a.id"
               " LEFT JOIN alert l ON l.id = a.life"
               " LEFT JOIN alert_sound o ON a.state = ?5 AND " REPLACED_BY
               " WHERE a.id = ?1 AND" STOPPED_HERE " ORDER BY o.id LIMIT 1");
    query_put_u64(&q, alert);
    query_put_i64(&q, 0);
    put_states(&q);
    row = query_row(&q);
    if (row) {
        stop.message = query_get_u64(&q);
        stop.own = query_get_u64(&q);
        stop.at_us = query_get_i64(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK && row)
        *ret_stop = stop;
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

enum err store_published_add(struct db *db, const struct published *p, const char *message)
{
    struct query q;

    query_open(
        &q, db,
        "INSERT INTO published (alert, kind, identifier, sent_us, expires_us, title, message)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, p->alert);
    query_put_i64(&q, (int64_t)p->kind);
    query_put_text(&q, p->identifier);
    query_put_i64(&q, p->sent_us);
    query_put_i64(&q, p->expires_us);
    query_put_text(&q, p->title);
    query_put_text(&q, message);
    return query_run(&q);
}

enum err store_published_find(struct db *db, uint64_t alert, enum published_kind kind,
                              struct published *ret_p)
{
    struct published p = {0};
    struct query q;
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "alert = ? AND kind = ?");
    query_put_u64(&q, alert);
    query_put_i64(&q, (int64_t)kind);
    row = query_row(&q);
    if (row)
        fetch(&q, &p);
    e = query_end(&q);
    if (e == ERR_OK && row)
        *ret_p = p;
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

enum err store_published_list(struct db *db, usec_t valid_us, struct published *rows,
                              size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t count = 0;
    enum err e;

    query_open(&q, db, COLUMNS "expires_us >= ? ORDER BY id DESC LIMIT ?");
    query_put_i64(&q, valid_us);
    query_put_u64(&q, rows_max);
    while (count < rows_max && query_row(&q))
        fetch(&q, &rows[count++]);
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_count = count;
    return e;
}

enum err store_published_message(struct db *db, const char *identifier, char **ret_text)
{
    struct query q;
    char *text = NULL;
    size_t size = 0;
    bool row;
    enum err e;

    query_open(&q, db,
               "SELECT length(CAST(message AS BLOB)), message FROM published WHERE identifier = ?");
    query_put_text(&q, identifier);
    row = query_row(&q);
    if (row) {
        size = (size_t)query_get_u32(&q) + 1;
        text = malloc(size);
    }
    if (text != NULL)
        query_get_text(&q, text, size);
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK && text == NULL)
        e = ERR_NOMEM;
    if (e != ERR_OK) {
        free(text);
        return e;
    }
    *ret_text = text;
    return ERR_OK;
}

enum err store_published_prune(struct db *db, usec_t before_us, size_t *room)
{
    return query_prune(db,
                       "DELETE FROM published WHERE id IN"
                       " (SELECT id FROM published WHERE expires_us < ? LIMIT ?)",
                       before_us, room);
}
