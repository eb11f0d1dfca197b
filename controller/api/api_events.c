/* The calendar: one-off and weekly events, and what they mean for the coming days. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "body.h"
#include "calendar.h"
#include "civil.h"
#include "digest.h"
#include "store_broadcast.h"
#include "store_bulletin.h"
#include "store_event.h"

#define CHECK_AHEAD_US (400 * USEC_PER_DAY) /* every weekday and season once */
#define CHECK_OCCURRENCES 512
#define SCHEDULE_SPAN_MAX_US (100 * USEC_PER_DAY)
#define SCHEDULE_MAX 2000

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
    out = json_pack("{s:I, s:I, s:b, s:o, s:I, s:I, s:b, s:b, s:I, s:I, s:s}", "id",
                    (json_int_t)e->id.v, "bulletin", (json_int_t)e->bulletin.v, "everyone",
                    e->everyone, "zones", zones, "repeats", (json_int_t)e->repeats, "pause_ms",
                    (json_int_t)e->pause_ms, "quiet_confirmed", e->quiet_confirmed, "cancelled",
                    e->cancelled, "created_by", (json_int_t)e->created_by.v, "created_us",
                    (json_int_t)e->created_us, "ics", e->ics);
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

static enum err find_event(struct call *c, struct event *ret_event)
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
    enum err e = find_event(c, &event);

    return e == ERR_OK ? call_out(c, 200, event_json(&event)) : e;
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

static enum err read_event(struct call *c, struct event *event, struct calendar_plan *plan)
{
    char start[CIVIL_TEXT_SIZE] = "";
    json_t *weekly = NULL;
    json_t *zones = NULL;
    bool everyone = false;
    int64_t bulletin = 0;
    int64_t repeats = 1;
    int64_t pause_ms = 30000;
    struct where where;
    const struct body_field fields[] = {
        {.name = "bulletin",
         .kind = BODY_NUMBER,
         .to = &bulletin,
         .min = 1,
         .max = INT64_MAX,
         .required = true},
        {.name = "start", .to = start, .min = 16, .max = CIVIL_TEXT_SIZE - 1},
        {.name = "weekly", .kind = BODY_OBJECT, .to = &weekly},
        {.name = "everyone", .kind = BODY_BOOL, .to = &everyone},
        {.name = "zones", .kind = BODY_LIST, .to = &zones, .max = EVENT_ZONES_MAX},
        {.name = "repeats",
         .kind = BODY_NUMBER,
         .to = &repeats,
         .min = 1,
         .max = EVENT_REPEATS_MAX},
        {.name = "pause_ms", .kind = BODY_NUMBER, .to = &pause_ms, .max = EVENT_PAUSE_MAX_MS},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &event->quiet_confirmed},
    };
    enum err e = body_read(c->body, fields, 8, &c->detail);

    if (e == ERR_OK && (weekly != NULL) == (start[0] != '\0'))
        e = err_set(&c->detail, ERR_FORMAT, "Say when: either \"start\" or \"weekly\".");
    if (e == ERR_OK)
        e = api_where_read(c, everyone, zones, &where);
    if (e == ERR_OK)
        e = weekly != NULL ? read_weekly(c, weekly, plan) : read_once(c, start, plan);
    if (e != ERR_OK)
        return e;
    event->bulletin.v = (uint64_t)bulletin;
    event->everyone = where.everyone;
    event->zone_count = where.zone_count;
    memcpy(event->zones, where.zones, sizeof(event->zones));
    event->repeats = (uint32_t)repeats;
    event->pause_ms = (uint32_t)pause_ms;
    return ERR_OK;
}

/* Every occurrence of the coming year is judged, for the first one may be the only harmless one. */
static enum err check_occurrences(struct call *c, const struct event *event,
                                  const struct bulletin *bulletin)
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
    return e;
}

static enum err build(struct call *c, struct event *event, struct calendar_plan *plan,
                      const struct bulletin *bulletin)
{
    uint8_t random[8];
    char hex[HEX_SIZE(8)];
    uint64_t total_ms = (uint64_t)bulletin_duration_ms(bulletin) * event->repeats +
                        (uint64_t)event->pause_ms * (event->repeats - 1);

    digest_random(random, sizeof(random));
    bytes_to_hex(bytes_of(random, sizeof(random)), hex);
    snprintf(plan->uid, sizeof(plan->uid), "%s@%s.loa", hex, c->api->ports.station->code);
    snprintf(plan->summary, sizeof(plan->summary), "%s", bulletin->title);
    plan->stamp_us = c->now_us;
    plan->duration_s = (uint32_t)((total_ms + 999) / 1000);
    if (plan->duration_s > CALENDAR_DURATION_MAX_S)
        return err_set(&c->detail, ERR_LIMIT, "It would last more than 12 hours; repeat it less.");
    return calendar_build(plan, event->ics, sizeof(event->ics), &c->detail);
}

enum err api_event_add(struct call *c)
{
    struct event event = {.created_by = c->user.id, .created_us = c->now_us};
    struct calendar_plan plan = {0};
    struct bulletin bulletin;
    struct event_id id;
    enum err e;

