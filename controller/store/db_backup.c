#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "db_state.h"

#define PATH_SIZE 4096

static int keep_answer(void *ctx, int columns, char **values, char **names)
{
    char *answer = ctx;

    (void)names;
    if (columns > 0 && values[0] != NULL)
        snprintf(answer, 16, "%s", values[0]);
    return 0;
}

/* Copy into a fresh database that is then one file: no WAL beside it. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *job = sqlite3_backup_init(to, "main", from, "main");
    char answer[16] = "";
    int code;

    if (job == NULL)
        return sqlite3_extended_errcode(to);
    code = sqlite3_backup_step(job, -1);
    sqlite3_backup_finish(job);
    if (code != SQLITE_DONE)
        return code;
    code = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA quick_check(1)", keep_answer, answer, NULL);
    if (code == SQLITE_OK && strcmp(answer, "ok") != 0)
        code = SQLITE_CORRUPT;
    return code;
}

static int copy_to(struct db *db, const char *path)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(
        path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = copy_pages(db->sqlite, to);
    if (sqlite3_close(to) != SQLITE_OK && code == SQLITE_OK)
        code = SQLITE_ERROR;
    return code;
}

static int sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int result;

    if (fd < 0)
        return -1;
    result = fsync(fd);
    close(fd);
    return result;
}

static int sync_folder_of(const char *path)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return sync_path(".", O_RDONLY | O_DIRECTORY);
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
    return sync_path(folder, O_RDONLY | O_DIRECTORY);
}

enum err db_backup(struct db *db, const char *path, struct err_detail *detail)
{
    char part[PATH_SIZE];
    int n = snprintf(part, sizeof part, "%s.XXXXXX", path);
    int fd;
    int code;

    if (db->depth > 0)
        return ERR_STATE;
    if (n < 0 || (size_t)n >= sizeof part)
        return err_set(detail, ERR_IO, "the path of the backup is too long");
    fd = mkostemp(part, O_CLOEXEC);
    if (fd < 0)
        return err_set(detail, ERR_IO,
                       "the backup %s cannot be written (%s): choose another folder", path,
                       strerror(errno));
    close(fd);
    code = copy_to(db, part);
    if (code != SQLITE_OK) {
        unlink(part);
        return err_set(detail, db_map(code) == ERR_NOMEM ? ERR_NOMEM : ERR_IO,
                       "the backup %s cannot be written (%s): free some space or choose another "
                       "folder",
                       path, sqlite3_errstr(code));
    }
    if (sync_path(part, O_RDWR) != 0 || rename(part, path) != 0 || sync_folder_of(path) != 0) {
        enum err e =
            err_set(detail, ERR_IO, "the backup %s cannot be written (%s)", path, strerror(errno));

        unlink(part);
        return e;
    }
    return ERR_OK;
}
