#include "query.h"
#include "store_broadcast.h"

/* Order of columns in every statement on receipts below. */
#define RECEIPT_COLUMNS                                                                          \
    "r.receipt_id, r.broadcast, r.order_id, r.outcome, r.reason, r.carrier, r.planned_start_us," \
    " r.actual_start_us, r.actual_end_us, r.played_ms, r.gaps, r.gap_ms, r.rms_mdb, r.peak_mdb," \
    " r.start_error_us, r.clock_uncertainty_us, r.plays, r.heard"

/* Newer nodes may send outcomes and reasons that this version does not know: they are kept as numbers. */
static void get_receipt(struct query *q, loa_Receipt *r)
{
    *r = (loa_Receipt){.receipt_id = query_get_u64(q)};
    r->broadcast_id = query_get_u64(q);
    r->order_id = query_get_u64(q);
    r->outcome = (loa_Outcome)query_get_u32(q);
    r->reason = (loa_Reason)query_get_u32(q);
    r->carrier = (loa_Carrier)query_get_u32(q);
    r->planned_start_us = query_get_i64(q);
    r->actual_start_us = query_get_i64(q);
    r->actual_end_us = query_get_i64(q);
    r->played_ms = query_get_u32(q);
    r->gaps = query_get_u32(q);
    r->gap_ms = query_get_u32(q);
    r->rms_mdb = query_get_i32(q);
    r->peak_mdb = query_get_i32(q);
    r->start_error_us = query_get_i32(q);
    r->clock_uncertainty_us = query_get_u32(q);
    r->plays = query_get_u32(q);
    r->heard = (loa_Heard)query_get_u32(q);
}

static void put_receipt(struct query *q, const loa_Receipt *r)
{
    query_put_u64(q, r->receipt_id);
    query_put_u64(q, r->broadcast_id);
    query_put_u64(q, r->order_id);
    query_put_i64(q, (int64_t)(uint32_t)r->outcome);
    query_put_i64(q, (int64_t)(uint32_t)r->reason);
    query_put_i64(q, (int64_t)(uint32_t)r->carrier);
    query_put_i64(q, r->planned_start_us);
    query_put_i64(q, r->actual_start_us);
    query_put_i64(q, r->actual_end_us);
    query_put_i64(q, r->played_ms);
    query_put_i64(q, r->gaps);
    query_put_i64(q, r->gap_ms);
    query_put_i64(q, r->rms_mdb);
    query_put_i64(q, r->peak_mdb);
    query_put_i64(q, r->start_error_us);
    query_put_i64(q, r->clock_uncertainty_us);
    query_put_i64(q, r->plays);
    query_put_i64(q, (int64_t)(uint32_t)r->heard);
}

static enum err add(struct db *db, struct node_id node, const loa_Receipt *r, usec_t now_us)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "INSERT INTO receipt (receipt_id, broadcast, order_id, outcome, reason, carrier,"
               " planned_start_us, actual_start_us, actual_end_us, played_ms, gaps, gap_ms,"
               " rms_mdb, peak_mdb, start_error_us, clock_uncertainty_us, plays, heard, node,"
               " received_us)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_receipt(&q, r);
    query_put_u64(&q, node.v);
    query_put_i64(&q, now_us);
    e = query_run(&q);
    if (e != ERR_OK)
        return e;
    /* A number that another order had at the node is not ours there, even if it is the same. */
    query_open(&q, db,
               "UPDATE target SET state = ?"
               " WHERE broadcast = ? AND node = ? AND order_id = ? AND verdict <> ?");
    query_put_i64(&q, TARGET_RECEIPT);
    query_put_u64(&q, r->broadcast_id);
    query_put_u64(&q, node.v);
    query_put_u64(&q, r->order_id);
    query_put_i64(&q, (int64_t)loa_Verdict_VERDICT_REPLAYED);
    return query_run_one(&q);
}

