/* zone.h - hamlets and other named sets of nodes; zones form a tree.
 *
 * Thread: main. */
#ifndef LOA_ZONE_H
#define LOA_ZONE_H

#include <stddef.h>

#include "err.h"
#include "language.h"
#include "station.h"
#include "units.h"

#define ZONE_CODE_SIZE 32
#define ZONE_DEPTH_MAX 8
#define ZONES_MAX 1024
#define ZONE_POLYGON_SIZE 16384 /* of its coordinates as JSON text, with NUL */
#define ZONE_RANK_MAX 9999

struct zone {
    struct zone_id id;
    struct zone_id parent; /* 0 at the top */
    char code[ZONE_CODE_SIZE]; /* local child code; hamlets have no national one */
    char name[NAME_SIZE];
    struct languages languages; /* it wants to hear; none: as the zone above it */
    uint32_t rank; /* place among its siblings, lower first; 0..ZONE_RANK_MAX */
};

/* Check one zone against all others: name, code unique, parent exists, no cycle, depth.
 *
 *   zones, count  all zones of the station; the one with the same id is the one being replaced
 *
 * ERR_FORMAT     code or name not allowed, or the zone would lie in itself
 * ERR_EXISTS     another zone has the code
 * ERR_NOT_FOUND  no such parent
 * ERR_LIMIT      more than ZONES_MAX, or deeper than ZONE_DEPTH_MAX; each with a sentence in detail */
MUST_USE enum err zone_check(const struct zone *z, const struct zone *zones, size_t count,
                             struct err_detail *detail);

/* The languages that a zone, or the nearest one above it, wants; of none: an empty list. */
const struct languages *zone_languages(const struct zone *zones, size_t count, struct zone_id id);

/* True when `inner` is `outer` or lies below it. */
bool zone_contains(const struct zone *zones, size_t count, struct zone_id outer,
                   struct zone_id inner);

#endif
