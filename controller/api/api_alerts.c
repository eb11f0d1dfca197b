/* Alerts: send, update, confirm, cancel, all clear. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api_alert.h"
#include "body.h"
#include "bytes.h"
#include "store_alert_sound.h"

static json_t *zones_json(const struct alert *a)
{
    json_t *list = json_array();

    for (size_t i = 0; i < a->zone_count; i++)
        json_array_append_new(list, json_integer(a->zones[i].v));
    return list;
}

static json_t *alert_json(const struct alert *a)
{
    char hex[HEX_SIZE(SHA256_BYTES)] = "";
    json_t *out;

    if (a->media_ms > 0)
        bytes_to_hex(bytes_of(a->media.sha256, SHA256_BYTES), hex);
    out = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:I, s:I}", "id",
                    (json_int_t)a->id, "state", alert_state_name(a->state), "title", a->title,
                    "text", a->text, "why", a->why, "template", a->template_name, "message",
                    alert_message_name(a->message), "signal", emergency_signal_name(a->signal),
                    "drill", a->drill, "everyone", a->everyone, "zones", zones_json(a), "repeats",
                    (json_int_t)a->repeats, "pause_s", (json_int_t)(a->pause_ms / 1000));
    if (out == NULL)
        return NULL;
    json_object_update_new(
        out, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:I}",
                       "created_us", (json_int_t)a->created_us, "expires_us",
                       (json_int_t)a->expires_us, "author", (json_int_t)a->author.v, "decided_by",
                       (json_int_t)a->decided_by.v, "replaces", (json_int_t)a->replaces,
                       "confirm_us", (json_int_t)(a->state == ALERT_WAITING ? a->confirm_us : 0),
                       "escalations", (json_int_t)a->escalations, "media", hex, "tone",
                       (json_int_t)a->tone.v, "tone_start_us", (json_int_t)a->tone_start_us,
                       "broadcast", (json_int_t)a->round.v, "broadcast_start_us",
                       (json_int_t)a->round_start_us, "plays", (json_int_t)a->plays));
    return out;
}

static enum err fetch_alerts(struct call *c, struct db_page *page, void *rows, size_t max,
                             size_t *ret_count)
{
    uint64_t open = 0;
    enum err e = call_query_number(c, "open", &open);

    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    return store_alert_sound_list(c->api->ports.db, open != 0, page, rows, max, ret_count);
}

json_t *api_alert_item(struct call *c, const void *row)
{
    (void)c;
    return alert_json(row);
}

enum err api_alert_list(struct call *c)
{
    return call_list(c, sizeof(struct alert), fetch_alerts, api_alert_item);
}

enum err api_alert_find(struct call *c, struct alert *ret_alert)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_alert_sound_get(c->api->ports.db, id, ret_alert);
    return call_missing(c, e, "alert");
}

enum err api_alert_get(struct call *c)
{
    struct alert alert;
    enum err e = api_alert_find(c, &alert);

    return e == ERR_OK ? call_out(c, 200, alert_json(&alert)) : e;
}

/* Who, when, where and why; the text itself is in the alert. */
static enum err journal(struct call *c, const char *action, const struct alert *a)
{
    return call_journal(c, action,
                        json_pack("{s:s, s:s, s:s, s:b, s:b, s:o, s:I, s:I}", "title", a->title,
                                  "why", a->why, "state", alert_state_name(a->state), "drill",
                                  a->drill, "everyone", a->everyone, "zones", zones_json(a),
                                  "expires_us", (json_int_t)a->expires_us, "replaces",
                                  (json_int_t)a->replaces),
                        "alert:%" PRIu64, a->id);
}

/* The alert as it stands after it was let out: a live one has its broadcast then. */
static enum err answer(struct call *c, unsigned status, uint64_t id)
{
    struct alert now;
    enum err e = store_alert_sound_get(c->api->ports.db, id, &now);
    usec_t wait_us;

    if (e == ERR_OK)
        e = call_out(c, status, alert_json(&now));
    if (e != ERR_OK)
        return e;
    wait_us = now.round_start_us - c->api->ports.now_us(c->api->ports.ctx);
    json_object_set_new(
        c->out, "wait_ms",
        json_integer(now.round.v != 0 && wait_us > 0 ? wait_us / USEC_PER_MSEC : 0));
    return ERR_OK;
}

static enum err plan(struct call *c, struct alert *a, const char *action)
{
    const struct api_ports *ports = &c->api->ports;
    enum err e = ports->alert_plan(ports->ctx, a, &c->detail);

    return e == ERR_OK ? journal(c, action, a) : e;
}

