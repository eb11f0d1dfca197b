#include "store_alert_message.h"

#include <stdlib.h>

#include "query.h"

#define COLUMNS                                                                         \
    "SELECT id, state, received_us, source, sender, identifier, sent_us, title, level," \
    " expires_us, sha256, life, sounding, decided_by, decided_us FROM alert_message WHERE "

static void get_message(struct query *q, struct alertmessage *m)
{
    *m = (struct alertmessage){.id = query_get_u64(q)};
    m->state = (enum alertmessage_state)query_get_enum(q, ALERTMESSAGE_STATES - 1);
    m->received_us = query_get_i64(q);
    query_get_text(q, m->source, sizeof(m->source));
    query_get_text(q, m->key.sender, sizeof(m->key.sender));
    query_get_text(q, m->key.identifier, sizeof(m->key.identifier));
    m->key.sent_us = query_get_i64(q);
    query_get_text(q, m->title, sizeof(m->title));
    m->level = (enum priority)query_get_enum(q, PRIORITY_EMERGENCY);
    m->expires_us = query_get_i64(q);
    query_get_blob(q, m->sha256, sizeof(m->sha256));
    m->life = query_get_u64(q);
    m->alert = query_get_u64(q);
    m->decided_by.v = query_get_u64(q);
    m->decided_us = query_get_i64(q);
}

static enum err check_room(struct db *db)
{
    struct query q;
    uint64_t waiting = 0;
    enum err e;

    query_open(&q, db, "SELECT count(*) FROM alert_message WHERE state = 1");
    e = query_number(&q, &waiting);
    return e == ERR_OK && waiting >= ALERTMESSAGE_WAITING_MAX ? ERR_LIMIT : e;
}

enum err store_alert_message_add(struct db *db, const struct alertmessage *m, const char *verdict,
                                 struct bytes message, uint64_t *ret_id)
{
    struct query q;
    enum err e = m->state == ALERTMESSAGE_WAITING ? check_room(db) : ERR_OK;

    if (e != ERR_OK)
        return e;
    query_open(&q, db,
               "INSERT INTO alert_message (state, received_us, source, sender, identifier,"
               " sent_us, title, level, expires_us, sha256, life, sounding, decided_by, decided_us,"
               " verdict, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_i64(&q, (int64_t)m->state);
    query_put_i64(&q, m->received_us);
    query_put_text(&q, m->source);
    query_put_text(&q, m->key.sender);
    query_put_text(&q, m->key.identifier);
    query_put_i64(&q, m->key.sent_us);
    query_put_text(&q, m->title);
    query_put_i64(&q, (int64_t)m->level);
    query_put_i64(&q, m->expires_us);
    query_put_blob(&q, m->sha256, sizeof(m->sha256));
    query_put_u64(&q, m->life);
    query_put_u64(&q, m->alert);
    query_put_id(&q, m->decided_by.v);
    query_put_i64(&q, m->decided_us);
    query_put_text(&q, verdict);
    query_put_blob(&q, message.data, message.len);
    e = query_run(&q);
    if (e == ERR_OK)
        *ret_id = query_inserted(db);
    return e;
}

enum err store_alert_message_put(struct db *db, const struct alertmessage *m)
{
    struct query q;

    query_open(&q, db,
               "UPDATE alert_message SET state = ?, life = ?, sounding = ?, decided_by = ?,"
               " decided_us = ? WHERE id = ?");
    query_put_i64(&q, (int64_t)m->state);
    query_put_u64(&q, m->life);
    query_put_u64(&q, m->alert);
    query_put_id(&q, m->decided_by.v);
    query_put_i64(&q, m->decided_us);
    query_put_u64(&q, m->id);
    return query_run_one(&q);
}

static enum err fetch_one(struct query *q, struct alertmessage *ret_m)
{
    struct alertmessage m = {0};
    bool row = query_row(q);
    enum err e;

    if (row)
        get_message(q, &m);
    e = query_end(q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_m = m;
    return e;
}

enum err store_alert_message_get(struct db *db, uint64_t id, struct alertmessage *ret_m)
{
    struct query q;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id);
    return fetch_one(&q, ret_m);
}

enum err store_alert_message_find(struct db *db, const uint8_t sha256[SHA256_BYTES],
                                  struct alertmessage *ret_m)
{
    struct query q;

    query_open(&q, db, COLUMNS "sha256 = ?");
    query_put_blob(&q, sha256, SHA256_BYTES);
    return fetch_one(&q, ret_m);
}

enum err store_alert_message_of(struct db *db, uint64_t alert, struct alertmessage *ret_m)
{
    struct query q;

    query_open(&q, db, COLUMNS "sounding = ?");
    query_put_u64(&q, alert);
    return fetch_one(&q, ret_m);
}

enum err store_alert_message_texts(struct db *db, uint64_t id, char **ret_verdict,
                                   char **ret_message, size_t *ret_len)
{
    struct query q;
    char *verdict = NULL, *message = NULL;
    size_t verdict_len = 0, len = 0;
    bool row;
    enum err e;

    query_open(&q, db,
               "SELECT length(CAST(verdict AS BLOB)), length(message), verdict, message"
               " FROM alert_message WHERE id = ?");
    query_put_u64(&q, id);
    row = query_row(&q);
    if (row) {
        verdict_len = query_get_u32(&q);
        len = query_get_u32(&q);
        verdict = malloc(verdict_len + 1);
        message = malloc(len + 1);
    }
    if (verdict != NULL && message != NULL) {
        query_get_text(&q, verdict, verdict_len + 1);
        message[query_get_bytes(&q, message, len)] = '\0';
    }
    e = query_end(&q);
    if (e == ERR_OK && row && (verdict == NULL || message == NULL))
        e = ERR_NOMEM;
    if (e == ERR_OK && row) {
        *ret_verdict = verdict;
        *ret_message = message;
        *ret_len = len;
        return ERR_OK;
    }
    free(verdict);
    free(message);
    return e == ERR_OK ? ERR_NOT_FOUND : e;
}

enum err store_alert_message_list(struct db *db, bool waiting, struct db_page *page,
                                  struct alertmessage *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t count = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS "(? = 0 OR state = 1)", "id"));
    query_put_i64(&q, waiting);
    query_put_page(&q, page, rows_max);
    while (count < rows_max && query_row(&q))
        get_message(&q, &rows[count++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (count > 0)
        page->after = rows[count - 1].id;
    *ret_count = count;
    return ERR_OK;
}

enum err store_alert_message_prune(struct db *db, usec_t before_us, size_t *room)
{
    return query_prune(db,
                       "DELETE FROM alert_message WHERE id IN (SELECT id FROM alert_message"
                       " WHERE received_us < ? AND state <> 1 LIMIT ?)",
                       before_us, room);
}
