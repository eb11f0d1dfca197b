#include "state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESTARTS_FILE "restarts"
#define BOOT_ID_SIZE 64

/* One line: starts, how the program is or ended, the boot it ran in. */
struct record {
    uint32_t starts;
    char state[16]; /* "running" or "stopped" */
    char boot_id[BOOT_ID_SIZE];
};

static bool record_read(struct state_dir *s, struct record *ret_record)
{
    char text[128];
    size_t len;

    if (flash_read(&s->files, RESTARTS_FILE, 0, text, sizeof(text) - 1, &len) != ERR_OK)
        return false;
    text[len] = '\0';
    ret_record->boot_id[0] = '\0';
    return sscanf(text, "%u %15s %63s", &ret_record->starts, ret_record->state,
                  ret_record->boot_id) >= 2;
}

static enum err record_write(struct state_dir *s, const struct record *record)
{
    char text[128];
    int n =
        snprintf(text, sizeof(text), "%u %s %s\n", record->starts, record->state, record->boot_id);

    return flash_replace(&s->files, RESTARTS_FILE, bytes_of(text, (size_t)n));
}

static enum err take_lock(struct state_dir *s, const char *path, struct err_detail *detail)
{
    char name[PATH_MAX];

    snprintf(name, sizeof(name), "%s/lock", path);
    s->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_fd < 0)
        return err_set(detail, ERR_IO, "cannot write in %s: %s; choose a writable state directory",
                       path, strerror(errno));
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    close(s->lock_fd);
    s->lock_fd = -1;
    return err_set(detail, ERR_BUSY,
                   "another loa-node runs with %s; stop it or use another --state", path);
}

enum err state_dir_open(struct state_dir *s, const char *path, uint64_t quota_bytes,
                        struct err_detail *detail)
{
    char objects[PATH_MAX];
    enum err e;

    *s = (struct state_dir){.lock_fd = -1, .files.dir_fd = -1, .objects.dir_fd = -1};
    s->restart_cause = "first";
    if (snprintf(objects, sizeof(objects), "%s/flash", path) >= (int)sizeof(objects) - 8)
        return err_set(detail, ERR_ARG, "the path of the state directory is too long");
    e = flash_open(&s->files, path, 0, detail);
    if (e == ERR_OK && fchmod(s->files.dir_fd, 0700) < 0)
        e = err_set(detail, ERR_IO, "cannot make %s private: %s; it must belong to this user", path,
                    strerror(errno));
    if (e == ERR_OK)
        e = take_lock(s, path, detail);
    if (e == ERR_OK)
        e = flash_open(&s->objects, objects, quota_bytes, detail);
    if (e != ERR_OK)
        state_dir_close(s);
    return e;
}

enum err state_dir_count_start(struct state_dir *s, const char *system_boot_id)
{
    struct record r = {0};

    if (record_read(s, &r)) {
        bool same_boot = strcmp(r.boot_id, system_boot_id) == 0;

        if (strcmp(r.state, "stopped") == 0)
            s->restart_cause = same_boot ? "stopped" : "reboot";
        else
            s->restart_cause = same_boot ? "crash" : "power";
        s->restarts = r.starts;
    }
    r.starts = s->restarts + 1;
    strcpy(r.state, "running");
    snprintf(r.boot_id, sizeof(r.boot_id), "%s", system_boot_id);
    return record_write(s, &r);
}

void state_dir_close(struct state_dir *s)
{
    struct record r;

    if (s->lock_fd >= 0 && record_read(s, &r) && strcmp(r.state, "running") == 0) {
        enum err e;

        strcpy(r.state, "stopped");
        e = record_write(s, &r);
        (void)e; /* the next start then reads as after a crash */
    }
    flash_close(&s->objects);
    flash_close(&s->files);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->lock_fd = -1;
}

void state_dir_boot_id(char *ret_text, size_t size)
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    ret_text[0] = '\0';
    if (file == NULL)
        return;
    if (fgets(ret_text, (int)size, file) == NULL)
        ret_text[0] = '\0';
    ret_text[strcspn(ret_text, "\n")] = '\0';
    fclose(file);
}

void state_dir_boot_id_bytes(uint8_t ret_bytes[16])
{
    char text[64], hex[33] = "";
    size_t n = 0;

    state_dir_boot_id(text, sizeof(text));
    for (const char *c = text; *c != '\0' && n < 32; c++)
        if (*c != '-')
            hex[n++] = *c;
    if (bytes_from_hex(hex, ret_bytes, 16) != ERR_OK)
        memset(ret_bytes, 0, 16);
}
