/* store_join.h - keep join codes: single-use, expiring permissions to become a node.
 *
 * Only the SHA-256 of the secret half is kept. Thread: main. */
#ifndef LOA_STORE_JOIN_H
#define LOA_STORE_JOIN_H

#include "db.h"
#include "registry.h"

struct join_code {
    uint64_t id; /* for people: list and withdraw */
    struct zone_id zone;
    char name[NAME_SIZE]; /* of the node to come */
    struct user_id created_by;
    usec_t created_us;
    usec_t expires_us; /* valid before this instant */
    usec_t used_us; /* 0 not yet */
    struct node_id node; /* that it made; 0 none */
    bool withdrawn;
};

/* Add a code.
 *
 *   code           zone, name, created_by, created_us and expires_us are stored
 *   secret_sha256  of the secret half
 *
 * ERR_NOT_FOUND  no such zone or account; ERR_EXISTS  the same secret again */
MUST_USE enum err store_join_add(struct db *db, const struct join_code *code,
                                 const uint8_t secret_sha256[SHA256_BYTES], uint64_t *ret_id);

/* Redeem a code: mark it used and make its node, in one transaction. The node's certificate names its id,
 * so the caller begins a transaction, redeems, issues the certificate, calls store_node_set_cert(), and
 * commits: a failure anywhere leaves the code unused.
 *
 *   node      hardware and serial are taken from it; the rest from the code and defaults
 *   ret_node  the new record
 *
 * ERR_NOT_FOUND  wrong code; ERR_EXISTS  used already; ERR_STATE  expired or withdrawn
 * ERR_LIMIT      REGISTRY_NODES_MAX active nodes */
MUST_USE enum err store_join_redeem(struct db *db, const uint8_t secret_sha256[SHA256_BYTES],
                                    const struct node_record *node, usec_t now_us,
                                    struct node_record *ret_node);

/* Make an unused code worthless. ERR_NOT_FOUND; ERR_STATE  used or withdrawn already */
MUST_USE enum err store_join_withdraw(struct db *db, uint64_t id, struct err_detail *detail);

/* ERR_NOT_FOUND */
MUST_USE enum err store_join_get(struct db *db, uint64_t id, struct join_code *ret_code);

/* List in order of id, used and expired ones too (db_page). */
MUST_USE enum err store_join_list(struct db *db, struct db_page *page, struct join_code *rows,
                                  size_t rows_max, size_t *ret_count);

#endif