/* Where it would sound, and where not although it is meant. */
static json_t *targets_json(struct call *c, const struct node_id *nodes, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct node_entry *n = registry_find(c->api->ports.registry, nodes[i]);

        if (n != NULL)
            json_array_append_new(
                list,
                json_pack("{s:I, s:s, s:I, s:b, s:b}", "id", (json_int_t)n->record.id.v, "name",
                          n->record.name, "zone", (json_int_t)n->record.zone.v, "online",
                          n->live.conn != 0 && n->live.ready, "muted", n->record.muted));
    }
    return list;
}

static enum err preview(struct call *c, const struct alert *a, bool ends,
                        const struct node_id *nodes, size_t count)
{
    static const char *const words[] = {
        [ALERTPOLICY_SOUND] = "sounds", [ALERTPOLICY_HOLD] = "waits",
        [ALERTPOLICY_ROLE] = "role",    [ALERTPOLICY_AREA] = "area",
        [ALERTPOLICY_RATE] = "rate",    [ALERTPOLICY_FACTOR] = "factor",
    };
    enum alertpolicy_verdict verdict;
    bool factor;
    json_t *more;
    enum err e = alert_request_would(c, a, ends, &verdict, &factor);

    if (e == ERR_OK)
        e = call_out(c, 200, alert_json(a));
    if (e != ERR_OK)
        return e;
    more = json_pack("{s:I, s:o, s:s, s:b, s:s}", "nodes", (json_int_t)count, "targets",
                     targets_json(c, nodes, count), "would", words[verdict], "needs_factor", factor,
                     "priority", priority_name(alert_priority(a)));
    return json_object_update_new(c->out, more) == 0 ? ERR_OK : ERR_NOMEM;
}

static enum err send(struct call *c, struct alert_request *r, const char *action, bool ends)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_id *nodes = NULL;
    struct where where = {.everyone = r->alert.everyone, .zone_count = r->alert.zone_count};
    size_t count = 0;
    enum err e;

    memcpy(where.zones, r->alert.zones, sizeof(where.zones));
    e = api_where_nodes(c, &where, &nodes, &count);
    if (e == ERR_OK && r->preview)
        e = preview(c, &r->alert, ends, nodes, count);
    free(nodes);
    if (r->preview)
        return e;
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = alert_request_judge(c, &r->alert, r->totp, ends);
    if (e == ERR_OK)
        e = plan(c, &r->alert, action);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    ports->alert_committed(ports->ctx);
    return answer(c, 201, r->alert.id);
}

static enum err read_and_send(struct call *c, enum alert_request_kind kind, const char *action)
{
    struct alert_request r;
    enum err e = alert_request_read(c, kind, &r);

    return e == ERR_OK ? send(c, &r, action, kind == ALERT_REQUEST_ALL_CLEAR) : e;
}

enum err api_alert_new(struct call *c)
{
    return read_and_send(c, ALERT_REQUEST_NEW, "alert.new");
}

enum err api_alert_update(struct call *c)
{
    return read_and_send(c, ALERT_REQUEST_UPDATE, "alert.update");
}

enum err api_alert_all_clear(struct call *c)
{
    return read_and_send(c, ALERT_REQUEST_ALL_CLEAR, "alert.all_clear");
}

/* The second person. */
enum err api_alert_confirm(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    char totp[16] = "";
    const struct body_field fields[] = {{.name = "totp", .to = totp, .max = sizeof(totp) - 1}};
    struct alert alert;
    enum err e = body_read(c->body, fields, 1, &c->detail);

    if (e == ERR_OK)
        e = api_alert_find(c, &alert);
    if (e == ERR_OK && (alert.state != ALERT_WAITING || alert.expires_us <= c->now_us))
        e = err_set(&c->detail, ERR_STATE, "This alert does not wait for anybody: it is %s.",
                    alert_state_name(alert.state));
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = alert_request_judge_confirm(c, &alert, totp);
    if (e == ERR_OK) {
        alert.state = ALERT_LIVE;
        alert.decided_by = c->user.id;
        e = plan(c, &alert, "alert.confirm");
    }
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    ports->alert_committed(ports->ctx);
    return answer(c, 200, alert.id);
}

enum err api_alert_cancel(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    char why[ALERT_WHY_SIZE] = "";
    const struct body_field fields[] = {{.name = "why", .to = why, .max = sizeof(why) - 1}};
    uint64_t id;
    enum err e = body_read(c->body, fields, 1, &c->detail);

    if (e == ERR_OK)
        e = call_number(c, &id);
    if (e == ERR_OK)
        e = ports->alert_end(ports->ctx, id, ALERT_CANCELLED, c->user.id, &c->detail);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return call_missing(c, e, "alert");
    e = call_end(
        c, call_journal(c, "alert.cancel", json_pack("{s:s}", "why", why), "alert:%" PRIu64, id));
    return e == ERR_OK ? answer(c, 200, id) : e;
}
