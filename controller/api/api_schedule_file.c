/* Whole schedules as .ics files: load one, write the station's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_event.h"
#include "body.h"
#include "calfile.h"
#include "store_bulletin.h"
#include "store_event.h"
#include "store_zone.h"

#define ICS_MAX (60 * 1024) /* a body is at most 64 KiB */
#define BULLETINS_PAGE 64

/* The newest approved bulletin with a title. */
static enum err find_bulletin(struct call *c, const char *title, struct bulletin *ret_bulletin)
{
    struct bulletin *rows = calloc(BULLETINS_PAGE, sizeof(*rows));
    struct db_page page = {.newest_first = true};
    size_t count = BULLETINS_PAGE;
    enum err e = rows != NULL ? ERR_OK : ERR_NOMEM;
    bool found = false;

    while (e == ERR_OK && !found && count == BULLETINS_PAGE) {
        e = store_bulletin_list(c->api->ports.db, 1U << BULLETIN_APPROVED, &page, rows,
                                BULLETINS_PAGE, &count);
        for (size_t i = 0; e == ERR_OK && !found && i < count; i++) {
            found = strcmp(rows[i].title, title) == 0 &&
                    (rows[i].expires_us == 0 || rows[i].expires_us > c->now_us);
            if (found)
                *ret_bulletin = rows[i];
        }
    }
    free(rows);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

/* X-LOA-ZONES: codes with commas between, or "*". */
static enum err find_zones(struct call *c, const char *codes, struct event *event)
{
    struct zone *zones = calloc(ZONES_MAX, sizeof(*zones));
    struct db_page page = {0};
    size_t count = 0;
    enum err e = zones != NULL ? store_zone_list(c->api->ports.db, &page, zones, ZONES_MAX, &count)
                               : ERR_NOMEM;

    event->everyone = codes[0] == '\0' || strcmp(codes, "*") == 0;
    for (const char *at = codes; e == ERR_OK && !event->everyone && *at != '\0';) {
        size_t n = strcspn(at, ",");
        size_t i = 0;

        while (i < count && (strlen(zones[i].code) != n || strncmp(zones[i].code, at, n) != 0))
            i++;
        if (i == count)
            e = err_set(&c->detail, ERR_NOT_FOUND,
                        "X-LOA-ZONES names the zone %.*s, which this station does not have; add "
                        "it, or change the file.",
                        (int)(n < 40 ? n : 40), at);
        else if (event->zone_count == EVENT_ZONES_MAX)
            e = err_set(&c->detail, ERR_LIMIT, "X-LOA-ZONES names too many zones.");
        else
            event->zones[event->zone_count++] = zones[i].id;
        at += n + (at[n] == ',');
    }
    free(zones);
    return e;
}

/* What a request wants loaded, and what came of it. */
struct load {
    uint64_t bulletin; /* wherever one is missing; 0 */
    bool chime; /* likewise */
    bool quiet_confirmed;
    json_t *ids;
    json_t *missing; /* titles */
    size_t updated;
};

/* Which bulletin: the one of that title, or what was given for all that have none. */
static enum err choose_bulletin(struct call *c, const char *title, struct load *load,
                                struct bulletin *ret_bulletin)
{
    enum err e = find_bulletin(c, title, ret_bulletin);

    if (e != ERR_NOT_FOUND)
        return e;
    if (load->bulletin == 0 && !load->chime)
        return err_set(
            &c->detail, e,
            "There is no approved bulletin \"%.100s\"; write one with that title, or give "
            "a \"bulletin\" to play wherever one is missing.",
            title);
    json_array_append_new(load->missing, json_string(title));
    return load->bulletin != 0
               ? api_usable_bulletin(c, (struct bulletin_id){load->bulletin}, ret_bulletin)
               : api_chime(c, ret_bulletin);
}

/* The event that came from the same entry of an earlier load. */
static enum err find_same(struct call *c, const char *uid, struct event *ret_event)
{
    struct db_page page = {0};
    struct event *rows = calloc(32, sizeof(*rows));
    size_t count = 32;
    enum err e = rows != NULL ? ERR_OK : ERR_NOMEM;
    bool found = false;

