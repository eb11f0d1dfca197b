/* Recordings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "api_impl.h"
#include "api_media.h"
#include "store_media.h"

json_t *api_media_json(const struct media_info *m)
{
    const char *kind = m->spoken ? "speech" : m->aircheck ? "recording" : "upload";
    char hex[HEX_SIZE(SHA256_BYTES)];

    bytes_to_hex(bytes_of(m->id.sha256, sizeof(m->id.sha256)), hex);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:i, s:I, s:I, s:b, s:s}", "sha256", hex,
                     "title", m->title, "source_name", m->source_name, "size_bytes",
                     (json_int_t)m->size_bytes, "duration_ms", (json_int_t)m->duration_ms,
                     "loudness_mlufs", m->loudness_mlufs, "true_peak_mdb", m->true_peak_mdb,
                     "gain_mdb", m->gain_mdb, "created_us", (json_int_t)m->created_us, "created_by",
                     (json_int_t)m->created_by.v, "archived", m->archived, "kind", kind);
}

enum err api_media_find(struct call *c, struct media_info *ret_media)
{
    struct media_id id;
    enum err e = bytes_from_hex(c->param[0], id.sha256, sizeof(id.sha256));

    if (e == ERR_OK)
        e = store_media_get(c->api->ports.db, &id, ret_media);
    return call_missing(c, e == ERR_FORMAT ? ERR_NOT_FOUND : e, "recording");
}

enum err api_media_get(struct call *c)
{
    struct media_info media;
    enum err e = api_media_find(c, &media);

    return e == ERR_OK ? call_out(c, 200, api_media_json(&media)) : e;
}

enum err api_media_file(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct media_info media;
    char path[4096];
    char tag[80];
    int fd;
    enum err e = api_media_find(c, &media);

    if (e == ERR_OK)
        e = ports->media_path(ports->ctx, &media.id, path, sizeof(path));
    if (e != ERR_OK)
        return call_missing(c, e, "file of the recording");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return call_missing(c, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "file of the recording");
    snprintf(tag, sizeof(tag), "\"%.64s\"", c->param[0]);
    call_header(c, "content-disposition:", "attachment; filename=\"%.16s.opus\"", c->param[0]);
    return call_file(c, fd, "audio/ogg", tag, "private, no-cache");
}

enum err api_media_delete(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct media_info media;
    enum err e = api_media_find(c, &media);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_media_delete(ports->db, &media.id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "media.delete", json_pack("{s:s}", "title", media.title), "media:%s",
                         c->param[0]);
    e = call_end(c, e);
    if (e == ERR_OK)
        ports->media_deleted(ports->ctx, &media.id);
    return e;
}

/* Store it; the same sound may be there already, under another title. */
static enum err keep_media(struct call *c, struct media_info *media)
{
    enum err e = store_media_add(c->api->ports.db, media);

    return e == ERR_EXISTS ? store_media_get(c->api->ports.db, &media->id, media) : e;
}

enum err api_media_imported(struct call *c, const char *action, const struct media_info *info)
{
    struct media_info media = *info;
    char hex[HEX_SIZE(SHA256_BYTES)];
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = keep_media(c, &media);
    bytes_to_hex(bytes_of(media.id.sha256, sizeof(media.id.sha256)), hex);
    if (e == ERR_OK)
        e = call_journal(c, action, json_pack("{s:s}", "title", media.title), "media:%s", hex);
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 201, api_media_json(&media)) : e;
}
