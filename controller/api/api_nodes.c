/* Nodes with what they are doing now, and the codes by which new ones join. */

#include "api_impl.h"
#include "body.h"
#include "digest.h"
#include "joincode.h"
#include "store_join.h"
#include "store_node.h"

#define JOIN_DEFAULT_S 86400
#define JOIN_MAX_S (30 * 86400)

static json_t *status_json(const struct node_live *live)
{
    const loa_Status *s = &live->status;
    json_t *out = json_pack(
        "{s:I, s:I, s:I, s:i, s:i, s:I, s:I, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:I}", "at_us",
        (json_int_t)live->status_us, "uptime_ms", (json_int_t)s->uptime_ms, "buffer_ms",
        (json_int_t)s->buffer_ms, "rms_mdb", s->rms_mdb, "peak_mdb", s->peak_mdb, "clock_offset_us",
        (json_int_t)s->clock_offset_us, "clock_uncertainty_us", (json_int_t)s->clock_uncertainty_us,
        "clock_skew_ppb", s->clock_skew_ppb, "card_skew_ppb", s->card_skew_ppb, "underruns",
        (json_int_t)s->underruns, "cache_bytes", (json_int_t)s->cache_bytes, "cached_count",
        (json_int_t)s->cached_count, "playing_broadcast", (json_int_t)s->playing_broadcast,
        "rss_kb", (json_int_t)s->rss_kb, "muted_locally", s->muted_locally, "orders_held",
        (json_int_t)s->orders_held);

    if (out != NULL && s->has_temperature)
        json_object_set_new(out, "temperature_mc", json_integer(s->temperature_mc));
    if (out != NULL && s->has_mains) {
        json_object_set_new(out, "mains_ok", json_boolean(s->mains_ok));
        json_object_set_new(out, "supply_mv", json_integer(s->supply_mv));
    }
    return out;
}

static json_t *node_json(const struct node_entry *n)
{
    const struct node_record *r = &n->record;
    const struct node_live *l = &n->live;

    return json_pack(
        "{s:I, s:s, s:I, s:s, s:i, s:i, s:I, s:b, s:I, s:I, s:s, s:s, s:b, s:I, s:I, s:s, s:o}",
        "id", (json_int_t)r->id.v, "name", r->name, "zone", (json_int_t)r->zone.v, "state",
        r->state == NODE_STATE_REVOKED ? "revoked" : "active", "volume_mdb", r->volume_mdb,
        "emergency_volume_mdb", r->emergency_volume_mdb, "delay_us", (json_int_t)r->delay_us,
        "muted", r->muted, "settings_revision", (json_int_t)r->settings_revision, "enrolled_us",
        (json_int_t)r->enrolled_us, "hardware", r->hardware, "serial", r->serial, "online",
        l->conn != 0 && l->ready, "connected_us", (json_int_t)l->connected_us, "last_heard_us",
        (json_int_t)l->last_heard_us, "firmware", l->firmware, "status",
        l->status_us != 0 ? status_json(l) : json_null());
}

static enum err fetch_nodes(struct call *c, struct db_page *page, void *rows, size_t max,
                            size_t *ret_count)
{
    struct registry *registry = c->api->ports.registry;
    const struct node_entry **entries = rows;
    size_t count = 0;

    for (size_t i = 0; i < registry_count(registry) && count < max; i++) {
        struct node_entry *entry = registry_at(registry, i);

        if (entry->record.id.v <= page->after)
            continue;
        entries[count++] = entry;
    }
    if (count > 0)
        page->after = entries[count - 1]->record.id.v;
    *ret_count = count;
    return ERR_OK;
}

static json_t *node_item(struct call *c, const void *row)
{
    const struct node_entry *const *entry = row;

    (void)c;
    return node_json(*entry);
}

enum err api_node_list(struct call *c)
{
    return call_list(c, sizeof(struct node_entry *), fetch_nodes, node_item);
}

static enum err find_node(struct call *c, struct node_entry **ret_entry)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK && id <= UINT32_MAX)
        *ret_entry = registry_find(c->api->ports.registry, (struct node_id){(uint32_t)id});
    if (e == ERR_OK && (id > UINT32_MAX || *ret_entry == NULL))
        e = ERR_NOT_FOUND;
    return call_missing(c, e, "node");
}

enum err api_node_get(struct call *c)
{
    struct node_entry *entry = NULL;
    enum err e = find_node(c, &entry);

    return e == ERR_OK ? call_out(c, 200, node_json(entry)) : e;
}

static enum err read_node(struct call *c, struct node_record *r)
{
    int64_t zone = r->zone.v;
    int64_t volume = r->volume_mdb;
    int64_t emergency = r->emergency_volume_mdb;
    int64_t delay = r->delay_us;
    const struct body_field fields[] = {
        {.name = "volume_mdb", .kind = BODY_NUMBER, .to = &volume, .min = -60000},
        {.name = "muted", .kind = BODY_BOOL, .to = &r->muted},
        {.name = "name", .to = r->name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "zone", .kind = BODY_NUMBER, .to = &zone, .min = 1, .max = UINT32_MAX},
        {.name = "emergency_volume_mdb", .kind = BODY_NUMBER, .to = &emergency, .min = -60000},
        {.name = "delay_us", .kind = BODY_NUMBER, .to = &delay, .max = 1000000},
    };
    enum err e = body_read(c->body, fields, 6, &c->detail);

