/* store_event.h - keep calendar entries. Thread: main. */
#ifndef LOA_STORE_EVENT_H
#define LOA_STORE_EVENT_H

#include "db.h"
#include "event.h"

/* Add an event; the caller has checked `ics` (schedules).
 *
 *   event  id is ignored; zones in any order
 *
 * ERR_ARG        limits of event.h, or neither everyone nor a zone
 * ERR_NOT_FOUND  no such bulletin, zone or account */
MUST_USE enum err store_event_add(struct db *db, const struct event *event, struct event_id *ret_id,
                                  struct err_detail *detail);

/* Replace everything but id, created_by, created_us and cancelled; the revision is one more. Errors as above, and
 *
 * ERR_STATE  cancelled */
MUST_USE enum err store_event_update(struct db *db, const struct event *event,
                                     struct err_detail *detail);

/* No more occurrences; broadcasts that exist already are not touched.
 *
 * ERR_NOT_FOUND; ERR_STATE  cancelled already */
MUST_USE enum err store_event_cancel(struct db *db, struct event_id id, struct err_detail *detail);

/* ERR_NOT_FOUND  no such event */
MUST_USE enum err store_event_get(struct db *db, struct event_id id, struct event *ret_event);

/* List in order of id; a row is about 17 kB.
 *
 *   cancelled_too  false: only those that may still occur */
MUST_USE enum err store_event_list(struct db *db, bool cancelled_too, struct db_page *page,
                                   struct event *rows, size_t rows_max, size_t *ret_count);

#endif
