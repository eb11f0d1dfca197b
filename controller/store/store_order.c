#include "store_order.h"

#include "query.h"

#define COLUMNS                                                                                  \
    "SELECT id, broadcast, node, kind, issued_us, expires_us, body, signature FROM issued_order" \
    " WHERE "

enum err store_order_add(struct db *db, const struct store_order *order)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO issued_order (id, broadcast, node, kind, issued_us, expires_us, body,"
               " signature) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_id(&q, order->id.v);
    query_put_id(&q, order->broadcast.v);
    query_put_id(&q, order->node.v);
    query_put_i64(&q, (int64_t)order->kind);
    query_put_i64(&q, order->issued_us);
    query_put_i64(&q, order->expires_us);
    query_put_blob(&q, order->order.body.bytes, order->order.body.size);
    query_put_blob(&q, order->order.signature.bytes, order->order.signature.size);
    return query_run(&q);
}

static enum err fetch(struct query *q, struct store_order *o)
{
    bool row = query_row(q);
    enum err e;

    if (row) {
        *o = (struct store_order){.id = {query_get_u64(q)}};
        o->broadcast.v = query_get_u64(q);
        o->node.v = query_get_u32(q);
        o->kind = (loa_OrderKind)query_get_enum(q, _loa_OrderKind_MAX);
        o->issued_us = query_get_i64(q);
        o->expires_us = query_get_i64(q);
        o->order.body.size =
            (pb_size_t)query_get_bytes(q, o->order.body.bytes, sizeof o->order.body.bytes);
        o->order.signature.size = (pb_size_t)query_get_bytes(q, o->order.signature.bytes,
                                                             sizeof o->order.signature.bytes);
    }
    e = query_end(q);
    return e == ERR_OK && !row ? ERR_NOT_FOUND : e;
}

enum err store_order_get(struct db *db, struct order_id id, struct store_order *ret_order)
{
    struct store_order order;
    struct query q;
    enum err e;

    query_open(&q, db, COLUMNS "id = ?");
    query_put_u64(&q, id.v);
    e = fetch(&q, &order);
    if (e == ERR_OK)
        *ret_order = order;
    return e;
}

enum err store_order_prune(struct db *db, usec_t before_us, size_t *room)
{
    return query_prune(db,
                       "DELETE FROM issued_order WHERE id IN (SELECT id FROM issued_order"
                       " WHERE expires_us > 0 AND expires_us < ? LIMIT ?)",
                       before_us, room);
}