    while (e == ERR_OK && !found && count == 32) {
        e = store_event_list(c->api->ports.db, false, &page, rows, 32, &count);
        for (size_t i = 0; e == ERR_OK && !found && i < count; i++) {
            struct calendar_event *parsed = NULL;
            struct calendar_plan plan;

            if (calendar_parse(rows[i].ics, strlen(rows[i].ics), &parsed, NULL) != ERR_OK)
                continue;
            calendar_describe(parsed, &plan);
            calendar_free(parsed);
            found = strcmp(plan.uid, uid) == 0;
            if (found)
                *ret_event = rows[i];
        }
    }
    free(rows);
    return e == ERR_OK && !found ? ERR_NOT_FOUND : e;
}

static enum err fill_event(struct call *c, const char *text, struct load *load, struct event *event)
{
    struct bulletin bulletin;
    struct calfile_terms terms;
    struct calendar_event *parsed = NULL;
    struct calendar_plan plan;
    enum err e = calfile_terms_of(text, &terms, &c->detail);

    if (e == ERR_OK)
        e = calendar_parse(text, strlen(text), &parsed, &c->detail);
    if (e != ERR_OK)
        return e;
    calendar_describe(parsed, &plan);
    calendar_free(parsed);
    e = find_same(c, plan.uid, event);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    if (e == ERR_NOT_FOUND)
        *event = (struct event){
            .created_by = c->user.id, .created_us = c->now_us, .rank = EVENT_RANK_DEFAULT};
    event->quiet_confirmed = load->quiet_confirmed;
    event->zone_count = 0;
    event->conflict = EVENT_REFUSE;
    event->priority = PRIORITY_NONE;
    snprintf(event->ics, sizeof(event->ics), "%s", text);
    event->repeats = terms.repeats > 0 ? terms.repeats : 1;
    event->pause_ms = terms.pause_s > 0 ? terms.pause_s * 1000 : 30000;
    if (terms.conflict[0] != '\0')
        event->conflict = (enum event_conflict)event_conflict_from_name(terms.conflict);
    if (terms.priority[0] != '\0')
        event->priority = (enum priority)priority_from_name(terms.priority);
    e = find_zones(c, terms.zones, event);
    if (e == ERR_OK)
        e = choose_bulletin(c, terms.bulletin[0] != '\0' ? terms.bulletin : plan.summary, load,
                            &bulletin);
    if (e == ERR_OK && event->priority == PRIORITY_EMERGENCY &&
        bulletin.priority != PRIORITY_EMERGENCY)
        e = err_set(&c->detail, ERR_FORMAT,
                    "X-LOA-PRIORITY:emergency goes with an emergency bulletin only.");
    if (e == ERR_OK)
        event->bulletin = bulletin.id;
    return e;
}

static enum err store(struct call *c, const char *text, struct load *load)
{
    struct event event;
    enum err e = fill_event(c, text, load, &event);

    if (e == ERR_OK && event.id.v != 0) {
        e = store_event_update(c->api->ports.db, &event, &c->detail);
        load->updated++;
    } else if (e == ERR_OK) {
        e = store_event_add(c->api->ports.db, &event, &event.id, &c->detail);
    }
    if (e == ERR_OK)
        json_array_append_new(load->ids, json_integer((json_int_t)event.id.v));
    return e;
}

static enum err check(struct call *c, uint64_t id)
{
    struct event event;
    struct bulletin bulletin;
    enum err e = store_event_get(c->api->ports.db, (struct event_id){id}, &event);

    if (e == ERR_OK)
        e = store_bulletin_get(c->api->ports.db, event.bulletin, &bulletin);
    return e == ERR_OK ? api_event_check(c, &event, &bulletin) : e;
}

/* All are stored before one is judged, for one may leave the place that another one takes. */
static enum err load_all(struct call *c, const struct calfile *file, struct load *load)
{
    enum err e = ERR_OK;

    for (size_t i = 0; e == ERR_OK && i < 2 * file->count; i++) {
        const size_t at = i % file->count;
        char says[ERR_DETAIL_MAX];

        e = i < file->count ? store(c, file->events[at].text, load)
                            : check(c, (uint64_t)json_integer_value(json_array_get(load->ids, at)));
        if (e == ERR_OK)
            continue;
        snprintf(says, sizeof(says), "%.400s", c->detail.text);
        e = err_set(&c->detail, e, "The event of line %d: %s", file->events[at].line, says);
    }
    if (e == ERR_OK)
        e = call_journal(c, "schedule.load", json_pack("{s:O}", "events", load->ids), "schedule");
    return e;
}

static json_t *notes_of(const struct calfile *file)
{
    json_t *notes = json_array();

    for (size_t i = 0; i < file->note_count; i++)
        json_array_append_new(notes, json_string(file->notes[i].text));
    return notes;
}

enum err api_schedule_load(struct call *c)
{
    char *ics = calloc(1, ICS_MAX + 1);
    struct calfile *file = NULL;
    struct load load = {.ids = json_array(), .missing = json_array()};
    int64_t bulletin = 0;
    const struct body_field fields[] = {
        {.name = "ics", .kind = BODY_LINES, .to = ics, .min = 1, .max = ICS_MAX, .required = true},
        {.name = "bulletin", .kind = BODY_NUMBER, .to = &bulletin, .min = 1, .max = INT64_MAX},
        {.name = "quiet_confirmed", .kind = BODY_BOOL, .to = &load.quiet_confirmed},
        {.name = "chime", .kind = BODY_BOOL, .to = &load.chime},
    };
    enum err e = ics != NULL ? ERR_OK : ERR_NOMEM;

