/* What a person wants to alert: texts from templates, places, length; and whether they may. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerttemplate.h"
#include "api_alert.h"
#include "body.h"
#include "bytes.h"
#include "store_alert_policy.h"
#include "store_alert_sound.h"
#include "store_media.h"
#include "store_zone.h"

#define EXPIRES_S 3600
#define PAUSE_S 30
#define PAUSE_MAX_S 7200
#define REPEATS_MAX 1000
#define ALL_CLEAR_PLAYS 2
#define DRILL_MS 60000 /* judged against the allowed hours */

struct asked {
    char template_name[ALERT_TEMPLATE_SIZE];
    char media[HEX_SIZE(SHA256_BYTES)];
    json_t *values;
    json_t *zones;
    bool everyone, live, quiet_confirmed;
    int64_t repeats, pause_s, expires_s;
};

static enum err read_body(struct call *c, struct asked *q, struct alert_request *r)
{
    struct alert *a = &r->alert;
    const struct body_field fields[] = {
        {.name = "template", .to = q->template_name, .max = sizeof(q->template_name) - 1},
        {.name = "values", .kind = BODY_LIST, .to = &q->values, .max = ALERTTEMPLATE_VALUES_MAX},
        {.name = "title", .to = a->title, .min = 1, .max = sizeof(a->title) - 1},
        {.name = "text", .kind = BODY_LINES, .to = a->text, .min = 1, .max = ALERT_TEXT_SIZE - 1},
        {.name = "media", .to = q->media, .min = 64, .max = 64},
        {.name = "live", .kind = BODY_BOOL, .to = &q->live},
        {.name = "everyone", .kind = BODY_BOOL, .to = &q->everyone},
        {.name = "zones", .kind = BODY_LIST, .to = &q->zones, .max = EVENT_ZONES_MAX},
        {.name = "repeats", .kind = BODY_NUMBER, .to = &q->repeats, .max = REPEATS_MAX},
        {.name = "pause_s", .kind = BODY_NUMBER, .to = &q->pause_s, .max = PAUSE_MAX_S},
        {.name = "expires_s",
         .kind = BODY_NUMBER,
         .to = &q->expires_s,
         .min = ALERT_EXPIRES_MIN_S,
         .max = ALERT_EXPIRES_MAX_S},
        {.name = "drill", .kind = BODY_BOOL, .to = &a->drill},
        {.name = "why", .to = a->why, .max = sizeof(a->why) - 1},
        {.name = "totp", .to = r->totp, .max = sizeof(r->totp) - 1},
        {.name = "preview", .kind = BODY_BOOL, .to = &r->preview},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &q->quiet_confirmed},
    };
    enum err e = body_read(c->body, fields, sizeof(fields) / sizeof(fields[0]), &c->detail);

    json_object_del(c->body, "totp"); /* is for nobody's eyes, the journal's least of all */
    return e;
}

static enum err set_where(struct call *c, const struct asked *q, const struct alert *old,
                          struct alert *a)
{
    struct where where;
    enum err e;

    if (old != NULL && !q->everyone && json_array_size(q->zones) == 0) {
        a->everyone = old->everyone;
        a->zone_count = old->zone_count;
        memcpy(a->zones, old->zones, sizeof(a->zones));
        return ERR_OK;
    }
    e = api_where_read(c, q->everyone, q->zones, &where);
    if (e != ERR_OK)
        return e;
    a->everyone = where.everyone;
    a->zone_count = where.zone_count;
    memcpy(a->zones, where.zones, sizeof(a->zones));
    return ERR_OK;
}

/* "thôn Đông, thôn Đoài", or the station's name. */
static enum err name_where(struct call *c, const struct alert *a, char *ret_text, size_t size)
{
    size_t out = 0;

    snprintf(ret_text, size, "%s", c->api->ports.station->name);
    for (size_t i = 0; i < a->zone_count; i++) {
        struct zone zone;
        enum err e = store_zone_get(c->api->ports.db, a->zones[i], &zone);
        int n;

        if (e != ERR_OK)
            return e;
        n = snprintf(ret_text + out, size - out, "%s%s", i > 0 ? ", " : "", zone.name);
        if (n < 0 || (size_t)n >= size - out) {
            ret_text[out] = '\0'; /* the first ones tell enough */
            break;
        }
        out += (size_t)n;
    }
    return ERR_OK;
}

