#include "store_broadcast.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"
#include "store_live.h"

#define COLUMNS                                                                                \
    "SELECT id, event, bulletin, title, priority, state, start_us, expires_us, duration_ms,"   \
    " repeats, pause_ms, stream, cancelled_us, rank, cuts_equal, occurrence_us, variant FROM " \
    "broadcast"                                                                                \
    " WHERE "

static void get_broadcast(struct query *q, struct broadcast *b)
{
    *b = (struct broadcast){.id = {query_get_u64(q)}};
    b->event.v = query_get_u64(q);
    b->bulletin.v = query_get_u64(q);
    query_get_text(q, b->title, sizeof b->title);
    b->priority = (enum priority)query_get_enum(q, PRIORITY_EMERGENCY);
    b->state = (enum broadcast_state)query_get_enum(q, BROADCAST_MISSED);
    b->start_us = query_get_i64(q);
    b->expires_us = query_get_i64(q);
    b->duration_ms = query_get_u32(q);
    b->repeats = query_get_u32(q);
    b->pause_ms = query_get_u32(q);
    b->stream.v = query_get_u32(q);
    b->cancelled_us = query_get_i64(q);
    b->rank = query_get_u32(q);
    b->cuts_equal = query_get_bool(q);
    b->occurrence_us = query_get_i64(q);
    query_get_text(q, b->variant, sizeof b->variant);
}

static enum err load_media(struct db *db, struct broadcast *b)
{
    struct query q;

    query_open(&q, db,
               "SELECT kind, media, duration_ms FROM broadcast_media WHERE broadcast = ?"
               " ORDER BY place LIMIT ?");
    query_put_u64(&q, b->id.v);
    query_put_i64(&q, BULLETIN_PARTS_MAX);
    b->media_count = 0;
    while (query_row(&q)) {
        struct part *p = &b->media[b->media_count++];

        p->kind = (enum part_kind)query_get_enum(&q, PART_LIVE);
        query_get_blob(&q, p->media.sha256, sizeof p->media.sha256);
        p->duration_ms = query_get_u32(&q);
    }
    return query_end(&q);
}

/* Adding */

static enum err add_row(struct db *db, const struct broadcast *b)
{
    struct query q;

    query_open(
        &q, db,
        "INSERT INTO broadcast (event, bulletin, title, priority, state, start_us,"
        " expires_us, duration_ms, repeats, pause_ms, stream, cancelled_us, rank, cuts_equal,"
        " occurrence_us, variant) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_id(&q, b->event.v);
    query_put_id(&q, b->bulletin.v);
    query_put_text(&q, b->title);
    query_put_i64(&q, (int64_t)b->priority);
    query_put_i64(&q, (int64_t)b->state);
    query_put_i64(&q, b->start_us);
    query_put_i64(&q, b->expires_us);
    query_put_i64(&q, b->duration_ms);
    query_put_i64(&q, b->repeats);
    query_put_i64(&q, b->pause_ms);
    query_put_i64(&q, b->stream.v);
    query_put_i64(&q, b->cancelled_us);
    query_put_i64(&q, b->rank);
    query_put_i64(&q, b->cuts_equal);
    query_put_i64(&q, b->occurrence_us != 0 ? b->occurrence_us : b->start_us);
    query_put_text(&q, b->variant);
    return query_run(&q);
}

static enum err add_media(struct db *db, uint64_t id, size_t place, const struct part *p)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO broadcast_media (broadcast, place, kind, media, duration_ms)"
               " VALUES (?, ?, ?, ?, ?)");
    query_put_u64(&q, id);
    query_put_u64(&q, place);
    query_put_i64(&q, (int64_t)p->kind);
    query_put_blob(&q, p->media.sha256, SHA256_BYTES);
    query_put_i64(&q, p->duration_ms);
    return query_run(&q);
}

