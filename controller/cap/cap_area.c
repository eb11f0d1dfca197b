#include "cap_area.h"

#include <stdio.h>
#include <string.h>

#include "cap_geo.h"

#define CLOSED_MIN 4 /* points of the smallest polygon: a triangle and its first again */

struct matching {
    const struct cap_policy *policy;
    struct cap_arena *arena;
    struct cap_findings *findings;
    struct cap_zones zones;
    bool given;
};

/* What an area's shape is compared with: a zone's nodes, else the station's; and the zone's boundary. */
static bool zone_meets(const struct cap_policy *p, const struct cap_zone *zone,
                       const struct cap_ring *ring, const struct cap_circle *circle)
{
    const struct cap_zone *place = zone;

    if (zone->position_count == 0 && zone->boundary.count == 0)
        place = p->zones;
    for (size_t i = 0; i < place->position_count; i++) {
        if (ring != NULL ? cap_ring_covers(ring, place->positions[i])
                         : cap_circle_covers(circle, place->positions[i]))
            return true;
    }
    if (place->boundary.count == 0)
        return false;
    return ring != NULL ? cap_ring_meets(ring, &place->boundary)
                        : cap_circle_meets(circle, &place->boundary);
}

static void match_shape(struct matching *m, const struct cap_ring *ring,
                        const struct cap_circle *circle)
{
    m->given = true;
    for (size_t i = 0; i < m->policy->zone_count; i++) {
        if (!cap_zones_has(&m->zones, i) &&
            zone_meets(m->policy, &m->policy->zones[i], ring, circle))
            cap_zones_add(&m->zones, i);
    }
}

static void match_polygon(struct matching *m, const char *text, const char *where)
{
    size_t room = cap_points_bound(text);
    struct cap_point *points;
    struct cap_ring ring;
    size_t count = 0;

    m->given = true;
    points = room <= CAP_POINTS_MAX ? cap_arena_take(m->arena, (room + 3) * sizeof(*points)) : NULL;
    if (points == NULL && !m->arena->failed) {
        cap_findings_add(m->findings, CAP_ELEMENT_LIMIT, where, "more than %d points",
                         CAP_POINTS_MAX);
        return;
    }
    if (points == NULL)
        return;
    if (cap_points_read(text, points, room, &count) != ERR_OK) {
        cap_findings_add(m->findings, CAP_AREA_COORDINATES, where,
                         "is not lat,lon pairs in degrees parted by spaces");
    } else if (count < CLOSED_MIN) {
        cap_findings_add(m->findings, CAP_AREA_POINTS, where, "has fewer than four points");
    } else if (points[0].lat != points[count - 1].lat || points[0].lon != points[count - 1].lon) {
        cap_findings_add(m->findings, CAP_AREA_OPEN, where,
                         "does not end where it began; repeat the first point");
    } else {
        cap_ring_make(&ring, points, count);
        match_shape(m, &ring, NULL);
    }
}

static void match_circle(struct matching *m, const char *text, const char *where)
{
    struct cap_circle circle;

    m->given = true;
    if (cap_circle_read(text, &circle) != ERR_OK)
        cap_findings_add(m->findings, CAP_AREA_CIRCLE, where,
                         "is not lat,lon and a radius in kilometres");
    else
        match_shape(m, NULL, &circle);
}

/* By name and value; a code of the station itself means all of it. */
static void match_geocode(struct matching *m, const struct cap_pair *code)
{
    if (code->name == NULL || code->value == NULL)
        return;
    m->given = true;
    for (size_t i = 0; i < m->policy->zone_count; i++) {
        const struct cap_zone *zone = &m->policy->zones[i];

        for (size_t k = 0; k < zone->code_count; k++) {
            if (strcmp(zone->codes[k].name, code->name) == 0 &&
                strcmp(zone->codes[k].value, code->value) == 0) {
                cap_zones_add(&m->zones, i);
                if (i == 0)
                    m->zones = cap_area_everywhere(m->policy);
            }
        }
    }
}

struct cap_zones cap_area_everywhere(const struct cap_policy *policy)
{
    struct cap_zones all = {{0}};

    for (size_t i = policy->zone_count > 1; i < policy->zone_count; i++)
        cap_zones_add(&all, i);
    return all;
}

enum err cap_area_match(const struct cap_info *info, size_t number, const struct cap_policy *policy,
                        struct cap_arena *arena, struct cap_findings *findings,
                        struct cap_zones *ret_zones, bool *ret_given)
{
    struct matching m = {.policy = policy, .arena = arena, .findings = findings};
    const struct cap_area *areas = info->areas.items;
    char where[CAP_WHERE_SIZE];

    for (size_t i = 0; i < info->areas.count; i++) {
        const char **polygons = areas[i].polygons.items;
        const char **circles = areas[i].circles.items;
        const struct cap_pair *codes = areas[i].geocodes.items;

        for (size_t k = 0; k < areas[i].polygons.count; k++) {
            snprintf(where, sizeof(where), "info[%zu]/area[%zu]/polygon[%zu]", number, i + 1,
                     k + 1);
            match_polygon(&m, polygons[k], where);
        }
        for (size_t k = 0; k < areas[i].circles.count; k++) {
            snprintf(where, sizeof(where), "info[%zu]/area[%zu]/circle[%zu]", number, i + 1, k + 1);
            match_circle(&m, circles[k], where);
        }
        for (size_t k = 0; k < areas[i].geocodes.count; k++)
            match_geocode(&m, &codes[k]);
    }
    if (arena->failed)
        return ERR_NOMEM;
    if (policy->zone_count > 1)
        m.zones.bits[0] &= ~UINT64_C(1); /* the station is where its zones are */
    *ret_zones = m.zones;
    *ret_given = m.given;
    return ERR_OK;
}
