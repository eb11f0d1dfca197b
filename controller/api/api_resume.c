#include "api_resume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api_site.h"
#include "body.h"
#include "digest.h"

#define RESUMES_MAX 16
#define OWN_MAX 4
#define KEEP_US USEC_PER_DAY
#define SIZE_MAX_BYTES (INT64_C(1) << 30)
#define SETTLE_BYTES (4U << 20) /* of a part that may be lost to a power cut */

static void path_of(const struct api *a, uint64_t id, char ret_path[PATH_MAX])
{
    snprintf(ret_path, PATH_MAX, "%.4000s/%" PRIu64, a->ports.resume_dir, id);
}

static void unlist(struct api *a, struct resume *r)
{
    struct resume **at = &a->resumes;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    free(r);
}

/* The row first: a file without one is removed at the next start. A disk that fails keeps both until then. */
static void drop(struct api *a, struct resume *r)
{
    char path[PATH_MAX];

    path_of(a, r->row.id, path);
    if (store_upload_delete(a->ports.db, r->row.id) == ERR_OK)
        (void)unlink(path);
    unlist(a, r);
}

static void drop_expired(struct api *a, usec_t now_us)
{
    for (struct resume *r = a->resumes, *next; r != NULL; r = next) {
        next = r->next;
        if (r->row.expires_us <= now_us && !r->importing)
            drop(a, r);
    }
}

void api_resume_free_all(struct api *a)
{
    while (a->resumes != NULL)
        unlist(a, a->resumes);
}

static struct resume *find(const struct api *a, uint64_t id)
{
    struct resume *r = a->resumes;

    while (r != NULL && r->row.id != id)
        r = r->next;
    return r;
}

/* What lies there and belongs to none. */
static void clean(const struct api *a)
{
    DIR *dir = opendir(a->ports.resume_dir);
    const struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[PATH_MAX];

        if (entry->d_name[0] == '.' || find(a, strtoull(entry->d_name, NULL, 10)) != NULL)
            continue;
        snprintf(path, sizeof(path), "%.3800s/%s", a->ports.resume_dir, entry->d_name);
        (void)unlink(path);
    }
    if (dir != NULL)
        closedir(dir);
}

void api_resume_load(struct api *a)
{
    struct store_upload rows[RESUMES_MAX];
    size_t count = 0;

    if (store_upload_list(a->ports.db, rows, RESUMES_MAX, &count) != ERR_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        struct resume *r = calloc(1, sizeof(*r));
        char path[PATH_MAX];
        struct stat st;

        if (r == NULL)
            return;
        r->row = rows[i];
        r->offset_bytes = r->row.offset_bytes;
        r->next = a->resumes;
        a->resumes = r;
        path_of(a, r->row.id, path);
        if (stat(path, &st) != 0 || (uint64_t)st.st_size < r->offset_bytes)
            drop(a, r); /* a backup was restored, or somebody tidied up */
    }
    drop_expired(a, a->ports.now_us(a->ports.ctx));
    clean(a);
}

static struct resume *of_request(const struct api *a, uint64_t request)
{
    struct resume *r = a->resumes;

    while (r != NULL && r->request != request)
        r = r->next;
    return r;
}

bool api_resume_is_held(const struct api *a, uint64_t request)
{
    return of_request(a, request) != NULL;
}

/* Bring what was written to the disk, then say so in the row. */
static void settle(struct api *a, struct resume *r, int fd)
{
    struct store_upload row = r->row;

    row.offset_bytes = r->offset_bytes;
    if (fdatasync(fd) == 0 && store_upload_set(a->ports.db, &row) == ERR_OK)
        r->row = row;
}

void api_resume_wrote(struct api *a, uint64_t request, int fd, uint64_t bytes)
{
    struct resume *r = of_request(a, request);

    r->offset_bytes += bytes;
    if (r->offset_bytes - r->row.offset_bytes >= SETTLE_BYTES)
        settle(a, r, fd);
}

void api_resume_part_over(struct api *a, uint64_t request, int fd)
{
    struct resume *r = of_request(a, request);

    if (r == NULL)
        return;
    settle(a, r, fd);
    r->request = 0;
}

enum err api_resume_find(struct call *c, struct resume **ret_resume)
{
    struct resume *r = NULL;
    uint64_t id;

    drop_expired(c->api, c->now_us);
    if (call_number(c, &id) == ERR_OK)
        r = find(c->api, id);
    if (r != NULL && r->row.user.v == c->user.id.v) {
        *ret_resume = r;
        return ERR_OK;
    }
    return err_set(&c->detail, ERR_NOT_FOUND,
                   "There is no such upload, or it has expired; begin it again.");
}

static json_t *resume_json(const struct resume *r)
{
    return json_pack("{s:I, s:s, s:I, s:I, s:I}", "id", (json_int_t)r->row.id, "title",
                     r->row.title, "offset_bytes", (json_int_t)r->offset_bytes, "size_bytes",
                     (json_int_t)r->row.size_bytes, "expires_us", (json_int_t)r->row.expires_us);
}

static enum err may_begin(struct call *c)
{
    size_t all = 0, own = 0;

    drop_expired(c->api, c->now_us);
    for (const struct resume *r = c->api->resumes; r != NULL; r = r->next) {
        all++;
        own += r->row.user.v == c->user.id.v ? 1 : 0;
    }
    if (all < RESUMES_MAX && own < OWN_MAX)
        return ERR_OK;
    return err_set(&c->detail, ERR_BUSY,
                   "Too many uploads are unfinished; complete or delete one, or try again later.");
}