static bool is_alike(const struct broadcast_target *a, const struct broadcast_target *b)
{
    return a->state == b->state && a->order.v == b->order.v && a->ordered_us == b->ordered_us &&
           a->verdict == b->verdict && a->stop.v == b->stop.v && a->stop_us == b->stop_us &&
           a->stop_answered == b->stop_answered && a->withdrawn == b->withdrawn &&
           strcmp(a->note, b->note) == 0;
}

/* Targets that differ by their node alone; `nodes` is a list in JSON. */
static enum err add_alike(struct db *db, uint64_t id, const struct broadcast_target *t,
                          const char *nodes)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO target (broadcast, node, state, order_id, ordered_us, verdict, note,"
               " stop_order, stop_us, stop_answered, withdrawn)"
               " SELECT ?, value, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM json_each(?)");
    query_put_u64(&q, id);
    query_put_i64(&q, (int64_t)t->state);
    query_put_u64(&q, t->order.v);
    query_put_i64(&q, t->ordered_us);
    query_put_i64(&q, (int64_t)t->verdict);
    query_put_text(&q, t->note);
    query_put_u64(&q, t->stop.v);
    query_put_i64(&q, t->stop_us);
    query_put_i64(&q, t->stop_answered);
    query_put_i64(&q, t->withdrawn);
    query_put_text(&q, nodes);
    return query_run(&q);
}

/* Thousands of them are most often alike: half the time of a statement for each. */
static enum err add_targets(struct db *db, uint64_t id, const struct broadcast_target *targets,
                            size_t count)
{
    size_t size = count * sizeof(",4294967295") + sizeof("[]");
    char *nodes = malloc(size);
    enum err e = nodes != NULL ? ERR_OK : ERR_NOMEM;

    for (size_t i = 0, next; e == ERR_OK && i < count; i = next) {
        size_t len = 0;

        for (next = i; next < count && is_alike(&targets[i], &targets[next]); next++)
            len += (size_t)snprintf(nodes + len, size - len, "%c%" PRIu32, next == i ? '[' : ',',
                                    targets[next].node.v);
        snprintf(nodes + len, size - len, "]");
        e = add_alike(db, id, &targets[i], nodes);
    }
    free(nodes);
    return e;
}

static enum err add(struct db *db, const struct broadcast *b, uint64_t *ret_id)
{
    enum err e;

    if (b->media_count > BULLETIN_PARTS_MAX)
        return ERR_ARG;
    e = add_row(db, b);
    if (e != ERR_OK)
        return e;
    *ret_id = query_inserted(db);
    for (size_t i = 0; e == ERR_OK && i < b->media_count; i++)
        e = add_media(db, *ret_id, i, &b->media[i]);
    if (e == ERR_OK)
        e = add_targets(db, *ret_id, b->targets, b->target_count);
    if (e == ERR_OK && b->live.source[0] != '\0')
        e = store_live_add(db, (struct broadcast_id){*ret_id}, &b->live);
    return e;
}

enum err store_broadcast_add(struct db *db, const struct broadcast *broadcast,
                             struct broadcast_id *ret_id)
{
    uint64_t id = 0;
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, add(db, broadcast, &id));
    if (e == ERR_OK)
        ret_id->v = id;
    return e;
}

enum err store_broadcast_set_state(struct db *db, const struct broadcast *broadcast)
{
    struct query q;

    query_open(&q, db,
               "UPDATE broadcast SET state = ?, duration_ms = ?, expires_us = ?, cancelled_us = ?"
               " WHERE id = ?");
    query_put_i64(&q, (int64_t)broadcast->state);
    query_put_i64(&q, broadcast->duration_ms);
    query_put_i64(&q, broadcast->expires_us);
    query_put_i64(&q, broadcast->cancelled_us);
    query_put_u64(&q, broadcast->id.v);
    return query_run_one(&q);
}

enum err store_broadcast_add_targets(struct db *db, struct broadcast_id id,
                                     const struct broadcast_target *targets, size_t count)
{
    return add_targets(db, id.v, targets, count);
}

/* Fetching */

