/* db_backups.h - a folder of backups: name one, list them, forget old ones.
 *
 * Named by the time they were made, "loa-20261130T190512Z.db", so that names sort by age. Thread: main. */
#ifndef LOA_DB_BACKUPS_H
#define LOA_DB_BACKUPS_H

#include "db.h"
#include "units.h"

#define DB_BACKUPS_NAME_SIZE 40
#define DB_BACKUPS_MAX 400 /* that are looked at */

struct db_backup_file {
    char name[DB_BACKUPS_NAME_SIZE];
    uint64_t size_bytes;
    usec_t made_us;
};

/* True for a name that db_backups_name() gives: nothing else in the folder is touched. */
bool db_backups_is_name(const char *name);

/* The name of a backup that is made now; db_backup() then makes it.
 *
 *   ret_name  DB_BACKUPS_NAME_SIZE bytes */
void db_backups_name(usec_t now_us, char *ret_name);

/* List, newest first. ERR_IO  the folder cannot be read
 *
 *   rows  DB_BACKUPS_MAX places */
MUST_USE enum err db_backups_list(const char *dir, struct db_backup_file *rows, size_t *ret_count);

/* Remove all but the newest `keep`. */
void db_backups_prune(const char *dir, size_t keep);

/* Remove parts that a crash left behind, with their journals. None may be in the making. */
void db_backups_sweep(const char *dir);

#endif