    snprintf(plan.zone, sizeof(plan.zone), "%s", c->api->ports.station->timezone);
    e = read_event(c, &event, &plan);
    if (e == ERR_OK)
        e = api_usable_bulletin(c, event.bulletin, &bulletin);
    if (e == ERR_OK)
        e = build(c, &event, &plan, &bulletin);
    if (e == ERR_OK)
        e = check_occurrences(c, &event, &bulletin);
    if (e == ERR_OK)
        e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = store_event_add(c->api->ports.db, &event, &id, &c->detail);
    if (e == ERR_OK)
        e = call_journal(c, "event.add", json_incref(c->body), "event:%llu",
                         (unsigned long long)id.v);
    e = call_end(c, e);
    if (e != ERR_OK)
        return e;
    c->api->ports.schedule_changed(c->api->ports.ctx);
    return call_created(c, id.v);
}

enum err api_event_cancel(struct call *c)
{
    struct event event;
    enum err e = find_event(c, &event);

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

struct occurrence {
    usec_t start_us;
    usec_t end_us;
    struct event_id event;
    struct bulletin_id bulletin;
    char title[BULLETIN_TITLE_SIZE];
    enum bulletin_state state;
};

struct schedule {
    usec_t from_us;
    usec_t before_us;
    size_t count;
    struct occurrence rows[SCHEDULE_MAX];
};

static int by_start(const void *a, const void *b)
{
    const struct occurrence *x = a;
    const struct occurrence *y = b;

    if (x->start_us != y->start_us)
        return x->start_us < y->start_us ? -1 : 1;
    return x->event.v < y->event.v ? -1 : x->event.v > y->event.v ? 1 : 0;
}

static enum err add_event(struct call *c, const struct event *event, struct schedule *s)
{
    struct calendar_occurrence list[64];
    struct calendar_event *parsed = NULL;
    struct bulletin bulletin;
    usec_t from_us = s->from_us;
    usec_t length_us;
    size_t count;
    enum err e = store_bulletin_get(c->api->ports.db, event->bulletin, &bulletin);
    enum err more = ERR_MORE;

    if (e == ERR_OK)
        e = calendar_parse(event->ics, strlen(event->ics), &parsed, &c->detail);
    if (e != ERR_OK)
        return e;
    length_us = ((usec_t)bulletin_duration_ms(&bulletin) * event->repeats +
                 (usec_t)event->pause_ms * (event->repeats - 1)) *
                USEC_PER_MSEC;
    while (more == ERR_MORE && s->count < SCHEDULE_MAX) {
        more = calendar_expand(parsed, from_us, s->before_us, list, 64, &count);
        if (more != ERR_OK && more != ERR_MORE)
            break;
        for (size_t i = 0; i < count && s->count < SCHEDULE_MAX; i++) {
            struct occurrence *row = &s->rows[s->count++];

            *row = (struct occurrence){.start_us = list[i].start_us,
                                       .end_us = list[i].start_us + length_us,
                                       .event = event->id,
                                       .bulletin = event->bulletin,
                                       .state = bulletin.state};
            memcpy(row->title, bulletin.title, sizeof(row->title));
            from_us = list[i].start_us + 1;
        }
    }
    calendar_free(parsed);
    return more == ERR_MORE || more == ERR_OK ? ERR_OK : more;
}

static enum err add_events(struct call *c, struct schedule *s)
{
    struct db_page page = {0};
    struct event *events = calloc(32, sizeof(*events));
    size_t count = 32;
    enum err e = events != NULL ? ERR_OK : ERR_NOMEM;

    while (e == ERR_OK && count == 32) {
        e = store_event_list(c->api->ports.db, false, &page, events, 32, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            e = add_event(c, &events[i], s);
    }
    free(events);
    return e;
}

static json_t *occurrence_json(struct call *c, const struct occurrence *o)
{
    const struct station *station = c->api->ports.station;
    struct broadcast_id broadcast = {0};

    (void)!store_broadcast_find(c->api->ports.db, o->event, o->start_us, &broadcast);
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:s, s:b, s:I}", "start_us",
                     (json_int_t)o->start_us, "end_us", (json_int_t)o->end_us, "event",
                     (json_int_t)o->event.v, "bulletin", (json_int_t)o->bulletin.v, "title",
                     o->title, "bulletin_state", bulletin_state_name(o->state), "quiet",
                     station_is_quiet(station, o->start_us, o->end_us), "broadcast",
                     (json_int_t)broadcast.v);
}

enum err api_schedule(struct call *c)
{
    uint64_t from_us = (uint64_t)c->now_us;
    uint64_t before_us = 0;
    struct schedule *s = NULL;
    json_t *items = NULL;
    enum err e = call_query_number(c, "from_us", &from_us);

    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = call_query_number(c, "before_us", &before_us);
    if (e == ERR_NOT_FOUND)
        before_us = from_us + 7 * (uint64_t)USEC_PER_DAY;
    else if (e != ERR_OK)
        return e;
    if (before_us <= from_us || before_us - from_us > (uint64_t)SCHEDULE_SPAN_MAX_US)
        return err_set(&c->detail, ERR_LIMIT,
                       "?before_us= must lie after ?from_us=, by at most 100 days.");
    s = calloc(1, sizeof(*s));
    items = json_array();
    if (s == NULL || items == NULL) {
        e = ERR_NOMEM;
        goto out;
    }
    s->from_us = (usec_t)from_us;
    s->before_us = (usec_t)before_us;
    e = add_events(c, s);
    if (e != ERR_OK)
        goto out;
    qsort(s->rows, s->count, sizeof(s->rows[0]), by_start);
    for (size_t i = 0; i < s->count; i++)
        json_array_append_new(items, occurrence_json(c, &s->rows[i]));
    e = call_out(c, 200, json_pack("{s:O, s:b}", "items", items, "cut", s->count == SCHEDULE_MAX));
out:
    json_decref(items);
    free(s);
    return e;
}
