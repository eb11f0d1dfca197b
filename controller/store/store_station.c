#include "store_station.h"

#include "query.h"

enum err store_station_get(struct db *db, struct station *ret_station)
{
    struct query q;
    struct station s;
    bool row;
    enum err e;

    station_init(&s);
    query_open(&q, db,
               "SELECT code, name, timezone, utc_offset_min, author_may_approve, quiet_from_min,"
               " quiet_to_min, allowed_from_min, allowed_to_min, max_broadcast_s, late_tolerance_s,"
               " profile, keep_days, idle_min, backup_at_min, backup_keep FROM station");
    row = query_row(&q);
    if (row) {
        query_get_text(&q, s.code, sizeof s.code);
        query_get_text(&q, s.name, sizeof s.name);
        query_get_text(&q, s.timezone, sizeof s.timezone);
        s.utc_offset_min = (int16_t)query_get_i32(&q);
        s.policy.author_may_approve = query_get_bool(&q);
        s.policy.quiet_from_min = (uint16_t)query_get_u32(&q);
        s.policy.quiet_to_min = (uint16_t)query_get_u32(&q);
        s.policy.allowed_from_min = (uint16_t)query_get_u32(&q);
        s.policy.allowed_to_min = (uint16_t)query_get_u32(&q);
        s.policy.max_broadcast_s = query_get_u32(&q);
        s.policy.late_tolerance_s = query_get_u32(&q);
        s.policy.profile = (enum planner_profile)query_get_u32(&q);
        s.policy.keep_days = query_get_u32(&q);
        s.policy.idle_min = query_get_u32(&q);
        s.policy.backup_at_min = (int16_t)query_get_i32(&q);
        s.policy.backup_keep = (uint16_t)query_get_u32(&q);
    }
    e = query_end(&q);
    if (e == ERR_OK && !row)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *ret_station = s;
    return e;
}

enum err store_station_put(struct db *db, const struct station *station)
{
    struct query q;

    query_open(&q, db,
               "INSERT OR REPLACE INTO station (id, code, name, timezone, utc_offset_min,"
               " author_may_approve, quiet_from_min, quiet_to_min, allowed_from_min,"
               " allowed_to_min, max_broadcast_s, late_tolerance_s, profile, keep_days, idle_min,"
               " backup_at_min, backup_keep)"
               " VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    query_put_text(&q, station->code);
    query_put_text(&q, station->name);
    query_put_text(&q, station->timezone);
    query_put_i64(&q, station->utc_offset_min);
    query_put_i64(&q, station->policy.author_may_approve);
    query_put_i64(&q, station->policy.quiet_from_min);
    query_put_i64(&q, station->policy.quiet_to_min);
    query_put_i64(&q, station->policy.allowed_from_min);
    query_put_i64(&q, station->policy.allowed_to_min);
    query_put_i64(&q, station->policy.max_broadcast_s);
    query_put_i64(&q, station->policy.late_tolerance_s);
    query_put_i64(&q, station->policy.profile);
    query_put_i64(&q, station->policy.keep_days);
    query_put_i64(&q, station->policy.idle_min);
    query_put_i64(&q, station->policy.backup_at_min);
    query_put_i64(&q, station->policy.backup_keep);
    return query_run(&q);
}

static enum err take_number(struct db *db, const char *name, uint64_t max, uint64_t *ret_value)
{
    struct query q;
    uint64_t value = 0;
    enum err e;

    query_open(&q, db, "SELECT value + 1 FROM counter WHERE name = ?");
    query_put_text(&q, name);
    e = query_number(&q, &value);
    if (e == ERR_OK && value > max)
        e = ERR_LIMIT;
    if (e != ERR_OK)
        return e;
    query_open(&q, db, "UPDATE counter SET value = ? WHERE name = ?");
    query_put_u64(&q, value);
    query_put_text(&q, name);
    e = query_run_one(&q);
    if (e == ERR_OK)
        *ret_value = value;
    return e;
}

enum err store_station_next(struct db *db, enum store_counter counter, uint64_t *ret_value)
{
    static const char *const names[] = {"boot", "order", "stream"};
    uint64_t max = counter == STORE_COUNTER_STREAM ? UINT32_MAX : INT64_MAX;
    uint64_t value = 0;
    enum err e = db_begin(db);

    if (e != ERR_OK)
        return e;
    e = db_end(db, take_number(db, names[counter], max, &value));
    if (e == ERR_OK)
        *ret_value = value;
    return e;
}
