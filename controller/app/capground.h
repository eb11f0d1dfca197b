/* capground.h - the alert policy with the station's map laid over it (cap_ground.h), as the database has it now.
 *
 * A zone that holds others is what they are: only nodes that stand directly in it make it a place of its own.
 * Thread: main. */
#ifndef LOA_CAPGROUND_H
#define LOA_CAPGROUND_H

#include "cap_ground.h"
#include "db.h"

/* Make it, for cap_ground_free(); `policy` must outlive it. A map that does not fit is left out and logged. */
MUST_USE enum err capground_make(struct db *db, const struct cap_policy *policy,
                                 struct cap_policy **ret_policy);

#endif
