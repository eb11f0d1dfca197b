/* What this is, whether it lives, who it is: index, health, station, metrics, backup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_reader.h"
#include "body.h"
#include "civil.h"
#include "store_node.h"
#include "store_speech.h"
#include "store_station.h"

static enum err whole_answer(struct call *c, const char *content_type, char *body)
{
    if (body == NULL)
        return ERR_NOMEM;
    c->res.status = 200;
    c->res.content_type = content_type;
    c->res.body = body;
    c->res.body_len = strlen(body);
    return ERR_OK;
}

enum err api_index(struct call *c)
{
    return console_answer(c);
}

enum err api_health(struct call *c)
{
    return call_out(c, 200,
                    json_pack("{s:s, s:s, s:I, s:b, s:b}", "status", "ok", "version", LOA_VERSION,
                              "now_us", (json_int_t)c->now_us, "set_up", !c->api->has_admin_code,
                              "training", c->api->ports.training));
}

enum err api_metrics(struct call *c)
{
    const struct api *a = c->api;
    char *station = a->ports.metrics(a->ports.ctx);
    char *text = NULL;
    int n =
        asprintf(&text,
                 "%s"
                 "# HELP loa_api_requests_total Requests answered by the API.\n"
                 "# TYPE loa_api_requests_total counter\n"
                 "loa_api_requests_total %llu\n"
                 "# HELP loa_api_refused_total Requests answered with a status of 400 or more.\n"
                 "# TYPE loa_api_refused_total counter\n"
                 "loa_api_refused_total %llu\n"
                 "# HELP loa_api_login_failures_total Wrong passwords and setup codes.\n"
                 "# TYPE loa_api_login_failures_total counter\n"
                 "loa_api_login_failures_total %llu\n",
                 station != NULL ? station : "", (unsigned long long)a->requests,
                 (unsigned long long)a->refused, (unsigned long long)a->login_failures);

    free(station);
    return whole_answer(c, "text/plain; version=0.0.4; charset=utf-8", n >= 0 ? text : NULL);
}

static json_t *station_json(struct call *c, const struct station *s)
{
    const struct station_policy *p = &s->policy;
    struct media_id signature;
    char hex[HEX_SIZE(SHA256_BYTES)] = "";

    if (store_speech_get_signature(c->api->ports.db, &signature) == ERR_OK)
        bytes_to_hex(bytes_of(signature.sha256, SHA256_BYTES), hex);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:i, s:b, s:i, s:i, s:i, s:i, s:I, s:I, s:s, s:I, s:I, "
        "s:i, s:i, s:s, s:b}",
        "code", s->code, "name", s->name, "signature", hex, "timezone", s->timezone,
        "utc_offset_min", s->utc_offset_min, "author_may_approve", p->author_may_approve,
        "quiet_from_min", p->quiet_from_min, "quiet_to_min", p->quiet_to_min, "allowed_from_min",
        p->allowed_from_min, "allowed_to_min", p->allowed_to_min, "max_broadcast_s",
        (json_int_t)p->max_broadcast_s, "late_tolerance_s", (json_int_t)p->late_tolerance_s,
        "profile", planner_profile_name(p->profile), "keep_days", (json_int_t)p->keep_days,
        "idle_min", (json_int_t)p->idle_min, "backup_at_min", (int)p->backup_at_min, "backup_keep",
        (int)p->backup_keep, "tiles", console_tiles(c->api), "training", c->api->ports.training);
}

enum err api_station_get(struct call *c)
{
    return call_out(c, 200, station_json(c, c->api->ports.station));
}

static enum err read_station(struct call *c, struct station *s, char *signature)
{
    int64_t from = s->policy.quiet_from_min;
    int64_t to = s->policy.quiet_to_min;
    int64_t allowed_from = s->policy.allowed_from_min;
    int64_t allowed_to = s->policy.allowed_to_min;
    int64_t length = s->policy.max_broadcast_s;
    int64_t late = s->policy.late_tolerance_s;
    int64_t keep = s->policy.keep_days;
    int64_t idle = s->policy.idle_min;
    int64_t backup_at = s->policy.backup_at_min;
    int64_t backup_keep = s->policy.backup_keep;
    char profile[16] = "";
    int offset = 0;
    int v;
    const struct body_field fields[] = {
        {.name = "name", .to = s->name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "signature", .to = signature, .max = 2 * SHA256_BYTES},
        {.name = "timezone", .to = s->timezone, .min = 1, .max = sizeof(s->timezone) - 1},
        {.name = "author_may_approve", .kind = BODY_BOOL, .to = &s->policy.author_may_approve},
        {.name = "quiet_from_min", .kind = BODY_NUMBER, .to = &from, .max = 1440},
        {.name = "quiet_to_min", .kind = BODY_NUMBER, .to = &to, .max = 1440},
        {.name = "allowed_from_min", .kind = BODY_NUMBER, .to = &allowed_from, .max = 1440},
        {.name = "allowed_to_min", .kind = BODY_NUMBER, .to = &allowed_to, .max = 1440},
        {.name = "max_broadcast_s", .kind = BODY_NUMBER, .to = &length, .min = 1, .max = 43200},
        {.name = "late_tolerance_s", .kind = BODY_NUMBER, .to = &late, .max = 86400},
        {.name = "keep_days", .kind = BODY_NUMBER, .to = &keep, .max = 36500},
        {.name = "idle_min", .kind = BODY_NUMBER, .to = &idle, .max = 1440},
        {.name = "backup_at_min", .kind = BODY_NUMBER, .to = &backup_at, .min = -1, .max = 1439},
        {.name = "backup_keep", .kind = BODY_NUMBER, .to = &backup_keep, .min = 1, .max = 365},
        {.name = "profile", .to = profile, .min = 1, .max = sizeof(profile) - 1},
    };
    enum err e = body_read(c->body, fields, sizeof(fields) / sizeof(fields[0]), &c->detail);

    if (e != ERR_OK)
        return e;
    v = profile[0] != '\0' ? planner_profile_from_name(profile) : (int)s->policy.profile;
    if (v < 0)
        return err_set(&c->detail, ERR_FORMAT, "\"profile\" takes none, urban or rural.");
    s->policy.profile = (enum planner_profile)v;
    s->policy.quiet_from_min = (uint16_t)from;
    s->policy.quiet_to_min = (uint16_t)to;
    s->policy.allowed_from_min = (uint16_t)allowed_from;
    s->policy.allowed_to_min = (uint16_t)allowed_to;
    s->policy.max_broadcast_s = (uint32_t)length;
    s->policy.late_tolerance_s = (uint32_t)late;
    s->policy.keep_days = (uint32_t)keep;
    s->policy.idle_min = (uint32_t)idle;
    s->policy.backup_at_min = (int16_t)backup_at;
    s->policy.backup_keep = (uint16_t)backup_keep;
    if (civil_offset_min(s->timezone, c->now_us, &offset) != ERR_OK)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"timezone\" is not known here; use a name such as Asia/Ho_Chi_Minh.");
    s->utc_offset_min = (int16_t)offset;
    return station_check(s, &c->detail);
}

static enum err store_signature(struct call *c, const char *hex)
{
    struct media_id media;
    enum err e = bytes_from_hex(hex, media.sha256, SHA256_BYTES);

    if (e == ERR_OK)
        e = store_speech_put_signature(c->api->ports.db, &media);
    if (e == ERR_FORMAT || e == ERR_NOT_FOUND)
        return err_set(&c->detail, e,
                       "\"signature\" names no recording; list them and choose one.");
    return e;
}

enum err api_station_change(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct station station = *ports->station;
    char signature[2 * SHA256_BYTES + 1] = "";
    enum err e = read_station(c, &station, signature);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_station_put(ports->db, &station);
    if (e == ERR_OK && signature[0] != '\0')
        e = store_signature(c, signature);
    if (e == ERR_OK)
        e = store_node_bump_all(ports->db);
    if (e == ERR_OK)
        e = call_journal(c, "station.change", json_incref(c->body), "station");
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    *ports->station = station;
    ports->policy_changed(ports->ctx);
    ports->schedule_changed(ports->ctx);
    return call_out(c, 200, station_json(c, &station));
}

static enum err copied(struct call *c, struct reading *r)
{
    if (r->result != ERR_OK)
        return r->result;
    c->res.status = 200;
    c->res.content_type = "application/vnd.sqlite3";
    c->res.file = r->about;
    c->res.unlink_file = true;
    r->about = NULL;
    call_header(c, "content-disposition:", "attachment; filename=\"loa-%s.db\"",
                c->api->ports.station->code);
    return ERR_OK;
}

enum err api_backup(struct call *c)
{
    char *path = NULL;

    if (asprintf(&path, "%s/backup-%llu.db", c->api->ports.upload_dir, (unsigned long long)c->id) <
        0)
        return ERR_NOMEM;
    return api_reader_backup(c, copied, path);
}
