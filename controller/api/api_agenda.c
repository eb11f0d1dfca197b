/* What the events of the station name, as one list for the schedule, the preview and "why". */
#include <stdlib.h>
#include <string.h>

#include "api_event.h"
#include "store_bulletin.h"
#include "store_event.h"

#define PART 64
#define WAIT_MAX_US (3 * USEC_PER_HOUR) /* as in onair_plan.c */

static usec_t length_of(const struct event *event, const struct bulletin *bulletin)
{
    return ((usec_t)bulletin_duration_ms(bulletin) * event->repeats +
            (usec_t)event->pause_ms * (event->repeats - 1)) *
           USEC_PER_MSEC;
}

static void add_item(struct agenda *a, const struct event *event, const struct bulletin *bulletin,
                     const struct calendar_occurrence *o, size_t node_count)
{
    struct agenda_item *item = &a->items[a->count++];

    *item = (struct agenda_item){
        .plan = {.key = event->id.v,
                 .level = event_level(event, bulletin->priority),
                 .rank = event->rank,
                 .cuts_equal = event->conflict == EVENT_REPLACE,
                 .start_us = o->start_us,
                 .end_us = o->start_us + length_of(event, bulletin),
                 .nodes = a->lists[a->list_count - 1],
                 .node_count = node_count},
        .occurrence_us = o->start_us,
        .planned_us = o->duration_us,
        .bulletin = event->bulletin,
        .state = bulletin->state,
        .conflict = event->conflict,
    };
    memcpy(item->title, bulletin->title, sizeof(item->title));
}

static enum err nodes_of(struct call *c, const struct event *event, struct agenda *a,
                         size_t *ret_count)
{
    struct where where = {.everyone = event->everyone, .zone_count = event->zone_count};
    struct err_detail kept = c->detail;
    enum err e;

    memcpy(where.zones, event->zones, sizeof(where.zones));
    *ret_count = 0;
    a->lists[a->list_count] = NULL;
    e = api_where_nodes(c, &where, &a->lists[a->list_count], ret_count);
    a->list_count++;
    c->detail = kept;
    return e == ERR_STATE ? ERR_OK : e; /* no node yet */
}

static enum err add_event(struct call *c, const struct event *event, usec_t from_us,
                          usec_t before_us, struct agenda *a)
{
    struct calendar_occurrence list[PART];
    struct calendar_event *parsed = NULL;
    struct bulletin bulletin;
    size_t node_count = 0;
    size_t count;
    enum err e = store_bulletin_get(c->api->ports.db, event->bulletin, &bulletin);
    enum err more = ERR_MORE;

    /* A text that is not understood any more (a time zone vanished) is shown by its event, not here. */
    if (e == ERR_OK && calendar_parse(event->ics, strlen(event->ics), &parsed, NULL) != ERR_OK)
        return ERR_OK;
    if (e == ERR_OK)
        e = nodes_of(c, event, a, &node_count);
    while (e == ERR_OK && more == ERR_MORE) {
        more = calendar_expand(parsed, from_us, before_us, list, PART, &count);
        for (size_t i = 0; i < count && a->count < AGENDA_MAX; i++)
            add_item(a, event, &bulletin, &list[i], node_count);
        a->is_cut = a->is_cut || (count > 0 && a->count == AGENDA_MAX);
        if (a->is_cut)
            break;
        if (count > 0)
            from_us = list[count - 1].start_us + 1;
    }
    calendar_free(parsed);
    return e;
}

static int by_start(const void *a, const void *b)
{
    const struct agenda_item *x = a;
    const struct agenda_item *y = b;

    if (x->plan.start_us != y->plan.start_us)
        return x->plan.start_us < y->plan.start_us ? -1 : 1;
    return x->plan.key < y->plan.key ? -1 : x->plan.key > y->plan.key ? 1 : 0;
}

static bool share_node(const struct planner_item *a, const struct planner_item *b)
{
    for (size_t i = 0, k = 0; i < a->node_count && k < b->node_count;) {
        if (a->nodes[i].v == b->nodes[k].v)
            return true;
        if (a->nodes[i].v < b->nodes[k].v)
            i++;
        else
            k++;
    }
    return false;
}

/* Move what waits behind what it waits for, in order of start; what waits later waits for it, too. */
static void place_waiting(struct agenda *a)
{
    for (size_t i = 0; i < a->count; i++) {
        struct agenda_item *item = &a->items[i];
        bool moved = item->conflict == EVENT_APPEND;
        usec_t length_us = item->plan.end_us - item->plan.start_us;

        while (moved && item->plan.start_us - item->occurrence_us <= WAIT_MAX_US) {
            moved = false;
            for (size_t k = 0; k < a->count; k++) {
                const struct agenda_item *other = &a->items[k];

                if (k == i || (other->conflict == EVENT_APPEND && k > i) ||
                    other->plan.level != item->plan.level ||
                    other->plan.start_us >= item->plan.start_us + length_us ||
                    other->plan.end_us <= item->plan.start_us ||
                    !share_node(&other->plan, &item->plan))
                    continue;
                item->plan.start_us = other->plan.end_us;
                moved = true;
            }
        }
        if (moved)
            item->plan.start_us = item->occurrence_us;
        item->plan.end_us = item->plan.start_us + length_us;
    }
}

enum err agenda_load(struct call *c, usec_t from_us, usec_t before_us, const struct event *instead,
                     struct agenda **ret_agenda)
{
    struct db_page page = {0};
    struct agenda *a = calloc(1, sizeof(*a));
    struct event *events = calloc(32, sizeof(*events));
    size_t count = 32;
    enum err e = a != NULL && events != NULL ? ERR_OK : ERR_NOMEM;

    while (e == ERR_OK && count == 32 && a->list_count < AGENDA_EVENTS_MAX) {
        e = store_event_list(c->api->ports.db, false, &page, events, 32, &count);
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            if ((instead == NULL || events[i].id.v != instead->id.v) &&
                a->list_count < AGENDA_EVENTS_MAX)
                e = add_event(c, &events[i], from_us, before_us, a);
    }
    if (e == ERR_OK && instead != NULL)
        e = add_event(c, instead, from_us, before_us, a);
    free(events);
    if (e != ERR_OK) {
        agenda_free(a);
        return e;
    }
    qsort(a->items, a->count, sizeof(a->items[0]), by_start);
    place_waiting(a);
    qsort(a->items, a->count, sizeof(a->items[0]), by_start);
    *ret_agenda = a;
    return ERR_OK;
}

void agenda_free(struct agenda *a)
{
    for (size_t i = 0; a != NULL && i < a->list_count; i++)
        free(a->lists[i]);
    free(a);
}
