/* api_event.h - what the handlers of events share; for api_event*.c and api_schedule*.c only. */
#ifndef LOA_API_EVENT_H
#define LOA_API_EVENT_H

#include "api_impl.h"
#include "calendar.h"
#include "planner.h"

/* What a body says beyond the fields of an event. */
struct event_change {
    bool has_times; /* plan, or ics */
    struct calendar_plan plan;
    char ics[EVENT_ICS_MAX + 1]; /* the whole calendar text; "" */
    char scope[16]; /* "all" by default */
    int64_t occurrence_us;
};

/* The event in place of {id}. */
MUST_USE enum err api_event_find(struct call *c, struct event *ret_event);

/* Read a body over an event; what it does not name stays. */
MUST_USE enum err api_event_read(struct call *c, bool is_new, struct event *event,
                                 struct event_change *change);

/* Write the calendar text of a new event, or of new times. */
MUST_USE enum err api_event_build(struct call *c, struct event *event, struct event_change *change,
                                  const struct bulletin *bulletin);

/* Judge length, allowed and quiet hours of each occurrence, and conflicts with other events. */
MUST_USE enum err api_event_check(struct call *c, const struct event *event,
                                  const struct bulletin *bulletin);

/* Add to the store and the journal, in the open transaction; sets event->id. */
MUST_USE enum err api_event_store(struct call *c, struct event *event);

/* The caller only asks whether it would be refused (?check=true); and the answer that it would not be. */
bool api_event_only_checked(const struct call *c);
MUST_USE enum err api_event_checked(struct call *c);

/* ERR_STATE with 412: If-Match names another revision. */
MUST_USE enum err api_event_matches(struct call *c, const struct event *event);

void api_event_new_uid(struct call *c, char ret_uid[CALENDAR_UID_SIZE]);

/* ERR_EXISTS: it would meet another event of equal priority, and says `refuse`. */
MUST_USE enum err api_schedule_check(struct call *c, const struct event *event,
                                     const struct bulletin *bulletin);

/* The approved bulletin that sounds for one that is still to be recorded, in the open transaction: the chime of the
 * emergency set as long as the station made it itself.
 *
 * ERR_STATE  there is none, or a person took it back */
MUST_USE enum err api_chime(struct call *c, struct bulletin *ret_bulletin);

/* One occurrence as it is planned. */
struct agenda_item {
    struct planner_item plan; /* key: the event; nodes are the agenda's */
    usec_t occurrence_us; /* plan.start_us is later when it waits for others */
    usec_t planned_us; /* length that the event's text says, 0: none */
    struct bulletin_id bulletin;
    char title[BULLETIN_TITLE_SIZE];
    enum bulletin_state state;
    enum event_conflict conflict;
};

#define AGENDA_MAX 2000
#define AGENDA_EVENTS_MAX 1000

/* What the events name in a span of time, in order of start. */
struct agenda {
    size_t count;
    bool is_cut; /* there is more than fits */
    struct agenda_item items[AGENDA_MAX];
    size_t list_count;
    struct node_id *lists[AGENDA_EVENTS_MAX + 1];
};

/* Load what starts in [from_us, before_us), with one event as it would be in place of the stored one.
 *
 *   instead  NULL: as stored; its id may be 0 */
MUST_USE enum err agenda_load(struct call *c, usec_t from_us, usec_t before_us,
                              const struct event *instead, struct agenda **ret_agenda);
void agenda_free(struct agenda *a);

/* For bsearch() in the nodes of an item; and the item as priority.h sees it. */
int api_node_id_compare(const void *a, const void *b);
struct priority_candidate api_candidate(const struct agenda_item *item);

#endif
