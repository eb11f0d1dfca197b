/* What is done with recordings: find, rename, archive, see where one is used, put another in its place, cut. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "api_media.h"
#include "body.h"
#include "broadcast.h"
#include "cut.h"
#include "store_bulletin.h"
#include "store_media.h"

#define USES_MAX 200

static enum err read_filter(struct call *c, struct media_filter *f)
{
    static const char *const kinds[] = {"upload", "speech", "recording"};
    char kind[16] = "";
    char archived[8] = "";
    enum err e = web_query(c->req, "q", f->text, sizeof(f->text));

    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_FORMAT, "?q= takes a text of at most %zu bytes.",
                       sizeof(f->text) - 1);
    e = web_query(c->req, "kind", kind, sizeof(kind));
    for (int i = 0; e == ERR_OK && i < 3; i++)
        if (strcmp(kind, kinds[i]) == 0)
            f->kind = i + 1;
    if (e != ERR_NOT_FOUND && f->kind == 0)
        return err_set(&c->detail, ERR_FORMAT, "?kind= takes upload, speech or recording.");
    e = web_query(c->req, "archived", archived, sizeof(archived));
    if (e == ERR_OK && (strcmp(archived, "true") == 0 || strcmp(archived, "false") == 0))
        f->archived = archived[0] == 't' ? 2 : 1;
    else if (e != ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_FORMAT, "?archived= takes true or false.");
    return call_query_span(c, &f->from_us, &f->to_us);
}

static enum err fetch_media(struct call *c, struct db_page *page, void *rows, size_t max,
                            size_t *ret_count)
{
    struct media_filter f = {0};
    enum err e = read_filter(c, &f);

    return e == ERR_OK ? store_media_find(c->api->ports.db, &f, page, rows, max, ret_count) : e;
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

enum err api_media_change(struct call *c)
{
    char title[BULLETIN_TITLE_SIZE] = "";
    bool archived = false;
    struct media_info media;
    const struct body_field fields[] = {
        {.name = "title", .to = title, .min = 1, .max = BULLETIN_TITLE_SIZE - 1},
        {.name = "archived", .kind = BODY_BOOL, .to = &archived},
    };
    enum err e = body_read(c->body, fields, 2, &c->detail);

    if (e == ERR_OK)
        e = api_media_find(c, &media);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    if (title[0] != '\0')
        memcpy(media.title, title, sizeof(title));
    if (body_has(c->body, "archived"))
        media.archived = archived;
    e = store_media_change(c->api->ports.db, &media);
    if (e == ERR_OK)
        e = call_journal(c, "media.change", json_incref(c->body), "media:%s", c->param[0]);
    e = call_end(c, e);
    return e == ERR_OK ? call_out(c, 200, api_media_json(&media)) : e;
}

static json_t *use_json(const struct media_use *u)
{
    static const char *const names[] = {"", "bulletin", "broadcast", "signature", "emergency"};
    const char *state = "";
    const char *title = u->title;

    if (u->what == MEDIA_USE_BULLETIN)
        state = bulletin_state_name((enum bulletin_state)u->state);
    else if (u->what == MEDIA_USE_BROADCAST)
        state = u->state == 0 ? "planned" : "on_air";
    else if (u->what == MEDIA_USE_SIGNAL)
        title = emergency_signal_title((enum emergency_signal)u->id);
    return json_pack("{s:s, s:I, s:s, s:s}", "what", names[u->what], "id", (json_int_t)u->id,
                     "title", title, "state", state);
}

enum err api_media_uses(struct call *c)
{
    struct media_use uses[USES_MAX];
    struct media_info media;
    size_t count = 0;
    json_t *items;
    enum err e = api_media_find(c, &media);

    if (e == ERR_OK)
        e = store_media_uses(c->api->ports.db, &media.id, uses, USES_MAX, &count);
    if (e != ERR_OK)
        return e;
    items = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(items, use_json(&uses[i]));
    return call_out(c, 200, json_pack("{s:o, s:b}", "items", items, "more", count == USES_MAX));
}

static void put_in_place(struct bulletin *b, const struct media_id *old, const struct media_id *new)
{
    for (size_t i = 0; i < b->part_count; i++)
        if (b->parts[i].kind == PART_MEDIA && memcmp(&b->parts[i].media, old, sizeof(*old)) == 0)
            b->parts[i].media = *new;
}

static bool holds(const struct bulletin *b, const struct media_id *media)
{
    for (size_t i = 0; i < b->part_count; i++)
        if (b->parts[i].kind == PART_MEDIA &&
            memcmp(&b->parts[i].media, media, sizeof(*media)) == 0)
            return true;
    return false;
}

/* What nobody has approved is changed; of the rest a draft is made, to be approved again. */
static enum err replace_in(struct call *c, uint64_t id, const struct media_id *old,
                           const struct media_id *new, json_t *changed, json_t *drafts)
{
    struct db *db = c->api->ports.db;
    struct bulletin b, copy;
    bool is_open;
    enum err e = store_bulletin_get(db, (struct bulletin_id){id}, &b);

    if (e != ERR_OK || !holds(&b, old))
        return e; /* it speaks the recording: its text is changed instead */
    is_open = b.state == BULLETIN_DRAFT || b.state == BULLETIN_REJECTED;
    if (is_open) {
        put_in_place(&b, old, new);
        e = store_bulletin_edit(db, &b, c->user.id, c->now_us, &c->detail);
    } else {
        bulletin_copy(&b, c->user.id, c->now_us, &copy);
        put_in_place(&copy, old, new);
        e = store_bulletin_add(db, &copy, &b.id, &c->detail);
    }
    if (e == ERR_OK)
        e = call_journal(
            c, is_open ? "bulletin.change" : "bulletin.add",
            json_pack("{s:s, s:I}", "title", b.title, "origin", (json_int_t)(is_open ? 0 : id)),
            "bulletin:%llu", (unsigned long long)b.id.v);
    if (e == ERR_OK)
        json_array_append_new(is_open ? changed : drafts, json_integer((json_int_t)b.id.v));
    return e;
}

