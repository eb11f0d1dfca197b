/* store_alert.h - keep what came of alerts: the rows of alertlife.
 *
 * Put the rows of a change, and what else it causes, in one transaction before anything sounds or stops.
 * Thread: main. */
#ifndef LOA_STORE_ALERT_H
#define LOA_STORE_ALERT_H

#include "alertlife.h"
#include "db.h"

/* Insert or replace rows by id.
 *
 * ERR_EXISTS  another row has the same sender, identifier and time */
MUST_USE enum err store_alert_put(struct db *db, const struct alertlife_row *rows, size_t count);

/* Read rows in order of id.
 *
 *   after      id of the last one read before; 0 at first
 *   ret_rows   `room` places; *ret_count < room: these were the last */
MUST_USE enum err store_alert_list(struct db *db, uint64_t after, struct alertlife_row *ret_rows,
                                   size_t room, size_t *ret_count);

/* Forget one row; none of this id is no error. */
MUST_USE enum err store_alert_delete(struct db *db, uint64_t id);

#endif