    if (e == ERR_OK && !call_may(c, ROLE_TECHNICIAN | ROLE_ADMIN) &&
        (body_has(c->body, "name") || body_has(c->body, "zone") ||
         body_has(c->body, "emergency_volume_mdb") || body_has(c->body, "delay_us")))
        e = err_set(&c->detail, ERR_AUTH,
                    "An operator sets volume_mdb and muted only; ask a technician for the rest.");
    r->zone.v = (uint32_t)zone;
    r->volume_mdb = (int32_t)volume;
    r->emergency_volume_mdb = (int32_t)emergency;
    r->delay_us = (uint32_t)delay;
    return e;
}

enum err api_node_change(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_entry *entry = NULL;
    struct node_record record;
    bool is_moved;
    enum err e = find_node(c, &entry);

    if (e != ERR_OK)
        return e;
    record = entry->record;
    e = read_node(c, &record);
    is_moved = record.zone.v != entry->record.zone.v;
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_node_update(ports->db, &record, &record.settings_revision, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "node.change", json_incref(c->body), "node:%u", record.id.v);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    ports->node_changed(ports->ctx, record.id);
    if (is_moved)
        ports->schedule_changed(ports->ctx);
    entry = registry_find(ports->registry, record.id);
    return call_out(c, 200, node_json(entry));
}

enum err api_node_revoke(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_entry *entry = NULL;
    enum err e = find_node(c, &entry);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_node_revoke(ports->db, entry->record.id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "node.revoke", json_pack("{s:s}", "name", entry->record.name),
                         "node:%u", entry->record.id.v);
    e = call_end(c, e);
    if (e == ERR_OK)
        ports->node_revoked(ports->ctx, entry->record.id);
    return e;
}

static enum err fetch_joins(struct call *c, struct db_page *page, void *rows, size_t max,
                            size_t *ret_count)
{
    return store_join_list(c->api->ports.db, page, rows, max, ret_count);
}

static json_t *join_item(struct call *c, const void *row)
{
    const struct join_code *j = row;
    const char *state = j->withdrawn                 ? "withdrawn"
                        : j->used_us != 0            ? "used"
                        : j->expires_us <= c->now_us ? "expired"
                                                     : "open";

    return json_pack("{s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I}", "id", (json_int_t)j->id,
                     "state", state, "zone", (json_int_t)j->zone.v, "name", j->name, "created_by",
                     (json_int_t)j->created_by.v, "created_us", (json_int_t)j->created_us,
                     "expires_us", (json_int_t)j->expires_us, "used_us", (json_int_t)j->used_us,
                     "node", (json_int_t)j->node.v);
}

enum err api_join_list(struct call *c)
{
    return call_list(c, sizeof(struct join_code), fetch_joins, join_item);
}

enum err api_join_add(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct join_code join = {.created_by = c->user.id, .created_us = c->now_us};
    struct joincode code;
    char text[JOINCODE_TEXT_SIZE];
    uint8_t sha256[SHA256_BYTES];
    int64_t zone = 0;
    int64_t valid_s = JOIN_DEFAULT_S;
    uint64_t id = 0;
    const struct body_field fields[] = {
        {.name = "name", .to = join.name, .min = 1, .max = NAME_SIZE - 1, .required = true},
        {.name = "zone",
         .kind = BODY_NUMBER,
         .to = &zone,
         .min = 1,
         .max = UINT32_MAX,
         .required = true},
        {.name = "valid_s", .kind = BODY_NUMBER, .to = &valid_s, .min = 60, .max = JOIN_MAX_S},
    };
    enum err e = body_read(c->body, fields, 3, &c->detail);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    join.zone.v = (uint32_t)zone;
    join.expires_us = c->now_us + valid_s * USEC_PER_SEC;
    digest_random(code.secret, sizeof(code.secret));
    ports->ca_pin(ports->ctx, code.ca_pin);
    joincode_format(&code, text);
    digest_sha256(bytes_of(code.secret, sizeof(code.secret)), sha256);
    e = store_join_add(ports->db, &join, sha256, &id);
    if (e == ERR_NOT_FOUND)
        e = err_set(&c->detail, e, "There is no zone %lld; add it first.", (long long)zone);
    if (e == ERR_OK)
        e = call_journal(c, "join.add", json_incref(c->body), "join:%llu", (unsigned long long)id);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    return call_out(c, 201,
                    json_pack("{s:I, s:s, s:I}", "id", (json_int_t)id, "code", text, "expires_us",
                              (json_int_t)join.expires_us));
}

enum err api_join_withdraw(struct call *c)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_missing(c, store_join_withdraw(c->api->ports.db, id, &c->detail), "join code");
    if (e == ERR_OK)
        e = call_journal(c, "join.withdraw", NULL, "join:%llu", (unsigned long long)id);
    return call_end(c, e);
}
