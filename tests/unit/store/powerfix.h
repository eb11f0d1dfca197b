/* powerfix.h - a loss of power, imitated.
 *
 * SQLite works through a file layer that notes, at each sync, what the file then holds. What was noted last is all that a
 * disk must still have after the power came back. One database at a time. Thread: the test's. */
#ifndef LOA_POWERFIX_H
#define LOA_POWERFIX_H

#include "storefix.h"

/* As storefix_setup() and storefix_teardown(). */
int powerfix_setup(void **state);
int powerfix_teardown(void **state);

/* The database that a station would find when the power came back now; give it to powerfix_forget() before the station's own
 * is used again. */
struct db *powerfix_after_loss(const struct storefix *f);
void powerfix_forget(const struct storefix *f, struct db *db);

/* How often the disk was waited for. */
unsigned powerfix_syncs(void);

#endif
