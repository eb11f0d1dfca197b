/* The schedule: what will sound when, and what is wrong with it. */
#include <stdlib.h>
#include <string.h>

#include "api_event.h"
#include "civil.h"
#include "store_broadcast.h"
#include "store_zone.h"

#define SPAN_MAX_US (100 * USEC_PER_DAY)
#define PREVIEW_MAX_US (8 * USEC_PER_DAY)
#define CHECK_AHEAD_US (35 * USEC_PER_DAY) /* conflicts: each week and a month */
#define LONGEST_US (12 * USEC_PER_HOUR) /* what may still be on that began earlier */
#define FINDINGS_MAX 500
#define UNEVEN_US (60 * USEC_PER_SEC) /* shorter or longer than planned by less is not said */

static json_t *occurrence_json(struct call *c, const struct agenda_item *o)
{
    const struct station *station = c->api->ports.station;
    struct broadcast_id broadcast = {0};

    (void)!store_broadcast_find(c->api->ports.db, (struct event_id){o->plan.key}, o->occurrence_us,
                                NULL, &broadcast);
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:s, s:b, s:I, s:I, s:s, s:s}", "start_us",
                     (json_int_t)o->plan.start_us, "end_us", (json_int_t)o->plan.end_us, "event",
                     (json_int_t)o->plan.key, "bulletin", (json_int_t)o->bulletin.v, "title",
                     o->title, "bulletin_state", bulletin_state_name(o->state), "quiet",
                     station_is_quiet(station, o->plan.start_us, o->plan.end_us), "broadcast",
                     (json_int_t)broadcast.v, "occurrence_us", (json_int_t)o->occurrence_us,
                     "priority", priority_name(o->plan.level), "conflict",
                     event_conflict_name(o->conflict));
}

/* ?from_us= and ?before_us=; from now to a week later by default. */
static enum err read_span(struct call *c, usec_t most_us, usec_t *ret_from_us,
                          usec_t *ret_before_us)
{
    uint64_t from_us = (uint64_t)c->now_us;
    uint64_t before_us = 0;
    enum err e = call_query_number(c, "from_us", &from_us);

    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = call_query_number(c, "before_us", &before_us);
    if (e == ERR_NOT_FOUND)
        before_us = from_us + 7 * (uint64_t)USEC_PER_DAY;
    else if (e != ERR_OK)
        return e;
    if (before_us <= from_us || before_us - from_us > (uint64_t)most_us)
        return err_set(&c->detail, ERR_LIMIT,
                       "?before_us= must lie after ?from_us=, by at most %lld days.",
                       (long long)(most_us / USEC_PER_DAY));
    *ret_from_us = (usec_t)from_us;
    *ret_before_us = (usec_t)before_us;
    return ERR_OK;
}

enum err api_schedule(struct call *c)
{
    struct agenda *a = NULL;
    json_t *items = NULL;
    usec_t from_us = 0;
    usec_t before_us = 0;
    enum err e = read_span(c, SPAN_MAX_US, &from_us, &before_us);

    if (e == ERR_OK)
        e = agenda_load(c, from_us, before_us, NULL, &a);
    if (e != ERR_OK)
        return e;
    items = json_array();
    for (size_t i = 0; i < a->count; i++)
        json_array_append_new(items, occurrence_json(c, &a->items[i]));
    e = call_out(c, 200, json_pack("{s:o, s:b}", "items", items, "cut", a->is_cut));
    agenda_free(a);
    return e;
}

static struct planner_policy policy_of(const struct station *s)
{
    return (struct planner_policy){.utc_offset_min = s->utc_offset_min,
                                   .quiet_from_min = s->policy.quiet_from_min,
                                   .quiet_to_min = s->policy.quiet_to_min,
                                   .max_broadcast_s = s->policy.max_broadcast_s};
}

