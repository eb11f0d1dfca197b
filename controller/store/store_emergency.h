/* store_emergency.h - keep which recording each emergency signal is.
 *
 * Thread: main. */
#ifndef LOA_STORE_EMERGENCY_H
#define LOA_STORE_EMERGENCY_H

#include "db.h"
#include "emergency.h"

/* All that are set, in order of signal.
 *
 *   entries  EMERGENCY_SIGNALS places */
MUST_USE enum err store_emergency_list(struct db *db, struct emergency_entry *entries,
                                       size_t *ret_count);

/* ERR_NOT_FOUND  not set */
MUST_USE enum err store_emergency_get(struct db *db, enum emergency_signal signal,
                                      struct emergency_entry *ret_entry);

/* Set one, or replace it. ERR_NOT_FOUND  no such recording */
MUST_USE enum err store_emergency_put(struct db *db, const struct emergency_entry *entry);

#endif
