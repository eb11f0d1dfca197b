#include "capground.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "store_site.h"
#include "store_zone.h"

#define NODES_AT_ONCE 256
#define UDEG 1e6

struct map {
    struct zone zones[ZONES_MAX]; /* in order of id */
    struct cap_place places[ZONES_MAX]; /* of the same */
    bool is_above[ZONES_MAX]; /* holds other zones */
    size_t nodes[ZONES_MAX]; /* directly in it */
    char *outlines[ZONES_MAX];
    size_t count;
};

/* ZONES_MAX: there is none. */
static size_t find(const struct map *m, struct zone_id id)
{
    size_t low = 0, high = m->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (m->zones[middle].id.v < id.v)
            low = middle + 1;
        else
            high = middle;
    }
    return low < m->count && m->zones[low].id.v == id.v ? low : ZONES_MAX;
}

static void add_node(struct map *m, const struct store_site_place *node)
{
    size_t at = find(m, node->zone);
    struct cap_place *place;

    if (at == ZONES_MAX)
        return;
    m->nodes[at]++;
    place = &m->places[at];
    if (node->has_position && place->position_count < CAP_PLACES_MAX)
        place->positions[place->position_count++] =
            (struct cap_point){.lat = node->lat_udeg / UDEG, .lon = node->lon_udeg / UDEG};
}

static enum err add_nodes(struct db *db, struct map *m)
{
    struct store_site_place rows[NODES_AT_ONCE];
    struct db_page page = {0};
    size_t count = 0;
    enum err e;

    do {
        e = store_site_places(db, &page, rows, NODES_AT_ONCE, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            add_node(m, &rows[i]);
    } while (e == ERR_OK && count == NODES_AT_ONCE);
    return e;
}

static enum err add_outline(struct db *db, struct map *m, size_t at)
{
    static char text[ZONE_POLYGON_SIZE];
    enum err e = store_zone_polygon(db, m->zones[at].id, text);

    if (e != ERR_OK || text[0] == '\0')
        return e;
    m->outlines[at] = strdup(text);
    m->places[at].outline = m->outlines[at];
    return m->outlines[at] != NULL ? ERR_OK : ERR_NOMEM;
}

static enum err load(struct db *db, struct map *m)
{
    struct db_page page = {0};
    enum err e = store_zone_list(db, &page, m->zones, ZONES_MAX, &m->count);

    for (size_t i = 0; e == ERR_OK && i < m->count; i++) {
        size_t above = find(m, m->zones[i].parent);

        memcpy(m->places[i].code, m->zones[i].code, sizeof(m->places[i].code));
        if (above != ZONES_MAX)
            m->is_above[above] = true;
    }
    if (e == ERR_OK)
        e = add_nodes(db, m);
    for (size_t i = 0; e == ERR_OK && i < m->count; i++) {
        if (!m->is_above[i])
            e = add_outline(db, m, i);
        else if (m->places[i].position_count < m->nodes[i])
            m->places[i].position_count = 0; /* it is not known where all of it is */
    }
    return e;
}

/* Leave out what is no place of its own. Returns how many are left. */
static size_t pick(struct map *m)
{
    size_t left = 0;

    for (size_t i = 0; i < m->count; i++) {
        if (!m->is_above[i] || m->nodes[i] > 0)
            m->places[left++] = m->places[i];
    }
    return left;
}

enum err capground_make(struct db *db, const struct cap_policy *policy,
                        struct cap_policy **ret_policy)
{
    struct map *m = calloc(1, sizeof(*m));
    enum err e = m != NULL ? load(db, m) : ERR_NOMEM;

    if (e == ERR_OK)
        e = cap_ground_lay(policy, m->places, pick(m), ret_policy);
    if (e == ERR_LIMIT || e == ERR_FORMAT) {
        log_event(LOG_WARN, "cap.map_left_out", "error=%s", err_name(e));
        e = cap_ground_lay(policy, NULL, 0, ret_policy);
    }
    for (size_t i = 0; m != NULL && i < m->count; i++)
        free(m->outlines[i]);
    free(m);
    return e;
}
