/* store_site.h - keep where nodes stand and how they were commissioned.
 *
 * Thread: main. */
#ifndef LOA_STORE_SITE_H
#define LOA_STORE_SITE_H

#include "db.h"
#include "site.h"

/* The site of a node; one that nobody has described is all empty. */
MUST_USE enum err store_site_get(struct db *db, struct node_id node, struct site *ret_site);

/* ERR_NOT_FOUND  no such node */
MUST_USE enum err store_site_put(struct db *db, const struct site *site);

/* Where an active node stands. */
struct store_site_place {
    struct node_id node;
    struct zone_id zone; /* 0 none */
    bool has_position;
    int32_t lat_udeg;
    int32_t lon_udeg;
};

/* List them in order of node (db_page). */
MUST_USE enum err store_site_places(struct db *db, struct db_page *page,
                                    struct store_site_place *rows, size_t rows_max,
                                    size_t *ret_count);

/* The ticks of a node.
 *
 *   ret_checks  SITE_ITEMS places, by item */
MUST_USE enum err store_site_checks(struct db *db, struct node_id node,
                                    struct site_check *ret_checks);

/* Tick an item, or take the tick back (done_us 0).
 *
 * ERR_NOT_FOUND  no such node */
MUST_USE enum err store_site_check(struct db *db, struct node_id node, enum site_item item,
                                   const struct site_check *check);

/* Active nodes whose SIM card is due on this local date or was before, in order of id (db_page).
 *
 *   today  "2026-11-30" */
MUST_USE enum err store_site_due(struct db *db, const char *today, struct db_page *page,
                                 struct node_id *rows, size_t rows_max, size_t *ret_count);

#endif
