/* store_credential.h - keep what proves who is asking: sessions, API tokens, the one-time setup code.
 *
 * Only the SHA-256 of a secret is kept; the secrets have at least 128 random bits, so no salt is needed.
 * Thread: main. */
#ifndef LOA_STORE_CREDENTIAL_H
#define LOA_STORE_CREDENTIAL_H

#include "db.h"
#include "station.h"

enum credential_kind {
    CREDENTIAL_NONE = 0,
    CREDENTIAL_SESSION, /* a signed-in browser */
    CREDENTIAL_TOKEN, /* a program */
    CREDENTIAL_SETUP, /* printed at first start; belongs to no account */
};

struct credential {
    uint64_t id; /* for people: list and revoke */
    enum credential_kind kind;
    bool browser; /* a session that is kept in a cookie, and good only there */
    struct user_id user; /* 0 only for CREDENTIAL_SETUP */
    char label[NAME_SIZE]; /* "console of the radio room", may be empty */
    usec_t created_us;
    usec_t expires_us; /* 0 never; valid before this instant */
    usec_t used_us; /* last time, coarse; 0 never */
};

/* Add one.
 *
 *   credential  id and used_us are ignored
 *   sha256      of the secret
 *
 * ERR_NOT_FOUND  no such account; ERR_EXISTS  the same secret again */
MUST_USE enum err store_credential_add(struct db *db, const struct credential *credential,
                                       const uint8_t sha256[SHA256_BYTES], uint64_t *ret_id);

/* Judge a secret.
 *
 *   ret_user  zeroed for CREDENTIAL_SETUP
 *
 * ERR_NOT_FOUND  unknown or revoked; ERR_AUTH  expired, or the account is disabled */
MUST_USE enum err store_credential_find(struct db *db, const uint8_t sha256[SHA256_BYTES],
                                        usec_t now_us, struct credential *ret_credential,
                                        struct user *ret_user);

/* Note that it was used; the caller limits how often (once a minute is plenty). ERR_NOT_FOUND */
MUST_USE enum err store_credential_touch(struct db *db, uint64_t id, usec_t now_us);

/* Extend a session. ERR_NOT_FOUND */
MUST_USE enum err store_credential_extend(struct db *db, uint64_t id, usec_t expires_us);

/* Take one away at once.
 *
 *   user  its owner; 0 for any (an administrator)
 *
 * ERR_NOT_FOUND  no such credential of this owner */
MUST_USE enum err store_credential_revoke(struct db *db, uint64_t id, struct user_id user);

/* List in order of id.
 *
 *   user  0: of all */
MUST_USE enum err store_credential_list(struct db *db, struct user_id user, struct db_page *page,
                                        struct credential *rows, size_t rows_max,
                                        size_t *ret_count);

/* Forget those that expired before this instant, within the room (db.h). */
MUST_USE enum err store_credential_prune(struct db *db, usec_t before_us, size_t *room);

#endif
