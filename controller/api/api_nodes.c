/* Nodes with what they are doing now, and the codes by which new ones join. */
#include <stdio.h>

#include "api_impl.h"
#include "api_site.h"
#include "body.h"
#include "digest.h"
#include "joincode.h"
#include "store_join.h"
#include "store_node.h"
#include "supervise.h"

#define JOIN_DEFAULT_S 86400
#define JOIN_MAX_S (30 * 86400)
#define JOINS_AT_ONCE_MAX 1000

json_t *api_faults_json(uint32_t faults)
{
    json_t *out = json_array();

    for (int kind = ALARM_NONE; kind < ALARM_KINDS; kind++) {
        if ((alarm_kind_fault((enum alarm_kind)kind) & faults) != 0)
            json_array_append_new(out, json_string(alarm_kind_name((enum alarm_kind)kind)));
    }
    return out;
}

static json_t *status_json(const struct node_live *live)
{
    const loa_Status *s = &live->status;
    json_t *out = json_pack(
        "{s:I, s:I, s:I, s:i, s:i, s:I, s:I, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, "
        "s:I, s:o}",
        "at_us", (json_int_t)live->status_us, "uptime_ms", (json_int_t)s->uptime_ms, "buffer_ms",
        (json_int_t)s->buffer_ms, "rms_mdb", s->rms_mdb, "peak_mdb", s->peak_mdb, "clock_offset_us",
        (json_int_t)s->clock_offset_us, "clock_uncertainty_us", (json_int_t)s->clock_uncertainty_us,
        "clock_skew_ppb", s->clock_skew_ppb, "card_skew_ppb", s->card_skew_ppb, "underruns",
        (json_int_t)s->underruns, "cache_bytes", (json_int_t)s->cache_bytes, "cached_count",
        (json_int_t)s->cached_count, "playing_broadcast", (json_int_t)s->playing_broadcast,
        "rss_kb", (json_int_t)s->rss_kb, "muted_locally", s->muted_locally, "orders_held",
        (json_int_t)s->orders_held, "disk_free_bytes", (json_int_t)s->disk_free_bytes,
        "memory_free_kb", (json_int_t)s->memory_free_kb, "faults", api_faults_json(s->faults));

    if (out != NULL && s->has_temperature)
        json_object_set_new(out, "temperature_mc", json_integer(s->temperature_mc));
    if (out != NULL && s->has_mains)
        json_object_set_new(out, "mains_ok", json_boolean(s->mains_ok));
    if (out != NULL && s->supply_mv > 0)
        json_object_set_new(out, "supply_mv", json_integer(s->supply_mv));
    return out;
}

static const char *test_state(const struct node_test *t)
{
    if (t->verdict > loa_Verdict_VERDICT_ACCEPTED)
        return "refused";
    switch (t->result.heard) {
    case loa_Heard_HEARD_YES:
        return "heard";
    case loa_Heard_HEARD_NO:
        return "not_heard";
    case loa_Heard_HEARD_NOT_MEASURED:
        return "not_measured";
    case loa_Heard_HEARD_BROKEN_OFF:
        return "broken_off";
    case loa_Heard_HEARD_NONE:
        break;
    }
    return "waiting";
}

static json_t *test_json(const struct node_test *t)
{
    if (t->order_id == 0)
        return json_null();
    return json_pack("{s:I, s:I, s:s, s:s, s:I, s:i}", "order", (json_int_t)t->order_id, "asked_us",
                     (json_int_t)t->asked_us, "state", test_state(t), "verdict",
                     broadcast_verdict_name(t->verdict), "tries", (json_int_t)t->result.tries,
                     "margin_mdb", t->result.margin_mdb);
}

