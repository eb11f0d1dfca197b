/* Speaking and relaying now: begin, bring the sound, hang up. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "bytes.h"
#include "priority.h"
#include "store_media.h"

#define LIVE_LEAD_US (1200 * USEC_PER_MSEC) /* so that orders reach the nodes before the start */
#define LIVE_TEXT_MAX 255
#define DURATION_MAX_S (720 * 60)

/* What a person sent, with the places for its texts. */
struct request {
    char title[BULLETIN_TITLE_SIZE];
    char priority[16];
    char source[LIVE_TEXT_MAX + 1];
    char backup[LIVE_TEXT_MAX + 1];
    char fallback[HEX_SIZE(SHA256_BYTES)];
    int64_t duration_s;
    bool quiet_confirmed;
    struct where where;
};

static enum err read_request(struct call *c, struct request *r)
{
    json_t *zones = NULL;
    bool everyone = false;
    const struct body_field fields[] = {
        {"title", BODY_TEXT, r->title, 1, BULLETIN_TITLE_SIZE - 1, true},
        {"priority", BODY_TEXT, r->priority, 1, sizeof(r->priority) - 1, false},
        {"source", BODY_TEXT, r->source, 1, LIVE_TEXT_MAX, false},
        {"backup", BODY_TEXT, r->backup, 1, LIVE_TEXT_MAX, false},
        {"fallback", BODY_TEXT, r->fallback, 1, sizeof(r->fallback) - 1, false},
        {"duration_s", BODY_NUMBER, &r->duration_s, 1, DURATION_MAX_S, false},
        {"everyone", BODY_BOOL, &everyone, 0, 0, false},
        {"zones", BODY_LIST, &zones, 0, EVENT_ZONES_MAX, false},
        {"quiet_confirmed", BODY_BOOL, &r->quiet_confirmed, 0, 0, false},
    };
    enum err e = body_read(c->body, fields, sizeof(fields) / sizeof(fields[0]), &c->detail);

    return e == ERR_OK ? api_where_read(c, everyone, zones, &r->where) : e;
}

static enum err read_fallback(struct call *c, const char *hex, struct api_live *live)
{
    struct media_info info;
    enum err e;

    if (hex[0] == '\0')
        return ERR_OK;
    e = bytes_from_hex(hex, live->fallback.sha256, SHA256_BYTES);
    if (e == ERR_OK)
        e = store_media_get(c->api->ports.db, &live->fallback, &info);
    if (e == ERR_FORMAT || e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_NOT_FOUND,
                       "There is no recording \"%.64s\" to fall back on; see loactl media list.",
                       hex);
    live->has_fallback = e == ERR_OK;
    live->fallback_ms = info.duration_ms;
    return e;
}

static enum err judge(struct call *c, const struct request *r, struct api_live *live)
{
    struct bulletin as_if = {.part_count = 1};

    if (priority_from_name(r->priority) < 0)
        return err_set(&c->detail, ERR_FORMAT, "\"priority\" takes normal, priority or emergency.");
    live->priority = (enum priority)priority_from_name(r->priority);
    live->title = r->title;
    live->source = r->source;
    live->backup = r->backup;
    live->user = c->user.id;
    live->duration_ms = (uint32_t)r->duration_s * 1000;
    live->start_us = c->now_us + LIVE_LEAD_US;
    as_if.priority = live->priority;
    as_if.parts[0].duration_ms = live->duration_ms;
    return api_check_airtime(c, &as_if, live->start_us, 1, 0, r->quiet_confirmed);
}

static enum err begin(struct call *c, const struct api_live *live)
{
    const struct api_ports *ports = &c->api->ports;
    struct broadcast_id id = {0};
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    e = ports->live_plan(ports->ctx, live, &id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "live.begin", json_incref(c->body), "broadcast:%llu",
                         (unsigned long long)id.v);
    e = call_end(c, e);
    if (e == ERR_OK)
        e = ports->live_committed(ports->ctx, id, live, &c->detail);
    if (e != ERR_OK)
        return e;
    /* How long to wait before speaking, by the clock of whoever asked. */
    return call_out(c, 201,
                    json_pack("{s:I, s:I, s:I}", "id", (json_int_t)id.v, "start_us",
                              (json_int_t)live->start_us, "wait_ms",
                              (json_int_t)(LIVE_LEAD_US / USEC_PER_MSEC)));
}

enum err api_live_begin(struct call *c)
{
    struct request r = {.priority = "normal", .source = "stream", .duration_s = 15 * 60};
    struct api_live live = {0};
    struct node_id *nodes = NULL;
    enum err e = read_request(c, &r);

    if (e == ERR_OK)
        e = judge(c, &r, &live);
    if (e == ERR_OK)
        e = read_fallback(c, r.fallback, &live);
    if (e == ERR_OK)
        e = api_where_nodes(c, &r.where, &nodes, &live.node_count);
    if (e == ERR_OK) {
        live.nodes = nodes;
        e = begin(c, &live);
    }
    free(nodes);
    return e;
}

enum err api_live_hang_up(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = ports->live_hang_up(ports->ctx, (struct broadcast_id){id});
    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, e, "There is no live broadcast %llu on air.",
                       (unsigned long long)id);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e == ERR_OK)
        e = call_end(
            c, call_journal(c, "live.hang_up", NULL, "broadcast:%llu", (unsigned long long)id));
    return e;
}

/* ---- the sound ---- */

static uint64_t *find(struct api *a, uint64_t id)
{
    for (size_t i = 0; i < API_SOUNDS_MAX; i++) {
        if (a->sounds[i] == id)
            return &a->sounds[i];
    }
    return NULL;
}

enum err api_sound_begin(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    uint64_t *place = find(c->api, 0);
    char in_time[8] = "";
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK && place == NULL)
        e = err_set(&c->detail, ERR_BUSY, "Too many speak at once; try again in a minute.");
    if (e == ERR_OK)
        e = web_query(c->req, "in_time", in_time, sizeof(in_time));
    if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    if (e == ERR_OK)
        e = ports->sound_begin(ports->ctx, (struct broadcast_id){id}, c->id,
                               strcmp(in_time, "yes") == 0, &c->detail);
    if (e == ERR_OK)
        *place = c->id;
    return e;
}

bool api_sound_is_open(const struct api *a, uint64_t id)
{
    for (size_t i = 0; i < API_SOUNDS_MAX; i++) {
        if (a->sounds[i] == id)
            return true;
    }
    return false;
}

void api_sound_gone(struct api *a, uint64_t id)
{
    uint64_t *place = find(a, id);

    if (place == NULL)
        return;
    *place = 0;
    a->ports.sound_end(a->ports.ctx, id);
}

bool api_sound_piece(struct api *a, uint64_t id, struct bytes piece)
{
    struct call c = {.api = a, .id = id};

    if (a->ports.sound_piece(a->ports.ctx, id, piece))
        return true;
    api_sound_gone(a, id);
    call_finish(&c, err_set(&c.detail, ERR_STATE, "This live broadcast is over."));
    return false;
}

/* POST /api/v1/broadcasts/{id}/sound: the body is complete. */
enum err api_sound_end(struct call *c)
{
    api_sound_gone(c->api, c->id);
    return ERR_OK;
}
