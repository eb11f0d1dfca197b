/* Changing events: one occurrence, this and following ones, all; skip, move, copy a week. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_event.h"
#include "body.h"
#include "calendar_edit.h"
#include "civil.h"
#include "store_bulletin.h"
#include "store_event.h"

#define PART 16

static enum err update(struct call *c, const struct event *event, const char *action)
{
    enum err e = store_event_update(c->api->ports.db, event, &c->detail);

    return e == ERR_OK ? call_journal(c, action, json_incref(c->body), "event:%llu",
                                      (unsigned long long)event->id.v)
                       : e;
}

static enum err answer(struct call *c, const struct event *changed, const struct event *added)
{
    c->api->ports.schedule_changed(c->api->ports.ctx);
    call_header(c, "etag:", "\"%u\"", changed->revision + 1);
    return call_out(c, 200,
                    json_pack("{s:I, s:I, s:I}", "id", (json_int_t)changed->id.v, "revision",
                              (json_int_t)changed->revision + 1, "added",
                              (json_int_t)(added != NULL ? added->id.v : 0)));
}

/* Store a changed event and, of what was cut off it, another one: both or none. */
static enum err save(struct call *c, const struct event *changed, struct event *added,
                     const char *action)
{
    enum err e;

    if (api_event_only_checked(c))
        return api_event_checked(c);
    e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = update(c, changed, action);
    if (e == ERR_OK && added != NULL)
        e = api_event_store(c, added);
    e = call_end(c, e);
    return e == ERR_OK ? answer(c, changed, added) : e;
}

/* New times over old text: what has nothing to do with them stays. */
static enum err retime(struct call *c, struct event *event, struct event_change *change,
                       const struct bulletin *bulletin)
{
    char *old = strdup(event->ics);
    char *times = NULL;
    enum err e = old != NULL ? api_event_build(c, event, change, bulletin) : ERR_NOMEM;

    if (e == ERR_OK && change->ics[0] == '\0') {
        times = strdup(event->ics);
        e = times != NULL ? calendar_edit_times(old, times, event->ics, &c->detail) : ERR_NOMEM;
    }
    free(times);
    free(old);
    return e;
}

static enum err change_all(struct call *c, struct event *event, struct event_change *change,
                           const struct bulletin *bulletin)
{
    enum err e = change->has_times ? retime(c, event, change, bulletin) : ERR_OK;

    if (e == ERR_OK)
        e = api_event_check(c, event, bulletin);
    return e == ERR_OK ? save(c, event, NULL, "event.change") : e;
}

/* The old event ends before the occurrence; the new one has the change. */
static enum err change_following(struct call *c, const struct event *old, struct event *rest,
                                 struct event_change *change, const struct bulletin *bulletin)
{
    struct event before = *old;
    char uid[CALENDAR_UID_SIZE];
    enum err e;

    api_event_new_uid(c, uid);
    e = calendar_edit_split(old->ics, change->occurrence_us, uid, before.ics, rest->ics,
                            &c->detail);
    if (e == ERR_OK && change->has_times)
        e = retime(c, rest, change, bulletin);
    rest->created_by = c->user.id;
    rest->created_us = c->now_us;
    if (e == ERR_OK)
        e = api_event_check(c, rest, bulletin);
    return e == ERR_OK ? save(c, &before, rest, "event.split") : e;
}

/* One occurrence becomes an event of its own, or only moves. */
static enum err change_one(struct call *c, const struct event *old, struct event *one,
                           struct event_change *change, const struct bulletin *bulletin)
{
    struct event rest = *old;
    usec_t at_us = change->occurrence_us;
    enum err e = calendar_edit_skip(old->ics, at_us, rest.ics, &c->detail);

    change->plan.kind = CALENDAR_ONCE;
    if (e == ERR_OK && !change->has_times)
        e = civil_from_us(at_us, c->api->ports.station->timezone, &change->plan.start);
    if (e == ERR_OK)
        e = api_event_build(c, one, change, bulletin);
    one->created_by = c->user.id;
    one->created_us = c->now_us;
    if (e == ERR_OK)
        e = api_event_check(c, one, bulletin);
    return e == ERR_OK ? save(c, &rest, one, "event.change_one") : e;
}

