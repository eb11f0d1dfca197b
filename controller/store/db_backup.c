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
#define SLICE_PAGES 256 /* 1 MiB between two looks at the flag */

static int keep_answer(void *ctx, int columns, char **values, char **names)
{
    char *answer = ctx;

    (void)names;
    if (columns > 0 && values[0] != NULL)
        snprintf(answer, 16, "%s", values[0]);
    return 0;
}

/* Runs between the slices, and within the check of the copy. */
static int is_stopped(void *ctx)
{
    const atomic_bool *stop = ctx;

    return stop != NULL && atomic_load(stop);
}

/* Inside a transaction of `from`: its pages are those of one instant, whoever writes meanwhile. */
static int copy_slices(sqlite3 *from, sqlite3 *to, const atomic_bool *stop)
{
    sqlite3_backup *job = sqlite3_backup_init(to, "main", from, "main");
    int code;

    if (job == NULL)
        return sqlite3_extended_errcode(to);
    do
        code = is_stopped((void *)stop) ? SQLITE_INTERRUPT : sqlite3_backup_step(job, SLICE_PAGES);
    while (code == SQLITE_OK);
    sqlite3_backup_finish(job);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Copy into a fresh database that is then one file: no WAL beside it. */
static int copy_pages(sqlite3 *from, sqlite3 *to, const atomic_bool *stop)
{
    char answer[16] = "";
    int code = sqlite3_exec(from, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);

    if (code == SQLITE_OK)
        code = copy_slices(from, to, stop);
    if (sqlite3_get_autocommit(from) == 0)
        (void)sqlite3_exec(from, "ROLLBACK", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite3_progress_handler(to, 100000, is_stopped, (void *)stop);
    code = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA quick_check(1)", keep_answer, answer, NULL);
    if (code == SQLITE_OK && strcmp(answer, "ok") != 0)
        code = SQLITE_CORRUPT;
    return code;
}

static int copy_to(struct db *db, const char *path, const atomic_bool *stop)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(
        path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_exec(to, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = copy_pages(db->sqlite, to, stop);
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

enum err db_backup(struct db *db, const char *path, const atomic_bool *stop,
                   struct err_detail *detail)
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
    code = copy_to(db, part, stop);
    if (code == SQLITE_INTERRUPT) {
        unlink(part);
        return err_set(detail, ERR_CANCELLED, "the station is being stopped; no backup was made");
    }
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
