/* store_report.h - read what a report counts: each target of each broadcast in a span of time.
 *
 * Thread: that of the connection. */
#ifndef LOA_STORE_REPORT_H
#define LOA_STORE_REPORT_H

#include "db.h"
#include "report.h"

/* Count every target of the broadcasts that start in [from_us, before_us), in order of start.
 *
 *   zone  only nodes that stand in this very zone; 0 all
 *
 * Errors of report_add() end it. */
MUST_USE enum err store_report_fill(struct db *db, usec_t from_us, usec_t before_us,
                                    struct zone_id zone, struct report *report);

#endif
