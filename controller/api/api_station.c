/* What this is, whether it lives, who it is: index, health, station, metrics, backup. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api_impl.h"
#include "body.h"
#include "civil.h"
#include "store_node.h"
#include "store_station.h"

static const char index_page[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"vi\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Loa</title>\n"
    "</head>\n"
    "<body>\n"
    "<h1>Loa – đài truyền thanh cơ sở</h1>\n"
    "<p>Máy chủ này điều khiển các cụm loa của xã: soạn, duyệt, lên lịch và phát bản tin, rồi ghi "
    "lại "
    "biên nhận phát của từng cụm loa. Cán bộ của đài đăng nhập bằng lệnh <code>loactl</code> hoặc "
    "qua "
    "API tại <code>/api/v1</code>.</p>\n"
    "<div lang=\"en\">\n"
    "<h2>Loa – public-address controller of a commune</h2>\n"
    "<p>This server controls the commune's loudspeaker clusters: bulletins are written, approved, "
    "scheduled and broadcast, and each cluster's receipt is kept. Staff sign in with the command "
    "<code>loactl</code> or the API under <code>/api/v1</code>.</p>\n"
    "</div>\n"
    "</body>\n"
    "</html>\n";

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
    return whole_answer(c, "text/html; charset=utf-8", strdup(index_page));
}

enum err api_health(struct call *c)
{
    return call_out(c, 200,
                    json_pack("{s:s, s:s, s:I, s:b}", "status", "ok", "version", LOA_VERSION,
                              "now_us", (json_int_t)c->now_us, "set_up", !c->api->has_admin_code));
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

static json_t *station_json(const struct station *s)
{
    const struct station_policy *p = &s->policy;

    return json_pack("{s:s, s:s, s:s, s:i, s:b, s:i, s:i, s:i, s:i, s:I, s:I}", "code", s->code,
                     "name", s->name, "timezone", s->timezone, "utc_offset_min", s->utc_offset_min,
                     "author_may_approve", p->author_may_approve, "quiet_from_min",
                     p->quiet_from_min, "quiet_to_min", p->quiet_to_min, "allowed_from_min",
                     p->allowed_from_min, "allowed_to_min", p->allowed_to_min, "max_broadcast_s",
                     (json_int_t)p->max_broadcast_s, "late_tolerance_s",
                     (json_int_t)p->late_tolerance_s);
}

enum err api_station_get(struct call *c)
{
    return call_out(c, 200, station_json(c->api->ports.station));
}

static enum err read_station(struct call *c, struct station *s)
{
    int64_t from = s->policy.quiet_from_min;
    int64_t to = s->policy.quiet_to_min;
    int64_t allowed_from = s->policy.allowed_from_min;
    int64_t allowed_to = s->policy.allowed_to_min;
    int64_t length = s->policy.max_broadcast_s;
    int64_t late = s->policy.late_tolerance_s;
    int offset = 0;
    const struct body_field fields[] = {
        {.name = "name", .to = s->name, .min = 1, .max = NAME_SIZE - 1},
        {.name = "timezone", .to = s->timezone, .min = 1, .max = sizeof(s->timezone) - 1},
        {.name = "author_may_approve", .kind = BODY_BOOL, .to = &s->policy.author_may_approve},
        {.name = "quiet_from_min", .kind = BODY_NUMBER, .to = &from, .max = 1440},
        {.name = "quiet_to_min", .kind = BODY_NUMBER, .to = &to, .max = 1440},
        {.name = "allowed_from_min", .kind = BODY_NUMBER, .to = &allowed_from, .max = 1440},
        {.name = "allowed_to_min", .kind = BODY_NUMBER, .to = &allowed_to, .max = 1440},
        {.name = "max_broadcast_s", .kind = BODY_NUMBER, .to = &length, .min = 1, .max = 43200},
        {.name = "late_tolerance_s", .kind = BODY_NUMBER, .to = &late, .max = 86400},
    };
    enum err e = body_read(c->body, fields, 9, &c->detail);

    if (e != ERR_OK)
        return e;
    s->policy.quiet_from_min = (uint16_t)from;
    s->policy.quiet_to_min = (uint16_t)to;
    s->policy.allowed_from_min = (uint16_t)allowed_from;
    s->policy.allowed_to_min = (uint16_t)allowed_to;
    s->policy.max_broadcast_s = (uint32_t)length;
    s->policy.late_tolerance_s = (uint32_t)late;
    if (civil_offset_min(s->timezone, c->now_us, &offset) != ERR_OK)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"timezone\" is not known here; use a name such as Asia/Ho_Chi_Minh.");
    s->utc_offset_min = (int16_t)offset;
    return station_check(s, &c->detail);
}

enum err api_station_change(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    struct station station = *ports->station;
    enum err e = read_station(c, &station);

    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_station_put(ports->db, &station);
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
    return call_out(c, 200, station_json(&station));
}

enum err api_backup(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    char *path = NULL;
    enum err e = call_begin(c);

    if (e != ERR_OK)
        return e;
    /* Before the copy, so that the copy tells of itself. */
    e = call_end(c, call_journal(c, "station.backup", NULL, "station"));
    if (e != ERR_OK)
        return e;
    if (asprintf(&path, "%s/backup-%llu.db", ports->upload_dir, (unsigned long long)c->id) < 0)
        return ERR_NOMEM;
    e = db_backup(ports->db, path, &c->detail);
    if (e != ERR_OK) {
        (void)unlink(path);
        free(path);
        return e;
    }
    c->res.status = 200;
    c->res.content_type = "application/vnd.sqlite3";
    c->res.file = path;
    c->res.unlink_file = true;
    call_header(c, "content-disposition:", "attachment; filename=\"loa-%s.db\"",
                ports->station->code);
    return ERR_OK;
}