/* What is wrong with an agenda; of the quotas, only what one event takes part in (0: all). */
static size_t check_all(const struct agenda *a, const struct station *station, uint64_t about,
                        struct planner_finding *ret_findings)
{
    struct planner_policy policy = policy_of(station);
    struct planner_item *items = calloc(a->count + 1, sizeof(*items));
    size_t n = 0;

    for (size_t i = 0; items != NULL && i < a->count; i++)
        items[i] = a->items[i].plan;
    if (items != NULL)
        n = planner_check_quota(items, a->count, station->policy.profile, station->utc_offset_min,
                                about, ret_findings, FINDINGS_MAX);
    if (items != NULL && n < FINDINGS_MAX)
        n += planner_check(items, a->count, NULL, 0, &policy, ret_findings + n, FINDINGS_MAX - n);
    free(items);
    return n < FINDINGS_MAX ? n : FINDINGS_MAX;
}

static enum err refuse_quota(struct call *c, const struct agenda *a,
                             const struct planner_finding *f, const char *at)
{
    bool urban = c->api->ports.station->policy.profile == PLANNER_PROFILE_URBAN;
    const char *rule = f->kind == PLANNER_QUOTA_SESSIONS ? "a third session on a day"
                       : f->kind == PLANNER_QUOTA_DAY    ? "a session on a weekend"
                       : urban                           ? "a session of more than 15 minutes"
                                                         : "a session of more than 45 minutes";

    return err_set(
        &c->detail, ERR_LIMIT,
        "On %s \"%.80s\" would be %s, on %zu nodes; the station's %s profile has no room "
        "for it. Choose another time or shorten it.",
        at, a->items[f->item].title, rule, f->shared,
        planner_profile_name(c->api->ports.station->policy.profile));
}

/* ERR_EXISTS: a conflict that an event did not mean to have. */
static enum err refuse_conflict(struct call *c, const struct event *event, const struct agenda *a,
                                const struct planner_finding *f, const char *at)
{
    const struct agenda_item *one = &a->items[f->item];
    const struct agenda_item *two = &a->items[f->other];
    const struct agenda_item *other = one->plan.key == event->id.v ? two : one;

    if (event->conflict != EVENT_REFUSE || other->conflict == EVENT_APPEND ||
        (one->plan.key == event->id.v) == (two->plan.key == event->id.v))
        return ERR_OK;
    return err_set(&c->detail, ERR_EXISTS,
                   "On %s it meets \"%.80s\" (event %llu) of equal priority on %zu of its nodes; "
                   "choose another time, or \"conflict\": \"append\" or \"replace\".",
                   at, other->title, (unsigned long long)other->plan.key, f->shared);
}

enum err api_schedule_check(struct call *c, const struct event *event,
                            const struct bulletin *bulletin)
{
    const struct station *station = c->api->ports.station;
    bool any = event->conflict == EVENT_REFUSE || station->policy.profile != PLANNER_PROFILE_NONE;
    struct planner_finding *found = calloc(FINDINGS_MAX, sizeof(*found));
    struct event as_new = *event;
    struct agenda *a = NULL;
    size_t n = 0;
    enum err e = found != NULL ? ERR_OK : ERR_NOMEM;

    if (as_new.id.v == 0)
        as_new.id.v = UINT64_MAX; /* so that it can be asked about */
    if (e == ERR_OK && any && bulletin->priority != PRIORITY_EMERGENCY)
        e = agenda_load(c, c->now_us - USEC_PER_DAY, c->now_us + CHECK_AHEAD_US, &as_new, &a);
    if (e == ERR_OK && a != NULL)
        n = check_all(a, station, as_new.id.v, found);
    for (size_t i = 0; e == ERR_OK && i < n; i++) {
        struct civil local = {0};
        char at[CIVIL_TEXT_SIZE] = "";

        if (found[i].to_us <= c->now_us)
            continue; /* the day that has begun counts, what is over is not judged */
        if (civil_from_us(found[i].from_us, station->timezone, &local) == ERR_OK)
            civil_format(&local, at);
        if (found[i].kind == PLANNER_CONFLICT)
            e = refuse_conflict(c, &as_new, a, &found[i], at);
        else if (found[i].kind >= PLANNER_QUOTA_SESSIONS)
            e = refuse_quota(c, a, &found[i], at);
    }
    agenda_free(a);
    free(found);
    return e;
}

