/* Uploads: pieces go to a file as they come; the complete file goes to the import. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_impl.h"
#include "api_resume.h"
#include "api_site.h"

#include "utf8.h"

#define PHOTO_BYTES_MAX (1024 * 1024)

struct upload {
    struct upload *next;
    uint64_t id; /* of the request */
    struct call *call; /* kept once the import runs */
    int fd;
    bool in_vietnamese; /* as the call */
    uint64_t resume; /* that is being imported, 0 none */
    bool is_part; /* of an upload that can be resumed: the file is not this one's */
    uint64_t left; /* bytes that may still come */
    struct cue cue;
    char title[BULLETIN_TITLE_SIZE];
    char name[BULLETIN_TITLE_SIZE];
    char path[4096];
};

static struct upload *find(struct api *a, uint64_t id)
{
    struct upload *u = a->uploads;

    while (u != NULL && u->id != id)
        u = u->next;
    return u;
}

static void unlist(struct api *a, struct upload *u)
{
    struct upload **at = &a->uploads;

    while (*at != NULL && *at != u)
        at = &(*at)->next;
    if (*at != NULL)
        *at = u->next;
}

static void drop(struct upload *u)
{
    if (u->fd >= 0)
        close(u->fd);
    if (u->path[0] != '\0')
        (void)unlink(u->path);
    free(u->call);
    free(u);
}

static enum err read_names(struct call *c, struct upload *u)
{
    enum err e = web_query(c->req, "title", u->title, sizeof(u->title));

    if (e == ERR_OK && !utf8_valid(u->title, strlen(u->title), false))
        e = ERR_FORMAT;
    if (e != ERR_OK || u->title[0] == '\0')
        return err_set(&c->detail, ERR_FORMAT,
                       "Give the recording a title of 1 to %d bytes: ?title=...",
                       BULLETIN_TITLE_SIZE - 1);
    e = web_query(c->req, "name", u->name, sizeof(u->name));
    if ((e != ERR_OK && e != ERR_NOT_FOUND) || !utf8_valid(u->name, strlen(u->name), false))
        return err_set(&c->detail, ERR_FORMAT, "?name= takes the file's name, at most %d bytes.",
                       BULLETIN_TITLE_SIZE - 1);
    return ERR_OK;
}

static enum err read_cue(struct call *c, struct cue *cue)
{
    const struct {
        const char *name;
        uint32_t *to;
        uint32_t max;
    } numbers[] = {
        {"from_ms", &cue->from_ms, UINT32_MAX},
        {"to_ms", &cue->to_ms, UINT32_MAX},
        {"fade_in_ms", &cue->fade_in_ms, CUE_FADE_MAX_MS},
        {"fade_out_ms", &cue->fade_out_ms, CUE_FADE_MAX_MS},
    };
    char trim[8] = "";
    enum err e = web_query(c->req, "trim", trim, sizeof(trim));

    if (e != ERR_NOT_FOUND && strcmp(trim, "yes") != 0)
        return err_set(&c->detail, ERR_FORMAT, "?trim= takes yes.");
    cue->trim = e == ERR_OK;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint64_t n = 0;

        e = call_query_number(c, numbers[i].name, &n);
        if (e == ERR_FORMAT || n > numbers[i].max)
            return err_set(&c->detail, ERR_FORMAT, "?%s= takes 0 to %u ms.", numbers[i].name,
                           numbers[i].max);
        *numbers[i].to = (uint32_t)n;
    }
    if (cue->to_ms != 0 && cue->to_ms <= cue->from_ms)
        return err_set(&c->detail, ERR_FORMAT, "?to_ms= lies before ?from_ms=.");
    return ERR_OK;
}

enum err api_upload_begin(struct call *c)
{
    struct api *a = c->api;
    struct upload *u;
    size_t count = 0;
    enum err e;

    for (u = a->uploads; u != NULL; u = u->next)
        count++;
    if (count >= API_UPLOADS_MAX)
        return err_set(&c->detail, ERR_BUSY, "Others are uploading; try again in a minute.");
    u = calloc(1, sizeof(*u));
    if (u == NULL)
        return ERR_NOMEM;
    u->fd = -1;
    u->id = c->id;
    u->in_vietnamese = c->in_vietnamese;
    if (c->route->body == ROUTE_PART) {
        u->is_part = true;
        e = api_resume_part_begin(c, &u->fd, &u->left);
        goto out;
    }
    u->left = c->route->body == ROUTE_PHOTO ? PHOTO_BYTES_MAX : UINT64_MAX;
    e = c->route->body == ROUTE_UPLOAD ? read_names(c, u) : ERR_OK;
    if (e == ERR_OK && c->route->body == ROUTE_UPLOAD)
        e = read_cue(c, &u->cue);
    if (e != ERR_OK)
        goto out;
    snprintf(u->path, sizeof(u->path), "%s/upload-XXXXXX", a->ports.upload_dir);
    u->fd = mkostemp(u->path, O_CLOEXEC);
    if (u->fd < 0) {
        u->path[0] = '\0';
        e = err_set(&c->detail, ERR_IO,
                    "The station cannot store uploads (%s); tell the "
                    "administrator.",
                    strerror(errno));
        goto out;
    }
out:
    if (e != ERR_OK) {
        drop(u);
        return e;
    }
    u->next = a->uploads;
    a->uploads = u;
    return ERR_OK;
}

