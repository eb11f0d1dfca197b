/* store_once.h - keep which requests were carried out, so that one that is sent again changes nothing twice.
 *
 * Thread: main. */
#ifndef LOA_STORE_ONCE_H
#define LOA_STORE_ONCE_H

#include "db.h"
#include "station.h"

/* Note it in the transaction of its change.
 *
 *   key      SHA-256 of what the client named it
 *   request  SHA-256 of what it asks for
 *
 * ERR_EXISTS  this account used the key before */
MUST_USE enum err store_once_add(struct db *db, struct user_id user,
                                 const uint8_t key[SHA256_BYTES],
                                 const uint8_t request[SHA256_BYTES], usec_t now_us);

/* ERR_NOT_FOUND  it was not carried out, or is forgotten */
MUST_USE enum err store_once_find(struct db *db, struct user_id user,
                                  const uint8_t key[SHA256_BYTES],
                                  uint8_t ret_request[SHA256_BYTES]);

/* Forget what was done before an instant, within the room (db.h). */
MUST_USE enum err store_once_prune(struct db *db, usec_t before_us, size_t *room);

#endif