static enum err fetch_row(struct db *db, struct broadcast_id id, struct broadcast *ret_broadcast)
{
    struct query q;
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id.v);
    row = query_row(&q);
    if (row)
        get_broadcast(&q, ret_broadcast);
    e = query_end(&q);
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

static enum err count_targets(struct db *db, struct broadcast_id id, uint64_t *ret_count)
{
    struct query q;

    query_open(&q, db, "SELECT count(*) FROM target WHERE broadcast = ?");
    query_put_u64(&q, id.v);
    return query_number(&q, ret_count);
}

static enum err load_targets(struct db *db, struct broadcast *b)
{
    struct db_page all = {0};
    uint64_t count = 0;
    enum err e = count_targets(db, b->id, &count);

    if (e != ERR_OK || count == 0)
        return e;
    b->targets = calloc((size_t)count, sizeof *b->targets);
    if (b->targets == NULL)
        return ERR_NOMEM;
    return store_broadcast_targets(db, b->id, &all, b->targets, (size_t)count, &b->target_count);
}

enum err store_broadcast_get(struct db *db, struct broadcast_id id, struct broadcast *ret_broadcast)
{
    struct broadcast b = {0};
    enum err e = fetch_row(db, id, &b);

    if (e == ERR_OK)
        e = load_media(db, &b);
    if (e == ERR_OK)
        e = store_live_get(db, id, &b.live);
    if (e == ERR_OK)
        e = load_targets(db, &b);
    if (e != ERR_OK) {
        broadcast_deinit(&b);
        return e;
    }
    *ret_broadcast = b;
    return ERR_OK;
}

enum err store_broadcast_find(struct db *db, struct event_id event, usec_t occurrence_us,
                              const char *variant, struct broadcast_id *ret_id)
{
    struct query q;

    query_open(&q, db,
               "SELECT id FROM broadcast WHERE event = ?1 AND occurrence_us = ?2"
               " AND (?3 OR variant = ?4) ORDER BY variant LIMIT 1");
    query_put_u64(&q, event.v);
    query_put_i64(&q, occurrence_us);
    query_put_i64(&q, variant == NULL);
    query_put_text(&q, variant != NULL ? variant : "");
    return query_number(&q, &ret_id->v);
}

enum err store_broadcast_detach(struct db *db, struct broadcast_id id)
{
    struct query q;

    query_open(&q, db, "UPDATE broadcast SET event = NULL WHERE id = ?");
    query_put_u64(&q, id.v);
    return query_run_one(&q);
}

/* Listing */

static enum err count_states(struct db *db, struct store_broadcast_row *row)
{
    struct query q;
    uint64_t sounded = 0;
    enum err e;

    query_open(&q, db, "SELECT state, count(*) FROM target WHERE broadcast = ? GROUP BY state");
    query_put_u64(&q, row->broadcast.id.v);
    while (query_row(&q)) {
        int state = query_get_enum(&q, TARGET_SILENT);
        uint32_t count = query_get_u32(&q);

        row->states[state] = count;
        row->targets += count;
    }
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    query_open(&q, db,
               "SELECT count(*) FROM receipt r WHERE broadcast = ?1 AND outcome = ?2 AND id ="
               " (SELECT max(id) FROM receipt WHERE broadcast = ?1 AND node = r.node)");
    query_put_u64(&q, row->broadcast.id.v);
    query_put_i64(&q, loa_Outcome_OUTCOME_SOUNDED);
    e = query_number(&q, &sounded);
    if (e == ERR_OK)
        row->sounded = (uint32_t)sounded;
    return e;
}

