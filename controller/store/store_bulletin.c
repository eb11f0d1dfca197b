#include "store_bulletin.h"

#include <string.h>

#include "query.h"

#define COLUMNS                                                                        \
    "SELECT id, title, kind, priority, state, author, decided_by, reason, created_us," \
    " decided_us, expires_us, issuer, document, is_template, origin FROM bulletin WHERE "

static void get_bulletin(struct query *q, struct bulletin *b)
{
    *b = (struct bulletin){.id = {query_get_u64(q)}};
    query_get_text(q, b->title, sizeof b->title);
    b->kind = (enum bulletin_kind)query_get_enum(q, BULLETIN_EMERGENCY);
    b->priority = (enum priority)query_get_enum(q, PRIORITY_EMERGENCY);
    b->state = (enum bulletin_state)query_get_enum(q, BULLETIN_REJECTED);
    b->author.v = query_get_u64(q);
    b->decided_by.v = query_get_u64(q);
    query_get_text(q, b->reason, sizeof b->reason);
    b->created_us = query_get_i64(q);
    b->decided_us = query_get_i64(q);
    b->expires_us = query_get_i64(q);
    query_get_text(q, b->issuer, sizeof b->issuer);
    query_get_text(q, b->document, sizeof b->document);
    b->is_template = query_get_bool(q);
    b->origin.v = query_get_u64(q);
}

static void get_part(struct query *q, struct bulletin *b, struct part *p)
{
    uint32_t own_ms, media_ms;

    p->kind = (enum part_kind)query_get_enum(q, PART_LIVE);
    query_get_blob(q, p->media.sha256, sizeof p->media.sha256);
    query_get_text(q, p->language, sizeof p->language);
    own_ms = query_get_u32(q);
    media_ms = query_get_u32(q);
    p->duration_ms = own_ms != 0 ? own_ms : media_ms;
    if (!bulletin_part_is_live(p))
        return;
    query_get_text(q, b->source.from, sizeof b->source.from);
    query_get_text(q, b->source.backup, sizeof b->source.backup);
    b->source.fallback_ms = media_ms;
}

static enum err load_parts(struct db *db, struct bulletin *b)
{
    struct query q;

    query_open(&q, db,
               "SELECT p.kind, m.sha256, p.language, p.duration_ms, coalesce(m.duration_ms, 0),"
               " p.source, p.backup"
               " FROM bulletin_part p LEFT JOIN signature_tune s ON p.kind = ?2"
               " LEFT JOIN media m ON m.sha256 = coalesce(p.media, s.media)"
               " WHERE p.bulletin = ?1 ORDER BY p.place LIMIT ?3");
    query_put_u64(&q, b->id.v);
    query_put_i64(&q, PART_CHIME);
    query_put_i64(&q, BULLETIN_PARTS_MAX);
    b->part_count = 0;
    while (query_row(&q)) {
        struct part *p = &b->parts[b->part_count++];

        get_part(&q, b, p);
    }
    return query_end(&q);
}

static bool is_zero(const struct media_id *id)
{
    static const struct media_id none;

    return memcmp(id, &none, sizeof none) == 0;
}

static enum err store_parts(struct db *db, struct bulletin_id id, const struct bulletin *b)
{
    struct query q;
    enum err e;

    query_open(&q, db, "DELETE FROM bulletin_part WHERE bulletin = ?");
    query_put_u64(&q, id.v);
    e = query_run(&q);
    for (size_t i = 0; e == ERR_OK && i < b->part_count; i++) {
        const struct part *p = &b->parts[i];
        bool is_live = bulletin_part_is_live(p);
        bool has_media =
            p->kind == PART_MEDIA || p->kind == PART_TEXT || (is_live && !is_zero(&p->media));

        query_open(&q, db,
                   "INSERT INTO bulletin_part (bulletin, place, kind, media, duration_ms, language,"
                   " source, backup) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
        query_put_u64(&q, id.v);
        query_put_u64(&q, i);
        query_put_i64(&q, (int64_t)p->kind);
        query_put_blob(&q, has_media ? p->media.sha256 : NULL, SHA256_BYTES);
        query_put_i64(&q, is_live || p->kind == PART_SILENCE ? p->duration_ms : 0);
        query_put_text(&q, p->language);
        query_put_text(&q, is_live ? b->source.from : "");
        query_put_text(&q, is_live ? b->source.backup : "");
        e = query_run(&q);
    }
    return e;
}

static enum err add_step(struct db *db, struct bulletin_id id, const struct bulletin_step *step)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO bulletin_step (bulletin, at_us, by, from_state, to_state, reason)"
               " VALUES (?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, id.v);
    query_put_i64(&q, step->at_us);
    query_put_u64(&q, step->by.v);
    query_put_i64(&q, (int64_t)step->from);
    query_put_i64(&q, (int64_t)step->to);
    query_put_text(&q, step->reason);
    return query_run(&q);
}

static enum err add(struct db *db, const struct bulletin *b, struct bulletin_id *ret_id)
{
    struct query q;
    enum err e;