static void name_time(const struct call *c, char *ret_text, size_t size)
{
    time_t local =
        (time_t)(c->now_us / USEC_PER_SEC + (usec_t)c->api->ports.station->utc_offset_min * 60);
    struct tm tm;

    gmtime_r(&local, &tm);
    snprintf(ret_text, size, "%d giờ %02d phút, ngày %d tháng %d", tm.tm_hour, tm.tm_min,
             tm.tm_mday, tm.tm_mon + 1);
}

/* "noi=thôn Đông" for each blank; place and time fill themselves when they are not given. */
static enum err read_values(struct call *c, json_t *list, const struct alert *a,
                            struct alerttemplate_value *values, size_t *ret_count)
{
    size_t count = 0, i;
    json_t *item;
    enum err e;

    json_array_foreach(list, i, item)
    {
        const char *text = json_string_value(item);
        const char *equals = text != NULL ? strchr(text, '=') : NULL;
        struct alerttemplate_value *v = &values[count++];

        if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof(v->name) ||
            strlen(equals + 1) >= sizeof(v->value))
            return err_set(&c->detail, ERR_FORMAT,
                           "\"values\" takes texts such as \"noi=thôn Đông\", each value of at "
                           "most %d bytes.",
                           ALERTTEMPLATE_VALUE_SIZE - 1);
        memcpy(v->name, text, (size_t)(equals - text));
        v->name[equals - text] = '\0';
        memcpy(v->value, equals + 1, strlen(equals + 1) + 1);
    }
    snprintf(values[count].name, sizeof(values[count].name), "noi");
    e = name_where(c, a, values[count].value, sizeof(values[count].value));
    count++;
    snprintf(values[count].name, sizeof(values[count].name), "thoi_gian");
    name_time(c, values[count].value, sizeof(values[count].value));
    *ret_count = count + 1;
    return e;
}

/* Title, text and signal from the template, where the person did not write their own. */
static enum err use_template(struct call *c, const char *name, json_t *list, struct alert *a)
{
    struct alerttemplate_value values[ALERTTEMPLATE_VALUES_MAX + 2];
    struct alerttemplate *t = calloc(1, sizeof(*t));
    char *text = strdup(a->text);
    size_t count = 0;
    enum err e = t != NULL && text != NULL ? store_alert_policy_template(c->api->ports.db, name, t)
                                           : ERR_NOMEM;

    if (e == ERR_NOT_FOUND)
        e = err_set(&c->detail, e,
                    "There is no template \"%s\"; choose flood, storm, landslide, fire, "
                    "evacuation, lost_child, drill or all_clear.",
                    name);
    if (e == ERR_OK)
        e = read_values(c, list, a, values, &count);
    if (e == ERR_OK) {
        snprintf(a->template_name, sizeof(a->template_name), "%s", t->name);
        a->signal = t->signal;
        a->drill = a->drill || t->drill;
        if (a->title[0] == '\0')
            memcpy(a->title, t->title, sizeof(a->title));
        e = alerttemplate_fill(text[0] != '\0' ? text : t->text, values, count, a->text,
                               sizeof(a->text), &c->detail);
    }
    free(text);
    free(t);
    return e;
}

static enum err set_message(struct call *c, const struct asked *q, struct alert *a)
{
    struct media_info media;
    enum err e;

    if ((q->media[0] != '\0') + q->live > 1)
        return err_set(&c->detail, ERR_FORMAT, "Choose one: a recording, or live speech.");
    a->message = q->live              ? ALERT_VOICE
                 : q->media[0] != 0   ? ALERT_RECORDING
                 : a->text[0] != '\0' ? ALERT_SPEECH
                                      : ALERT_NO_MESSAGE;
    if (a->message != ALERT_RECORDING)
        return ERR_OK;
    e = bytes_from_hex(q->media, a->media.sha256, SHA256_BYTES);
    if (e == ERR_OK)
        e = store_media_get(c->api->ports.db, &a->media, &media);
    if (e == ERR_FORMAT || e == ERR_NOT_FOUND)
        return err_set(&c->detail, ERR_NOT_FOUND,
                       "There is no such recording; list the media and choose one.");
    if (e == ERR_OK)
        a->media_ms = media.duration_ms;
    return e;
}

