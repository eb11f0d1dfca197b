/* db_state.h - what db_open.c, query.c and db_backup.c share about one open database; nobody else includes it.
 *
 * Invariant: while depth > 0 and not lost, SQLite is inside a transaction. Some failures (disk full, I/O)
 * make SQLite roll the whole transaction back on its own; it is then `lost`, and every statement and
 * commit is refused until the outermost level ends, so that nothing of it is committed piecemeal.
 * Thread: main. */
#ifndef LOA_DB_STATE_H
#define LOA_DB_STATE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "db.h"

#define DB_STATEMENTS_MAX 192 /* prepared and kept */

struct db_slot {
    const char *sql; /* literal: compared by address */
    sqlite3_stmt *stmt;
    bool busy;
};

struct db {
    sqlite3 *sqlite;
    unsigned depth;
    bool lost;
    int last_code; /* extended result code of the last failure, SQLITE_OK after a success */
    int log_pages; /* of the write-ahead log after the last commit; see db_leave_log() */
    unsigned fail_statement; /* counts down to the fault; 0 none */
    unsigned fail_commit;
    struct db_slot slots[DB_STATEMENTS_MAX];
};

/* Map a result code of SQLite. */
enum err db_map(int code);

/* Note a failure and map it; notices a lost transaction. */
enum err db_failed(struct db *db, int code);

/* Count one statement; true when it must fail now. */
bool db_fault_hits(unsigned *countdown);

/* Run text of one or more statements without parameters or rows. */
MUST_USE enum err db_exec(struct db *db, const char *sql);

#endif
