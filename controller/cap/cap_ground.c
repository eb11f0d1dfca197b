#include "cap_ground.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool is_placed(const struct cap_place *place)
{
    return place->position_count > 0 || (place->outline != NULL && place->outline[0] != '\0');
}

static struct cap_zone *find(struct cap_policy *p, const char *code)
{
    for (size_t i = 0; i < p->zone_count; i++) {
        if (strcmp(p->zones[i].code, code) == 0)
            return &p->zones[i];
    }
    return NULL;
}

/* GeoJSON names the longitude first. */
static enum err read_ring(const json_t *ring, struct cap_zone *zone)
{
    size_t count = json_array_size(ring);
    struct cap_point *points;

    if (count < 4)
        return ERR_FORMAT;
    points = malloc((count + 3) * sizeof(*points)); /* room for what cap_ring_make() adds */
    if (points == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get(ring, i);

        points[i] = (struct cap_point){.lat = json_number_value(json_array_get(pair, 1)),
                                       .lon = json_number_value(json_array_get(pair, 0))};
    }
    cap_ring_make(&zone->boundary, points, count);
    return ERR_OK;
}

static enum err fill(struct cap_zone *zone, const struct cap_place *place)
{
    json_t *rings;
    enum err e;

    if (zone->position_count == 0) {
        memcpy(zone->positions, place->positions, sizeof(zone->positions));
        zone->position_count = place->position_count;
    }
    if (zone->boundary.count > 0 || place->outline == NULL || place->outline[0] == '\0')
        return ERR_OK;
    rings = json_loads(place->outline, 0, NULL);
    e = read_ring(json_array_get(rings, 0), zone);
    json_decref(rings);
    return e;
}

enum err cap_ground_lay(const struct cap_policy *policy, const struct cap_place *places,
                        size_t count, struct cap_policy **ret_policy)
{
    struct cap_policy *p = malloc(sizeof(*p));
    bool is_drawn = false;
    enum err e = ERR_OK;

    if (p == NULL)
        return ERR_NOMEM;
    *p = *policy;
    p->zones = calloc(policy->zone_count + count, sizeof(*p->zones));
    if (p->zones == NULL) {
        free(p);
        return ERR_NOMEM;
    }
    memcpy(p->zones, policy->zones, policy->zone_count * sizeof(*p->zones));
    for (size_t i = 0; i < p->zone_count; i++) {
        if (p->zones[i].boundary.count > 0)
            p->zones[i].boundary.points = p->zones[i].boundary_points;
    }
    for (size_t i = 0; i < count; i++)
        is_drawn = is_drawn || is_placed(&places[i]);
    for (size_t i = 0; e == ERR_OK && is_drawn && i < count; i++) {
        struct cap_zone *zone = find(p, places[i].code);

        if (zone == NULL && (is_placed(&places[i]) || policy->zone_count == 1)) {
            if (p->zone_count == CAP_ZONES_MAX) {
                e = ERR_LIMIT;
                break;
            }
            zone = &p->zones[p->zone_count++];
            memcpy(zone->code, places[i].code, sizeof(zone->code));
        }
        if (zone != NULL)
            e = fill(zone, &places[i]);
    }
    if (e != ERR_OK) {
        cap_ground_free(p);
        return e;
    }
    *ret_policy = p;
    return ERR_OK;
}

void cap_ground_free(struct cap_policy *policy)
{
    if (policy == NULL)
        return;
    for (size_t i = 0; i < policy->zone_count; i++) {
        if (policy->zones[i].boundary.points != policy->zones[i].boundary_points)
            free(policy->zones[i].boundary.points);
    }
    free(policy->zones);
    free(policy);
}
