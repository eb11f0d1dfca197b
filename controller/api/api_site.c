/* Where nodes stand: photo, commissioning, history; starting one anew, walking about while it sounds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_impl.h"
#include "api_site.h"
#include "body.h"
#include "cert.h"
#include "civil.h"
#include "store_emergency.h"
#include "store_join.h"
#include "store_media.h"
#include "store_node.h"
#include "store_sample.h"
#include "store_user.h"

#define HISTORY_POINTS 200
#define HISTORY_POINTS_MAX 500
#define WALK_REPEATS 10
#define WALK_PAUSE_MS 2000
#define WALK_LEAD_US USEC_PER_SEC
#define PHOTO_HEAD_BYTES 32

/* ---- what belongs to a node besides its record ---- */

static usec_t cert_expires_us(struct call *c, struct node_id node)
{
    uint8_t der[STORE_JOIN_CERT_MAX];
    struct cert_facts facts;
    size_t len;

    if (store_join_cert(c->api->ports.db, node, der, &len) != ERR_OK ||
        cert_read(bytes_of(der, len), &facts) != ERR_OK)
        return 0;
    return facts.to_s * USEC_PER_SEC;
}

enum err api_site_json(struct call *c, struct node_id node, json_t *to)
{
    struct db *db = c->api->ports.db;
    struct node_usage usage = {0};
    char month[CIVIL_TEXT_SIZE] = "";
    struct civil civil;
    struct site s;
    enum err e = store_site_get(db, node, &s);

    if (civil_from_us(c->now_us, c->api->ports.station->timezone, &civil) == ERR_OK)
        civil_format(&civil, month);
    month[STORE_MONTH_SIZE - 1] = '\0';
    if (e == ERR_OK)
        e = store_sample_usage(db, node, month, &usage);
    if (e != ERR_OK)
        return e;
    json_object_set_new(to, "lat_udeg", s.has_position ? json_integer(s.lat_udeg) : json_null());
    json_object_set_new(to, "lon_udeg", s.has_position ? json_integer(s.lon_udeg) : json_null());
    json_object_set_new(to, "sim_number", json_string(s.sim_number));
    json_object_set_new(to, "sim_due", json_string(s.sim_due));
    json_object_set_new(to, "has_photo", json_boolean(s.photo != SITE_PHOTO_NONE));
    json_object_set_new(to, "commissioned_us", json_integer(s.signed_us));
    json_object_set_new(to, "cert_expires_us", json_integer(cert_expires_us(c, node)));
    json_object_set_new(to, "data_month", json_string(month));
    json_object_set_new(to, "data_in_bytes", json_integer((json_int_t)usage.in_bytes));
    json_object_set_new(to, "data_out_bytes", json_integer((json_int_t)usage.out_bytes));
    return ERR_OK;
}

bool api_site_is_sent(struct call *c)
{
    return body_has(c->body, "lat_udeg") || body_has(c->body, "lon_udeg") ||
           body_has(c->body, "sim_number") || body_has(c->body, "sim_due");
}

enum err api_site_check(struct call *c, struct site *s, int64_t lat_udeg, int64_t lon_udeg)
{
    struct civil date;

    if (body_has(c->body, "lat_udeg") != body_has(c->body, "lon_udeg"))
        return err_set(&c->detail, ERR_FORMAT, "Send lat_udeg and lon_udeg together.");
    if (body_has(c->body, "lat_udeg")) {
        s->has_position = true;
        s->lat_udeg = (int32_t)lat_udeg;
        s->lon_udeg = (int32_t)lon_udeg;
    }
    if (s->sim_due[0] != '\0' &&
        (strlen(s->sim_due) != SITE_DATE_SIZE - 1 || civil_parse(s->sim_due, &date) != ERR_OK))
        return err_set(&c->detail, ERR_FORMAT,
                       "\"sim_due\" takes a date such as 2026-12-31, or \"\" for none.");
    return ERR_OK;
}

/* ---- photo ---- */

static void photo_path(struct call *c, struct node_id node, char *ret_path, size_t size)
{
    snprintf(ret_path, size, "%s/node-%u", c->api->ports.photo_dir, node.v);
}

static enum err put_site(struct call *c, const struct site *site, const char *action,
                         json_t *detail)
{
    enum err e = call_begin(c);

    if (e != ERR_OK) {
        json_decref(detail);
        return e;
    }
    e = store_site_put(c->api->ports.db, site);
    if (e == ERR_OK)
        e = call_journal(c, action, json_incref(detail), "node:%u", site->node.v);
    json_decref(detail);
    return call_end(c, e);
}

