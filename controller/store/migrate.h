/* migrate.h - bring a database from any older version to the present one.
 *
 * The migrations stand in migrations/NNN_name.sql and are built in. Once released a migration is never
 * changed; a new one is added. Only controller/store includes this. Thread: main. */
#ifndef LOA_MIGRATE_H
#define LOA_MIGRATE_H

#include <stddef.h>

#include "db.h"

#define MIGRATE_APPLICATION_ID 0x4C6F6131 /* "Loa1", in the file's header */

struct migration {
    const char *name; /* of the file, without .sql */
    const char *sql;
};

extern const struct migration migrations[]; /* [0] leads to version 1; generated */
extern const size_t migrations_count;

/* Apply what is missing, all of it in one transaction; foreign keys must be off.
 *
 *   watch  told of each one, and again and again while it works; NULL: nobody
 *
 * ERR_FORMAT       not a database of Loa; untouched
 * ERR_UNSUPPORTED  newer than `count`; untouched
 * ERR_IO           a migration failed; untouched */
MUST_USE enum err migrate(struct db *db, const struct migration *list, size_t count,
                          const struct db_watch *watch, struct err_detail *detail);

#endif
