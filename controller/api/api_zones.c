/* Zones, and the nodes that a choice of zones means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "store_zone.h"

#define POLYGON_RINGS_MAX 8
#define POLYGON_POINTS_MAX 500 /* of a ring */

static json_t *zone_json(struct call *c, const struct zone *z)
{
    static char polygon[ZONE_POLYGON_SIZE];
    json_t *languages = json_array();
    json_t *shape = NULL;

    for (size_t i = 0; i < z->languages.count; i++)
        json_array_append_new(languages, json_string(z->languages.at[i]));
    if (store_zone_polygon(c->api->ports.db, z->id, polygon) == ERR_OK && polygon[0] != '\0')
        shape =
            json_pack("{s:s, s:o}", "type", "Polygon", "coordinates", json_loads(polygon, 0, NULL));
    return json_pack("{s:I, s:I, s:s, s:s, s:i, s:o, s:o}", "id", (json_int_t)z->id.v, "parent",
                     (json_int_t)z->parent.v, "code", z->code, "name", z->name, "rank",
                     (int)z->rank, "languages", languages, "polygon",
                     shape != NULL ? shape : json_null());
}

static enum err fetch_zones(struct call *c, struct db_page *page, void *rows, size_t max,
                            size_t *ret_count)
{
    return store_zone_list(c->api->ports.db, page, rows, max, ret_count);
}

static json_t *zone_item(struct call *c, const void *row)
{
    return zone_json(c, row);
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

    return e == ERR_OK ? call_out(c, 200, zone_json(c, &zone)) : e;
}

static enum err read_languages(struct call *c, json_t *list, struct languages *l)
{
    size_t i;
    json_t *item;

    l->count = 0;
    json_array_foreach(list, i, item)
    {
        const char *tag = json_string_value(item);

        if (tag == NULL || !language_valid(tag))
            return err_set(&c->detail, ERR_FORMAT,
                           "\"languages\" takes BCP 47 tags such as vi, hmn or km.");
        snprintf(l->at[l->count++], LANGUAGE_SIZE, "%s", tag);
    }
    return ERR_OK;
}

static bool is_point(json_t *point)
{
    double lon = json_number_value(json_array_get(point, 0));
    double lat = json_number_value(json_array_get(point, 1));

    return json_array_size(point) == 2 && json_is_number(json_array_get(point, 0)) &&
           json_is_number(json_array_get(point, 1)) && lon >= -180 && lon <= 180 && lat >= -90 &&
           lat <= 90;
}

/* Closed, with at least three corners, as RFC 7946 3.1.6 wants it. */
static bool is_ring(json_t *ring)
{
    size_t count = json_array_size(ring);
    size_t i;
    json_t *point;

    json_array_foreach(ring, i, point)
    {
        if (!is_point(point))
            return false;
    }
    return count >= 4 && count <= POLYGON_POINTS_MAX &&
           json_equal(json_array_get(ring, 0), json_array_get(ring, count - 1));
}

/* A GeoJSON Polygon, or null for none; its coordinates are kept as text. */
static enum err read_polygon(struct call *c, char *ret_text)
{
    json_t *shape = json_object_get(c->body, "polygon");
    json_t *rings = json_object_get(shape, "coordinates");
    const char *type = json_string_value(json_object_get(shape, "type"));
    bool is_good = type != NULL && strcmp(type, "Polygon") == 0 && json_object_size(shape) == 2 &&
                   json_array_size(rings) >= 1 && json_array_size(rings) <= POLYGON_RINGS_MAX;
    size_t len, i;
    json_t *ring;

    ret_text[0] = '\0';
    if (json_is_null(shape))
        return ERR_OK;
    json_array_foreach(rings, i, ring) is_good = is_good && is_ring(ring);
    if (!is_good)
        return err_set(
            &c->detail, ERR_FORMAT,
            "\"polygon\" takes a GeoJSON Polygon of longitudes and latitudes whose rings "
            "are closed, or null.");
    len =
        json_dumpb(rings, ret_text, ZONE_POLYGON_SIZE - 1, JSON_COMPACT | JSON_REAL_PRECISION(10));
    if (len >= ZONE_POLYGON_SIZE)
        return err_set(&c->detail, ERR_LIMIT, "The shape has too many corners; draw it simpler.");
    ret_text[len] = '\0';
    return ERR_OK;
}

static enum err store_polygon(struct call *c, struct zone_id id)
{
    static char text[ZONE_POLYGON_SIZE];
    enum err e;

    if (!body_has(c->body, "polygon"))
        return ERR_OK;
    e = read_polygon(c, text);
    return e == ERR_OK ? store_zone_set_polygon(c->api->ports.db, id, text) : e;
}

/* Read the body over `zone` and check it against the others. */
static enum err read_zone(struct call *c, struct zone *zone, bool is_new)
{
    int64_t parent = zone->parent.v;
    int64_t rank = zone->rank;
    struct zone *zones = NULL;
    size_t count = 0;
    json_t *languages = NULL;
    json_t *polygon = NULL;
    const struct body_field fields[] = {
        {.name = "languages", .kind = BODY_LIST, .to = &languages, .max = LANGUAGES_MAX},
        {.name = "code", .to = zone->code, .max = ZONE_CODE_SIZE - 1, .required = is_new},
        {.name = "name", .to = zone->name, .max = NAME_SIZE - 1, .required = is_new},
        {.name = "parent", .kind = BODY_NUMBER, .to = &parent, .max = UINT32_MAX},
        {.name = "rank", .kind = BODY_NUMBER, .to = &rank, .max = ZONE_RANK_MAX},
        {.name = "polygon", .kind = BODY_NULLABLE, .to = &polygon},
    };
    enum err e = body_read(c->body, fields, 6, &c->detail);

    if (e == ERR_OK && languages != NULL)
        e = read_languages(c, languages, &zone->languages);
    if (e == ERR_OK)
        e = all_zones(c, &zones, &count);
    if (e != ERR_OK)
        return e;
    zone->parent.v = (uint32_t)parent;
    zone->rank = (uint32_t)rank;
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
        e = store_polygon(c, id);
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
        e = store_polygon(c, zone.id);
    if (e == ERR_OK)
        e = call_journal(c, "zone.change", json_incref(c->body), "zone:%u", zone.id.v);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    c->api->ports.schedule_changed(c->api->ports.ctx);
    return call_out(c, 200, zone_json(c, &zone));
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