static bool write_all(int fd, struct bytes piece)
{
    while (piece.len > 0) {
        ssize_t n = write(fd, piece.data, piece.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        piece = bytes_of(piece.data + n, piece.len - (size_t)n);
    }
    return true;
}

/* A client that lost its link goes on in another request before this one is known to be dead. */
static bool is_held(const struct api *a, const struct upload *u)
{
    return !u->is_part || api_resume_is_held(a, u->id);
}

bool api_upload_piece(struct api *a, uint64_t id, struct bytes piece)
{
    struct upload *u = find(a, id);
    struct call c = {.api = a, .id = id, .in_vietnamese = u != NULL && u->in_vietnamese};
    enum err e;

    if (u != NULL && piece.len <= u->left && is_held(a, u) && write_all(u->fd, piece)) {
        u->left -= piece.len;
        if (u->is_part)
            api_resume_wrote(a, id, u->fd, piece.len);
        return true;
    }
    if (u != NULL && !is_held(a, u)) {
        e = err_set(&c.detail, ERR_STATE, "Another request goes on with this upload.");
    } else if (u != NULL && piece.len > u->left) {
        e = u->is_part
                ? err_set(&c.detail, ERR_LIMIT, "More came than the upload was announced with.")
                : err_set(&c.detail, ERR_LIMIT,
                          "The picture is larger than 1 MiB; make it smaller.");
        c.status = 413;
    } else {
        e = err_set(&c.detail, ERR_IO,
                    "The station's disk is full or failed (%s); free some space.", strerror(errno));
        c.status = 507;
    }
    api_upload_gone(a, id);
    call_finish(&c, e);
    return false;
}

void api_upload_gone(struct api *a, uint64_t id)
{
    struct upload *u = find(a, id);

    if (u == NULL)
        return;
    unlist(a, u);
    if (u->is_part)
        api_resume_part_over(a, id, u->fd);
    drop(u);
}

void api_upload_free_all(struct api *a)
{
    while (a->uploads != NULL) {
        struct upload *u = a->uploads;

        a->uploads = u->next;
        drop(u);
    }
}

static void on_imported(void *arg, enum err result, const struct media_info *info,
                        const struct err_detail *detail)
{
    struct upload *u = arg;
    struct call *c = u->call;

    c->now_us = c->api->ports.now_us(c->api->ports.ctx);
    if (result == ERR_OK)
        result = api_media_imported(c, "media.import", info);
    else if (detail != NULL)
        c->detail = *detail;
    if (result == ERR_FORMAT || result == ERR_UNSUPPORTED)
        c->status = 422; /* the request was in order, the file is not */
    api_resume_imported(c->api, u->resume, result);
    call_finish(c, result);
    drop(u);
}

enum err api_upload_import(struct call *c, const char *path, const char *title, const char *name,
                           const struct cue *cue, uint64_t resume)
{
    struct upload *u = calloc(1, sizeof(*u));
    enum err e;

    if (u == NULL)
        return ERR_NOMEM;
    u->fd = -1;
    u->resume = resume;
    snprintf(u->title, sizeof(u->title), "%s", title);
    snprintf(u->name, sizeof(u->name), "%s", name);
    u->call = call_keep(c);
    e = u->call != NULL ? c->api->ports.import_start(c->api->ports.ctx, path, u->title, u->name,
                                                     cue, c->user.id, on_imported, u, &c->detail)
                        : ERR_NOMEM;
    if (e == ERR_OK)
        return ERR_MORE;
    drop(u);
    return e;
}

enum err api_upload_take(struct call *c, char *ret_path, size_t size, int *ret_fd)
{
    struct upload *u = find(c->api, c->id);

    if (u == NULL)
        return err_set(&c->detail, ERR_FORMAT, "The body is empty; send the file as the body.");
    unlist(c->api, u);
    snprintf(ret_path, size, "%s", u->path);
    *ret_fd = u->fd;
    u->fd = -1;
    u->path[0] = '\0';
    drop(u);
    return ERR_OK;
}

/* POST /api/v1/media: the body is complete. */
enum err api_upload_end(struct call *c)
{
    struct api *a = c->api;
    struct upload *u = find(a, c->id);
    enum err e;

    if (u == NULL)
        return err_set(&c->detail, ERR_FORMAT,
                       "The body is empty; send the recording as the body.");
    unlist(a, u);
    if (close(u->fd) != 0) {
        u->fd = -1;
        drop(u);
        return ERR_IO;
    }
    u->fd = -1;
    e = api_upload_import(c, u->path, u->title, u->name, &u->cue, 0);
    if (e == ERR_MORE)
        u->path[0] = '\0'; /* the import's from here on */
    drop(u);
    return e;
}