static json_t *finding_json(const struct agenda *a, const struct planner_finding *f)
{
    const struct agenda_item *item = &a->items[f->item];
    bool two = f->kind == PLANNER_CONFLICT;

    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:I, s:s, s:I}", "finding",
                     planner_finding_name(f->kind), "from_us", (json_int_t)f->from_us, "to_us",
                     (json_int_t)f->to_us, "event", (json_int_t)item->plan.key, "title",
                     item->title, "other", (json_int_t)(two ? a->items[f->other].plan.key : 0),
                     "other_title", two ? a->items[f->other].title : "", "nodes",
                     (json_int_t)f->shared);
}

/* Shorter or longer than the calendar says, or not approved. */
static void add_own_findings(const struct agenda_item *o, json_t *list)
{
    usec_t length_us = o->plan.end_us - o->plan.start_us;
    usec_t extra_us = o->planned_us > 0 ? length_us - o->planned_us : 0;
    const char *kind = extra_us > UNEVEN_US                  ? "overrun"
                       : extra_us < -UNEVEN_US               ? "underrun"
                       : o->state != BULLETIN_APPROVED       ? "not_approved"
                       : o->plan.start_us > o->occurrence_us ? "waits"
                                                             : NULL;
    usec_t planned_end_us = o->plan.start_us + o->planned_us;

    if (kind == NULL)
        return;
    json_array_append_new(
        list, json_pack("{s:s, s:I, s:I, s:I, s:s, s:I, s:s, s:I}", "finding", kind, "from_us",
                        (json_int_t)(extra_us > 0   ? planned_end_us
                                     : extra_us < 0 ? o->plan.end_us
                                                    : o->occurrence_us),
                        "to_us",
                        (json_int_t)(extra_us > 0   ? o->plan.end_us
                                     : extra_us < 0 ? planned_end_us
                                                    : o->plan.start_us),
                        "event", (json_int_t)o->plan.key, "title", o->title, "other", (json_int_t)0,
                        "other_title", "", "nodes", (json_int_t)o->plan.node_count));
}

/* One stretch in which nothing changes: who sounds on how many of the nodes, and who does not. */
static void add_stretch(struct call *c, const struct agenda *a, const struct node_id *nodes,
                        size_t node_count, usec_t from_us, usec_t to_us, json_t *out)
{
    json_t *rows = json_array();
    struct priority_candidate cs[64];
    struct priority_verdict verdicts[64];
    size_t index[64];
    size_t sounding[AGENDA_MAX] = {0};
    size_t silent[AGENDA_MAX] = {0};
    enum priority_why why[AGENDA_MAX] = {0};
    struct priority_conditions conditions = {
        .quiet = !station_allows(c->api->ports.station, from_us, from_us + 1)};

    for (size_t n = 0; n < node_count; n++) {
        size_t count = 0;

        for (size_t i = 0; i < a->count && count < 64; i++) {
            const struct planner_item *p = &a->items[i].plan;

            if (p->end_us + LONGEST_US < from_us || p->start_us > from_us ||
                a->items[i].state != BULLETIN_APPROVED ||
                bsearch(&nodes[n], p->nodes, p->node_count, sizeof(nodes[0]),
                        api_node_id_compare) == NULL)
                continue;
            index[count] = i;
            cs[count++] = api_candidate(&a->items[i]);
        }
        (void)priority_choose(cs, count, &conditions, from_us, verdicts);
        for (size_t k = 0; k < count; k++) {
            if (verdicts[k].why == PRIORITY_WHY_SOUNDS)
                sounding[index[k]]++;
            else if (verdicts[k].why != PRIORITY_WHY_OVER) {
                silent[index[k]]++;
                why[index[k]] = verdicts[k].why;
            }
        }
    }
    for (size_t i = 0; i < a->count; i++)
        if (sounding[i] + silent[i] > 0)
            json_array_append_new(
                rows,
                json_pack("{s:I, s:I, s:I, s:s, s:I, s:I, s:s}", "from_us", (json_int_t)from_us,
                          "to_us", (json_int_t)to_us, "event", (json_int_t)a->items[i].plan.key,
                          "title", a->items[i].title, "sounds_on", (json_int_t)sounding[i],
                          "silent_on", (json_int_t)silent[i], "why",
                          priority_why_name(silent[i] > 0 ? why[i] : PRIORITY_WHY_SOUNDS)));
    json_array_extend(out, rows);
    json_decref(rows);
}