enum err api_event_change(struct call *c)
{
    struct event old;
    struct event event = {0};
    struct event_change change = {0};
    struct bulletin bulletin;
    enum err e;

    snprintf(change.plan.zone, sizeof(change.plan.zone), "%s", c->api->ports.station->timezone);
    e = api_event_read(c, false, &event, &change); /* what is wrong by itself is said first */
    if (e == ERR_OK)
        e = api_event_find(c, &old);
    if (e == ERR_OK)
        e = api_event_matches(c, &old);
    if (e != ERR_OK)
        return e;
    event = old;
    event.quiet_confirmed = false; /* asked anew for what it becomes */
    e = api_event_read(c, false, &event, &change);
    if (e == ERR_OK)
        e = api_usable_bulletin(c, event.bulletin, &bulletin);
    if (e != ERR_OK)
        return e;
    if (strcmp(change.scope, "following") == 0)
        return change_following(c, &old, &event, &change, &bulletin);
    if (strcmp(change.scope, "one") == 0)
        return change_one(c, &old, &event, &change, &bulletin);
    if (change.scope[0] != '\0' && strcmp(change.scope, "all") != 0)
        return err_set(&c->detail, ERR_FORMAT, "\"scope\" takes one, following or all.");
    return change_all(c, &event, &change, &bulletin);
}

enum err api_event_skip(struct call *c)
{
    int64_t occurrence_us = 0;
    const struct body_field fields[] = {{.name = "occurrence_us",
                                         .kind = BODY_NUMBER,
                                         .to = &occurrence_us,
                                         .min = 1,
                                         .max = INT64_MAX,
                                         .required = true}};
    struct event event;
    struct event changed;
    enum err e = body_read(c->body, fields, 1, &c->detail);

    if (e == ERR_OK)
        e = api_event_find(c, &event);
    if (e == ERR_OK)
        e = api_event_matches(c, &event);
    if (e != ERR_OK)
        return e;
    changed = event;
    e = calendar_edit_skip(event.ics, occurrence_us, changed.ics, &c->detail);
    return e == ERR_OK ? save(c, &changed, NULL, "event.skip") : e;
}

enum err api_event_move(struct call *c)
{
    int64_t occurrence_us = 0;
    char start[CIVIL_TEXT_SIZE] = "";
    struct event event;
    struct event changed;
    struct bulletin bulletin;
    struct civil local;
    usec_t start_us = 0;
    bool confirmed = false;
    const struct body_field fields[] = {
        {.name = "occurrence_us",
         .kind = BODY_NUMBER,
         .to = &occurrence_us,
         .min = 1,
         .max = INT64_MAX,
         .required = true},
        {.name = "start", .to = start, .min = 16, .max = CIVIL_TEXT_SIZE - 1, .required = true},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &confirmed},
    };
    enum err e = body_read(c->body, fields, 3, &c->detail);

    if (e == ERR_OK)
        e = api_event_find(c, &event);
    if (e == ERR_OK)
        e = api_event_matches(c, &event);
    if (e == ERR_OK)
        e = api_usable_bulletin(c, event.bulletin, &bulletin);
    if (e != ERR_OK)
        return e;
    if (civil_parse(start, &local) != ERR_OK ||
        civil_to_us(&local, c->api->ports.station->timezone, &start_us) != ERR_OK ||
        start_us <= c->now_us)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"start\" is not a local time to come; write 2026-11-23T05:30.");
    changed = event;
    changed.quiet_confirmed = event.quiet_confirmed || confirmed;
    e = api_check_airtime(c, &bulletin, start_us, event.repeats, event.pause_ms, confirmed);
    if (e == ERR_OK)
        e = calendar_edit_move(event.ics, occurrence_us, start_us, changed.ics, &c->detail);
    if (e == ERR_OK)
        e = api_schedule_check(c, &changed, &bulletin);
    return e == ERR_OK ? save(c, &changed, NULL, "event.move") : e;
}