    if (e == ERR_OK)
        e = body_read(c->body, fields, 4, &c->detail);
    if (e == ERR_OK)
        e = calfile_read(ics, strlen(ics), &file, &c->detail);
    if (e == ERR_OK && file->count == 0)
        e = err_set(&c->detail, ERR_FORMAT, "The file holds no event.");
    if (e == ERR_OK)
        e = call_begin(c);
    if (e == ERR_OK)
        load.bulletin = (uint64_t)bulletin;
    if (e == ERR_OK)
        e = call_end(c, load_all(c, file, &load));
    if (e == ERR_OK) {
        c->api->ports.schedule_changed(c->api->ports.ctx);
        e = call_out(c, 201,
                     json_pack("{s:O, s:I, s:O, s:o}", "events", load.ids, "updated",
                               (json_int_t)load.updated, "missing", load.missing, "notes",
                               notes_of(file)));
    }
    calfile_free(file);
    json_decref(load.ids);
    json_decref(load.missing);
    free(ics);
    return e;
}

static enum err zone_codes(struct call *c, const struct event *event, char *ret, size_t size)
{
    size_t n = 0;
    enum err e = ERR_OK;

    snprintf(ret, size, "%s", event->everyone ? "*" : "");
    for (size_t i = 0; e == ERR_OK && i < event->zone_count && n < size; i++) {
        struct zone zone;

        e = store_zone_get(c->api->ports.db, event->zones[i], &zone);
        if (e == ERR_OK)
            n += (size_t)snprintf(ret + n, size - n, "%s%s", i > 0 ? "," : "", zone.code);
    }
    return e;
}

static enum err write_event(struct call *c, const struct event *event, FILE *out)
{
    static char text[CALENDAR_TEXT_MAX + 1];
    struct calfile_terms terms = {.repeats = event->repeats,
                                  .pause_s = (event->pause_ms + 999) / 1000};
    struct bulletin bulletin;
    enum err e = store_bulletin_get(c->api->ports.db, event->bulletin, &bulletin);

    if (e == ERR_OK)
        e = zone_codes(c, event, terms.zones, sizeof(terms.zones));
    if (e != ERR_OK)
        return e;
    snprintf(terms.bulletin, sizeof(terms.bulletin), "%s", bulletin.title);
    snprintf(terms.conflict, sizeof(terms.conflict), "%s", event_conflict_name(event->conflict));
    snprintf(terms.priority, sizeof(terms.priority), "%s",
             priority_name(event->priority != PRIORITY_NONE ? event->priority : bulletin.priority));
    e = calfile_set_terms(event->ics, &terms, text, sizeof(text));
    if (e == ERR_OK)
        fputs(text, out);
    return e;
}

enum err api_schedule_export(struct call *c)
{
    struct db_page page = {0};
    struct event *events = calloc(32, sizeof(*events));
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    char *zone = calfile_zone(c->api->ports.station->timezone);
    size_t count = 32;
    enum err e = events != NULL && out != NULL ? ERR_OK : ERR_NOMEM;

    if (e == ERR_OK)
        fprintf(out, "%s%s", calfile_begin, zone != NULL ? zone : "");
    while (e == ERR_OK && count == 32) {
        e = store_event_list(c->api->ports.db, false, &page, events, 32, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            e = write_event(c, &events[i], out);
    }
    if (e == ERR_OK)
        fputs(calfile_end, out);
    if (out != NULL && fclose(out) != 0)
        e = ERR_NOMEM;
    free(zone);
    free(events);
    if (e != ERR_OK) {
        free(text);
        return e;
    }
    c->res.status = 200;
    c->res.content_type = "text/calendar";
    c->res.body = text;
    c->res.body_len = len;
    return ERR_OK;
}