/* Where the page begins in the order of (start_us, id). */
static enum err find_place(struct db *db, const struct store_broadcast_filter *filter,
                           const struct db_page *page, usec_t *ret_start_us, bool *ret_end)
{
    struct query q;
    uint64_t start = 0;
    enum err e;

    *ret_end = false;
    *ret_start_us = !page->newest_first     ? filter->from_us
                    : filter->before_us > 0 ? filter->before_us - 1
                                            : INT64_MAX;
    if (page->after == 0)
        return ERR_OK;
    query_open(&q, db, "SELECT start_us FROM broadcast WHERE id = ?");
    query_put_u64(&q, page->after);
    e = query_number(&q, &start);
    *ret_start_us = (usec_t)start;
    *ret_end = e == ERR_NOT_FOUND;
    return *ret_end ? ERR_OK : e;
}

/* Of several ends of one range SQLite would walk from any: each order has one only on each side. */
#define BACKWARDS " AND start_us >= ?2 AND (start_us, id) < (?6, ?7) "
#define FORWARDS " AND start_us < ?3 AND (start_us, id) > (?6, ?7) "
#define NEWEST "ORDER BY start_us DESC, id DESC LIMIT ?8"
#define OLDEST "ORDER BY start_us, id LIMIT ?8"
#define REST "(?1 = 0 OR (?1 >> state) & 1) AND (?4 IS NULL OR event = ?4)"

/* Each state has its own sorted walk, and they are merged: those on air are few among all that were. */
#define OF_STATE(n, range) COLUMNS "state = " n " AND (?1 >> " n ") & 1" range
#define OF_STATES(range)                                                                          \
    OF_STATE("0", range)                                                                          \
    " UNION ALL " OF_STATE("1", range) " UNION ALL " OF_STATE("2", range) " UNION ALL " OF_STATE( \
        "3", range) " UNION ALL " OF_STATE("4", range) " UNION ALL " OF_STATE("5", range)
_Static_assert(BROADCAST_MISSED == 5, "one walk for each state");

static const char *list_of(const struct store_broadcast_filter *filter, bool newest)
{
    if (filter->bulletin.v != 0)
        return newest ? COLUMNS "bulletin = ?5 AND " REST BACKWARDS NEWEST
                      : COLUMNS "bulletin = ?5 AND " REST FORWARDS OLDEST;
    if (filter->event.v != 0)
        return newest ? COLUMNS "event = ?4 AND " REST BACKWARDS NEWEST
                      : COLUMNS "event = ?4 AND " REST FORWARDS OLDEST;
    if (filter->state_mask != 0)
        return newest ? OF_STATES(BACKWARDS) NEWEST : OF_STATES(FORWARDS) OLDEST;
    return newest ? COLUMNS "1" BACKWARDS NEWEST : COLUMNS "1" FORWARDS OLDEST;
}

static void open_list(struct query *q, struct db *db, const struct store_broadcast_filter *filter,
                      const struct db_page *page, usec_t start_us)
{
    query_open(q, db, list_of(filter, page->newest_first));
    query_put_i64(q, filter->state_mask);
    query_put_i64(q, filter->from_us);
    query_put_i64(q, filter->before_us > 0 ? filter->before_us : INT64_MAX);
    query_put_id(q, filter->event.v);
    query_put_id(q, filter->bulletin.v);
    query_put_i64(q, start_us);
}

enum err store_broadcast_list(struct db *db, const struct store_broadcast_filter *filter,
                              struct db_page *page, struct store_broadcast_row *rows,
                              size_t rows_max, size_t *ret_count)
{
    struct query q;
    usec_t start_us;
    size_t n = 0;
    bool end;
    enum err e = find_place(db, filter, page, &start_us, &end);

    if (e != ERR_OK)
        return e;
    if (!end) {
        open_list(&q, db, filter, page, start_us);
        query_put_page(&q, page, rows_max);
        while (n < rows_max && query_row(&q)) {
            rows[n] = (struct store_broadcast_row){0};
            get_broadcast(&q, &rows[n++].broadcast);
        }
        e = query_end(&q);
    }
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        e = load_media(db, &rows[i].broadcast);
        if (e == ERR_OK)
            e = count_states(db, &rows[i]);
    }
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].broadcast.id.v;
    *ret_count = n;
    return ERR_OK;
}
