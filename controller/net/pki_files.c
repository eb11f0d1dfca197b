#include "pki_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err io_failed(struct err_detail *detail, const char *path, const char *what)
{
    return err_set(detail, ERR_IO,
                   "%s cannot be %s (%s); check the disk and who owns the directory", path, what,
                   strerror(errno));
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool pki_files_absent(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    bool empty = true;

    if (d == NULL)
        return errno == ENOENT;
    while ((entry = readdir(d)) != NULL)
        empty = empty && is_dot(entry->d_name);
    closedir(d);
    return empty;
}

/* Remove a directory of plain files, as a creation that was cut short left it. */
static void remove_tree(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;

    if (d == NULL)
        return;
    while ((entry = readdir(d)) != NULL) {
        if (!is_dot(entry->d_name))
            (void)unlinkat(dirfd(d), entry->d_name, 0);
    }
    closedir(d);
    (void)rmdir(dir);
}

static bool sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return ok;
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static enum err write_file(const char *path, const struct pki_file *file, struct err_detail *detail)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                  file->is_private ? 0600 : 0644);
    bool ok;

    if (fd < 0)
        return io_failed(detail, path, "made");
    ok = fchmod(fd, file->is_private ? 0600 : 0644) == 0 &&
         write_all(fd, file->text, strlen(file->text)) && fsync(fd) == 0;
    if (close(fd) != 0 || !ok)
        return io_failed(detail, path, "written");
    return ERR_OK;
}

/* dir + infix + name; false when that is too long. */
static bool join(char path[PATH_MAX], const char *dir, const char *infix, const char *name)
{
    int len = snprintf(path, PATH_MAX, "%s%s%s", dir, infix, name);

    return len > 0 && len < PATH_MAX;
}

static bool parent_of(const char *dir, char parent[PATH_MAX])
{
    char *slash;

    if (!join(parent, dir, "", ""))
        return false;
    slash = strrchr(parent, '/');
    if (slash == NULL)
        strcpy(parent, ".");
    else
        slash[slash == parent ? 1 : 0] = '\0';
    return true;
}

enum err pki_files_create(const char *dir, const struct pki_file *files, size_t count,
                          struct err_detail *detail)
{
    char fresh[PATH_MAX], parent[PATH_MAX], path[PATH_MAX];
    enum err e = ERR_OK;

    if (!join(fresh, dir, ".new", "") || !parent_of(dir, parent))
        return err_set(detail, ERR_ARG, "the path %.80s... is too long; choose a shorter one", dir);
    remove_tree(fresh);
    if (mkdir(fresh, 0700) != 0)
        return io_failed(detail, fresh, "made");
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        if (!join(path, fresh, "/", files[i].name))
            e = err_set(detail, ERR_ARG, "the path %.80s... is too long; choose a shorter one",
                        dir);
        else
            e = write_file(path, &files[i], detail);
    }
    if (e == ERR_OK && !sync_dir(fresh))
        e = io_failed(detail, fresh, "written");
    if (e == ERR_OK && rename(fresh, dir) != 0) /* takes the place of an empty directory, too */
        e = io_failed(detail, dir, "made");
    if (e == ERR_OK && !sync_dir(parent))
        e = io_failed(detail, parent, "written");
    if (e != ERR_OK)
        remove_tree(fresh);
    return e;
}

static enum err check_access(int fd, const char *path, const struct pki_file *file,
                             struct err_detail *detail)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return io_failed(detail, path, "read");
    if (!S_ISREG(st.st_mode))
        return err_set(detail, ERR_FORMAT, "%s is not a file; restore it from a backup", path);
    if (file->is_private && (st.st_mode & 077) != 0)
        return err_set(
            detail, ERR_AUTH,
            "%s can be read by others (mode %04o); run chmod 600 on it, and make new keys if "
            "somebody else may have seen it",
            path, (unsigned)(st.st_mode & 07777));
    return ERR_OK;
}

bool pki_files_has(const char *dir, const char *name)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path) &&
           access(path, F_OK) == 0;
}

enum err pki_files_read(const char *dir, struct pki_file *file, struct err_detail *detail)
{
    char path[PATH_MAX];
    size_t len = 0;
    ssize_t n = 1;
    enum err e;
    int fd;

    if (!join(path, dir, "/", file->name))
        return err_set(detail, ERR_ARG, "the path %.80s... is too long; choose a shorter one", dir);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return err_set(detail, ERR_FORMAT, "%s is missing; restore it from a backup", path);
    if (fd < 0)
        return io_failed(detail, path, "read");
    e = check_access(fd, path, file, detail);
    while (e == ERR_OK && n != 0) {
        n = read(fd, file->text + len, sizeof(file->text) - len);
        if (n < 0 && errno != EINTR)
            e = io_failed(detail, path, "read");
        else if (n > 0)
            len += (size_t)n;
        if (len == sizeof(file->text))
            e = err_set(detail, ERR_FORMAT, "%s is too long; restore it from a backup", path);
    }
    close(fd);
    if (e == ERR_OK)
        file->text[len] = '\0';
    return e;
}

enum err pki_files_replace(const char *dir, const struct pki_file *file, struct err_detail *detail)
{
    char fresh[PATH_MAX], path[PATH_MAX];
    enum err e;

    if (!join(path, dir, "/", file->name) || !join(fresh, path, ".new", ""))
        return err_set(detail, ERR_ARG, "the path %.80s... is too long; choose a shorter one", dir);
    e = write_file(fresh, file, detail);
    if (e == ERR_OK && (rename(fresh, path) != 0 || !sync_dir(dir)))
        e = io_failed(detail, path, "written");
    if (e != ERR_OK)
        (void)unlink(fresh);
    return e;
}
