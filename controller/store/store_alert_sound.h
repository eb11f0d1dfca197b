/* store_alert_sound.h - keep alerts as they sound: what, where, by whom, and how far it came.
 *
 * Thread: main. */
#ifndef LOA_STORE_ALERT_SOUND_H
#define LOA_STORE_ALERT_SOUND_H

#include "alert.h"
#include "db.h"

/* Add one; id is ignored. ERR_NOT_FOUND  no such recording, account or broadcast */
MUST_USE enum err store_alert_sound_add(struct db *db, const struct alert *alert, uint64_t *ret_id);

/* Replace all that changes after it was added. ERR_NOT_FOUND  no such alert */
MUST_USE enum err store_alert_sound_put(struct db *db, const struct alert *alert);

/* ERR_NOT_FOUND  no such alert */
MUST_USE enum err store_alert_sound_get(struct db *db, uint64_t id, struct alert *ret_alert);

/* List in order of id (db_page).
 *
 *   open  only those that wait or are live */
MUST_USE enum err store_alert_sound_list(struct db *db, bool open, struct db_page *page,
                                         struct alert *rows, size_t rows_max, size_t *ret_count);

/* Count what an account sent since an instant; all-clears and cancellations are no part of it. */
MUST_USE enum err store_alert_sound_count(struct db *db, struct user_id author, usec_t since_us,
                                          uint64_t *ret_count);

#endif
