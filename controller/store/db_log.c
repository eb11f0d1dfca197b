#include <sqlite3.h>
#include <stdlib.h>

#include "db.h"
#include "db_state.h"

#define LONG_PAGES 1000
#define LOG_PAGES_MAX 20000 /* nobody folds it: 80 MB are enough */

static int on_commit(void *ctx, sqlite3 *sqlite, const char *name, int pages)
{
    struct db *db = ctx;

    db->log_pages = pages;
    if (pages > LOG_PAGES_MAX)
        (void)sqlite3_wal_checkpoint_v2(sqlite, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

enum err db_leave_log(struct db *db, struct db **ret_folder)
{
    struct db *folder = calloc(1, sizeof *folder);
    int code;

    if (folder == NULL)
        return ERR_NOMEM;
    code =
        sqlite3_open_v2(sqlite3_db_filename(db->sqlite, "main"), &folder->sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(folder->sqlite, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    if (code != SQLITE_OK) {
        db_close(folder);
        return db_map(code);
    }
    sqlite3_wal_hook(db->sqlite, on_commit, db);
    *ret_folder = folder;
    return ERR_OK;
}

bool db_log_is_long(const struct db *db)
{
    return db->log_pages >= LONG_PAGES;
}

enum err db_fold_log(struct db *folder)
{
    int code =
        sqlite3_wal_checkpoint_v2(folder->sqlite, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    return db_map(code);
}
