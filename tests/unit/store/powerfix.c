#include "powerfix.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 8

static struct {
    sqlite3_file *file;
    const sqlite3_io_methods
        *methods; /* of the layer below; they differ between database and WAL */
    sqlite3_io_methods noting;
    const char *path;
} open_files[FILES_MAX];

static sqlite3_vfs below;
static sqlite3_vfs noting;
static unsigned sync_count;

static size_t find(const sqlite3_file *file)
{
    size_t i = 0;

    while (i < FILES_MAX && open_files[i].file != file)
        i++;
    assert_true(i < FILES_MAX);
    return i;
}

static void copy_file(const char *from, const char *to)
{
    char block[16384];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t n;

    assert_true(in >= 0 && out >= 0);
    while ((n = read(in, block, sizeof block)) > 0)
        assert_int_equal(write(out, block, (size_t)n), n);
    assert_int_equal(n, 0);
    close(in);
    close(out);
}

static int note_sync(sqlite3_file *file, int flags)
{
    size_t i = find(file);
    int code = open_files[i].methods->xSync(file, flags);
    char noted[256];

    if (code == SQLITE_OK) {
        snprintf(noted, sizeof noted, "%s.synced", open_files[i].path);
        copy_file(open_files[i].path, noted);
        sync_count++;
    }
    return code;
}

static int note_close(sqlite3_file *file)
{
    size_t i = find(file);

    open_files[i].file = NULL;
    return open_files[i].methods->xClose(file);
}

static int note_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    int code = below.xOpen(&below, path, file, flags, ret_flags);

    (void)vfs;
    if (code == SQLITE_OK && path != NULL &&
        (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) != 0) {
        size_t i = find(NULL);

        open_files[i].file = file;
        open_files[i].methods = file->pMethods;
        open_files[i].path = path;
        open_files[i].noting = *file->pMethods;
        open_files[i].noting.xSync = note_sync;
        open_files[i].noting.xClose = note_close;
        file->pMethods = &open_files[i].noting;
    }
    return code;
}

int powerfix_setup(void **state)
{
    sqlite3_initialize();
    below = *sqlite3_vfs_find(NULL);
    noting = below;
    noting.zName = "noting";
    noting.xOpen = note_open;
    noting.pNext = NULL;
    if (sqlite3_vfs_register(&noting, 1) != SQLITE_OK)
        return -1;
    return storefix_setup(state);
}

int powerfix_teardown(void **state)
{
    struct storefix *f = *state;
    char path[128];

    db_close(f->db);
    f->db = NULL;
    sqlite3_vfs_unregister(&noting);
    snprintf(path, sizeof path, "%s.synced", f->path);
    unlink(path);
    snprintf(path, sizeof path, "%s-wal.synced", f->path);
    unlink(path);
    return storefix_teardown(state);
}

struct db *powerfix_after_loss(const struct storefix *f)
{
    static const char *const parts[] = {"", "-wal"};
    struct db *db = NULL;
    char from[128];
    char to[128];

    for (size_t i = 0; i < 2; i++) {
        snprintf(from, sizeof from, "%s%s.synced", f->path, parts[i]);
        snprintf(to, sizeof to, "%s.backup%s", f->path, parts[i]);
        if (access(from, F_OK) == 0)
            copy_file(from, to);
    }
    /* Not noted: it is another disk. */
    sqlite3_vfs_unregister(&noting);
    snprintf(to, sizeof to, "%s.backup", f->path);
    assert_ok(db_open(to, &db, NULL));
    return db;
}

void powerfix_forget(const struct storefix *f, struct db *db)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    char path[128];

    db_close(db);
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s.backup%s", f->path, parts[i]);
        unlink(path);
    }
    assert_int_equal(sqlite3_vfs_register(&noting, 1), SQLITE_OK);
}

unsigned powerfix_syncs(void)
{
    return sync_count;
}