/* Add to one event what it names in a week, so much later. Returns how many through *count. */
static enum err copy_event(struct call *c, struct event *event, usec_t from_us, usec_t shift_us,
                           size_t *count)
{
    struct calendar_occurrence found[7 * CALENDAR_PER_DAY_MAX];
    struct calendar_event *parsed = NULL;
    struct event *next = malloc(sizeof(*next));
    struct bulletin bulletin;
    size_t n = 0;
    size_t added = 0;
    enum err e =
        next != NULL ? store_bulletin_get(c->api->ports.db, event->bulletin, &bulletin) : ERR_NOMEM;

    if (e == ERR_OK)
        e = calendar_parse(event->ics, strlen(event->ics), &parsed, &c->detail);
    if (e == ERR_OK)
        e = calendar_expand(parsed, from_us, from_us + 7 * USEC_PER_DAY, found,
                            sizeof(found) / sizeof(found[0]), &n);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct err_detail same = {""};

        e = api_check_airtime(c, &bulletin, found[i].start_us + shift_us, event->repeats,
                              event->pause_ms, event->quiet_confirmed);
        if (e != ERR_OK)
            break;
        *next = *event;
        e = calendar_edit_add(event->ics, found[i].start_us + shift_us, next->ics, &same);
        if (e == ERR_OK) {
            *event = *next;
            added++;
        } else if (e == ERR_EXISTS) {
            e = ERR_OK; /* the rule names it there already */
        } else {
            err_set(&c->detail, e, "%s", same.text);
        }
    }
    if (e == ERR_OK && added > 0)
        e = api_schedule_check(c, event, &bulletin);
    if (e == ERR_OK && added > 0)
        e = update(c, event, "event.copy");
    calendar_free(parsed);
    free(next);
    *count += added;
    return e;
}

static enum err copy_all(struct call *c, usec_t from_us, usec_t shift_us, bool confirmed,
                         size_t *ret_count)
{
    struct event *events = calloc(PART, sizeof(*events));
    struct db_page page = {0};
    size_t count = PART;
    enum err e = events != NULL ? ERR_OK : ERR_NOMEM;

    while (e == ERR_OK && count == PART) {
        e = store_event_list(c->api->ports.db, false, &page, events, PART, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++) {
            events[i].quiet_confirmed = events[i].quiet_confirmed || confirmed;
            e = copy_event(c, &events[i], from_us, shift_us, ret_count);
        }
    }
    free(events);
    return e;
}

enum err api_schedule_copy_week(struct call *c)
{
    char from[11] = "";
    char to[11] = "";
    struct civil from_day, to_day;
    usec_t from_us = 0;
    usec_t to_us = 0;
    bool confirmed = false;
    size_t count = 0;
    const char *zone = c->api->ports.station->timezone;
    const struct body_field fields[] = {
        {.name = "from", .to = from, .min = 10, .max = 10, .required = true},
        {.name = "to", .to = to, .min = 10, .max = 10, .required = true},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &confirmed},
    };
    enum err e = body_read(c->body, fields, 3, &c->detail);

    if (e != ERR_OK)
        return e;
    if (civil_parse(from, &from_day) != ERR_OK || civil_parse(to, &to_day) != ERR_OK ||
        civil_to_us(&from_day, zone, &from_us) != ERR_OK ||
        civil_to_us(&to_day, zone, &to_us) != ERR_OK ||
        civil_weekday_bit(&from_day) != civil_weekday_bit(&to_day) || to_us <= c->now_us)
        return err_set(&c->detail, ERR_FORMAT,
                       "\"from\" and \"to\" are the first days of two weeks, the same weekday, "
                       "such as 2026-11-23 and 2026-11-30; the second one lies ahead.");
    e = call_begin(c);
    if (e != ERR_OK)
        return e;
    e = call_end(c, copy_all(c, from_us, to_us - from_us, confirmed, &count));
    if (e != ERR_OK)
        return e;
    c->api->ports.schedule_changed(c->api->ports.ctx);
    return call_out(c, 200, json_pack("{s:I}", "added", (json_int_t)count));
}
