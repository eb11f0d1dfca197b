#include "capfolder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

struct capfolder {
    struct capdesk *desk;
    uv_timer_t timer;
    int dir_fd;
    bool busy; /* one is being judged */
    bool closing;
    char name[NAME_MAX + 1]; /* of that one */
};

/* Has nobody written to it for a while? Also the kinds of file that are never taken are passed over here. */
static bool is_still(int dir_fd, const char *name)
{
    struct timespec now;
    struct stat st;
    int64_t age_ms;

    if (name[0] == '.' || fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    age_ms = (now.tv_sec - st.st_mtim.tv_sec) * 1000 + (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
    return age_ms >= CAPFOLDER_STILL_MS || age_ms < 0; /* a time ahead says nothing */
}

/* The first by name; false when there is none. */
static bool next_file(struct capfolder *f)
{
    int fd = openat(f->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    f->name[0] = '\0';
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while ((entry = readdir(dir)) != NULL) {
        if ((f->name[0] == '\0' || strcmp(entry->d_name, f->name) < 0) &&
            is_still(f->dir_fd, entry->d_name))
            snprintf(f->name, sizeof(f->name), "%s", entry->d_name);
    }
    closedir(dir);
    return f->name[0] != '\0';
}

/* The whole file, at most one byte too many; NULL when it cannot be read. */
static char *read_all(const struct capfolder *f, size_t *ret_len)
{
    int fd = openat(f->dir_fd, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *data = fd >= 0 ? malloc(CAP_BYTES_MAX + 1) : NULL;
    size_t len = 0;
    ssize_t n = 1;

    while (data != NULL && len <= CAP_BYTES_MAX && n > 0) {
        n = read(fd, data + len, CAP_BYTES_MAX + 1 - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        free(data);
        return NULL;
    }
    *ret_len = len;
    return data;
}

static void write_reason(const struct capfolder *f, const char *path, const char *reason)
{
    char name[NAME_MAX + 64];
    FILE *out = NULL;
    int fd;

    snprintf(name, sizeof(name), "%.*s.reason", NAME_MAX + 32, path);
    fd = openat(f->dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd >= 0)
        out = fdopen(fd, "w");
    if (out == NULL || fprintf(out, "%s\n", reason) < 0)
        log_event(LOG_WARN, "cap.reason_not_written", "file=%s", LOG_TEXT(f->name));
    if (out != NULL)
        fclose(out);
    else if (fd >= 0)
        close(fd);
}

/* Out of the way. A file of the same name that was moved before is replaced. */
static void put_away(struct capfolder *f, bool done, const char *reason)
{
    char path[NAME_MAX + 16];

    snprintf(path, sizeof(path), "%s/%s", done ? "done" : "refused", f->name);
    if (!done)
        write_reason(f, path, reason);
    if (renameat(f->dir_fd, f->name, f->dir_fd, path) != 0)
        log_event(LOG_ERROR, "cap.file_not_moved", "file=%s error=%s", LOG_TEXT(f->name),
                  strerror(errno));
}

static void on_taken(void *arg, enum err result, const struct api_cap_outcome *outcome,
                     const struct err_detail *detail)
{
    struct capfolder *f = arg;

    f->busy = false;
    if (result == ERR_OK)
        put_away(f, strcmp(outcome->result, "rejected") != 0, outcome->verdict);
    else if (result == ERR_LIMIT || result == ERR_STATE)
        put_away(f, false, detail->text);
    /* Otherwise the disk or the memory failed, and it is tried again. */
}

static void look(uv_timer_t *timer)
{
    struct capfolder *f = timer->data;
    struct err_detail detail = {{0}};
    size_t len = 0;
    char *data;
    enum err e;

    if (f->busy || f->closing || !next_file(f))
        return;
    data = read_all(f, &len);
    if (data == NULL)
        return;
    f->busy = true;
    e = capdesk_take(f->desk, bytes_of(data, len), "directory", NULL, on_taken, f, &detail);
    free(data);
    if (e == ERR_OK)
        return;
    f->busy = false;
    if (e == ERR_LIMIT)
        put_away(f, false, detail.text);
}

enum err capfolder_new(uv_loop_t *loop, struct capdesk *desk, const char *path,
                       struct capfolder **ret_folder, struct err_detail *detail)
{
    struct capfolder *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return ERR_NOMEM;
    f->desk = desk;
    f->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir_fd < 0 || (mkdirat(f->dir_fd, "done", 0750) != 0 && errno != EEXIST) ||
        (mkdirat(f->dir_fd, "refused", 0750) != 0 && errno != EEXIST)) {
        err_set(detail, ERR_IO,
                "[cap] directory = %s cannot be used (%s); make it, and let the "
                "station write there",
                path, strerror(errno));
        if (f->dir_fd >= 0)
            close(f->dir_fd);
        free(f);
        return ERR_IO;
    }
    uv_timer_init(loop, &f->timer);
    f->timer.data = f;
    uv_timer_start(&f->timer, look, CAPFOLDER_LOOK_MS, CAPFOLDER_LOOK_MS);
    *ret_folder = f;
    return ERR_OK;
}

void capfolder_close(struct capfolder *f)
{
    if (f == NULL || f->closing)
        return;
    f->closing = true;
    uv_close((uv_handle_t *)&f->timer, NULL);
}

void capfolder_free(struct capfolder *f)
{
    if (f == NULL)
        return;
    close(f->dir_fd);
    free(f);
}
