/* store_join.h - keep join codes: single-use, expiring permissions to become a node.
 *
 * Only the SHA-256 of the secret half is kept. Thread: main. */
#ifndef LOA_STORE_JOIN_H
#define LOA_STORE_JOIN_H

#include "bytes.h"
#include "db.h"
#include "registry.h"

#define STORE_JOIN_CERT_MAX 1024

struct join_code {
    uint64_t id; /* for people: list and withdraw */
    struct zone_id zone;
    char name[NAME_SIZE]; /* of the node to come */
    struct user_id created_by;
    usec_t created_us;
    usec_t expires_us; /* valid before this instant */
    usec_t used_us; /* 0 not yet */
    struct node_id node; /* that it made; 0 none */
    struct node_id replaces; /* it is for a new board of this node; 0 for a new node */
    bool withdrawn;
};

/* Add a code.
 *
 *   code           zone, name, created_by, created_us, expires_us and replaces are stored
 *   secret_sha256  of the secret half
 *
 * ERR_NOT_FOUND  no such zone, account or node; ERR_EXISTS  the same secret again */
MUST_USE enum err store_join_add(struct db *db, const struct join_code *code,
                                 const uint8_t secret_sha256[SHA256_BYTES], uint64_t *ret_id);

/* Redeem a code: mark it used and make its node, or give its node a new board, in one transaction. The node's certificate names its id,
 * so the caller begins a transaction, redeems, issues the certificate, calls store_node_set_cert() and
 * store_join_set_cert(), and commits: a failure anywhere leaves the code unused.
 *
 *   node      hardware and serial are taken from it; the rest from the code and defaults
 *   ret_node  the new record
 *
 * ERR_NOT_FOUND  wrong code; ERR_EXISTS  used already
 * ERR_STATE      expired, withdrawn, or for a node that was revoked
 * ERR_LIMIT      REGISTRY_NODES_MAX active nodes */
MUST_USE enum err store_join_redeem(struct db *db, const uint8_t secret_sha256[SHA256_BYTES],
                                    const struct node_record *node, usec_t now_us,
                                    struct node_record *ret_node);

/* Keep the certificate (DER) that a redeemed code gave. ERR_NOT_FOUND  no such code */
MUST_USE enum err store_join_set_cert(struct db *db, const uint8_t secret_sha256[SHA256_BYTES],
                                      struct bytes cert);

/* What a redeemed code gave, for who did not get the answer. The caller compares the key.
 *
 *   ret_cert  STORE_JOIN_CERT_MAX bytes; *ret_len is what was used
 *
 * ERR_NOT_FOUND  wrong code, or none that was redeemed; ERR_STATE  it has expired, or the node has been
 * revoked or has another certificate since */
MUST_USE enum err store_join_answer(struct db *db, const uint8_t secret_sha256[SHA256_BYTES],
                                    usec_t now_us, struct node_record *ret_node, uint8_t *ret_cert,
                                    size_t *ret_len);

/* The certificate (DER) that a node's last code gave. ERR_NOT_FOUND  none is known
 *
 *   ret_cert  STORE_JOIN_CERT_MAX bytes; *ret_len is what was used */
MUST_USE enum err store_join_cert(struct db *db, struct node_id node, uint8_t *ret_cert,
                                  size_t *ret_len);

/* Make an unused code worthless. ERR_NOT_FOUND; ERR_STATE  used or withdrawn already */
MUST_USE enum err store_join_withdraw(struct db *db, uint64_t id, struct err_detail *detail);

/* ERR_NOT_FOUND */
MUST_USE enum err store_join_get(struct db *db, uint64_t id, struct join_code *ret_code);

/* List in order of id, used and expired ones too (db_page). */
MUST_USE enum err store_join_list(struct db *db, struct db_page *page, struct join_code *rows,
                                  size_t rows_max, size_t *ret_count);

#endif