static int compare_us(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a;
    usec_t y = *(const usec_t *)b;

    return (x > y) - (x < y);
}

static enum err add_stretches(struct call *c, const struct agenda *a, const struct where *where,
                              usec_t from_us, usec_t before_us, json_t *out)
{
    usec_t *edges = calloc(2 * a->count + 2, sizeof(*edges));
    struct node_id *nodes = NULL;
    size_t node_count = 0;
    size_t n = 0;
    enum err e = edges != NULL ? api_where_nodes(c, where, &nodes, &node_count) : ERR_NOMEM;

    for (size_t i = 0; e == ERR_OK && i < a->count; i++) {
        edges[n++] = a->items[i].plan.start_us;
        edges[n++] = a->items[i].plan.end_us;
    }
    if (e == ERR_OK)
        qsort(edges, n, sizeof(*edges), compare_us);
    for (size_t i = 0; e == ERR_OK && i + 1 < n; i++)
        if (edges[i] < edges[i + 1] && edges[i] >= from_us && edges[i] < before_us)
            add_stretch(c, a, nodes, node_count, edges[i], edges[i + 1], out);
    free(nodes);
    free(edges);
    return e;
}

enum err api_schedule_preview(struct call *c)
{
    struct planner_finding *found = calloc(FINDINGS_MAX, sizeof(*found));
    struct where where = {.everyone = true};
    struct agenda *a = NULL;
    json_t *items = json_array();
    json_t *findings = json_array();
    usec_t from_us = 0;
    usec_t before_us = 0;
    uint64_t zone = 0;
    enum err e = read_span(c, PREVIEW_MAX_US, &from_us, &before_us);

    if (e == ERR_OK) {
        e = call_query_number(c, "zone", &zone);
        if (e == ERR_OK)
            where = (struct where){.zones = {{(uint32_t)zone}}, .zone_count = 1};
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    if (e == ERR_OK && (found == NULL || items == NULL || findings == NULL))
        e = ERR_NOMEM;
    if (e == ERR_OK)
        e = agenda_load(c, from_us - LONGEST_US, before_us, NULL, &a);
    if (e == ERR_OK)
        e = add_stretches(c, a, &where, from_us, before_us, items);
    if (e == ERR_OK) {
        size_t n = check_all(a, c->api->ports.station, 0, found);

        for (size_t i = 0; i < n; i++)
            if (found[i].to_us > from_us)
                json_array_append_new(findings, finding_json(a, &found[i]));
        for (size_t i = 0; i < a->count; i++)
            if (a->items[i].plan.end_us > from_us)
                add_own_findings(&a->items[i], findings);
        e = call_out(
            c, 200,
            json_pack("{s:O, s:O, s:b}", "items", items, "findings", findings, "cut", a->is_cut));
    }
    json_decref(items);
    json_decref(findings);
    agenda_free(a);
    free(found);
    return e;
}
