/* Events: added, shown, cancelled; changed in api_event_edit.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_event.h"
#include "api_impl.h"
#include "body.h"
#include "calendar.h"
#include "civil.h"
#include "digest.h"
#include "store_bulletin.h"
#include "store_event.h"

#define CHECK_AHEAD_US (400 * USEC_PER_DAY) /* every weekday and season once */
#define CHECK_OCCURRENCES 512

static const char *const weekday_names[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static json_t *weekdays_json(uint32_t weekdays)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < 7; i++)
        if ((weekdays & (1U << i)) != 0)
            json_array_append_new(list, json_string(weekday_names[i]));
    return list;
}

/* What the calendar text says, in the words of the form it was made from. */
static void describe(json_t *out, const struct event *event)
{
    struct calendar_event *parsed = NULL;
    struct calendar_plan plan;
    char start[CIVIL_TEXT_SIZE];
    char until[CIVIL_TEXT_SIZE];

    if (calendar_parse(event->ics, strlen(event->ics), &parsed, NULL) != ERR_OK)
        return;
    calendar_describe(parsed, &plan);
    calendar_free(parsed);
    civil_format(&plan.start, start);
    json_object_set_new(out, "kind",
                        json_string(plan.kind == CALENDAR_ONCE     ? "once"
                                    : plan.kind == CALENDAR_WEEKLY ? "weekly"
                                                                   : "other"));
    json_object_set_new(out, "start", json_string(start));
    if (plan.kind != CALENDAR_WEEKLY)
        return;
    json_object_set_new(out, "weekdays", weekdays_json(plan.weekdays));
    if (plan.has_until) {
        civil_format(&plan.until, until);
        until[10] = '\0';
        json_object_set_new(out, "until", json_string(until));
    }
}

static json_t *event_json(const struct event *e)
{
    json_t *zones = json_array();
    json_t *out;

    for (size_t i = 0; i < e->zone_count; i++)
        json_array_append_new(zones, json_integer(e->zones[i].v));
    out = json_pack("{s:I, s:I, s:b, s:o, s:I, s:I, s:b, s:b, s:I, s:I, s:s, s:I, s:s, s:s?, s:I}",
                    "id", (json_int_t)e->id.v, "bulletin", (json_int_t)e->bulletin.v, "everyone",
                    e->everyone, "zones", zones, "repeats", (json_int_t)e->repeats, "pause_ms",
                    (json_int_t)e->pause_ms, "quiet_confirmed", e->quiet_confirmed, "cancelled",
                    e->cancelled, "created_by", (json_int_t)e->created_by.v, "created_us",
                    (json_int_t)e->created_us, "ics", e->ics, "revision", (json_int_t)e->revision,
                    "conflict", event_conflict_name(e->conflict), "priority",
                    priority_name(e->priority), "rank", (json_int_t)e->rank);
    if (out != NULL)
        describe(out, e);
    return out;
}

static enum err fetch_events(struct call *c, struct db_page *page, void *rows, size_t max,
                             size_t *ret_count)
{
    char all[8] = "";
    bool cancelled_too =
        web_query(c->req, "cancelled", all, sizeof(all)) == ERR_OK && strcmp(all, "true") == 0;

    return store_event_list(c->api->ports.db, cancelled_too, page, rows, max, ret_count);
}

static json_t *event_item(struct call *c, const void *row)
{
    (void)c;
    return event_json(row);
}

enum err api_event_list(struct call *c)
{
    return call_list(c, sizeof(struct event), fetch_events, event_item);
}

enum err api_event_find(struct call *c, struct event *ret_event)
{
    uint64_t id;
    enum err e = call_number(c, &id);

    if (e == ERR_OK)
        e = store_event_get(c->api->ports.db, (struct event_id){id}, ret_event);
    return call_missing(c, e, "event");
}

enum err api_event_get(struct call *c)
{
    struct event event;
    enum err e = api_event_find(c, &event);

    if (e != ERR_OK)
        return e;
    call_header(c, "etag:", "\"%u\"", event.revision);
    return call_out(c, 200, event_json(&event));
}

static enum err read_weekdays(struct call *c, json_t *list, uint32_t *ret_weekdays)
{
    uint32_t weekdays = 0;
    size_t i;
    json_t *item;

    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        unsigned day = 0;