static enum err photo_kind(struct call *c, int fd, enum site_photo *ret_kind)
{
    char head[PHOTO_HEAD_BYTES];
    ssize_t n = pread(fd, head, sizeof(head), 0);

    if (n < 0)
        return ERR_IO;
    *ret_kind = site_photo_kind(head, (size_t)n);
    if (*ret_kind != SITE_PHOTO_NONE)
        return ERR_OK;
    c->status = 415;
    return err_set(&c->detail, ERR_UNSUPPORTED, "This is no JPEG or PNG picture; choose another.");
}

enum err api_photo_put(struct call *c)
{
    struct node_entry *entry = NULL;
    char temp[4096], path[4096];
    struct site site;
    int fd = -1;
    enum err e = api_upload_take(c, temp, sizeof(temp), &fd);

    if (e != ERR_OK)
        return e;
    e = api_node_find(c, &entry);
    if (e == ERR_OK)
        e = store_site_get(c->api->ports.db, entry->record.id, &site);
    if (e == ERR_OK)
        e = photo_kind(c, fd, &site.photo);
    if (e == ERR_OK) {
        photo_path(c, entry->record.id, path, sizeof(path));
        if (fsync(fd) != 0 || rename(temp, path) != 0)
            e = ERR_IO;
    }
    if (e == ERR_OK)
        e = put_site(c, &site, "node.photo", NULL);
    close(fd);
    (void)unlink(temp);
    return e;
}

enum err api_photo_get(struct call *c)
{
    struct node_entry *entry = NULL;
    char path[4096];
    struct site site;
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = store_site_get(c->api->ports.db, entry->record.id, &site);
    if (e == ERR_OK)
        photo_path(c, entry->record.id, path, sizeof(path));
    if (e == ERR_OK && (site.photo == SITE_PHOTO_NONE || access(path, R_OK) != 0))
        e = err_set(&c->detail, ERR_NOT_FOUND, "There is no photo of this node.");
    if (e != ERR_OK)
        return e;
    c->res.file = strdup(path);
    if (c->res.file == NULL)
        return ERR_NOMEM;
    c->res.status = 200;
    c->res.content_type = site.photo == SITE_PHOTO_PNG ? "image/png" : "image/jpeg";
    return ERR_OK;
}

enum err api_photo_delete(struct call *c)
{
    struct node_entry *entry = NULL;
    char path[4096];
    struct site site;
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = store_site_get(c->api->ports.db, entry->record.id, &site);
    if (e != ERR_OK)
        return e;
    site.photo = SITE_PHOTO_NONE;
    e = put_site(c, &site, "node.photo_delete", NULL);
    if (e == ERR_OK) {
        photo_path(c, site.node, path, sizeof(path));
        (void)unlink(path);
    }
    return e;
}

/* ---- commissioning ---- */

static enum err answer_commissioning(struct call *c, struct node_id node)
{
    struct site_check checks[SITE_ITEMS];
    struct site site;
    json_t *items;
    enum err e = store_site_get(c->api->ports.db, node, &site);

    if (e == ERR_OK)
        e = store_site_checks(c->api->ports.db, node, checks);
    if (e != ERR_OK)
        return e;
    items = json_array();
    for (int i = SITE_ITEM_NONE + 1; i < SITE_ITEMS; i++)
        json_array_append_new(items, json_pack("{s:s, s:I, s:I, s:o}", "item",
                                               site_item_name((enum site_item)i), "done_us",
                                               (json_int_t)checks[i].done_us, "done_by",
                                               (json_int_t)checks[i].done_by.v, "by_name",
                                               api_user_name_json(c, checks[i].done_by)));
    return call_out(c, 200,
                    json_pack("{s:o, s:I, s:I, s:o}", "items", items, "signed_us",
                              (json_int_t)site.signed_us, "signed_by", (json_int_t)site.signed_by.v,
                              "by_name", api_user_name_json(c, site.signed_by)));
}

enum err api_commissioning_get(struct call *c)
{
    struct node_entry *entry = NULL;
    enum err e = api_node_find(c, &entry);

    return e == ERR_OK ? answer_commissioning(c, entry->record.id) : e;
}

