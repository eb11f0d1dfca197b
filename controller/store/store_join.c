#include "store_join.h"

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "query.h"
#include "store_node.h"

#define COLUMNS                                                                            \
    "SELECT id, zone, name, created_by, created_us, expires_us, used_us, node, withdrawn," \
    " replaces FROM join_code WHERE "

static void get_code(struct query *q, struct join_code *c)
{
    *c = (struct join_code){.id = query_get_u64(q)};
    c->zone.v = query_get_u32(q);
    query_get_text(q, c->name, sizeof c->name);
    c->created_by.v = query_get_u64(q);
    c->created_us = query_get_i64(q);
    c->expires_us = query_get_i64(q);
    c->used_us = query_get_i64(q);
    c->node.v = query_get_u32(q);
    c->withdrawn = query_get_bool(q);
    c->replaces.v = query_get_u32(q);
}

static enum err fetch(struct query *q, struct join_code *ret_code)
{
    struct join_code c;
    bool row = query_row(q);
    enum err e;

    if (row)
        get_code(q, &c);
    e = query_end(q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_code = c;
    return e;
}

enum err store_join_add(struct db *db, const struct join_code *code,
                        const uint8_t secret_sha256[SHA256_BYTES], uint64_t *ret_id)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "INSERT INTO join_code (secret_sha256, zone, name, created_by, created_us,"
               " expires_us, replaces) VALUES (?, ?, ?, ?, ?, ?, ?)");
    query_put_blob(&q, secret_sha256, SHA256_BYTES);
    query_put_id(&q, code->zone.v);
    query_put_text(&q, code->name);
    query_put_id(&q, code->created_by.v);
    query_put_i64(&q, code->created_us);
    query_put_i64(&q, code->expires_us);
    query_put_id(&q, code->replaces.v);
    e = query_run(&q);
    if (e == ERR_OK)
        *ret_id = query_inserted(db);
    return e;
}

static enum err use_up(struct db *db, uint64_t id, struct node_id node, usec_t now_us)
{
    struct query q;

    query_open(&q, db, "UPDATE join_code SET used_us = ?, node = ? WHERE id = ?");
    query_put_i64(&q, now_us);
    query_put_u64(&q, node.v);
    query_put_u64(&q, id);
    return query_run_one(&q);
}

static enum err redeem(struct db *db, const uint8_t secret_sha256[SHA256_BYTES],
                       const struct node_record *node, usec_t now_us, struct node_record *ret_node)
{
    struct node_record r = {.enrolled_us = now_us};
    struct join_code c;
    struct query q;
    enum err e;

    query_open(&q, db, COLUMNS "secret_sha256 = ?");
    query_put_blob(&q, secret_sha256, SHA256_BYTES);
    e = fetch(&q, &c);
    if (e != ERR_OK)
        return e;
    if (c.used_us != 0)
        return ERR_EXISTS;
    if (c.withdrawn || now_us >= c.expires_us)
        return ERR_STATE;
    r.zone = c.zone;
    snprintf(r.name, sizeof r.name, "%s", c.name);
    snprintf(r.hardware, sizeof r.hardware, "%s", node->hardware);
    snprintf(r.serial, sizeof r.serial, "%s", node->serial);
    if (c.replaces.v != 0) {
        r.id = c.replaces;
        e = store_node_set_board(db, &r);
    } else {
        e = store_node_add(db, &r, &r.id);
    }
    if (e == ERR_OK)
        e = use_up(db, c.id, r.id, now_us);
    if (e == ERR_OK)
        e = store_node_get(db, r.id, ret_node);
    return e;
}

enum err store_join_redeem(struct db *db, const uint8_t secret_sha256[SHA256_BYTES],
                           const struct node_record *node, usec_t now_us,
                           struct node_record *ret_node)
{
    struct node_record made;
    enum err e = db_begin(db);

    if (e == ERR_OK)
        e = db_end(db, redeem(db, secret_sha256, node, now_us, &made));
    if (e == ERR_OK)
        *ret_node = made;
    return e;
}

