/* Recordings. */
#include <string.h>

#include "api_impl.h"
#include "store_media.h"

json_t *api_media_json(const struct media_info *m)
{
    char hex[HEX_SIZE(SHA256_BYTES)];

    bytes_to_hex(bytes_of(m->id.sha256, sizeof(m->id.sha256)), hex);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:i, s:I, s:I}", "sha256", hex, "title",
                     m->title, "source_name", m->source_name, "size_bytes",
                     (json_int_t)m->size_bytes, "duration_ms", (json_int_t)m->duration_ms,
                     "loudness_mlufs", m->loudness_mlufs, "true_peak_mdb", m->true_peak_mdb,
                     "gain_mdb", m->gain_mdb, "created_us", (json_int_t)m->created_us, "created_by",
                     (json_int_t)m->created_by.v);
}

static enum err fetch_media(struct call *c, struct db_page *page, void *rows, size_t max,
                            size_t *ret_count)
{
    return store_media_list(c->api->ports.db, page, rows, max, ret_count);
}

static json_t *media_item(struct call *c, const void *row)
{
    (void)c;
    return api_media_json(row);
}

enum err api_media_list(struct call *c)
{
    return call_list(c, sizeof(struct media_info), fetch_media, media_item);
}

static enum err find_media(struct call *c, struct media_info *ret_media)
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
    enum err e = find_media(c, &media);

    return e == ERR_OK ? call_out(c, 200, api_media_json(&media)) : e;
}

enum err api_media_file(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct media_info media;
    char path[4096];
    enum err e = find_media(c, &media);

    if (e == ERR_OK)
        e = ports->media_path(ports->ctx, &media.id, path, sizeof(path));
    if (e != ERR_OK)
        return call_missing(c, e, "file of the recording");
    c->res.file = strdup(path);
    if (c->res.file == NULL)
        return ERR_NOMEM;
    c->res.status = 200;
    c->res.content_type = "audio/ogg";
    call_header(c, "content-disposition:", "attachment; filename=\"%.16s.opus\"", c->param[0]);
    return ERR_OK;
}

enum err api_media_delete(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct media_info media;
    enum err e = find_media(c, &media);

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
