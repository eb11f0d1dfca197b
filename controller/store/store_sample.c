#include "store_sample.h"

#include "query.h"

static void put_or_null(struct query *q, bool has, int64_t v)
{
    if (has)
        query_put_i64(q, v);
    else
        query_put_id(q, 0);
}

static enum err add_usage(struct db *db, struct node_id node, const struct node_sample *s,
                          const char *month)
{
    struct query q;

    query_open(&q, db,
               "INSERT INTO node_usage (node, month, in_bytes, out_bytes) VALUES (?, ?, ?, ?)"
               " ON CONFLICT (node, month) DO UPDATE SET in_bytes = in_bytes + excluded.in_bytes,"
               " out_bytes = out_bytes + excluded.out_bytes");
    query_put_u64(&q, node.v);
    query_put_text(&q, month);
    query_put_u64(&q, s->in_bytes);
    query_put_u64(&q, s->out_bytes);
    return query_run(&q);
}

static enum err add(struct db *db, struct node_id node, const struct node_sample *s,
                    const char *month)
{
    struct query q;
    enum err e;

    query_open(&q, db,
               "INSERT OR REPLACE INTO node_sample (node, at_us, online_permille, temperature_mc,"
               " supply_mv, peak_mdb, clock_uncertainty_us, in_bytes, out_bytes)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_u64(&q, node.v);
    query_put_i64(&q, s->at_us);
    query_put_i64(&q, s->online_permille);
    put_or_null(&q, s->has_temperature, s->temperature_mc);
    put_or_null(&q, s->has_supply, s->supply_mv);
    put_or_null(&q, s->has_peak, s->peak_mdb);
    put_or_null(&q, s->has_clock, s->clock_uncertainty_us);
    query_put_u64(&q, s->in_bytes);
    query_put_u64(&q, s->out_bytes);
    e = query_run(&q);
    return e == ERR_OK ? add_usage(db, node, s, month) : e;
}

enum err store_sample_add(struct db *db, struct node_id node, const struct node_sample *sample,
                          const char *month)
{
    enum err e = db_begin(db);

    return e == ERR_OK ? db_end(db, add(db, node, sample, month)) : e;
}

enum err store_sample_list(struct db *db, struct node_id node, usec_t from_us, usec_t to_us,
                           usec_t step_us, struct node_sample *rows, size_t rows_max,
                           size_t *ret_count)
{
    struct query q;
    size_t n = 0;
    enum err e;

    query_open(&q, db,
               "SELECT at_us / ?1 * ?1 AS step, CAST(avg(online_permille) AS INTEGER),"
               " count(temperature_mc), CAST(avg(temperature_mc) AS INTEGER),"
               " count(supply_mv), CAST(avg(supply_mv) AS INTEGER),"
               " count(peak_mdb), max(peak_mdb),"
               " count(clock_uncertainty_us), max(clock_uncertainty_us),"
               " sum(in_bytes), sum(out_bytes) FROM node_sample"
               " WHERE node = ?2 AND at_us >= ?3 AND at_us < ?4 GROUP BY step ORDER BY step"
               " LIMIT ?5");
    query_put_i64(&q, step_us);
    query_put_u64(&q, node.v);
    query_put_i64(&q, from_us);
    query_put_i64(&q, to_us);
    query_put_u64(&q, rows_max);
    while (n < rows_max && query_row(&q)) {
        struct node_sample *s = &rows[n++];

        *s = (struct node_sample){.at_us = query_get_i64(&q)};
        s->online_permille = query_get_u32(&q);
        s->has_temperature = query_get_u64(&q) > 0;
        s->temperature_mc = query_get_i32(&q);
        s->has_supply = query_get_u64(&q) > 0;
        s->supply_mv = query_get_u32(&q);
        s->has_peak = query_get_u64(&q) > 0;
        s->peak_mdb = query_get_i32(&q);
        s->has_clock = query_get_u64(&q) > 0;
        s->clock_uncertainty_us = query_get_u32(&q);
        s->in_bytes = query_get_u64(&q);
        s->out_bytes = query_get_u64(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_count = n;
    return e;
}

enum err store_sample_usage(struct db *db, struct node_id node, const char *month,
                            struct node_usage *ret_usage)
{
    struct node_usage u = {0};
    struct query q;
    enum err e;

    query_open(&q, db, "SELECT in_bytes, out_bytes FROM node_usage WHERE node = ? AND month = ?");
    query_put_u64(&q, node.v);
    query_put_text(&q, month);
    if (query_row(&q)) {
        u.in_bytes = query_get_u64(&q);
        u.out_bytes = query_get_u64(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK)
        *ret_usage = u;
    return e;
}

enum err store_sample_prune(struct db *db, usec_t before_us, size_t *room)
{
    return query_prune(db,
                       "DELETE FROM node_sample WHERE (node, at_us) IN"
                       " (SELECT node, at_us FROM node_sample WHERE at_us < ? LIMIT ?)",
                       before_us, room);
}
