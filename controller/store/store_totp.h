/* store_totp.h - keep the secrets of second factors, and which of their codes were used.
 *
 * The database is readable by its owner only; a secret leaves it towards its own account once, when it is made.
 * Thread: main. */
#ifndef LOA_STORE_TOTP_H
#define LOA_STORE_TOTP_H

#include "db.h"
#include "units.h"

#define STORE_TOTP_BYTES 20

struct store_totp {
    uint8_t secret[STORE_TOTP_BYTES];
    bool confirmed; /* a first code was right: from now on codes count */
    int64_t last_step; /* of the last code that was used */
};

/* ERR_NOT_FOUND  the account has none */
MUST_USE enum err store_totp_get(struct db *db, struct user_id user, struct store_totp *ret_totp);

/* Make or replace one. ERR_NOT_FOUND  no such account */
MUST_USE enum err store_totp_put(struct db *db, struct user_id user, const struct store_totp *totp);

/* ERR_NOT_FOUND  the account has none */
MUST_USE enum err store_totp_delete(struct db *db, struct user_id user);

#endif