static json_t *record_json(const struct node_entry *n)
{
    const struct node_record *r = &n->record;
    const struct node_live *l = &n->live;

    return json_pack(
        "{s:I, s:s, s:I, s:s, s:i, s:i, s:I, s:b, s:I, s:I, s:s, s:s, s:b, s:I, s:I, "
        "s:s, s:I, s:s, s:o, s:o}",
        "id", (json_int_t)r->id.v, "name", r->name, "zone", (json_int_t)r->zone.v, "state",
        r->state == NODE_STATE_REVOKED ? "revoked" : "active", "volume_mdb", r->volume_mdb,
        "emergency_volume_mdb", r->emergency_volume_mdb, "delay_us", (json_int_t)r->delay_us,
        "muted", r->muted, "settings_revision", (json_int_t)r->settings_revision, "enrolled_us",
        (json_int_t)r->enrolled_us, "hardware", r->hardware, "serial", r->serial, "online",
        l->conn != 0 && l->ready, "connected_us", (json_int_t)l->connected_us, "last_heard_us",
        (json_int_t)l->last_heard_us, "firmware", l->firmware, "restarts", (json_int_t)l->restarts,
        "restart_cause", l->restart_cause, "status",
        l->status_us != 0 ? status_json(l) : json_null(), "test", test_json(&l->test));
}

static json_t *node_json(struct call *c, const struct node_entry *n)
{
    json_t *out = record_json(n);

    if (out != NULL && api_site_json(c, n->record.id, out) == ERR_OK)
        return out;
    json_decref(out);
    return NULL;
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

    return node_json(c, *entry);
}

enum err api_node_list(struct call *c)
{
    return call_list(c, sizeof(struct node_entry *), fetch_nodes, node_item);
}

enum err api_node_find(struct call *c, struct node_entry **ret_entry)
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
    enum err e = api_node_find(c, &entry);

    if (e != ERR_OK)
        return e;
    /* What it does now changes all the time and is nobody's edit. */
    call_header(c, "etag:", "\"%u\"", entry->record.settings_revision);
    return call_out(c, 200, node_json(c, entry));
}

static enum err read_node(struct call *c, struct node_record *r, struct site *site)
{
    int64_t zone = r->zone.v;
    int64_t volume = r->volume_mdb;
    int64_t emergency = r->emergency_volume_mdb;
    int64_t delay = r->delay_us;
    int64_t lat_udeg = 0, lon_udeg = 0;
    const struct body_field fields[] = {
        {.name = "volume_mdb", .kind = BODY_NUMBER, .to = &volume, .min = -60000},
        {.name = "muted", .kind = BODY_BOOL, .to = &r->muted},
        {.name = "name", .to = r->name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "zone", .kind = BODY_NUMBER, .to = &zone, .min = 1, .max = UINT32_MAX},
        {.name = "emergency_volume_mdb", .kind = BODY_NUMBER, .to = &emergency, .min = -60000},
        {.name = "delay_us", .kind = BODY_NUMBER, .to = &delay, .max = 1000000},
        {.name = "lat_udeg",
         .kind = BODY_NUMBER,
         .to = &lat_udeg,
         .min = -90000000,
         .max = 90000000},
        {.name = "lon_udeg",
         .kind = BODY_NUMBER,
         .to = &lon_udeg,
         .min = -180000000,
         .max = 180000000},
        {.name = "sim_number", .to = site->sim_number, .max = SITE_SIM_SIZE - 1},
        {.name = "sim_due", .to = site->sim_due, .max = SITE_DATE_SIZE - 1},
    };
    enum err e = body_read(c->body, fields, sizeof(fields) / sizeof(fields[0]), &c->detail);

    if (e == ERR_OK && !call_may(c, ROLE_TECHNICIAN | ROLE_ADMIN) &&
        (body_has(c->body, "name") || body_has(c->body, "zone") ||
         body_has(c->body, "emergency_volume_mdb") || body_has(c->body, "delay_us") ||
         api_site_is_sent(c)))
        e = err_set(&c->detail, ERR_AUTH,
                    "An operator sets volume_mdb and muted only; ask a technician for the rest.");
    r->zone.v = (uint32_t)zone;
    r->volume_mdb = (int32_t)volume;
    r->emergency_volume_mdb = (int32_t)emergency;
    r->delay_us = (uint32_t)delay;
    return e == ERR_OK ? api_site_check(c, site, lat_udeg, lon_udeg) : e;
}