static enum err replace_all(struct call *c, const struct media_id *old, const struct media_id *new,
                            json_t *changed, json_t *drafts)
{
    struct media_use uses[USES_MAX];
    size_t count = 0;
    enum err e = store_media_uses(c->api->ports.db, old, uses, USES_MAX, &count);

    if (e == ERR_OK && count == USES_MAX)
        e = err_set(&c->detail, ERR_LIMIT,
                    "More than %d bulletins use this recording; change them one by one.", USES_MAX);
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        if (uses[i].what == MEDIA_USE_BULLETIN)
            e = replace_in(c, uses[i].id, old, new, changed, drafts);
    return e;
}

enum err api_media_replace(struct call *c)
{
    char hex[HEX_SIZE(SHA256_BYTES)] = "";
    const struct body_field fields[] = {{.name = "by",
                                         .to = hex,
                                         .min = 2 * SHA256_BYTES,
                                         .max = 2 * SHA256_BYTES,
                                         .required = true}};
    json_t *changed = json_array(), *drafts = json_array();
    struct media_info old, new;
    enum err e = body_read(c->body, fields, 1, &c->detail);

    if (e == ERR_OK)
        e = api_media_find(c, &old);
    if (e == ERR_OK && bytes_from_hex(hex, new.id.sha256, SHA256_BYTES) == ERR_OK)
        e = store_media_get(c->api->ports.db, &new.id, &new);
    else if (e == ERR_OK)
        e = ERR_NOT_FOUND;
    if (e == ERR_NOT_FOUND)
        e = err_set(&c->detail, e, "There is no such recording; list the media and choose one.");
    if (e == ERR_OK)
        e = call_begin(c);
    if (e == ERR_OK) {
        e = replace_all(c, &old.id, &new.id, changed, drafts);
        if (e == ERR_OK)
            e = call_journal(c, "media.replace", json_pack("{s:s}", "by", hex), "media:%s",
                             c->param[0]);
        e = call_end(c, e);
    }
    if (e == ERR_OK)
        return call_out(c, 200, json_pack("{s:o, s:o}", "changed", changed, "drafts", drafts));
    json_decref(changed);
    json_decref(drafts);
    return e;
}

/* ---- cutting ---- */

struct cut_job {
    struct call *call; /* kept */
    struct media_info original, piece;
    char title[BULLETIN_TITLE_SIZE];
    uint32_t from_ms, to_ms;
    const char *media_dir;
    struct err_detail detail;
    enum err result;
};

static void cut_work(void *arg)
{
    struct cut_job *j = arg;

    j->result = cut_store(j->media_dir, &j->original, j->from_ms, j->to_ms, &j->piece, &j->detail);
}

static void cut_done(void *arg)
{
    struct cut_job *j = arg;
    struct call *c = j->call;

    c->now_us = c->api->ports.now_us(c->api->ports.ctx);
    c->detail = j->detail;
    if (j->result == ERR_OK) {
        memcpy(j->piece.title, j->title, sizeof(j->title));
        j->piece.created_us = c->now_us;
        j->piece.created_by = c->user.id;
        j->piece.archived = false;
        j->result = api_media_imported(c, "media.cut", &j->piece);
    }
    call_finish(c, j->result);
    free(c);
    free(j);
}

enum err api_media_cut(struct call *c)
{
    struct cut_job *j = calloc(1, sizeof(*j));
    int64_t from_ms = 0, to_ms = 0;
    enum err e;

    if (j == NULL)
        return ERR_NOMEM;
    const struct body_field fields[] = {
        {.name = "title",
         .to = j->title,
         .min = 1,
         .max = BULLETIN_TITLE_SIZE - 1,
         .required = true},
        {.name = "from_ms", .kind = BODY_NUMBER, .to = &from_ms, .max = UINT32_MAX},
        {.name = "to_ms", .kind = BODY_NUMBER, .to = &to_ms, .max = UINT32_MAX, .required = true},
    };

    e = body_read(c->body, fields, 3, &c->detail);
    if (e == ERR_OK)
        e = api_media_find(c, &j->original);
    j->from_ms = (uint32_t)from_ms;
    j->to_ms = (uint32_t)to_ms;
    j->media_dir = c->api->ports.media_dir;
    if (e == ERR_OK)
        j->call = call_keep(c);
    if (e == ERR_OK && j->call == NULL)
        e = ERR_NOMEM;
    if (e == ERR_OK)
        e = c->api->ports.run_in_worker(c->api->ports.ctx, cut_work, cut_done, j);
    if (e == ERR_OK)
        return ERR_MORE;
    free(j->call);
    free(j);
    return e;
}