static enum err make(struct call *c, struct resume *r)
{
    char path[PATH_MAX];
    int fd;
    enum err e;

    path_of(c->api, r->row.id, path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(&c->detail, ERR_IO,
                       "The station cannot store uploads (%s); tell the administrator.",
                       strerror(errno));
    close(fd);
    e = db_explain(c->api->ports.db, store_upload_add(c->api->ports.db, &r->row), &c->detail);
    if (e != ERR_OK)
        (void)unlink(path);
    return e;
}

enum err api_resume_begin(struct call *c)
{
    struct resume *r = calloc(1, sizeof(*r));
    int64_t size = 0;
    enum err e;

    if (r == NULL)
        return ERR_NOMEM;
    const struct body_field fields[] = {
        {.name = "title",
         .to = r->row.title,
         .min = 1,
         .max = BULLETIN_TITLE_SIZE - 1,
         .required = true},
        {.name = "name", .to = r->row.name, .max = BULLETIN_TITLE_SIZE - 1},
        {.name = "size_bytes",
         .kind = BODY_NUMBER,
         .to = &size,
         .min = 1,
         .max = SIZE_MAX_BYTES,
         .required = true},
    };

    digest_random(&r->row.id, sizeof(r->row.id));
    r->row.id = (r->row.id >> 12) + 1; /* 52 bits: JSON of a browser holds no more */
    r->row.user = c->user.id;
    r->row.expires_us = c->now_us + KEEP_US;
    e = body_read(c->body, fields, 3, &c->detail);
    r->row.size_bytes = (uint64_t)size;
    if (e == ERR_OK)
        e = may_begin(c);
    if (e == ERR_OK)
        e = make(c, r);
    if (e != ERR_OK) {
        free(r);
        return e;
    }
    r->next = c->api->resumes;
    c->api->resumes = r;
    return call_out(c, 201, resume_json(r));
}

enum err api_resume_get(struct call *c)
{
    struct resume *r = NULL;
    enum err e = api_resume_find(c, &r);

    return e == ERR_OK ? call_out(c, 200, resume_json(r)) : e;
}

enum err api_resume_delete(struct call *c)
{
    struct resume *r = NULL;
    enum err e = api_resume_find(c, &r);

    if (e == ERR_OK)
        drop(c->api, r);
    return e;
}

enum err api_resume_part_begin(struct call *c, int *ret_fd, uint64_t *ret_left)
{
    struct resume *r = NULL;
    char path[PATH_MAX];
    uint64_t offset = 0;
    int fd;
    enum err e = api_resume_find(c, &r);

    if (e == ERR_OK)
        e = call_query_number(c, "offset", &offset);
    if (e == ERR_NOT_FOUND && r != NULL)
        return err_set(&c->detail, ERR_FORMAT, "Say where the part begins: ?offset=...");
    if (e != ERR_OK)
        return e;
    if (offset != r->offset_bytes)
        return err_set(&c->detail, ERR_STATE,
                       "%" PRIu64 " bytes are there; go on from that offset.", r->offset_bytes);
    path_of(c->api, r->row.id, path);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    if (ftruncate(fd, (off_t)offset) != 0) { /* half a piece of a full disk, or what a crash left */
        close(fd);
        return ERR_IO;
    }
    r->request = c->id;
    r->row.expires_us = c->now_us + KEEP_US;
    *ret_fd = fd;
    *ret_left = r->row.size_bytes - r->offset_bytes;
    return ERR_OK;
}

/* The part is complete; how much there is of the whole. */
enum err api_resume_part(struct call *c)
{
    struct resume *r = NULL;
    enum err e;

    api_upload_gone(c->api, c->id);
    e = api_resume_find(c, &r);
    if (e == ERR_OK && r->row.offset_bytes != r->offset_bytes)
        e = ERR_IO;
    return e == ERR_OK ? call_out(c, 200, resume_json(r)) : e;
}

enum err api_resume_complete(struct call *c)
{
    struct resume *r = NULL;
    char path[PATH_MAX], copy[PATH_MAX];
    enum err e = api_resume_find(c, &r);

    if (e != ERR_OK)
        return e;
    if (r->offset_bytes != r->row.size_bytes)
        return err_set(&c->detail, ERR_STATE,
                       "%" PRIu64 " of %" PRIu64 " bytes are there; send the rest first.",
                       r->offset_bytes, r->row.size_bytes);
    if (r->importing)
        return err_set(&c->detail, ERR_BUSY, "This upload is being imported already.");
    /* The import takes a name of its own away: a restart in the middle of it loses nothing. */
    path_of(c->api, r->row.id, path);
    snprintf(copy, sizeof(copy), "%.4000s/upload-%" PRIu64, c->api->ports.upload_dir, r->row.id);
    (void)unlink(copy);
    if (link(path, copy) != 0)
        return ERR_IO;
    e = api_upload_import(c, copy, r->row.title, r->row.name, NULL, r->row.id);
    r->importing = e == ERR_MORE;
    if (e != ERR_MORE)
        (void)unlink(copy);
    return e;
}

void api_resume_imported(struct api *a, uint64_t id, enum err result)
{
    struct resume *r = find(a, id);

    if (r == NULL)
        return;
    r->importing = false;
    if (result != ERR_IO && result != ERR_NOMEM && result != ERR_BUSY && result != ERR_CANCELLED)
        drop(a, r);
}
