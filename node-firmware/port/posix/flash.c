#include "flash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TEMPORARY ".new" /* not a valid object name: a reader never takes it for one */

bool flash_name_valid(const char *name)
{
    size_t len = strnlen(name, PORT_NAME_MAX);

    return len > 0 && len < PORT_NAME_MAX && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static enum err from_errno(int code)
{
    switch (code) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_LIMIT;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

/* Size of an object; 0 when it does not exist. */
static uint64_t size_of(struct flash *f, const char *name)
{
    struct stat st;

    if (fstatat(f->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return 0;
    return (uint64_t)st.st_size;
}

static void account(struct flash *f, uint64_t before, uint64_t after)
{
    f->used_bytes = f->used_bytes > before ? f->used_bytes - before + after : after;
}

static bool fits(const struct flash *f, uint64_t before, uint64_t after)
{
    return f->quota_bytes == 0 || after <= before ||
           (f->used_bytes <= f->quota_bytes && after - before <= f->quota_bytes - f->used_bytes);
}

static int write_all(int fd, struct bytes data, uint64_t offset)
{
    size_t at = 0;

    while (at < data.len) {
        ssize_t n = pwrite(fd, data.data + at, data.len - at, (off_t)(offset + at));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? ENOSPC : errno;
        at += (size_t)n;
    }
    return 0;
}

static void add_up(void *arg, const char *name, uint64_t size_bytes)
{
    uint64_t *sum = (uint64_t *)arg;

    (void)name;
    *sum += size_bytes;
}

enum err flash_open(struct flash *f, const char *path, uint64_t quota_bytes,
                    struct err_detail *detail)
{
    enum err e;

    *f = (struct flash){.dir_fd = -1, .quota_bytes = quota_bytes};
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(detail, ERR_IO, "cannot create %s: %s; choose a writable state directory",
                       path, strerror(errno));
    f->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir_fd < 0)
        return err_set(detail, ERR_IO, "cannot open the directory %s: %s", path, strerror(errno));
    unlinkat(f->dir_fd, TEMPORARY, 0);
    e = flash_list(f, "", add_up, &f->used_bytes);
    if (e == ERR_OK)
        return ERR_OK;
    flash_close(f);
    return err_set(detail, e, "cannot read the directory %s: %s", path, strerror(errno));
}

void flash_close(struct flash *f)
{
    if (f->dir_fd >= 0)
        close(f->dir_fd);
    f->dir_fd = -1;
}

enum err flash_read(struct flash *f, const char *name, uint64_t offset, void *ret_data, size_t size,
                    size_t *ret_len)
{
    enum err e = ERR_OK;
    size_t at = 0;
    int fd;

    if (!flash_name_valid(name))
        return ERR_ARG;
    fd = openat(f->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return from_errno(errno);
    while (at < size) {
        ssize_t n = pread(fd, (uint8_t *)ret_data + at, size - at, (off_t)(offset + at));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            e = ERR_IO;
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    close(fd);
    if (e == ERR_OK)
        *ret_len = at;
    return e;
}

enum err flash_write(struct flash *f, const char *name, uint64_t offset, struct bytes data)
{
    uint64_t before, after;
    int fd, code;

    if (!flash_name_valid(name))
        return ERR_ARG;
    before = size_of(f, name);
    after = offset + data.len > before ? offset + data.len : before;
    if (offset > before)
        return ERR_ARG;
    if (!fits(f, before, after))
        return ERR_LIMIT;
    fd = openat(f->dir_fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return from_errno(errno);
    code = write_all(fd, data, offset);
    /* A piece that did not fit leaves nothing behind. */
    if (code != 0 && ftruncate(fd, (off_t)before) < 0)
        code = EIO;
    close(fd);
    if (code != 0)
        return from_errno(code);
    account(f, before, after);
    return ERR_OK;
}

enum err flash_sync(struct flash *f, const char *name)
{
    enum err e = ERR_OK;
    int fd;

    if (!flash_name_valid(name))
        return ERR_ARG;
    fd = openat(f->dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return from_errno(errno);
    if (fsync(fd) < 0 || fsync(f->dir_fd) < 0)
        e = from_errno(errno);
    close(fd);
    return e;
}

enum err flash_replace(struct flash *f, const char *name, struct bytes data)
{
    uint64_t before;
    int fd, code;

    if (!flash_name_valid(name))
        return ERR_ARG;
    before = size_of(f, name);
    if (!fits(f, before, data.len))
        return ERR_LIMIT;
    fd = openat(f->dir_fd, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return from_errno(errno);
    code = write_all(fd, data, 0);
    if (code == 0 && fsync(fd) < 0)
        code = errno;
    close(fd);
    if (code == 0 && renameat(f->dir_fd, TEMPORARY, f->dir_fd, name) < 0)
        code = errno;
    if (code != 0) {
        unlinkat(f->dir_fd, TEMPORARY, 0);
        return from_errno(code);
    }
    account(f, before, data.len);
    return fsync(f->dir_fd) < 0 ? from_errno(errno) : ERR_OK;
}

enum err flash_rename(struct flash *f, const char *from, const char *to)
{
    uint64_t replaced;

    if (!flash_name_valid(from) || !flash_name_valid(to))
        return ERR_ARG;
    replaced = strcmp(from, to) == 0 ? 0 : size_of(f, to);
    if (renameat(f->dir_fd, from, f->dir_fd, to) < 0)
        return from_errno(errno);
    account(f, replaced, 0);
    return fsync(f->dir_fd) < 0 ? from_errno(errno) : ERR_OK;
}

enum err flash_remove(struct flash *f, const char *name)
{
    uint64_t before;

    if (!flash_name_valid(name))
        return ERR_ARG;
    before = size_of(f, name);
    if (unlinkat(f->dir_fd, name, 0) < 0)
        return from_errno(errno);
    account(f, before, 0);
    return ERR_OK;
}

enum err flash_list(struct flash *f, const char *prefix,
                    void (*each)(void *arg, const char *name, uint64_t size_bytes), void *arg)
{
    int fd = openat(f->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *entry;
    DIR *dir;

    if (fd < 0)
        return from_errno(errno);
    dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return ERR_NOMEM;
    }
    while ((entry = readdir(dir)) != NULL) {
        struct stat st;

        if (flash_name_valid(entry->d_name) &&
            strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
            fstatat(f->dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
            each(arg, entry->d_name, (uint64_t)st.st_size);
    }
    closedir(dir);
    return ERR_OK;
}

uint64_t flash_free_bytes(struct flash *f)
{
    struct statvfs st;
    uint64_t disk, quota;

    if (fstatvfs(f->dir_fd, &st) < 0)
        return 0;
    disk = (uint64_t)st.f_bavail * st.f_frsize;
    if (f->quota_bytes == 0)
        return disk;
    quota = f->quota_bytes > f->used_bytes ? f->quota_bytes - f->used_bytes : 0;
    return quota < disk ? quota : disk;
}