        while (name != NULL && day < 7 && strcmp(name, weekday_names[day]) != 0)
            day++;
        if (name == NULL || day == 7)
            return err_set(&c->detail, ERR_FORMAT,
                           "\"weekdays\" takes mon, tue, wed, thu, fri, sat and sun.");
        weekdays |= 1U << day;
    }
    *ret_weekdays = weekdays;
    return ERR_OK;
}

/* {"weekdays": ["mon"], "time": "05:30", "from": "2026-11-23", "until": "2026-12-31"} */
static enum err read_weekly(struct call *c, json_t *weekly, struct calendar_plan *plan)
{
    char time[6] = "";
    char from[11] = "";
    char until[11] = "";
    char text[CIVIL_TEXT_SIZE];
    json_t *weekdays = NULL;
    const struct body_field fields[] = {
        {.name = "weekdays",
         .kind = BODY_LIST,
         .to = &weekdays,
         .min = 1,
         .max = 7,
         .required = true},
        {.name = "time", .to = time, .min = 5, .max = 5, .required = true},
        {.name = "from", .to = from, .min = 10, .max = 10, .required = true},
        {.name = "until", .to = until, .min = 10, .max = 10},
    };
    enum err e = body_read(weekly, fields, 4, &c->detail);

    if (e == ERR_OK)
        e = read_weekdays(c, weekdays, &plan->weekdays);
    if (e != ERR_OK)
        return e;
    plan->kind = CALENDAR_WEEKLY;
    snprintf(text, sizeof(text), "%sT%s", from, time);
    if (civil_parse(text, &plan->start) != ERR_OK)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"from\" or \"time\" is not valid; write 2026-11-23 and 05:30.");
    plan->has_until = until[0] != '\0';
    if (plan->has_until && civil_parse(until, &plan->until) != ERR_OK)
        return err_set(&c->detail, ERR_FORMAT, "\"until\" is not a date; write 2026-12-31.");
    return ERR_OK;
}

static enum err read_once(struct call *c, const char *start, struct calendar_plan *plan)
{
    usec_t start_us = 0;

    plan->kind = CALENDAR_ONCE;
    if (civil_parse(start, &plan->start) != ERR_OK || strlen(start) < 16)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"start\" is not a local date and time; write 2026-11-23T05:30.");
    if (civil_to_us(&plan->start, plan->zone, &start_us) != ERR_OK || start_us <= c->now_us)
        return err_set(&c->detail, ERR_LIMIT, "\"start\" lies in the past; choose a later time.");
    return ERR_OK;
}

static enum err read_words(struct call *c, const char *conflict, const char *priority,
                           struct event *event)
{
    int v = conflict[0] != '\0' ? event_conflict_from_name(conflict) : (int)event->conflict;

    if (v < 0)
        return err_set(&c->detail, ERR_FORMAT, "\"conflict\" takes refuse, append or replace.");
    event->conflict = (enum event_conflict)v;
    v = priority[0] != '\0' ? priority_from_name(priority) : (int)event->priority;
    if (v < 0 || v == PRIORITY_EMERGENCY)
        return err_set(&c->detail, ERR_FORMAT, "\"priority\" takes normal or priority.");
    event->priority = (enum priority)v;
    return ERR_OK;
}

static enum err read_times(struct call *c, const char *start, json_t *weekly, const char *ics,
                           bool is_new, struct event_change *change)
{
    int given = (start[0] != '\0') + (weekly != NULL) + (ics[0] != '\0');

    if (given > 1 || (is_new && given == 0))
        return err_set(&c->detail, ERR_FORMAT, "Say when: either \"start\" or \"weekly\".");
    change->has_times = given == 1;
    if (weekly != NULL)
        return read_weekly(c, weekly, &change->plan);
    return start[0] != '\0' ? read_once(c, start, &change->plan) : ERR_OK;
}

