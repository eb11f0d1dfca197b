#include "store_journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"

#define COLUMNS "SELECT seq, at_us, actor, action, object, detail, hash FROM journal WHERE "

static void get_entry(struct query *q, struct journal_entry *e)
{
    *e = (struct journal_entry){.seq = query_get_u64(q)};
    e->at_us = query_get_i64(q);
    query_get_text(q, e->actor, sizeof e->actor);
    query_get_text(q, e->action, sizeof e->action);
    query_get_text(q, e->object, sizeof e->object);
    query_get_text(q, e->detail, sizeof e->detail);
    query_get_blob(q, e->hash, sizeof e->hash);
}

enum err store_journal_head(struct db *db, uint64_t *ret_seq, uint8_t ret_hash[SHA256_BYTES])
{
    struct query q;
    uint64_t seq = 0;
    uint8_t hash[SHA256_BYTES];
    bool row;
    enum err e;

    query_open(&q, db, "SELECT seq, hash FROM journal_head");
    row = query_row(&q);
    if (row) {
        seq = query_get_u64(&q);
        query_get_blob(&q, hash, sizeof hash);
    }
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_FORMAT;
    if (e != ERR_OK)
        return e;
    *ret_seq = seq;
    memcpy(ret_hash, hash, sizeof hash);
    return ERR_OK;
}

/* ERR_FORMAT unless the newest entry is the one the head names. */
static enum err check_end(struct db *db, uint64_t seq, const uint8_t hash[SHA256_BYTES])
{
    struct query q;
    uint8_t last_hash[SHA256_BYTES] = {0};
    uint64_t last_seq = 0;
    enum err e;

    query_open(&q, db, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1");
    if (query_row(&q)) {
        last_seq = query_get_u64(&q);
        query_get_blob(&q, last_hash, sizeof last_hash);
    }
    e = query_end(&q);
    if (e == ERR_OK && (last_seq != seq || memcmp(last_hash, hash, SHA256_BYTES) != 0))
        e = ERR_FORMAT;
    return e;
}

static enum err append(struct db *db, struct journal_entry *entry)
{
    uint8_t prev[SHA256_BYTES];
    uint64_t last = 0;
    struct query q;
    enum err e = store_journal_head(db, &last, prev);

    if (e == ERR_OK)
        e = check_end(db, last, prev);
    if (e != ERR_OK)
        return e;
    entry->seq = last + 1;
    journal_hash(entry, prev, entry->hash);
    query_open(&q, db,
               "INSERT INTO journal (seq, at_us, actor, action, object, detail, hash)"
               " VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, entry->seq);
    query_put_i64(&q, entry->at_us);
    query_put_text(&q, entry->actor);
    query_put_text(&q, entry->action);
    query_put_text(&q, entry->object);
    query_put_text(&q, entry->detail);
    query_put_blob(&q, entry->hash, sizeof entry->hash);
    e = query_run(&q);
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "UPDATE journal_head SET seq = ?, hash = ?");
    query_put_u64(&q, entry->seq);
    query_put_blob(&q, entry->hash, sizeof entry->hash);
    return query_run_one(&q);
}

enum err store_journal_append(struct db *db, struct journal_entry *entry)
{
    struct journal_entry appended = *entry;
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, append(db, &appended));
    if (e == ERR_OK)
        *entry = appended;
    return e;
}

/* Searching: in order of time and seq, walking along one index only and never past the span. */

struct place {
    usec_t at_us;
    uint64_t seq;
};

/* Where the page begins. ERR_NOT_FOUND  after an entry that there is not */
static enum err find_place(struct db *db, const struct journal_filter *f,
                           const struct db_page *page, usec_t *ret_at_us)
{
    struct query q;
    uint64_t at = 0;
    enum err e;

    if (page->after == 0) {
        *ret_at_us = page->newest_first ? f->to_us - 1 : f->from_us;
        return ERR_OK;
    }
    query_open(&q, db, "SELECT at_us FROM journal WHERE seq = ?");
    query_put_u64(&q, page->after);
    e = query_number(&q, &at);
    *ret_at_us = (usec_t)at;
    return e;
}

#define NEWEST " AND at_us >= ?4 AND (at_us, seq) < (?6, ?7) ORDER BY at_us DESC, seq DESC LIMIT ?8"
#define OLDEST " AND at_us < ?5 AND (at_us, seq) > (?6, ?7) ORDER BY at_us, seq LIMIT ?8"
#define OF_OBJECT "object = ?1 AND (?2 = '' OR actor = ?2) AND substr(action, 1, length(?3)) = ?3"
#define PLACES "SELECT at_us, seq FROM journal WHERE "