enum err api_node_change(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_entry *entry = NULL;
    struct node_record record;
    struct site site;
    bool is_moved;
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = store_site_get(ports->db, entry->record.id, &site);
    if (e != ERR_OK)
        return e;
    record = entry->record;
    e = read_node(c, &record, &site);
    is_moved = record.zone.v != entry->record.zone.v;
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_node_update(ports->db, &record, &record.settings_revision, &c->detail);
    if (e == ERR_OK && api_site_is_sent(c))
        e = store_site_put(ports->db, &site);
    if (e == ERR_OK)
        e = call_journal(c, "node.change", json_incref(c->body), "node:%u", record.id.v);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    ports->node_changed(ports->ctx, record.id);
    if (api_site_is_sent(c))
        ports->site_changed(ports->ctx);
    if (is_moved)
        ports->schedule_changed(ports->ctx);
    entry = registry_find(ports->registry, record.id);
    return call_out(c, 200, node_json(c, entry));
}

enum err api_node_revoke(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_entry *entry = NULL;
    enum err e = api_node_find(c, &entry);

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

/* The node refuses as well; here a person learns why, and what to do. */
static enum err may_test(struct call *c, const struct node_entry *n)
{
    if (n->record.muted)
        return err_set(&c->detail, ERR_STATE, "%s is muted; unmute it before the test",
                       n->record.name);
    if (!n->live.ready)
        return err_set(&c->detail, ERR_STATE, "%s is not connected; test it when its link is back",
                       n->record.name);
    if (n->live.status.muted_locally)
        return err_set(&c->detail, ERR_STATE,
                       "%s is muted by the switch on its cabinet; turn it off before the test",
                       n->record.name);
    return ERR_OK;
}

enum err api_node_test(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_entry *entry = NULL;
    uint64_t order = 0;
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = may_test(c, entry);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_end(c, call_journal(c, "node.test", NULL, "node:%u", entry->record.id.v));
    if (e != ERR_OK)
        return e;
    e = ports->node_test(ports->ctx, entry->record.id, &order);
    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_STATE, "The link to %s has just been lost; try again later",
                       entry->record.name);
    if (e != ERR_OK)
        return e;
    return call_out(c, 202, json_pack("{s:I}", "order", (json_int_t)order));
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

    return json_pack("{s:I, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "id", (json_int_t)j->id,
                     "state", state, "zone", (json_int_t)j->zone.v, "name", j->name, "created_by",
                     (json_int_t)j->created_by.v, "created_us", (json_int_t)j->created_us,
                     "expires_us", (json_int_t)j->expires_us, "used_us", (json_int_t)j->used_us,
                     "node", (json_int_t)j->node.v, "replaces", (json_int_t)j->replaces.v);
}

enum err api_join_list(struct call *c)
{
    return call_list(c, sizeof(struct join_code), fetch_joins, join_item);
}

/* One more code in the open transaction, appended to `codes`. */
static enum err add_join(struct call *c, const struct join_code *join, json_t *codes)
{
    const struct api_ports *ports = &c->api->ports;
    struct joincode code;
    char text[JOINCODE_TEXT_SIZE];
    uint8_t sha256[SHA256_BYTES];
    uint64_t id = 0;
    enum err e;

