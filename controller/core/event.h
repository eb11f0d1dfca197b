/* event.h - a calendar entry: which bulletin sounds where, and when in the words of RFC 5545.
 *
 * Written together by the store (which keeps it) and schedules (which understands `ics`): the store
 * treats `ics` as text, so recurrence can grow without a change of the database. Who sounds is decided
 * anew at each occurrence from `everyone` and `zones`. Plain data. Thread: main. */
#ifndef LOA_EVENT_H
#define LOA_EVENT_H

#include <stdbool.h>
#include <stddef.h>

#include "units.h"
#include "zone.h"

#define EVENT_ZONES_MAX 64
#define EVENT_ICS_MAX 16384 /* bytes, without the NUL */
#define EVENT_REPEATS_MAX 10
#define EVENT_RANK_MAX 9
#define EVENT_RANK_DEFAULT 5 /* also of what is played by hand */
#define EVENT_PAUSE_MAX_MS (7200U * 1000U)

/* With an event of equal priority on the same nodes at the same time. */
enum event_conflict {
    EVENT_REFUSE = 0, /* it is not saved */
    EVENT_APPEND, /* it starts when the other one ends */
    EVENT_REPLACE, /* it ends the other one at its own start */
};

struct event {
    struct event_id id;
    struct bulletin_id bulletin;
    bool everyone; /* all active nodes; zones are then empty */
    size_t zone_count; /* 1..EVENT_ZONES_MAX unless everyone */
    struct zone_id zones[EVENT_ZONES_MAX]; /* with all zones below them; ascending, no duplicates */
    char ics[EVENT_ICS_MAX + 1]; /* one event as calendar_parse() takes it, UTF-8 */
    uint32_t repeats; /* plays in all, 1..EVENT_REPEATS_MAX */
    uint32_t pause_ms; /* between two plays, 0..EVENT_PAUSE_MAX_MS */
    bool quiet_confirmed; /* a person confirmed a second time that it touches quiet hours */
    bool cancelled; /* makes no occurrence any more; stays as history */
    enum event_conflict conflict;
    enum priority priority; /* NONE: the bulletin's */
    uint32_t rank; /* operator's order among those of one level, lower first; 1..EVENT_RANK_MAX */
    uint32_t revision; /* of the store: 1, and one more with each change */
    struct user_id created_by;
    usec_t created_us;
};

/* The level an event sounds at: its own, but an emergency stays one and nothing else becomes one. */
enum priority event_level(const struct event *event, enum priority of_bulletin);

/* Does the event sound in a zone?
 *
 *   zones, count  all zones of the station */
bool event_covers(const struct event *event, const struct zone *zones, size_t count,
                  struct zone_id zone);

/* "refuse", "append", "replace"; NULL outside the set, -1 when the name is unknown. */
const char *event_conflict_name(enum event_conflict c);
int event_conflict_from_name(const char *name);

#endif
