/* store_zone.h - keep hamlets and other named sets of nodes. Thread: main. */
#ifndef LOA_STORE_ZONE_H
#define LOA_STORE_ZONE_H

#include "db.h"
#include "zone.h"

/* Add a zone; the caller has run zone_check().
 *
 *   zone  id is ignored
 *
 * ERR_EXISTS     the code is taken; ERR_NOT_FOUND  no such parent
 * ERR_LIMIT      ZONES_MAX reached */
MUST_USE enum err store_zone_add(struct db *db, const struct zone *zone, struct zone_id *ret_id,
                                 struct err_detail *detail);

/* Replace everything but the id; the caller has run zone_check(). Errors as above, and ERR_NOT_FOUND for
 * the zone itself. */
MUST_USE enum err store_zone_update(struct db *db, const struct zone *zone,
                                    struct err_detail *detail);

/* Remove a zone that nothing refers to.
 *
 * ERR_NOT_FOUND  no such zone
 * ERR_STATE      zones, nodes, events or open join codes refer to it; detail says which */
MUST_USE enum err store_zone_delete(struct db *db, struct zone_id id, struct err_detail *detail);

/* ERR_NOT_FOUND  no such zone */
MUST_USE enum err store_zone_get(struct db *db, struct zone_id id, struct zone *ret_zone);

/* List in order of id; ZONES_MAX rows hold them all. */
MUST_USE enum err store_zone_list(struct db *db, struct db_page *page, struct zone *rows,
                                  size_t rows_max, size_t *ret_count);

/* The shape of a zone on the map: the coordinates of a GeoJSON Polygon as JSON text; "" none.
 *
 *   polygon  shorter than ZONE_POLYGON_SIZE
 *
 * ERR_NOT_FOUND  no such zone */
MUST_USE enum err store_zone_set_polygon(struct db *db, struct zone_id id, const char *polygon);

/*   ret_polygon  ZONE_POLYGON_SIZE bytes */
MUST_USE enum err store_zone_polygon(struct db *db, struct zone_id id, char *ret_polygon);

#endif
