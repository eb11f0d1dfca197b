#include "db_backups.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_SIZE 4096
#define SHAPE "loa-????????T??????Z.db" /* ?: a digit */

bool db_backups_is_name(const char *name)
{
    const char *shape = SHAPE;

    for (; *shape != '\0' && *name != '\0'; shape++, name++)
        if (*shape == '?' ? *name < '0' || *name > '9' : *shape != *name)
            return false;
    return *shape == *name;
}

void db_backups_name(usec_t now_us, char *ret_name)
{
    time_t now_s = (time_t)(now_us / USEC_PER_SEC);
    struct tm tm;

    gmtime_r(&now_s, &tm);
    strftime(ret_name, DB_BACKUPS_NAME_SIZE, "loa-%Y%m%dT%H%M%SZ.db", &tm);
}

static usec_t time_of(const char *name)
{
    struct tm tm = {0};

    return strptime(name, "loa-%Y%m%dT%H%M%SZ.db", &tm) != NULL ? (usec_t)timegm(&tm) * USEC_PER_SEC
                                                                : 0;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct db_backup_file *)b)->name,
                  ((const struct db_backup_file *)a)->name);
}

enum err db_backups_list(const char *dir, struct db_backup_file *rows, size_t *ret_count)
{
    DIR *handle = opendir(dir);
    struct dirent *entry;
    size_t n = 0;

    if (handle == NULL)
        return ERR_IO;
    while (n < DB_BACKUPS_MAX && (entry = readdir(handle)) != NULL) {
        struct stat st;

        if (!db_backups_is_name(entry->d_name) ||
            fstatat(dirfd(handle), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        snprintf(rows[n].name, sizeof(rows[n].name), "%s", entry->d_name);
        rows[n].size_bytes = (uint64_t)st.st_size;
        rows[n].made_us = time_of(rows[n].name);
        n++;
    }
    closedir(handle);
    qsort(rows, n, sizeof(*rows), newest_first);
    *ret_count = n;
    return ERR_OK;
}

void db_backups_prune(const char *dir, size_t keep)
{
    static struct db_backup_file rows[DB_BACKUPS_MAX];
    char path[PATH_SIZE];
    size_t count = 0;

    if (db_backups_list(dir, rows, &count) != ERR_OK)
        return;
    for (size_t i = keep; i < count; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, rows[i].name);
        (void)unlink(path);
    }
}

/* "loa-20261130T190512Z.db.a1b2C3", and what SQLite put beside it. */
static bool is_part(const char *name)
{
    static const size_t length = sizeof(SHAPE) - 1;
    char whole[sizeof(SHAPE)];

    snprintf(whole, sizeof(whole), "%s", name);
    return strlen(name) > length && name[length] == '.' && db_backups_is_name(whole);
}

void db_backups_sweep(const char *dir)
{
    DIR *handle = opendir(dir);
    struct dirent *entry;

    if (handle == NULL)
        return;
    while ((entry = readdir(handle)) != NULL) {
        if (is_part(entry->d_name))
            (void)unlinkat(dirfd(handle), entry->d_name, 0);
    }
    closedir(handle);
}