    if (b->part_count > BULLETIN_PARTS_MAX)
        return ERR_ARG;
    query_open(&q, db,
               "INSERT INTO bulletin (title, kind, priority, state, author, created_us, expires_us,"
               " issuer, document, is_template, origin) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)");
    query_put_text(&q, b->title);
    query_put_i64(&q, (int64_t)b->kind);
    query_put_i64(&q, (int64_t)b->priority);
    query_put_u64(&q, b->author.v);
    query_put_i64(&q, b->created_us);
    query_put_i64(&q, b->expires_us);
    query_put_text(&q, b->issuer);
    query_put_text(&q, b->document);
    query_put_i64(&q, b->is_template);
    query_put_id(&q, b->origin.v);
    e = query_run(&q);
    if (e != ERR_OK)
        return e;
    ret_id->v = query_inserted(db);
    return store_parts(db, *ret_id, b);
}

enum err store_bulletin_add(struct db *db, const struct bulletin *bulletin,
                            struct bulletin_id *ret_id, struct err_detail *detail)
{
    struct bulletin_id id = {0};
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, add(db, bulletin, &id));
    if (e == ERR_OK)
        *ret_id = id;
    if (e == ERR_NOT_FOUND)
        return err_set(detail, e,
                       "a recording of this bulletin is not known here: import it first");
    return db_explain(db, e, detail);
}

static enum err edit(struct db *db, const struct bulletin *b, struct user_id by, usec_t now_us,
                     struct err_detail *detail)
{
    struct bulletin_step step = {.at_us = now_us, .by = by, .to = BULLETIN_DRAFT};
    struct bulletin now;
    struct query q;
    enum err e = store_bulletin_get(db, b->id, &now);

    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no such bulletin: list them and choose one");
    if (e != ERR_OK)
        return e;
    if (now.state != BULLETIN_DRAFT && now.state != BULLETIN_REJECTED)
        return err_set(detail, ERR_STATE,
                       "the bulletin was submitted: have it rejected, or write a new one");
    if (b->part_count > BULLETIN_PARTS_MAX)
        return ERR_ARG;
    query_open(&q, db,
               "UPDATE bulletin SET title = ?, kind = ?, priority = ?, state = 0,"
               " decided_by = NULL, decided_us = 0, reason = '', expires_us = ?, issuer = ?,"
               " document = ?, is_template = ? WHERE id = ?");
    query_put_text(&q, b->title);
    query_put_i64(&q, (int64_t)b->kind);
    query_put_i64(&q, (int64_t)b->priority);
    query_put_i64(&q, b->expires_us);
    query_put_text(&q, b->issuer);
    query_put_text(&q, b->document);
    query_put_i64(&q, b->is_template);
    query_put_u64(&q, b->id.v);
    e = query_run_one(&q);
    if (e == ERR_OK)
        e = store_parts(db, b->id, b);
    step.from = now.state;
    if (e == ERR_OK && (now.state == BULLETIN_REJECTED || by.v != now.author.v))
        e = add_step(db, b->id, &step);
    return e;
}

enum err store_bulletin_edit(struct db *db, const struct bulletin *bulletin, struct user_id by,
                             usec_t now_us, struct err_detail *detail)
{
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, edit(db, bulletin, by, now_us, detail));
    if (e == ERR_NOT_FOUND && detail != NULL && detail->text[0] == '\0')
        return err_set(detail, e,
                       "a recording of this bulletin is not known here: import it first");
    return db_explain(db, e, detail);
}

/* Tell "in another state" from "never was" after a step that changed nothing. */
static enum err why_not(struct db *db, struct bulletin_id id, struct err_detail *detail)
{
    struct bulletin now;
    enum err e = store_bulletin_get(db, id, &now);

    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no such bulletin: list them and choose one");
    if (e == ERR_OK)
        e = err_set(detail, ERR_STATE,
                    "somebody else decided on this bulletin meanwhile: look at it again");
    return e;
}

static enum err store_step(struct db *db, const struct bulletin *b,
                           const struct bulletin_step *step, struct err_detail *detail)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "UPDATE bulletin SET state = ?, decided_by = ?, decided_us = ?, reason = ?"
               " WHERE id = ? AND state = ?");
    query_put_i64(&q, (int64_t)b->state);
    query_put_id(&q, b->decided_by.v);
    query_put_i64(&q, b->decided_us);
    query_put_text(&q, b->reason);
    query_put_u64(&q, b->id.v);
    query_put_i64(&q, (int64_t)step->from);
    e = query_run(&q);
    if (e == ERR_OK && query_changes(db) == 0)
        return why_not(db, b->id, detail);
    if (e == ERR_OK)
        e = add_step(db, b->id, step);
    if (e == ERR_NOT_FOUND)
        e = err_set(detail, e, "there is no such account");
    return e;
}

enum err store_bulletin_step(struct db *db, const struct bulletin *bulletin,
                             enum bulletin_state from, struct user_id by, usec_t now_us,
                             struct err_detail *detail)
{
    struct bulletin_step step = {.at_us = now_us, .by = by, .from = from, .to = bulletin->state};
    enum err e = db_begin(db);

