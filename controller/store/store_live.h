/* store_live.h - keep where the sound of live broadcasts came from, and what was recorded of it.
 *
 * Thread: main. */
#ifndef LOA_STORE_LIVE_H
#define LOA_STORE_LIVE_H

#include "broadcast.h"
#include "db.h"

/* Add to a stored broadcast. ERR_EXISTS */
MUST_USE enum err store_live_add(struct db *db, struct broadcast_id id,
                                 const struct broadcast_live *live);

/* Fetch; all zero for a broadcast of stored media. */
MUST_USE enum err store_live_get(struct db *db, struct broadcast_id id,
                                 struct broadcast_live *ret_live);

/* ERR_NOT_FOUND  not a live broadcast */
MUST_USE enum err store_live_set_recording(struct db *db, struct broadcast_id id,
                                           const struct media_id *recording);

#endif