/* A tick that is taken back takes the signature with it. */
static enum err tick(struct call *c, struct site *site, enum site_item item, bool done)
{
    struct site_check check = {.done_us = done ? c->now_us : 0, .done_by = c->user.id};
    enum err e = store_site_check(c->api->ports.db, site->node, item, &check);

    if (e != ERR_OK || done || site->signed_us == 0)
        return e;
    site->signed_us = 0;
    site->signed_by.v = 0;
    return store_site_put(c->api->ports.db, site);
}

enum err api_commissioning_change(struct call *c)
{
    struct node_entry *entry = NULL;
    enum site_item item;
    struct site site;
    char name[32] = "";
    bool done = true;
    const struct body_field fields[] = {
        {.name = "item", .to = name, .min = 1, .max = sizeof(name) - 1, .required = true},
        {.name = "done", .kind = BODY_BOOL, .to = &done},
    };
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = body_read(c->body, fields, 2, &c->detail);
    if (e != ERR_OK)
        return e;
    item = site_item_from_name(name);
    if (item == SITE_ITEM_NONE)
        return err_set(&c->detail, ERR_FORMAT, "There is no item of that name in the checklist.");
    e = store_site_get(c->api->ports.db, entry->record.id, &site);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = tick(c, &site, item, done);
    if (e == ERR_OK)
        e = call_journal(c, "node.check", json_incref(c->body), "node:%u", site.node.v);
    e = call_end(c, e);
    return e == ERR_OK ? answer_commissioning(c, site.node) : e;
}

enum err api_commissioning_sign(struct call *c)
{
    struct site_check checks[SITE_ITEMS];
    struct node_entry *entry = NULL;
    struct site site;
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = store_site_get(c->api->ports.db, entry->record.id, &site);
    if (e == ERR_OK)
        e = store_site_checks(c->api->ports.db, entry->record.id, checks);
    if (e == ERR_OK)
        e = site_may_sign(checks, &c->detail);
    if (e != ERR_OK)
        return e;
    site.signed_us = c->now_us;
    site.signed_by = c->user.id;
    e = put_site(c, &site, "node.sign", NULL);
    return e == ERR_OK ? answer_commissioning(c, site.node) : e;
}

/* ---- history ---- */

static json_t *sample_json(const struct node_sample *s)
{
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:I}", "at_us", (json_int_t)s->at_us,
                     "online_permille", (json_int_t)s->online_permille, "temperature_mc",
                     s->has_temperature ? json_integer(s->temperature_mc) : json_null(),
                     "supply_mv", s->has_supply ? json_integer(s->supply_mv) : json_null(),
                     "peak_mdb", s->has_peak ? json_integer(s->peak_mdb) : json_null(),
                     "clock_uncertainty_us",
                     s->has_clock ? json_integer(s->clock_uncertainty_us) : json_null(), "in_bytes",
                     (json_int_t)s->in_bytes, "out_bytes", (json_int_t)s->out_bytes);
}

static enum err read_span(struct call *c, uint64_t *from_us, uint64_t *to_us, uint64_t *points)
{
    enum err e = call_query_number(c, "to_us", to_us);

    if (e == ERR_OK || e == ERR_NOT_FOUND) {
        *from_us = *to_us > USEC_PER_DAY ? *to_us - USEC_PER_DAY : 0;
        e = call_query_number(c, "from_us", from_us);
    }
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = call_query_number(c, "points", points);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (*from_us >= *to_us)
        return err_set(&c->detail, ERR_FORMAT, "?from_us= must lie before ?to_us=.");
    if (*points < 1 || *points > HISTORY_POINTS_MAX)
        return err_set(&c->detail, ERR_LIMIT, "?points= takes 1 to %d.", HISTORY_POINTS_MAX);
    return ERR_OK;
}

enum err api_node_history(struct call *c)
{
    struct node_entry *entry = NULL;
    uint64_t from_us = 0, to_us = (uint64_t)c->now_us, points = HISTORY_POINTS, step_us;
    struct node_sample *rows;
    size_t count = 0;
    json_t *items;
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = read_span(c, &from_us, &to_us, &points);
    if (e != ERR_OK)
        return e;
    step_us = (to_us - from_us) / points / STORE_SAMPLE_US * STORE_SAMPLE_US;
    step_us += step_us * points < to_us - from_us ? STORE_SAMPLE_US : 0;
    rows = calloc(HISTORY_POINTS_MAX + 1, sizeof(*rows));
    if (rows == NULL)
        return ERR_NOMEM;
    e = store_sample_list(c->api->ports.db, entry->record.id, (usec_t)from_us, (usec_t)to_us,
                          (usec_t)step_us, rows, HISTORY_POINTS_MAX + 1, &count);
    items = json_array();
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        json_array_append_new(items, sample_json(&rows[i]));
    free(rows);
    if (e != ERR_OK) {
        json_decref(items);
        return e;
    }
    return call_out(
        c, 200,
        json_pack("{s:o, s:I}", "items", items, "step_s", (json_int_t)(step_us / USEC_PER_SEC)));
}

