/* retention.h - forget what the station keeps no longer, a few rows at a time, and remove its sound.
 *
 * Broadcasts older than the policy's keep_days go with their receipts; the recording of a live one goes too
 * unless something else uses it. What was removed is in the journal, which itself is kept for ever.
 * Thread: main. */
#ifndef LOA_RETENTION_H
#define LOA_RETENTION_H

#include <stdbool.h>

#include "db.h"
#include "station.h"

/* Do a slice of it.
 *
 *   media_dir  where recordings are
 *   rows       that may be deleted; at most STORE_RETENTION_MAX broadcasts go in any case
 *
 * Returns true when there is more to do; faults are logged, end the round and are tried again the next time. */
bool retention_step(struct db *db, const struct station *station, const char *media_dir,
                    usec_t now_us, size_t rows);

#endif