/* Bind what all of these statements take. */
static void open_range(struct query *q, struct db *db, const char *sql,
                       const struct journal_filter *f, const char *action,
                       const struct db_page *page, usec_t at_us, size_t rows_max)
{
    query_open(q, db, sql);
    query_put_text(q, f->object);
    query_put_text(q, f->actor);
    query_put_text(q, action);
    query_put_i64(q, f->from_us);
    query_put_i64(q, f->to_us);
    query_put_i64(q, at_us);
    query_put_page(q, page, rows_max);
}

static enum err read_rows(struct query *q, struct journal_entry *rows, size_t rows_max,
                          size_t *ret_count)
{
    *ret_count = 0;
    while (*ret_count < rows_max && query_row(q))
        get_entry(q, &rows[(*ret_count)++]);
    return query_end(q);
}

/* The next action of the actor (NULL: of anybody) that begins as asked for, at or after `action`; "" none. */
static enum err next_action(struct db *db, const struct journal_filter *f, char *action,
                            size_t size)
{
    struct query q;

    if (f->actor[0] != '\0')
        query_open(&q, db,
                   "SELECT action FROM journal WHERE actor = ?2 AND action >= ?1"
                   " ORDER BY action LIMIT 1");
    else
        query_open(&q, db,
                   "SELECT action FROM journal WHERE action >= ?1 AND ?2 = ''"
                   " ORDER BY action LIMIT 1");
    query_put_text(&q, action);
    query_put_text(&q, f->actor);
    if (!query_row(&q))
        action[0] = '\0';
    else
        query_get_text(&q, action, size);
    if (strncmp(action, f->action, strlen(f->action)) != 0)
        action[0] = '\0';
    return query_end(&q);
}

/* The first places of all so far, in the order of the page. */
struct best {
    struct place *places;
    size_t count, max;
    bool newest_first;
};

static bool is_before(const struct best *b, const struct place *x, const struct place *y)
{
    if (x->at_us != y->at_us)
        return (x->at_us < y->at_us) != b->newest_first;
    return (x->seq < y->seq) != b->newest_first;
}

/* False: it comes after all of them, and there is no room. */
static bool offer(struct best *b, struct place place)
{
    size_t at = b->count;

    while (at > 0 && is_before(b, &place, &b->places[at - 1]))
        at--;
    if (at == b->max)
        return false;
    if (b->count < b->max)
        b->count++;
    memmove(&b->places[at + 1], &b->places[at], (b->count - at - 1) * sizeof(place));
    b->places[at] = place;
    return true;
}

static enum err offer_action(struct db *db, const struct journal_filter *f, const char *action,
                             const struct db_page *page, usec_t at_us, struct best *best)
{
    const char *of_actor = page->newest_first ? PLACES "actor = ?2 AND action = ?3" NEWEST
                                              : PLACES "actor = ?2 AND action = ?3" OLDEST;
    const char *of_anybody =
        page->newest_first ? PLACES "action = ?3" NEWEST : PLACES "action = ?3" OLDEST;
    struct query q;
    bool more = true;

    open_range(&q, db, f->actor[0] != '\0' ? of_actor : of_anybody, f, action, page, at_us,
               best->max);
    while (more && query_row(&q)) {
        struct place place = {.at_us = query_get_i64(&q)};

        place.seq = query_get_u64(&q);
        more = offer(best, place);
    }
    return query_end(&q);
}

/* Actions are some hundred at most: each has its own sorted walk, and they are merged. */
static enum err find_actions(struct db *db, const struct journal_filter *f,
                             const struct db_page *page, usec_t at_us, struct best *best)
{
    char action[sizeof(((struct journal_entry *)0)->action) + 1];
    enum err e = ERR_OK;

    snprintf(action, sizeof(action), "%s", f->action);
    for (;;) {
        e = next_action(db, f, action, sizeof(action) - 1);
        if (e != ERR_OK || action[0] == '\0')
            return e;
        e = offer_action(db, f, action, page, at_us, best);
        if (e != ERR_OK)
            return e;
        memcpy(action + strlen(action), "\x01", 2); /* nothing lies between: the next is another */
    }
}

static enum err fetch_places(struct db *db, const struct best *best, struct journal_entry *rows)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < best->count; i++) {
        struct query q;
        size_t one = 0;

        query_open(&q, db, COLUMNS "seq = ?");
        query_put_u64(&q, best->places[i].seq);
        e = read_rows(&q, &rows[i], 1, &one);
        if (e == ERR_OK && one == 0)
            e = ERR_FORMAT;
    }
    return e;
}

static enum err find_by_action(struct db *db, const struct journal_filter *f,
                               const struct db_page *page, usec_t at_us, struct journal_entry *rows,
                               size_t rows_max, size_t *ret_count)
{
    struct best best = {.max = rows_max, .newest_first = page->newest_first};
    enum err e;

    best.places = calloc(rows_max + 1, sizeof(*best.places));
    if (best.places == NULL)
        return ERR_NOMEM;
    e = find_actions(db, f, page, at_us, &best);
    if (e == ERR_OK)
        e = fetch_places(db, &best, rows);
    *ret_count = best.count;
    free(best.places);
    return e;
}