enum err api_event_read(struct call *c, bool is_new, struct event *event,
                        struct event_change *change)
{
    char start[CIVIL_TEXT_SIZE] = "";
    char conflict[16] = "";
    char priority[16] = "";
    json_t *weekly = NULL;
    json_t *zones = NULL;
    bool everyone = false;
    int64_t bulletin = (int64_t)event->bulletin.v;
    int64_t repeats = is_new ? 1 : event->repeats;
    int64_t pause_ms = is_new ? 30000 : event->pause_ms;
    int64_t rank = is_new ? EVENT_RANK_DEFAULT : event->rank;
    struct where where;
    const struct body_field fields[] = {
        {.name = "bulletin",
         .kind = BODY_NUMBER,
         .to = &bulletin,
         .min = 1,
         .max = INT64_MAX,
         .required = is_new},
        {.name = "start", .to = start, .min = 16, .max = CIVIL_TEXT_SIZE - 1},
        {.name = "weekly", .kind = BODY_OBJECT, .to = &weekly},
        {.name = "ics", .kind = BODY_LINES, .to = change->ics, .min = 1, .max = EVENT_ICS_MAX},
        {.name = "everyone", .kind = BODY_BOOL, .to = &everyone},
        {.name = "zones", .kind = BODY_LIST, .to = &zones, .max = EVENT_ZONES_MAX},
        {.name = "repeats",
         .kind = BODY_NUMBER,
         .to = &repeats,
         .min = 1,
         .max = EVENT_REPEATS_MAX},
        {.name = "pause_ms", .kind = BODY_NUMBER, .to = &pause_ms, .max = EVENT_PAUSE_MAX_MS},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &event->quiet_confirmed},
        {.name = "conflict", .to = conflict, .min = 1, .max = sizeof(conflict) - 1},
        {.name = "priority", .to = priority, .min = 1, .max = sizeof(priority) - 1},
        {.name = "rank", .kind = BODY_NUMBER, .to = &rank, .min = 1, .max = EVENT_RANK_MAX},
        {.name = "scope", .to = change->scope, .min = 1, .max = sizeof(change->scope) - 1},
        {.name = "occurrence_us",
         .kind = BODY_NUMBER,
         .to = &change->occurrence_us,
         .min = 1,
         .max = INT64_MAX},
    };
    enum err e = body_read(c->body, fields, is_new ? 12 : 14, &c->detail);

    if (e == ERR_OK)
        e = read_words(c, conflict, priority, event);
    if (e == ERR_OK && (is_new || everyone || zones != NULL)) {
        e = api_where_read(c, everyone, zones, &where);
        if (e == ERR_OK) {
            event->everyone = where.everyone;
            event->zone_count = where.zone_count;
            memcpy(event->zones, where.zones, sizeof(event->zones));
        }
    }
    if (e == ERR_OK)
        e = read_times(c, start, weekly, change->ics, is_new, change);
    event->bulletin.v = (uint64_t)bulletin;
    event->repeats = (uint32_t)repeats;
    event->pause_ms = (uint32_t)pause_ms;
    event->rank = (uint32_t)rank;
    return e;
}

/* Every occurrence of the coming year is judged, for the first one may be the only harmless one. */
enum err api_event_check(struct call *c, const struct event *event, const struct bulletin *bulletin)
{
    struct calendar_occurrence *list = calloc(CHECK_OCCURRENCES, sizeof(*list));
    struct calendar_event *parsed = NULL;
    size_t count = 0;
    enum err e;

    if (list == NULL)
        return ERR_NOMEM;
    e = calendar_parse(event->ics, strlen(event->ics), &parsed, &c->detail);
    if (e == ERR_OK)
        e = calendar_expand(parsed, c->now_us, INT64_MAX, list, CHECK_OCCURRENCES, &count);
    if (e == ERR_MORE)
        e = ERR_OK;
    if (e == ERR_OK && count == 0)
        e = err_set(&c->detail, ERR_LIMIT,
                    "It would never sound from now on; check the dates and weekdays.");
    for (size_t i = 0; e == ERR_OK && i < count; i++)
        if (i == 0 || list[i].start_us < c->now_us + CHECK_AHEAD_US)
            e = api_check_airtime(c, bulletin, list[i].start_us, event->repeats, event->pause_ms,
                                  event->quiet_confirmed);
    calendar_free(parsed);
    free(list);
    return e == ERR_OK ? api_schedule_check(c, event, bulletin) : e;
}

