#include "store_report.h"

#include "query.h"

static void get_entry(struct query *q, struct report_entry *e)
{
    *e = (struct report_entry){.broadcast = {query_get_u64(q)}};
    e->start_us = query_get_i64(q);
    e->cancelled_us = query_get_i64(q);
    e->level = (enum priority)query_get_enum(q, PRIORITY_EMERGENCY);
    e->state = (enum broadcast_state)query_get_enum(q, BROADCAST_MISSED);
    e->zone.v = query_get_u32(q);
    e->target = (enum target_state)query_get_enum(q, TARGET_SILENT);
    e->ordered = query_get_bool(q);
    e->withdrawn = query_get_bool(q);
    e->has_receipt = query_get_bool(q);
    e->outcome = (loa_Outcome)query_get_u32(q);
    e->reason = (loa_Reason)query_get_u32(q);
    e->played_ms = query_get_u32(q);
    e->heard = (loa_Heard)query_get_u32(q);
}

enum err store_report_fill(struct db *db, usec_t from_us, usec_t before_us, struct zone_id zone,
                           struct report *report)
{
    struct query q;
    enum err added = ERR_OK;
    enum err e;

    query_open(&q, db,
               "SELECT b.id, b.start_us, b.cancelled_us, b.priority, b.state, n.zone, t.state,"
               " t.ordered_us <> 0, t.withdrawn, r.id IS NOT NULL, r.outcome, r.reason,"
               " r.played_ms, r.heard FROM broadcast b"
               " JOIN target t ON t.broadcast = b.id JOIN node n ON n.id = t.node"
               " LEFT JOIN receipt r ON r.id ="
               "  (SELECT max(id) FROM receipt WHERE broadcast = b.id AND node = t.node)"
               " WHERE b.start_us >= ?1 AND b.start_us < ?2 AND (?3 = 0 OR n.zone = ?3)"
               " ORDER BY b.start_us, b.id, t.node");
    query_put_i64(&q, from_us);
    query_put_i64(&q, before_us);
    query_put_u64(&q, zone.v);
    while (added == ERR_OK && query_row(&q)) {
        struct report_entry entry;

        get_entry(&q, &entry);
        if (q.err == ERR_OK)
            added = report_add(report, &entry);
    }
    e = query_end(&q);
    return e == ERR_OK ? added : e;
}
