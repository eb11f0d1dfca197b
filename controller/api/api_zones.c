/* Zones, and the nodes that a choice of zones means. */
#include <stdlib.h>

#include "api_impl.h"
#include "body.h"
#include "store_zone.h"

static json_t *zone_json(const struct zone *z)
{
    return json_pack("{s:I, s:I, s:s, s:s}", "id", (json_int_t)z->id.v, "parent",
                     (json_int_t)z->parent.v, "code", z->code, "name", z->name);
}

static enum err fetch_zones(struct call *c, struct db_page *page, void *rows, size_t max,
                            size_t *ret_count)
{
    return store_zone_list(c->api->ports.db, page, rows, max, ret_count);
}

static json_t *zone_item(struct call *c, const void *row)
{
    (void)c;
    return zone_json(row);
}

enum err api_zone_list(struct call *c)
{
    return call_list(c, sizeof(struct zone), fetch_zones, zone_item);
}

static enum err all_zones(struct call *c, struct zone **ret_zones, size_t *ret_count)
{
    struct db_page page = {0};
    struct zone *zones = calloc(ZONES_MAX, sizeof(*zones));
    enum err e;

    if (zones == NULL)
        return ERR_NOMEM;
    e = store_zone_list(c->api->ports.db, &page, zones, ZONES_MAX, ret_count);
    if (e != ERR_OK) {
        free(zones);
        return e;
    }
    *ret_zones = zones;
    return ERR_OK;
}

static enum err find_zone(struct call *c, struct zone *ret_zone)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = id <= UINT32_MAX
                ? store_zone_get(c->api->ports.db, (struct zone_id){(uint32_t)id}, ret_zone)
                : ERR_NOT_FOUND;
    return call_missing(c, e, "zone");
}

enum err api_zone_get(struct call *c)
{
    struct zone zone;
    enum err e = find_zone(c, &zone);

    return e == ERR_OK ? call_out(c, 200, zone_json(&zone)) : e;
}

/* Read the body over `zone` and check it against the others. */
static enum err read_zone(struct call *c, struct zone *zone, bool is_new)
{
    int64_t parent = zone->parent.v;
    struct zone *zones = NULL;
    size_t count = 0;
    const struct body_field fields[] = {
        {.name = "code", .to = zone->code, .max = ZONE_CODE_SIZE - 1, .required = is_new},
        {.name = "name", .to = zone->name, .max = NAME_SIZE - 1, .required = is_new},
        {.name = "parent", .kind = BODY_NUMBER, .to = &parent, .max = UINT32_MAX},
    };
    enum err e = body_read(c->body, fields, 3, &c->detail);

    if (e == ERR_OK)
        e = all_zones(c, &zones, &count);
    if (e != ERR_OK)
        return e;
    zone->parent.v = (uint32_t)parent;
    e = zone_check(zone, zones, count, &c->detail);
    free(zones);
    return e;
}

enum err api_zone_add(struct call *c)
{
    struct zone zone = {0};
    struct zone_id id;
    enum err e = read_zone(c, &zone, true);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_zone_add(c->api->ports.db, &zone, &id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "zone.add", json_incref(c->body), "zone:%u", id.v);
    e = call_end(c, e);
    return e == ERR_OK ? call_created(c, id.v) : e;
}

enum err api_zone_change(struct call *c)
{
    struct zone zone;
    enum err e = find_zone(c, &zone);

    if (e == ERR_OK)
        e = read_zone(c, &zone, false);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_zone_update(c->api->ports.db, &zone, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "zone.change", json_incref(c->body), "zone:%u", zone.id.v);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    c->api->ports.schedule_changed(c->api->ports.ctx);
    return call_out(c, 200, zone_json(&zone));
}

enum err api_zone_delete(struct call *c)
{
    struct zone zone;
    enum err e = find_zone(c, &zone);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_zone_delete(c->api->ports.db, zone.id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "zone.delete", json_pack("{s:s}", "name", zone.name), "zone:%u",
                         zone.id.v);
    return call_end(c, e);
}

enum err api_where_read(struct call *c, bool everyone, json_t *zones, struct where *ret_where)
{
    struct where where = {.everyone = everyone};
    struct zone zone;
    size_t i;
    json_t *item;

    if (everyone == (json_array_size(zones) > 0))
        return err_set(&c->detail, ERR_FORMAT,
                       "Say where: either \"everyone\": true or \"zones\" with at least one id.");
    json_array_foreach(zones, i, item)
    {
        json_int_t id = json_integer_value(item);
        enum err e = ERR_NOT_FOUND;

        if (id > 0 && id <= UINT32_MAX)
            e = store_zone_get(c->api->ports.db, (struct zone_id){(uint32_t)id}, &zone);
        if (e == ERR_NOT_FOUND)
            return err_set(&c->detail, e, "\"zones\" names the zone %lld, which does not exist.",
                           (long long)id);
        if (e != ERR_OK)
            return e;
        where.zones[where.zone_count++] = zone.id;
    }
    *ret_where = where;
    return ERR_OK;
}

static bool is_meant(const struct where *where, const struct zone *zones, size_t count,
                     const struct node_record *node)
{
    if (node->state != NODE_STATE_ACTIVE)
        return false;
    for (size_t i = 0; i < where->zone_count; i++)
        if (zone_contains(zones, count, where->zones[i], node->zone))
            return true;
    return where->everyone;
}

enum err api_where_nodes(struct call *c, const struct where *where, struct node_id **ret_nodes,
                         size_t *ret_count)
{
    struct registry *registry = c->api->ports.registry;
    size_t total = registry_count(registry);
    struct node_id *nodes = calloc(total + 1, sizeof(*nodes));
    struct zone *zones = NULL;
    size_t zone_count = 0;
    size_t count = 0;
    enum err e = nodes != NULL ? all_zones(c, &zones, &zone_count) : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < total; i++) {
        const struct node_record *node = &registry_at(registry, i)->record;

        if (is_meant(where, zones, zone_count, node))
            nodes[count++] = node->id;
    }
    if (e == ERR_OK && count == 0)
        e = err_set(&c->detail, ERR_STATE,
                    "No active node is there; choose other zones or enrol a node first.");
    free(zones);
    if (e != ERR_OK) {
        free(nodes);
        return e;
    }
    *ret_nodes = nodes;
    *ret_count = count;
    return ERR_OK;
}