/* It says that it is one, in words, and takes no siren. */
static enum err make_drill(struct call *c, const struct asked *q, struct alert *a)
{
    struct bulletin as_if = {.priority = alert_priority(a), .part_count = 1};

    if (a->message != ALERT_SPEECH)
        return err_set(&c->detail, ERR_FORMAT,
                       "A drill is announced as one, so it needs a text; leave out recording and "
                       "live speech.");
    a->signal = EMERGENCY_TEST;
    if (alerttemplate_announce_drill(a) != ERR_OK)
        return err_set(&c->detail, ERR_LIMIT,
                       "The text is too long once it says that it is a drill; shorten it.");
    as_if.parts[0].duration_ms = DRILL_MS;
    return api_check_airtime(c, &as_if, c->now_us, 1, 0, q->quiet_confirmed);
}

static void set_rest(const struct call *c, const struct asked *q, struct alert *a)
{
    a->repeats = (uint32_t)q->repeats;
    a->pause_ms = (uint32_t)q->pause_s * 1000;
    a->created_us = c->now_us;
    a->expires_us = c->now_us + q->expires_s * USEC_PER_SEC;
    a->author = c->user.id;
}

/* What is not said stays as it was. */
static enum err follow(struct call *c, enum alert_request_kind kind, struct alert *old,
                       struct alert *a)
{
    enum err e = api_alert_find(c, old);

    if (e != ERR_OK)
        return e;
    if (kind == ALERT_REQUEST_UPDATE && old->state != ALERT_LIVE)
        return err_set(&c->detail, ERR_STATE, "This alert is %s; send a new one.",
                       alert_state_name(old->state));
    if (a->drill && !old->drill)
        return err_set(&c->detail, ERR_STATE,
                       "An alert does not become a drill; cancel it and begin anew.");
    a->signal = old->signal;
    a->drill = old->drill;
    a->replaces = old->id;
    return ERR_OK;
}

enum err alert_request_read(struct call *c, enum alert_request_kind kind,
                            struct alert_request *ret_request)
{
    struct asked q = {.pause_s = PAUSE_S, .expires_s = EXPIRES_S};
    struct alert *a = &ret_request->alert, old = {0};
    enum err e;

    memset(ret_request, 0, sizeof(*ret_request));
    a->signal = EMERGENCY_SIREN;
    if (kind == ALERT_REQUEST_ALL_CLEAR)
        q.repeats = ALL_CLEAR_PLAYS;
    e = read_body(c, &q, ret_request);
    if (e == ERR_OK && kind != ALERT_REQUEST_NEW)
        e = follow(c, kind, &old, a);
    if (kind == ALERT_REQUEST_ALL_CLEAR)
        snprintf(q.template_name, sizeof(q.template_name), "all_clear");
    if (e == ERR_OK)
        e = set_where(c, &q, kind != ALERT_REQUEST_NEW ? &old : NULL, a);
    if (e == ERR_OK && q.template_name[0] != '\0')
        e = use_template(c, q.template_name, q.values, a);
    if (e == ERR_OK && a->title[0] == '\0')
        snprintf(a->title, sizeof(a->title), "%s",
                 old.title[0] != '\0' ? old.title : "Thông báo khẩn cấp");
    if (e == ERR_OK)
        e = set_message(c, &q, a);
    set_rest(c, &q, a);
    if (e == ERR_OK && a->drill)
        e = make_drill(c, &q, a);
    return e;
}

/* ---- who may ---- */

static enum err fill_case(struct call *c, const struct alert *a, const char *code,
                          struct alertpolicy_case *ret_case)
{
    struct zone_id area[ALERTPOLICY_AREA_MAX];
    struct zone *zones = calloc(ZONES_MAX, sizeof(*zones));
    struct db_page page = {0};
    size_t area_count = 0, count = 0;
    uint64_t past_hour = 0;
    struct db *db = c->api->ports.db;
    enum err e =
        zones != NULL ? store_alert_policy_area(db, c->user.id, area, &area_count) : ERR_NOMEM;

