#include "datadir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"

#define CODE_CHARS 12

static enum err make_dir(const char *path, struct err_detail *detail)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return err_set(detail, ERR_IO,
                       "The directory %s cannot be created (%s); choose another with --data", path,
                       strerror(errno));
    return ERR_OK;
}

static void path_in(char *out, const char *root, const char *name)
{
    snprintf(out, PATH_MAX, "%s/%s", root, name);
}

/* Uploads that a crash left behind belong to nobody. */
static void empty_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}

static enum err take_lock(struct datadir *d, struct err_detail *detail)
{
    char path[PATH_MAX];

    path_in(path, d->root, "lock");
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock_fd < 0)
        return err_set(detail, ERR_IO, "%s cannot be written (%s); check who owns the directory",
                       path, strerror(errno));
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        close(d->lock_fd);
        return err_set(
            detail, ERR_BUSY,
            "Another loa-controller uses %s; stop it first or choose another with --data", d->root);
    }
    return ERR_OK;
}

enum err datadir_open(const char *path, struct datadir *ret_dir, struct err_detail *detail)
{
    static struct datadir d; /* 32 kB; called once */
    enum err e;

    if (strlen(path) > PATH_MAX - 64)
        return err_set(detail, ERR_LIMIT,
                       "The path given with --data is too long; choose a shorter one");
    snprintf(d.root, sizeof(d.root), "%s", path);
    path_in(d.db, path, "loa.db");
    path_in(d.pki, path, "pki");
    path_in(d.media, path, "media");
    path_in(d.photos, path, "photos");
    path_in(d.backups, path, "backups");
    path_in(d.uploads, path, "uploads");
    path_in(d.tmp, path, "tmp");
    e = make_dir(d.root, detail);
    if (e == ERR_OK)
        e = take_lock(&d, detail);
    if (e != ERR_OK)
        return e;
    e = make_dir(d.media, detail);
    if (e == ERR_OK)
        e = make_dir(d.photos, detail);
    if (e == ERR_OK)
        e = make_dir(d.backups, detail);
    if (e == ERR_OK)
        e = make_dir(d.uploads, detail);
    if (e == ERR_OK)
        e = make_dir(d.tmp, detail);
    if (e != ERR_OK) {
        close(d.lock_fd);
        return e;
    }
    empty_dir(d.tmp);
    *ret_dir = d;
    return ERR_OK;
}

void datadir_close(struct datadir *d)
{
    char path[PATH_MAX];

    path_in(path, d->root, "run.json");
    unlink(path);
    close(d->lock_fd);
}

/* Whole or not at all: readers never see half a file. */
static enum err write_file(const struct datadir *d, const char *name, const char *text)
{
    char path[PATH_MAX];
    char temp[PATH_MAX];
    size_t len = strlen(text);
    bool written;
    int fd;

    path_in(path, d->root, name);
    snprintf(temp, sizeof(temp), "%s/%s.new", d->root, name);
    fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    written = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
    close(fd);
    if (!written || rename(temp, path) != 0) {
        unlink(temp);
        return ERR_IO;
    }
    return ERR_OK;
}

enum err datadir_write_run(const struct datadir *d, uint16_t link_port, uint16_t web_port,
                           struct err_detail *detail)
{
    char text[160];

    snprintf(text, sizeof(text), "{\"pid\": %ld, \"link_port\": %u, \"web_port\": %u}\n",
             (long)getpid(), link_port, web_port);
    if (write_file(d, "run.json", text) != ERR_OK)
        return err_set(detail, ERR_IO, "%s/run.json cannot be written; make room on its disk",
                       d->root);
    return ERR_OK;
}

enum err datadir_admin_code(const struct datadir *d, char *ret_code, size_t size)
{
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char path[PATH_MAX];
    uint8_t random[CODE_CHARS];
    char text[CODE_CHARS + 2];
    FILE *file;
    bool read_back = false;

    if (size < sizeof(text))
        return ERR_LIMIT;
    path_in(path, d->root, "admin-code");
    file = fopen(path, "re");
    if (file != NULL) {
        read_back = fgets(text, sizeof(text), file) != NULL;
        fclose(file);
    }
    if (!read_back || strcspn(text, "\n") != CODE_CHARS) {
        enum err e;

        digest_random(random, sizeof(random));
        for (size_t i = 0; i < CODE_CHARS; i++)
            text[i] = letters[random[i] & 31];
        memcpy(text + CODE_CHARS, "\n", 2);
        e = write_file(d, "admin-code", text);
        if (e != ERR_OK)
            return e;
    }
    memcpy(ret_code, text, CODE_CHARS);
    ret_code[CODE_CHARS] = '\0';
    return ERR_OK;
}

void datadir_forget_admin_code(const struct datadir *d)
{
    char path[PATH_MAX];

    path_in(path, d->root, "admin-code");
    unlink(path);
}
