/* store_alarm.h - keep alarms: those that stand, and the history. Thread: main. */
#ifndef LOA_STORE_ALARM_H
#define LOA_STORE_ALARM_H

#include "db.h"
#include "supervise.h"

/* An alarm begins to stand.
 *
 * ERR_EXISTS  one of this node and kind stands; ERR_NOT_FOUND  no such node */
MUST_USE enum err store_alarm_raise(struct db *db, struct node_id node, enum alarm_kind kind,
                                    usec_t since_us, uint64_t *ret_id);

/* It has cleared by itself. ERR_NOT_FOUND  none of this node and kind stands */
MUST_USE enum err store_alarm_clear(struct db *db, struct node_id node, enum alarm_kind kind,
                                    usec_t cleared_us, uint64_t *ret_id);

/* Somebody has seen it, also after it cleared.
 *
 * ERR_NOT_FOUND  no such alarm; ERR_STATE  acknowledged before */
MUST_USE enum err store_alarm_acknowledge(struct db *db, uint64_t id, struct user_id user,
                                          usec_t now_us, struct err_detail *detail);

/* List in order of id (db_page).
 *
 *   standing  only those that stand */
MUST_USE enum err store_alarm_list(struct db *db, bool standing, struct db_page *page,
                                   struct alarm *rows, size_t rows_max, size_t *ret_count);

/* Forget what cleared before an instant, within the room (db.h). */
MUST_USE enum err store_alarm_prune(struct db *db, usec_t before_us, size_t *room);

#endif
