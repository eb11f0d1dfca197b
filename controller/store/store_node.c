#include "store_node.h"

#include <string.h>

#include "query.h"

#define COLUMNS                                                                        \
    "SELECT id, zone, name, state, volume_mdb, emergency_volume_mdb, delay_us, muted," \
    " settings_revision, cert_sha256, enrolled_us, hardware, serial FROM node WHERE "

static const uint8_t no_cert[SHA256_BYTES];

static void get_node(struct query *q, struct node_record *r)
{
    *r = (struct node_record){.id = {query_get_u32(q)}};
    r->zone.v = query_get_u32(q);
    query_get_text(q, r->name, sizeof r->name);
    r->state = (enum node_state)query_get_enum(q, NODE_STATE_REVOKED);
    r->volume_mdb = query_get_i32(q);
    r->emergency_volume_mdb = query_get_i32(q);
    r->delay_us = query_get_u32(q);
    r->muted = query_get_bool(q);
    r->settings_revision = query_get_u32(q);
    query_get_blob(q, r->cert_sha256, sizeof r->cert_sha256);
    r->enrolled_us = query_get_i64(q);
    query_get_text(q, r->hardware, sizeof r->hardware);
    query_get_text(q, r->serial, sizeof r->serial);
}

static void put_cert(struct query *q, const uint8_t cert_sha256[SHA256_BYTES])
{
    bool none = memcmp(cert_sha256, no_cert, SHA256_BYTES) == 0;

    query_put_blob(q, none ? NULL : cert_sha256, SHA256_BYTES);
}

static enum err add(struct db *db, const struct node_record *node)
{
    struct query q;
    uint64_t count = 0;
    enum err e;

    query_open(&q, db, "SELECT count(*) FROM node WHERE state = 1");
    e = query_number(&q, &count);
    if (e == ERR_OK && count >= REGISTRY_NODES_MAX)
        e = ERR_LIMIT;
    if (e != ERR_OK)
        return e;
    query_open(&q, db,
               "INSERT INTO node (zone, name, state, volume_mdb, emergency_volume_mdb, delay_us,"
               " muted, settings_revision, cert_sha256, enrolled_us, hardware, serial)"
               " VALUES (?, ?, 1, ?, ?, ?, ?, 1, ?, ?, ?, ?)");
    query_put_id(&q, node->zone.v);
    query_put_text(&q, node->name);
    query_put_i64(&q, node->volume_mdb);
    query_put_i64(&q, node->emergency_volume_mdb);
    query_put_i64(&q, node->delay_us);
    query_put_i64(&q, node->muted);
    put_cert(&q, node->cert_sha256);
    query_put_i64(&q, node->enrolled_us);
    query_put_text(&q, node->hardware);
    query_put_text(&q, node->serial);
    return query_run(&q);
}

enum err store_node_add(struct db *db, const struct node_record *node, struct node_id *ret_id)
{
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, add(db, node));
    if (e == ERR_OK)
        *ret_id = (struct node_id){(uint32_t)query_inserted(db)};
    return e;
}

/* Tell "revoked" from "never was" after an update of active nodes that changed nothing. */
static enum err why_not(struct db *db, struct node_id id, struct err_detail *detail)
{
    struct node_record r;
    enum err e = store_node_get(db, id, &r);

    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no node %u: list the nodes and choose one of them",
                       id.v);
    if (e == ERR_OK && r.state == NODE_STATE_REVOKED)
        return err_set(detail, ERR_STATE,
                       "node %u was revoked for ever: enrol the board as a new node", id.v);
    if (e == ERR_OK)
        return err_set(detail, ERR_NOT_FOUND, "there is no such zone: choose one that exists");
    return e;
}

enum err store_node_set_cert(struct db *db, struct node_id id,
                             const uint8_t cert_sha256[SHA256_BYTES])
{
    struct query q;
    enum err e;

    query_open(&q, db, "UPDATE node SET cert_sha256 = ? WHERE id = ? AND state = 1");
    put_cert(&q, cert_sha256);
    query_put_u64(&q, id.v);
    e = query_run_one(&q);
    return e == ERR_NOT_FOUND ? why_not(db, id, NULL) : e;
}

enum err store_node_set_board(struct db *db, const struct node_record *node)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "UPDATE node SET hardware = ?, serial = ?, cert_sha256 = NULL"
               " WHERE id = ? AND state = 1");
    query_put_text(&q, node->hardware);
    query_put_text(&q, node->serial);
    query_put_u64(&q, node->id.v);
    e = query_run_one(&q);
    return e == ERR_NOT_FOUND ? ERR_STATE : e;
}

static enum err update(struct db *db, const struct node_record *node, uint32_t *ret_revision,
                       struct err_detail *detail)
{
    struct query q;
    struct node_record now;
    enum err e;

    query_open(&q, db,
               "UPDATE node SET zone = ?, name = ?, volume_mdb = ?, emergency_volume_mdb = ?,"
               " delay_us = ?, muted = ?, settings_revision = settings_revision + 1"
               " WHERE id = ? AND state = 1");
    query_put_id(&q, node->zone.v);
    query_put_text(&q, node->name);
    query_put_i64(&q, node->volume_mdb);
    query_put_i64(&q, node->emergency_volume_mdb);
    query_put_i64(&q, node->delay_us);
    query_put_i64(&q, node->muted);
    query_put_u64(&q, node->id.v);
    e = query_run_one(&q);
    if (e == ERR_NOT_FOUND)
        return why_not(db, node->id, detail);
    if (e == ERR_OK)
        e = store_node_get(db, node->id, &now);
    if (e == ERR_OK)
        *ret_revision = now.settings_revision;
    return e;
}

enum err store_node_update(struct db *db, const struct node_record *node, uint32_t *ret_revision,
                           struct err_detail *detail)
{
    uint32_t revision = 0;
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, update(db, node, &revision, detail));
    if (e == ERR_OK)
        *ret_revision = revision;
    return db_explain(db, e, detail);
}

enum err store_node_bump_all(struct db *db)
{
    struct query q;

    query_open(&q, db, "UPDATE node SET settings_revision = settings_revision + 1 WHERE state = 1");
    return query_run(&q);
}

enum err store_node_revoke(struct db *db, struct node_id id, struct err_detail *detail)
{
    struct query q;
    enum err e;

    query_open(&q, db, "UPDATE node SET state = 2 WHERE id = ? AND state = 1");
    query_put_u64(&q, id.v);
    e = query_run_one(&q);
    return e == ERR_NOT_FOUND ? why_not(db, id, detail) : db_explain(db, e, detail);
}

enum err store_node_get(struct db *db, struct node_id id, struct node_record *ret_node)
{
    struct query q;
    struct node_record r;
    bool row;
    enum err e;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id.v);
    row = query_row(&q);
    if (row)
        get_node(&q, &r);
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_node = r;
    return e;
}

enum err store_node_list(struct db *db, struct db_page *page, struct node_record *rows,
                         size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS "1", "id"));
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_node(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id.v;
    *ret_count = n;
    return ERR_OK;
}
