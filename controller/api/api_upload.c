/* Uploads: pieces go to a file as they come; the complete file goes to the import. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_impl.h"

#include "utf8.h"

struct upload {
    struct upload *next;
    uint64_t id; /* of the request */
    struct call *call; /* kept once the import runs */
    int fd;
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
    e = read_names(c, u);
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
    u->next = a->uploads;
    a->uploads = u;
    u = NULL;
out:
    if (u != NULL)
        drop(u);
    return e;
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

bool api_upload_piece(struct api *a, uint64_t id, struct bytes piece)
{
    struct upload *u = find(a, id);
    struct call c = {.api = a, .id = id};
    enum err e;

    if (u != NULL && write_all(u->fd, piece))
        return true;
    e = err_set(&c.detail, ERR_IO, "The station's disk is full or failed (%s); free some space.",
                strerror(errno));
    c.status = 507;
    if (u != NULL) {
        unlist(a, u);
        drop(u);
    }
    call_finish(&c, e);
    return false;
}

void api_upload_gone(struct api *a, uint64_t id)
{
    struct upload *u = find(a, id);

    if (u == NULL)
        return;
    unlist(a, u);
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

static enum err imported(struct call *c, const struct media_info *info)
{
    char hex[HEX_SIZE(SHA256_BYTES)];
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    bytes_to_hex(bytes_of(info->id.sha256, sizeof(info->id.sha256)), hex);
    e = call_journal(c, "media.import", json_pack("{s:s}", "title", info->title), "media:%s", hex);
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 201, api_media_json(info)) : e;
}

static void on_imported(void *arg, enum err result, const struct media_info *info,
                        const struct err_detail *detail)
{
    struct upload *u = arg;
    struct call *c = u->call;

    c->now_us = c->api->ports.now_us(c->api->ports.ctx);
    if (result == ERR_OK)
        result = imported(c, info);
    else if (detail != NULL)
        c->detail = *detail;
    if (result == ERR_FORMAT || result == ERR_UNSUPPORTED)
        c->status = 422; /* the request was in order, the file is not */
    call_finish(c, result);
    drop(u);
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
    u->call = call_keep(c);
    e = u->call != NULL ? a->ports.import_start(a->ports.ctx, u->path, u->title, u->name,
                                                c->user.id, on_imported, u, &c->detail)
                        : ERR_NOMEM;
    if (e != ERR_OK) {
        drop(u);
        return e;
    }
    u->path[0] = '\0'; /* the import's from here on */
    return ERR_MORE;
}