    if (bulletin->state == BULLETIN_REJECTED)
        memcpy(step.reason, bulletin->reason, sizeof step.reason);
    if (e == ERR_OK)
        e = db_end(db, store_step(db, bulletin, &step, detail));
    return db_explain(db, e, detail);
}

static enum err remove_unused(struct db *db, struct bulletin_id id, struct err_detail *detail)
{
    struct query q;
    struct bulletin now;
    uint64_t uses = 0;
    enum err e = store_bulletin_get(db, id, &now);

    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no such bulletin: list them and choose one");
    if (e == ERR_OK && now.state != BULLETIN_DRAFT && now.state != BULLETIN_REJECTED)
        return err_set(detail, ERR_STATE, "a bulletin that was submitted is kept as evidence");
    if (e != ERR_OK)
        return e;
    query_open(&q, db,
               "SELECT (SELECT count(*) FROM event WHERE bulletin = ?1)"
               " + (SELECT count(*) FROM broadcast WHERE bulletin = ?1)");
    query_put_u64(&q, id.v);
    e = query_number(&q, &uses);
    if (e == ERR_OK && uses > 0)
        e = err_set(detail, ERR_STATE, "events or broadcasts refer to this bulletin: it is kept");
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "DELETE FROM bulletin WHERE id = ?");
    query_put_u64(&q, id.v);
    return query_run_one(&q);
}

enum err store_bulletin_delete(struct db *db, struct bulletin_id id, struct err_detail *detail)
{
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, remove_unused(db, id, detail));
    return db_explain(db, e, detail);
}

enum err store_bulletin_get(struct db *db, struct bulletin_id id, struct bulletin *ret_bulletin)
{
    struct query q;
    struct bulletin b;
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id.v);
    row = query_row(&q);
    if (row)
        get_bulletin(&q, &b);
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        e = load_parts(db, &b);
    if (e == ERR_OK)
        *ret_bulletin = b;
    return e;
}

enum err store_bulletin_list(struct db *db, unsigned state_mask, struct db_page *page,
                             struct bulletin *rows, size_t rows_max, size_t *ret_count)
{
    const struct bulletin_filter f = {.state_mask = state_mask};

    return store_bulletin_find(db, &f, page, rows, rows_max, ret_count);
}

enum err store_bulletin_find(struct db *db, const struct bulletin_filter *f, struct db_page *page,
                             struct bulletin *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               QUERY_PAGE(page,
                          COLUMNS "(?1 = 0 OR (?1 >> state) & 1)"
                                  " AND (?2 = '' OR instr(loa_fold(title || ' ' || issuer || ' '"
                                  " || document), loa_fold(?2)) > 0 OR EXISTS (SELECT 1 FROM"
                                  " bulletin_part p JOIN spoken s ON s.media = p.media WHERE"
                                  " p.bulletin = id AND instr(loa_fold(s.text), loa_fold(?2)) > 0))"
                                  " AND (?3 = 0 OR author = ?3) AND (?4 = 0 OR (state = 1"
                                  " AND author <> ?4 AND NOT EXISTS (SELECT 1 FROM bulletin_step"
                                  " WHERE bulletin = bulletin.id AND by = ?4 AND to_state = 0)))",
                          "id"));
    query_put_i64(&q, f->state_mask);
    query_put_text(&q, f->text);
    query_put_u64(&q, f->author.v);
    query_put_u64(&q, f->approver.v);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_bulletin(&q, &rows[n++]);
    e = query_end(&q);
    for (size_t i = 0; e == ERR_OK && i < n; i++)
        e = load_parts(db, &rows[i]);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id.v;
    *ret_count = n;
    return ERR_OK;
}

enum err store_bulletin_changed_by(struct db *db, struct bulletin_id id, struct user_id user,
                                   bool *ret_changed)
{
    struct query q;
    uint64_t steps = 0;
    enum err e;

    query_open(&q, db,
               "SELECT count(*) FROM bulletin_step WHERE bulletin = ? AND by = ? AND to_state = 0");
    query_put_u64(&q, id.v);
    query_put_u64(&q, user.v);
    e = query_number(&q, &steps);
    if (e == ERR_OK)
        *ret_changed = steps > 0;
    return e;
}

enum err store_bulletin_history(struct db *db, struct bulletin_id id, struct db_page *page,
                                struct bulletin_step *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               QUERY_PAGE(page,
                          "SELECT id, at_us, by, from_state, to_state, reason FROM bulletin_step"
                          " WHERE bulletin = ?",
                          "id"));
    query_put_u64(&q, id.v);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q)) {
        struct bulletin_step *s = &rows[n++];

        *s = (struct bulletin_step){.id = query_get_u64(&q)};
        s->at_us = query_get_i64(&q);
        s->by.v = query_get_u64(&q);
        s->from = (enum bulletin_state)query_get_enum(&q, BULLETIN_REJECTED);
        s->to = (enum bulletin_state)query_get_enum(&q, BULLETIN_REJECTED);
        query_get_text(&q, s->reason, sizeof s->reason);
    }
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id;
    *ret_count = n;
    return ERR_OK;
}
