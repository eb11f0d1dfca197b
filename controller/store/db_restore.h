/* db_restore.h - put a backup in the place of the station's database.
 *
 * A backup is older than what nodes have heard since: numbers that were given out after it must not be given out again.
 * A node refuses an order whose id it knows with other bytes, and would take a receipt or a stream of the lost
 * time for one of now. So the numbers of a restored database begin beyond any that can have been used.
 * Thread: main, while no controller runs on the directory. */
#ifndef LOA_DB_RESTORE_H
#define LOA_DB_RESTORE_H

#include "err.h"
#include "units.h"

/* Check a backup, bring it to the present version, raise its numbers, and replace the database with it; what was there
 * stays beside it as `path`.before-restore.
 *
 *   backup  a file that db_backup() wrote; not changed
 *   path    the database; need not exist
 *   now_us  wall clock
 *
 * ERR_NOT_FOUND    there is no such backup
 * ERR_FORMAT       not a database of Loa, damaged, or its journal was changed
 * ERR_UNSUPPORTED  written by a newer version
 * ERR_IO           cannot be written
 * detail says what to do; on any error the database is as it was */
MUST_USE enum err db_restore(const char *backup, const char *path, usec_t now_us,
                             struct err_detail *detail);

#endif
