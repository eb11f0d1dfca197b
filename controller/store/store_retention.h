/* store_retention.h - forget broadcasts that are older than the station keeps them; never the journal.
 *
 * Thread: main. */
#ifndef LOA_STORE_RETENTION_H
#define LOA_STORE_RETENTION_H

#include "db.h"
#include "library.h"

#define STORE_RETENTION_MAX 16 /* broadcasts a call */

struct store_retention {
    size_t broadcasts; /* forgotten */
    size_t recording_count;
    struct media_id recordings[STORE_RETENTION_MAX]; /* of live ones among them; still stored */
};

/* Forget the oldest broadcasts that started before an instant, with targets, receipts and orders. Those that
 * are not accounted for, or belong to an alert, stay. Of one with many targets the first call may take a part of the
 * rows only; it is counted when it is gone. Call again while room is used up or STORE_RETENTION_MAX are gone.
 *
 *   room  rows, see db.h */
MUST_USE enum err store_retention_prune(struct db *db, usec_t before_us, size_t *room,
                                        struct store_retention *ret_done);

#endif
