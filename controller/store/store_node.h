/* store_node.h - keep the record of every node.
 *
 * Ids are never reused, records never deleted: a revoked node stays as history, and its certificate
 * refused. Thread: main. */
#ifndef LOA_STORE_NODE_H
#define LOA_STORE_NODE_H

#include "db.h"
#include "registry.h"

/* Add an active node.
 *
 *   node    id, state and settings_revision are ignored; an all-zero certificate hash admits nobody
 *   ret_id  the new id; settings_revision starts at 1
 *
 * ERR_NOT_FOUND  no such zone; ERR_LIMIT  REGISTRY_NODES_MAX active nodes */
MUST_USE enum err store_node_add(struct db *db, const struct node_record *node,
                                 struct node_id *ret_id);

/* Set the one certificate that is accepted from now on.
 *
 * ERR_NOT_FOUND  no such node; ERR_STATE  revoked; ERR_EXISTS  another node's certificate */
MUST_USE enum err store_node_set_cert(struct db *db, struct node_id id,
                                      const uint8_t cert_sha256[SHA256_BYTES]);

/* A new board takes the place of a node: hardware and serial are its, the certificate of the old one is
 * worthless from here on; the rest of the record stays.
 *
 * ERR_STATE  revoked, or no such node */
MUST_USE enum err store_node_set_board(struct db *db, const struct node_record *node);

/* Store what people set: zone, name, volumes, delay, muted. The revision grows by one.
 *
 *   ret_revision  the new settings_revision
 *
 * ERR_NOT_FOUND  no such node or zone; ERR_STATE  revoked */
MUST_USE enum err store_node_update(struct db *db, const struct node_record *node,
                                    uint32_t *ret_revision, struct err_detail *detail);

/* Let every active node learn its settings anew, because the station's changed (policy, time zone). */
MUST_USE enum err store_node_bump_all(struct db *db);

/* Refuse its certificate for ever. ERR_NOT_FOUND; ERR_STATE  revoked already */
MUST_USE enum err store_node_revoke(struct db *db, struct node_id id, struct err_detail *detail);

/* ERR_NOT_FOUND  no such node */
MUST_USE enum err store_node_get(struct db *db, struct node_id id, struct node_record *ret_node);

/* List in order of id, revoked ones too (db_page). */
MUST_USE enum err store_node_list(struct db *db, struct db_page *page, struct node_record *rows,
                                  size_t rows_max, size_t *ret_count);

#endif