static enum err find(struct db *db, const struct journal_filter *f, const struct db_page *page,
                     struct journal_entry *rows, size_t rows_max, size_t *ret_count)
{
    usec_t at_us = 0;
    struct query q;
    enum err e;

    *ret_count = 0;
    if (f->object[0] == '\0' && f->actor[0] == '\0' && f->action[0] == '\0' && f->from_us <= 0 &&
        f->to_us == INT64_MAX) {
        query_open(&q, db, QUERY_PAGE(page, COLUMNS "1", "seq"));
        query_put_page(&q, page, rows_max);
        return read_rows(&q, rows, rows_max, ret_count);
    }
    e = find_place(db, f, page, &at_us);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (f->object[0] == '\0' && (f->actor[0] != '\0' || f->action[0] != '\0'))
        return find_by_action(db, f, page, at_us, rows, rows_max, ret_count);
    if (f->object[0] != '\0')
        open_range(&q, db, page->newest_first ? COLUMNS OF_OBJECT NEWEST : COLUMNS OF_OBJECT OLDEST,
                   f, f->action, page, at_us, rows_max);
    else
        open_range(&q, db, page->newest_first ? COLUMNS "1" NEWEST : COLUMNS "1" OLDEST, f, "",
                   page, at_us, rows_max);
    return read_rows(&q, rows, rows_max, ret_count);
}

enum err store_journal_find(struct db *db, const struct journal_filter *f, struct db_page *page,
                            struct journal_entry *rows, size_t rows_max, size_t *ret_count)
{
    size_t n = 0;
    enum err e = find(db, f, page, rows, rows_max, &n);

    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].seq;
    *ret_count = n;
    return ERR_OK;
}

enum err store_journal_list(struct db *db, const char *object, struct db_page *page,
                            struct journal_entry *rows, size_t rows_max, size_t *ret_count)
{
    struct journal_filter f = {.to_us = INT64_MAX};

    if (object != NULL)
        snprintf(f.object, sizeof(f.object), "%s", object);
    return store_journal_find(db, &f, page, rows, rows_max, ret_count);
}

/* Entries before the first would never be reached by following the chain. */
static enum err check_start(struct db *db, struct err_detail *detail)
{
    struct query q;
    uint64_t count = 0;
    enum err e;

    query_open(&q, db, "SELECT count(*) FROM journal WHERE seq < 1");
    e = query_number(&q, &count);
    if (e == ERR_OK && count > 0)
        e = err_set(detail, ERR_FORMAT,
                    "%llu journal entries stand before the first: compare with a backup",
                    (unsigned long long)count);
    return e;
}

static enum err check_head(struct db *db, const struct journal_entry *last,
                           struct err_detail *detail)
{
    uint8_t hash[SHA256_BYTES];
    uint64_t seq = 0;
    enum err e = store_journal_head(db, &seq, hash);

    if (e == ERR_OK && (seq != last->seq || memcmp(hash, last->hash, SHA256_BYTES) != 0))
        e = err_set(detail, ERR_FORMAT,
                    "the journal ends at entry %llu, its head names entry %llu: the end was cut "
                    "off or added to; compare with a backup",
                    (unsigned long long)last->seq, (unsigned long long)seq);
    return e;
}

enum err store_journal_verify(struct db *db, struct journal_verification *v, size_t entries_max,
                              struct err_detail *detail)
{
    struct journal_entry entry;
    struct query q;
    size_t n = 0;
    enum err broken = ERR_OK;
    enum err e = v->last.seq == 0 ? check_start(db, detail) : ERR_OK;

    if (e != ERR_OK)
        return db_explain(db, e, detail);
    query_open(&q, db, COLUMNS "seq > ? ORDER BY seq LIMIT ?");
    query_put_u64(&q, v->last.seq);
    query_put_u64(&q, entries_max);
    while (broken == ERR_OK && query_row(&q)) {
        get_entry(&q, &entry);
        if (q.err == ERR_FORMAT)
            err_set(detail, ERR_FORMAT,
                    "the journal entry after %llu was changed after it was written: it cannot be "
                    "read; compare with a backup",
                    (unsigned long long)v->last.seq);
        if (q.err != ERR_OK)
            break;
        broken = journal_check(&entry, v->last.seq != 0 ? &v->last : NULL, detail);
        if (broken == ERR_OK) {
            v->last = entry;
            v->checked++;
            n++;
        }
    }
    e = query_end(&q);
    if (e == ERR_OK)
        e = broken;
    if (e == ERR_OK)
        e = n == entries_max ? ERR_MORE : check_head(db, &v->last, detail);
    return e == ERR_MORE ? e : db_explain(db, e, detail);
}
