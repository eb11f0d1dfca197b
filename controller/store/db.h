/* db.h - the station's one database: opening, transactions, backup.
 *
 * SQLite in WAL mode with synchronous=FULL: what db_commit() returned ERR_OK for survives kill -9 and
 * loss of power. Foreign keys are enforced and tables are STRICT. Every store_*() call that changes
 * something is one transaction of its own, or a part of the caller's when db_begin() was called before
 * (it then becomes a savepoint): it is done wholly or not at all. Besides the results each function
 * names, all of store_*() return ERR_IO (disk), ERR_BUSY, ERR_NOMEM, ERR_FORMAT (damage: a stored value
 * that nothing here wrote) and ERR_ARG (a field outside the range its struct states, which the checks of
 * controller/core were to catch); db_explain() has the sentence. SQL stands in controller/store only.
 * What forgets old rows (store_*_prune) takes a `room`, the rows that may still be deleted, and takes from it: with
 * room left afterwards there is nothing more to forget.
 * Thread: main; one object, never two threads at a time. */
#ifndef LOA_DB_H
#define LOA_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define DB_DEPTH_MAX 8 /* transactions inside each other */

struct db;

/* Where a list goes on. All lists of the store have the same form: they fill a caller's array with at
 * most rows_max rows and move `after` past them; fewer rows than asked for means the end. Rows that are
 * added or removed between two pages never make another row appear twice or disappear. */
struct db_page {
    uint64_t after; /* 0 at the beginning; opaque, may be handed to a client and back */
    bool newest_first;
};

/* Who hears what takes long while a database is opened. */
struct db_watch {
    /* what: "checking" or "upgrading" (to `version`; 0: none); NULL: still the same, some times a second */
    void (*told)(void *ctx, const char *what, unsigned version);
    void *ctx;
};

/* Open the database and bring it to the present version; create it, readable by the owner only, when
 * there is none. All migrations are one transaction; a database is checked before it is used. Of ten million rows that
 * takes minutes.
 *
 *   path    a file; its directory exists
 *   detail  one sentence for the administrator on failure
 *
 * ERR_IO           cannot be opened, read or written
 * ERR_FORMAT       not a database of Loa, or damaged
 * ERR_UNSUPPORTED  written by a newer version; untouched */
MUST_USE enum err db_open(const char *path, struct db **ret_db, struct err_detail *detail);

/* Likewise, and tell of it. */
MUST_USE enum err db_open_watched(const char *path, const struct db_watch *watch,
                                  struct db **ret_db, struct err_detail *detail);

/* Roll back what is open and close. NULL-safe. */
void db_close(struct db *db);

/* Another connection to the same database, that only reads: for a worker, which sees what is committed when each of its
 * statements begins, and holds nobody up. One thread at a time; close it with db_close().
 *
 * ERR_IO / ERR_NOMEM */
MUST_USE enum err db_view(struct db *db, struct db **ret_view);

/* Commits go to a log, which is folded into the database from time to time: hundreds of pages all over the file, and
 * two waits for the disk. From now on no commit does that, unless the log became very long; somebody else does, by a
 * connection for that alone.
 *
 *   ret_folder  for one thread at a time; close it with db_close() before `db`
 *
 * ERR_IO / ERR_NOMEM */
MUST_USE enum err db_leave_log(struct db *db, struct db **ret_folder);

/* True when it is time to fold the log. */
bool db_log_is_long(const struct db *db);

/* Fold what is committed and nobody reads; holds nobody up. Thread: any, one at a time.
 *
 * ERR_IO  the disk failed or is full; the log stays as it is */
MUST_USE enum err db_fold_log(struct db *folder);

/* Number of the newest migration in this database. */
unsigned db_version(struct db *db);

/* Begin a transaction; inside another one, a part of it that can be undone alone. Each begin is ended
 * by exactly one commit or rollback. Batch what belongs to one tick: each outermost commit waits for the
 * disk.
 *
 * ERR_LIMIT  DB_DEPTH_MAX reached
 * ERR_BUSY   another process holds the database (after 5 s)
 * ERR_IO     the disk failed, or an enclosing transaction was lost; nothing was begun */
MUST_USE enum err db_begin(struct db *db);

/* Commit the innermost transaction. On any error it is rolled back and ended, too.
 *
 * ERR_IO  the disk failed or is full */
MUST_USE enum err db_commit(struct db *db);

/* Undo everything since the innermost begin, and end it. Does nothing when none is open. */
void db_rollback(struct db *db);

/* End a transaction with the result of its work: commit on ERR_OK, otherwise roll back.
 *
 * Returns `result`, or what db_commit() returned. */
MUST_USE enum err db_end(struct db *db, enum err result);

/* Say in one sentence why the last call failed, for results no store function explained (disk full,
 * disk failure, damage). Leaves a sentence that is there already.
 *
 * Returns `result` unchanged. */
enum err db_explain(const struct db *db, enum err result, struct err_detail *detail);

/* Write a copy of the whole database as it is in one instant, while other connections use it. Takes as long as reading
 * and writing it all: for a db_view() on a worker.
 *
 *   path  a file on any file system; appears whole (checked, synced, renamed over an older one) or not
 *         at all; readable by the owner only. A crash can leave the part "PATH.??????" behind.
 *   stop  looked at every megabyte, from any thread; NULL: never
 *
 * ERR_STATE      inside a transaction
 * ERR_IO         cannot be written; detail says why
 * ERR_CANCELLED  *stop became true */
MUST_USE enum err db_backup(struct db *db, const char *path, const atomic_bool *stop,
                            struct err_detail *detail);

/* Faults, for tests only: fail the n-th statement and the n-th outermost commit from now on, once.
 *
 *   fail_statement  counts every statement, BEGIN and COMMIT among them; 0 none
 *   fail_commit     0 none */
void db_set_fault(struct db *db, unsigned fail_statement, unsigned fail_commit);

/* True when a fault that was set has not happened yet: the sweep is over. */
bool db_fault_pending(const struct db *db);

/* For tests only: make the disk full once the database needs more than this many pages beyond what it
 * has; a negative number lifts the limit. */
void db_set_room(struct db *db, int pages);

#endif