    digest_random(code.secret, sizeof(code.secret));
    ports->ca_pin(ports->ctx, code.ca_pin);
    joincode_format(&code, text);
    digest_sha256(bytes_of(code.secret, sizeof(code.secret)), sha256);
    e = store_join_add(ports->db, join, sha256, &id);
    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, e, "There is no zone %u; add it first.", join->zone.v);
    if (e == ERR_OK)
        e = call_journal(c, "join.add",
                         json_pack("{s:s, s:I, s:I}", "name", join->name, "zone",
                                   (json_int_t)join->zone.v, "replaces",
                                   (json_int_t)join->replaces.v),
                         "join:%llu", (unsigned long long)id);
    if (e == ERR_OK)
        json_array_append_new(codes, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)id, "name",
                                               join->name, "code", text));
    return e;
}

/* A code for a new node, or for a new board of one that exists: then name and zone are that node's. */
static enum err check_join(struct call *c, int64_t node, struct join_code *join, char *name,
                           int64_t *zone, int64_t count)
{
    const struct node_entry *entry;

    if (node == 0 && (!body_has(c->body, "name") || !body_has(c->body, "zone")))
        return err_set(&c->detail, ERR_FORMAT,
                       "Name the place and its zone, or the node whose board is replaced.");
    if (node == 0)
        return ERR_OK;
    if (body_has(c->body, "name") || body_has(c->body, "zone") || count != 1)
        return err_set(&c->detail, ERR_FORMAT,
                       "A code for a new board of a node takes no name, zone or count.");
    entry = registry_find(c->api->ports.registry, (struct node_id){(uint32_t)node});
    if (entry == NULL)
        return err_set(&c->detail, ERR_NOT_FOUND, "There is no such node; list them.");
    if (entry->record.state != NODE_STATE_ACTIVE)
        return err_set(&c->detail, ERR_STATE,
                       "This node was revoked for ever; enrol the board as a new node.");
    join->replaces = entry->record.id;
    *zone = entry->record.zone.v;
    snprintf(name, NAME_SIZE, "%s", entry->record.name);
    return ERR_OK;
}

enum err api_join_add(struct call *c)
{
    struct join_code join = {.created_by = c->user.id, .created_us = c->now_us};
    char name[NAME_SIZE] = "";
    int64_t zone = 0;
    int64_t count = 1;
    int64_t node = 0;
    int64_t valid_s = JOIN_DEFAULT_S;
    json_t *codes;
    const struct body_field fields[] = {
        {.name = "name", .to = name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "zone", .kind = BODY_NUMBER, .to = &zone, .min = 1, .max = UINT32_MAX},
        {.name = "node", .kind = BODY_NUMBER, .to = &node, .min = 1, .max = UINT32_MAX},
        {.name = "valid_s", .kind = BODY_NUMBER, .to = &valid_s, .min = 60, .max = JOIN_MAX_S},
        {.name = "count", .kind = BODY_NUMBER, .to = &count, .min = 1, .max = JOINS_AT_ONCE_MAX},
    };
    enum err e = body_read(c->body, fields, 5, &c->detail);

    if (e == ERR_OK)
        e = check_join(c, node, &join, name, &zone, count);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    join.zone.v = (uint32_t)zone;
    join.expires_us = c->now_us + valid_s * USEC_PER_SEC;
    codes = json_array();
    for (int64_t i = 1; i <= count && e == ERR_OK; i++) {
        if (count == 1)
            snprintf(join.name, sizeof(join.name), "%s", name);
        else if (snprintf(join.name, sizeof(join.name), "%s %lld", name, (long long)i) >= NAME_SIZE)
            e = err_set(&c->detail, ERR_LIMIT, "The name is too long to be numbered; shorten it.");
        if (e == ERR_OK)
            e = add_join(c, &join, codes);
    }
    e = call_end(c, e);
    if (e != ERR_OK) {
        json_decref(codes);
        return e;
    }
    return call_out(c, 201,
                    json_pack("{s:O, s:O, s:I, s:o}", "id",
                              json_object_get(json_array_get(codes, 0), "id"), "code",
                              json_object_get(json_array_get(codes, 0), "code"), "expires_us",
                              (json_int_t)join.expires_us, "codes", codes));
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
