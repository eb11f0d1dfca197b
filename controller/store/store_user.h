/* store_user.h - keep accounts.
 *
 * Accounts are never deleted, because bulletins and the journal name them; they are disabled.
 * Thread: main. */
#ifndef LOA_STORE_USER_H
#define LOA_STORE_USER_H

#include "db.h"
#include "station.h"

/* Add an account.
 *
 *   user  id is ignored; login of 1..63 bytes, unique without regard to ASCII case
 *
 * ERR_EXISTS  the login is taken; ERR_ARG  empty login or unknown role bits */
MUST_USE enum err store_user_add(struct db *db, const struct user *user, usec_t now_us,
                                 struct user_id *ret_id, struct err_detail *detail);

/* Replace everything but id and login. Disabling an account or changing its password hash ends all its
 * sessions, disabling revokes its tokens, too (store_credential.h).
 *
 *   keep  id of the session that stays all the same; 0 none
 *
 * ERR_NOT_FOUND  no such account */
MUST_USE enum err store_user_update(struct db *db, const struct user *user, uint64_t keep,
                                    struct err_detail *detail);

/* ERR_NOT_FOUND  no such account */
MUST_USE enum err store_user_get(struct db *db, struct user_id id, struct user *ret_user);
MUST_USE enum err store_user_find(struct db *db, const char *login, struct user *ret_user);

/* List accounts in order of id (db_page). */
MUST_USE enum err store_user_list(struct db *db, struct db_page *page, struct user *rows,
                                  size_t rows_max, size_t *ret_count);

/* Count enabled accounts that hold all of these role bits; so that the last administrator stays. */
MUST_USE enum err store_user_count(struct db *db, unsigned roles, uint64_t *ret_count);

#endif