enum err store_broadcast_add_receipt(struct db *db, struct node_id node, const loa_Receipt *receipt,
                                     usec_t now_us)
{
    enum err e = db_begin(db);

    return e == ERR_OK ? db_end(db, add(db, node, receipt, now_us)) : e;
}

enum err store_broadcast_set_target(struct db *db, struct broadcast_id id,
                                    const struct broadcast_target *target)
{
    struct query q;

    query_open(&q, db,
               "UPDATE target SET state = ?, order_id = ?, ordered_us = ?, verdict = ?, note = ?,"
               " stop_order = ?, stop_us = ?, stop_answered = ?, withdrawn = ?"
               " WHERE broadcast = ? AND node = ?");
    query_put_i64(&q, (int64_t)target->state);
    query_put_u64(&q, target->order.v);
    query_put_i64(&q, target->ordered_us);
    query_put_i64(&q, (int64_t)target->verdict);
    query_put_text(&q, target->note);
    query_put_u64(&q, target->stop.v);
    query_put_i64(&q, target->stop_us);
    query_put_i64(&q, target->stop_answered);
    query_put_i64(&q, target->withdrawn);
    query_put_u64(&q, id.v);
    query_put_u64(&q, target->node.v);
    return query_run_one(&q);
}

static void get_target(struct query *q, struct broadcast_target *t)
{
    *t = (struct broadcast_target){.node = {query_get_u32(q)}};
    t->state = (enum target_state)query_get_enum(q, TARGET_SILENT);
    t->order.v = query_get_u64(q);
    t->ordered_us = query_get_i64(q);
    t->verdict = (loa_Verdict)query_get_u32(q);
    query_get_text(q, t->note, sizeof t->note);
    t->stop.v = query_get_u64(q);
    t->stop_us = query_get_i64(q);
    t->stop_answered = query_get_bool(q);
    t->withdrawn = query_get_bool(q);
    /* Of one that was withdrawn and came back the last receipt is about a former order. */
    t->has_receipt = query_get_bool(q) && t->state == TARGET_RECEIPT;
    get_receipt(q, &t->receipt);
}

enum err store_broadcast_targets(struct db *db, struct broadcast_id id, struct db_page *page,
                                 struct broadcast_target *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(
        &q, db,
        QUERY_PAGE(page,
                   "SELECT t.node, t.state, t.order_id, t.ordered_us, t.verdict, t.note,"
                   " t.stop_order, t.stop_us, t.stop_answered, t.withdrawn, r.id IS NOT NULL,"
                   " " RECEIPT_COLUMNS " FROM target t LEFT JOIN receipt r ON r.id ="
                   " (SELECT max(id) FROM receipt WHERE broadcast = t.broadcast"
                   " AND node = t.node) WHERE t.broadcast = ?",
                   "t.node"));
    query_put_u64(&q, id.v);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q))
        get_target(&q, &rows[n++]);
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].node.v;
    *ret_count = n;
    return ERR_OK;
}

enum err store_broadcast_receipts(struct db *db, struct broadcast_id id, struct db_page *page,
                                  struct store_receipt *rows, size_t rows_max, size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               QUERY_PAGE(page,
                          "SELECT r.id, r.node, r.received_us, " RECEIPT_COLUMNS
                          " FROM receipt r WHERE r.broadcast = ?",
                          "r.id"));
    query_put_u64(&q, id.v);
    query_put_page(&q, page, rows_max);
    while (n < rows_max && query_row(&q)) {
        struct store_receipt *r = &rows[n++];

        *r = (struct store_receipt){.id = query_get_u64(&q)};
        r->node.v = query_get_u32(&q);
        r->received_us = query_get_i64(&q);
        get_receipt(&q, &r->receipt);
    }
    e = query_end(&q);
    if (e != ERR_OK)
        return e;
    if (n > 0)
        page->after = rows[n - 1].id;
    *ret_count = n;
    return ERR_OK;
}
