#include "store_alert_sound.h"

#include <string.h>

#include "bytes.h"
#include "query.h"

#define ZONE_BYTES 4
#define COLUMNS                                                                                  \
    "SELECT id, template, title, text, why, message, signal, drill, priority, everyone, zones, " \
    "repeats,"                                                                                   \
    " pause_ms, created_us, author, replaces, life, state, expires_us, decided_by, confirm_us,"  \
    " escalations, media, media_ms, tone, tone_start_us, tone_ms, tone_plays, round,"            \
    " round_start_us, round_plays, plays, tone_ended FROM alert_sound WHERE "

/* The columns that change. */
static void put_progress(struct query *q, const struct alert *a)
{
    query_put_u64(q, a->life);
    query_put_i64(q, (int64_t)a->state);
    query_put_i64(q, a->expires_us);
    query_put_id(q, a->decided_by.v);
    query_put_i64(q, a->confirm_us);
    query_put_i64(q, a->escalations);
    query_put_blob(q, a->media_ms > 0 ? a->media.sha256 : NULL, SHA256_BYTES);
    query_put_i64(q, a->media_ms);
    query_put_id(q, a->tone.v);
    query_put_i64(q, a->tone_start_us);
    query_put_i64(q, a->tone_ms);
    query_put_i64(q, a->tone_plays);
    query_put_id(q, a->round.v);
    query_put_i64(q, a->round_start_us);
    query_put_i64(q, a->round_plays);
    query_put_i64(q, a->plays);
    query_put_i64(q, a->tone_ended);
}

enum err store_alert_sound_add(struct db *db, const struct alert *a, uint64_t *ret_id)
{
    uint8_t zones[EVENT_ZONES_MAX * ZONE_BYTES];
    struct writer w;
    struct query q;
    enum err e;

    writer_init(&w, zones, sizeof(zones));
    for (size_t i = 0; i < a->zone_count; i++)
        writer_u32(&w, a->zones[i].v);
    query_open(
        &q, db,
        "INSERT INTO alert_sound (template, title, text, why, message, signal, drill, priority,"
        " everyone, zones, repeats, pause_ms, created_us, author, replaces, life, state,"
        " expires_us, decided_by, confirm_us, escalations, media, media_ms, tone,"
        " tone_start_us, tone_ms, tone_plays, round, round_start_us, round_plays, plays,"
        " tone_ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_text(&q, a->template_name);
    query_put_text(&q, a->title);
    query_put_text(&q, a->text);
    query_put_text(&q, a->why);
    query_put_i64(&q, (int64_t)a->message);
    query_put_i64(&q, (int64_t)a->signal);
    query_put_i64(&q, a->drill);
    query_put_i64(&q, (int64_t)a->priority);
    query_put_i64(&q, a->everyone);
    query_put_blob(&q, zones, w.at);
    query_put_i64(&q, a->repeats);
    query_put_i64(&q, a->pause_ms);
    query_put_i64(&q, a->created_us);
    query_put_id(&q, a->author.v);
    query_put_id(&q, a->replaces);
    put_progress(&q, a);
    e = query_run(&q);
    if (e == ERR_OK)
        *ret_id = query_inserted(db);
    return e;
}

enum err store_alert_sound_put(struct db *db, const struct alert *a)
{
    struct query q;

    query_open(
        &q, db,
        "UPDATE alert_sound SET message = ?, life = ?, state = ?, expires_us = ?, decided_by = ?,"
        " confirm_us = ?, escalations = ?, media = ?, media_ms = ?, tone = ?,"
        " tone_start_us = ?, tone_ms = ?, tone_plays = ?, round = ?, round_start_us = ?,"
        " round_plays = ?, plays = ?, tone_ended = ? WHERE id = ?");
    query_put_i64(&q, (int64_t)a->message);
    put_progress(&q, a);
    query_put_u64(&q, a->id);
    return query_run_one(&q);
}

static void fetch_zones(struct query *q, struct alert *a)
{
    uint8_t zones[EVENT_ZONES_MAX * ZONE_BYTES];
    struct reader r;

    reader_init(&r, bytes_of(zones, query_get_bytes(q, zones, sizeof(zones))));
    while (reader_left(&r) >= ZONE_BYTES)
        a->zones[a->zone_count++].v = reader_u32(&r);
}

static void fetch(struct query *q, struct alert *a)
{
    *a = (struct alert){.id = query_get_u64(q)};
    query_get_text(q, a->template_name, sizeof(a->template_name));
    query_get_text(q, a->title, sizeof(a->title));
    query_get_text(q, a->text, sizeof(a->text));
    query_get_text(q, a->why, sizeof(a->why));
    a->message = (enum alert_message)query_get_enum(q, ALERT_VOICE);
    a->signal = (enum emergency_signal)query_get_enum(q, EMERGENCY_SIGNALS);
    a->drill = query_get_bool(q);
    a->priority = (enum priority)query_get_enum(q, PRIORITY_EMERGENCY);
    a->everyone = query_get_bool(q);
    fetch_zones(q, a);
    a->repeats = query_get_u32(q);
    a->pause_ms = query_get_u32(q);
    a->created_us = query_get_i64(q);
    a->author.v = query_get_u64(q);
    a->replaces = query_get_u64(q);
    a->life = query_get_u64(q);
    a->state = (enum alert_state)query_get_enum(q, ALERT_STATES - 1);
    a->expires_us = query_get_i64(q);
    a->decided_by.v = query_get_u64(q);
    a->confirm_us = query_get_i64(q);
    a->escalations = query_get_u32(q);
    query_get_blob(q, a->media.sha256, SHA256_BYTES);
    a->media_ms = query_get_u32(q);
    a->tone.v = query_get_u64(q);
    a->tone_start_us = query_get_i64(q);
    a->tone_ms = query_get_u32(q);
    a->tone_plays = query_get_u32(q);
    a->round.v = query_get_u64(q);
    a->round_start_us = query_get_i64(q);
    a->round_plays = query_get_u32(q);
    a->plays = query_get_u32(q);
    a->tone_ended = query_get_bool(q);
}

enum err store_alert_sound_get(struct db *db, uint64_t id, struct alert *ret_alert)
{
    struct query q;
    bool found;
    enum err e;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id);
    found = query_row(&q);
    if (found)
        fetch(&q, ret_alert);
    e = query_end(&q);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

enum err store_alert_sound_list(struct db *db, bool open, struct db_page *page, struct alert *rows,
                                size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS "state < ?", "id"));
    query_put_i64(&q, open ? ALERT_EXPIRED : ALERT_STATES);
    query_put_page(&q, page, rows_max);
    while (query_row(&q))
        fetch(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id;
    *ret_count = n;
    return ERR_OK;
}

enum err store_alert_sound_count(struct db *db, struct user_id author, usec_t since_us,
                                 uint64_t *ret_count)
{
    struct query q;

    query_open(&q, db,
               "SELECT count(*) FROM alert_sound WHERE author = ? AND created_us > ?"
               " AND template <> 'all_clear'");
    query_put_u64(&q, author.v);
    query_put_i64(&q, since_us);
    return query_number(&q, ret_count);
}