    if (e == ERR_OK)
        e = store_zone_list(db, &page, zones, ZONES_MAX, &count);
    if (e == ERR_OK)
        e = store_alert_sound_count(db, c->user.id, c->now_us - USEC_PER_HOUR, &past_hour);
    if (e == ERR_OK && code[0] != '\0')
        e = api_totp_use(c, code);
    if (e == ERR_OK)
        *ret_case = (struct alertpolicy_case){
            .roles = c->user.roles,
            .factor_given = code[0] != '\0',
            .in_area = alertpolicy_in_area(zones, count, area, area_count, a->everyone, a->zones,
                                           a->zone_count),
            .past_hour = (uint32_t)past_hour,
        };
    free(zones);
    return e;
}

static enum err refuse(struct call *c, enum alertpolicy_verdict verdict,
                       const struct alertpolicy *policy)
{
    switch (verdict) {
    case ALERTPOLICY_ROLE:
        c->status = 403;
        return err_set(&c->detail, ERR_AUTH,
                       "This account may not do that for alerts here; ask one of the people whom "
                       "the station named.");
    case ALERTPOLICY_AREA:
        c->status = 403;
        return err_set(&c->detail, ERR_AUTH,
                       "This account may alert some zones only; see loactl user area.");
    case ALERTPOLICY_RATE:
        c->status = 429;
        return err_set(&c->detail, ERR_BUSY,
                       "This account has sent %u alerts within an hour; update one that is live, "
                       "or let somebody else send it.",
                       policy->per_hour);
    case ALERTPOLICY_FACTOR:
        c->status = 403;
        return err_set(&c->detail, ERR_AUTH,
                       "This needs a code of the second factor: \"totp\": \"123456\" (loactl user "
                       "totp sets it up).");
    case ALERTPOLICY_SOUND:
    case ALERTPOLICY_HOLD:
        break;
    }
    return ERR_OK;
}

enum err alert_request_judge(struct call *c, struct alert *alert, const char *code, bool ends)
{
    struct alertpolicy policy;
    struct alertpolicy_case known;
    enum alertpolicy_verdict verdict;
    enum err e = store_alert_policy_get(c->api->ports.db, &policy);

    if (e == ERR_OK)
        e = fill_case(c, alert, code, &known);
    if (e != ERR_OK)
        return e;
    known.ends = ends;
    verdict = alertpolicy_judge(&policy, &known);
    e = refuse(c, verdict, &policy);
    if (e != ERR_OK)
        return e;
    alert->state = verdict == ALERTPOLICY_HOLD ? ALERT_WAITING : ALERT_LIVE;
    alert->confirm_us = c->now_us + (usec_t)policy.confirm_s * USEC_PER_SEC;
    return ERR_OK;
}

enum err alert_request_would(struct call *c, const struct alert *alert, bool ends,
                             enum alertpolicy_verdict *ret_verdict, bool *ret_factor)
{
    struct alertpolicy policy;
    struct alertpolicy_case known;
    enum err e = store_alert_policy_get(c->api->ports.db, &policy);

    if (e == ERR_OK)
        e = fill_case(c, alert, "", &known);
    if (e != ERR_OK)
        return e;
    known.ends = ends;
    *ret_factor = alertpolicy_judge(&policy, &known) == ALERTPOLICY_FACTOR;
    known.factor_given = *ret_factor;
    *ret_verdict = alertpolicy_judge(&policy, &known);
    return ERR_OK;
}

enum err alert_request_judge_confirm(struct call *c, const struct alert *alert, const char *code)
{
    struct alertpolicy policy;
    struct alertpolicy_case known;
    enum err e = store_alert_policy_get(c->api->ports.db, &policy);

    if (e == ERR_OK)
        e = fill_case(c, alert, code, &known);
    if (e != ERR_OK)
        return e;
    return refuse(c, alertpolicy_judge_confirm(&policy, &known, alert->author, c->user.id),
                  &policy);
}