enum err store_join_set_cert(struct db *db, const uint8_t secret_sha256[SHA256_BYTES],
                             struct bytes cert)
{
    struct query q;

    query_open(&q, db, "UPDATE join_code SET cert = ? WHERE secret_sha256 = ?");
    query_put_blob(&q, cert.data, cert.len);
    query_put_blob(&q, secret_sha256, SHA256_BYTES);
    return query_run_one(&q);
}

enum err store_join_answer(struct db *db, const uint8_t secret_sha256[SHA256_BYTES], usec_t now_us,
                           struct node_record *ret_node, uint8_t *ret_cert, size_t *ret_len)
{
    uint8_t cert[STORE_JOIN_CERT_MAX], sha256[SHA256_BYTES];
    struct node_record node;
    struct node_id id = {0};
    usec_t expires_us = 0;
    size_t len = 0;
    struct query q;
    enum err e;

    query_open(&q, db,
               "SELECT node, expires_us, cert FROM join_code"
               " WHERE secret_sha256 = ? AND cert IS NOT NULL");
    query_put_blob(&q, secret_sha256, SHA256_BYTES);
    if (query_row(&q)) {
        id.v = query_get_u32(&q);
        expires_us = query_get_i64(&q);
        len = query_get_bytes(&q, cert, sizeof(cert));
    }
    e = query_end(&q);
    if (e == ERR_OK)
        e = id.v != 0 ? store_node_get(db, id, &node) : ERR_NOT_FOUND;
    if (e != ERR_OK)
        return e;
    digest_sha256(bytes_of(cert, len), sha256);
    if (now_us >= expires_us || node.state != NODE_STATE_ACTIVE ||
        memcmp(node.cert_sha256, sha256, sizeof(sha256)) != 0)
        return ERR_STATE;
    *ret_node = node;
    memcpy(ret_cert, cert, len);
    *ret_len = len;
    return ERR_OK;
}

enum err store_join_cert(struct db *db, struct node_id node, uint8_t *ret_cert, size_t *ret_len)
{
    uint8_t cert[STORE_JOIN_CERT_MAX];
    struct query q;
    size_t len = 0;
    enum err e;

    query_open(&q, db,
               "SELECT cert FROM join_code WHERE node = ? AND cert IS NOT NULL"
               " ORDER BY used_us DESC LIMIT 1");
    query_put_u64(&q, node.v);
    if (query_row(&q))
        len = query_get_bytes(&q, cert, sizeof(cert));
    e = query_end(&q);
    if (e == ERR_OK && len == 0)
        e = ERR_NOT_FOUND;
    if (e != ERR_OK)
        return e;
    memcpy(ret_cert, cert, len);
    *ret_len = len;
    return ERR_OK;
}

enum err store_join_withdraw(struct db *db, uint64_t id, struct err_detail *detail)
{
    struct join_code c;
    struct query q;
    enum err e;

    query_open(&q, db,
               "UPDATE join_code SET withdrawn = 1 WHERE id = ? AND used_us = 0"
               " AND NOT withdrawn");
    query_put_u64(&q, id);
    e = query_run_one(&q);
    if (e != ERR_NOT_FOUND)
        return db_explain(db, e, detail);
    e = store_join_get(db, id, &c);
    if (e == ERR_NOT_FOUND)
        return err_set(detail, e, "there is no join code %llu: list them and choose one",
                       (unsigned long long)id);
    if (e == ERR_OK && c.used_us != 0)
        return err_set(detail, ERR_STATE,
                       "the join code made node %u already: revoke the node instead", c.node.v);
    if (e == ERR_OK)
        return err_set(detail, ERR_STATE, "the join code was withdrawn before: nothing to do");
    return db_explain(db, e, detail);
}

enum err store_join_get(struct db *db, uint64_t id, struct join_code *ret_code)
{
    struct query q;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id);
    return fetch(&q, ret_code);
}

enum err store_join_list(struct db *db, struct db_page *page, struct join_code *rows,
                         size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db, QUERY_PAGE(page, COLUMNS "1", "id"));
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_code(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id;
    *ret_count = n;
    return ERR_OK;
}