/* ---- starting it anew, and walking about while it sounds ---- */

static enum err must_be_connected(struct call *c, const struct node_entry *n)
{
    if (n->live.ready)
        return ERR_OK;
    return err_set(&c->detail, ERR_STATE, "%s is not connected; try again when its link is back.",
                   n->record.name);
}

enum err api_node_reboot(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_entry *entry = NULL;
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = must_be_connected(c, entry);
    if (e == ERR_OK && entry->live.status.playing_broadcast != 0)
        e = err_set(&c->detail, ERR_STATE, "%s sounds now; restart it when it is idle.",
                    entry->record.name);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_end(c, call_journal(c, "node.reboot", NULL, "node:%u", entry->record.id.v));
    if (e == ERR_OK)
        e = ports->node_reboot(ports->ctx, entry->record.id);
    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_STATE, "The link to %s has just been lost; try again later.",
                       entry->record.name);
    return e == ERR_OK ? call_out(c, 202, json_object()) : e;
}

/* The test signal in the allowed hours only; it is shorter than any broadcast may be. */
static enum err may_walk(struct call *c, const struct node_entry *n)
{
    struct emergency_entry tone;
    enum err e = must_be_connected(c, n);

    if (e == ERR_OK && n->record.muted)
        e = err_set(&c->detail, ERR_STATE, "%s is muted; unmute it before the test",
                    n->record.name);
    if (e == ERR_OK)
        e = store_emergency_get(c->api->ports.db, EMERGENCY_TEST, &tone);
    if (e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_STATE,
                       "The station is still making its test tone; try again in a minute.");
    if (e == ERR_OK && !station_allows(c->api->ports.station, c->now_us, c->now_us + USEC_PER_MIN))
        return err_set(&c->detail, ERR_STATE,
                       "Nothing may sound at this hour; walk about within the allowed hours.");
    return e;
}

static enum err set_volume(struct call *c, const struct node_record *before, int64_t volume_mdb)
{
    const struct api_ports *ports = &c->api->ports;
    struct node_record record = *before;
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    record.volume_mdb = (int32_t)volume_mdb;
    e = store_node_update(ports->db, &record, &record.settings_revision, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "node.change", json_pack("{s:I}", "volume_mdb", volume_mdb), "node:%u",
                         record.id.v);
    e = call_end(c, e);
    if (e == ERR_OK)
        ports->node_changed(ports->ctx, record.id);
    return e;
}

enum err api_node_walk_test(struct call *c)
{
    struct api_play play = {
        .signal = EMERGENCY_TEST, .node_count = 1, .start_us = c->now_us + WALK_LEAD_US};
    struct node_entry *entry = NULL;
    int64_t volume = 0, repeats = WALK_REPEATS, pause_ms = WALK_PAUSE_MS;
    struct node_id node;
    const struct body_field fields[] = {
        {.name = "volume_mdb", .kind = BODY_NUMBER, .to = &volume, .min = -60000},
        {.name = "repeats",
         .kind = BODY_NUMBER,
         .to = &repeats,
         .min = 1,
         .max = EVENT_REPEATS_MAX},
        {.name = "pause_ms", .kind = BODY_NUMBER, .to = &pause_ms, .max = 10000},
    };
    enum err e = api_node_find(c, &entry);

    if (e == ERR_OK)
        e = body_read(c->body, fields, 3, &c->detail);
    if (e == ERR_OK)
        e = may_walk(c, entry);
    if (e != ERR_OK)
        return e;
    node = entry->record.id;
    if (body_has(c->body, "volume_mdb"))
        e = set_volume(c, &entry->record, volume);
    if (e != ERR_OK)
        return e;
    play.nodes = &node;
    play.repeats = (uint32_t)repeats;
    play.pause_ms = (uint32_t)pause_ms;
    return api_play_now(c, &play, "node.walk_test");
}