void api_event_new_uid(struct call *c, char ret_uid[CALENDAR_UID_SIZE])
{
    uint8_t random[8];
    char hex[HEX_SIZE(8)];

    digest_random(random, sizeof(random));
    bytes_to_hex(bytes_of(random, sizeof(random)), hex);
    snprintf(ret_uid, CALENDAR_UID_SIZE, "%s@%s.loa", hex, c->api->ports.station->code);
}

enum err api_event_build(struct call *c, struct event *event, struct event_change *change,
                         const struct bulletin *bulletin)
{
    struct calendar_plan *plan = &change->plan;
    uint64_t total_ms = (uint64_t)bulletin_duration_ms(bulletin) * event->repeats +
                        (uint64_t)event->pause_ms * (event->repeats - 1);

    if (change->ics[0] != '\0') {
        memcpy(event->ics, change->ics, sizeof(event->ics));
        return ERR_OK;
    }
    api_event_new_uid(c, plan->uid);
    snprintf(plan->zone, sizeof(plan->zone), "%s", c->api->ports.station->timezone);
    snprintf(plan->summary, sizeof(plan->summary), "%s", bulletin->title);
    plan->stamp_us = c->now_us;
    plan->duration_s = (uint32_t)((total_ms + 999) / 1000);
    if (plan->duration_s > CALENDAR_DURATION_MAX_S)
        return err_set(&c->detail, ERR_LIMIT, "It would last more than 12 hours; repeat it less.");
    return calendar_build(plan, event->ics, sizeof(event->ics), &c->detail);
}

enum err api_event_store(struct call *c, struct event *event)
{
    enum err e = store_event_add(c->api->ports.db, event, &event->id, &c->detail);

    return e == ERR_OK ? call_journal(c, "event.add", json_incref(c->body), "event:%llu",
                                      (unsigned long long)event->id.v)
                       : e;
}

bool api_event_only_checked(const struct call *c)
{
    char check[8] = "";

    return web_query(c->req, "check", check, sizeof(check)) == ERR_OK && strcmp(check, "true") == 0;
}

enum err api_event_checked(struct call *c)
{
    return call_out(c, 200, json_pack("{s:b}", "checked", true));
}

enum err api_event_add(struct call *c)
{
    struct event event = {.created_by = c->user.id, .created_us = c->now_us};
    struct event_change change = {0};
    struct bulletin bulletin;
    enum err e;

    snprintf(change.plan.zone, sizeof(change.plan.zone), "%s", c->api->ports.station->timezone);
    e = api_event_read(c, true, &event, &change);
    if (e == ERR_OK)
        e = api_usable_bulletin(c, event.bulletin, &bulletin);
    if (e == ERR_OK)
        e = api_event_build(c, &event, &change, &bulletin);
    if (e == ERR_OK)
        e = api_event_check(c, &event, &bulletin);
    if (e == ERR_OK && api_event_only_checked(c))
        return api_event_checked(c);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_end(c, api_event_store(c, &event));
    if (e != ERR_OK)
        return e;
    c->api->ports.schedule_changed(c->api->ports.ctx);
    return call_created(c, event.id.v);
}

/* If-Match (RFC 9110 13.1.1): the caller saw the edition that is to be changed. */
enum err api_event_matches(struct call *c, const struct event *event)
{
    char tag[16];

    snprintf(tag, sizeof(tag), "\"%u\"", event->revision);
    if (c->req->if_match[0] == '\0' || strcmp(c->req->if_match, "*") == 0 ||
        strcmp(c->req->if_match, tag) == 0)
        return ERR_OK;
    c->status = 412;
    return err_set(&c->detail, ERR_STATE,
                   "Someone else has changed this event; read it again and repeat the change.");
}

enum err api_event_cancel(struct call *c)
{
    struct event event;
    enum err e = api_event_find(c, &event);

    if (e == ERR_OK)
        e = api_event_matches(c, &event);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_event_cancel(c->api->ports.db, event.id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "event.cancel", NULL, "event:%llu", (unsigned long long)event.id.v);
    e = call_end(c, e);
    if (e == ERR_OK)
        c->api->ports.schedule_changed(c->api->ports.ctx);
    return e;
}
