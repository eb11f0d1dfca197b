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

#define EVENT_ZONES_MAX 64
#define EVENT_ICS_MAX 4096 /* bytes, without the NUL */
#define EVENT_REPEATS_MAX 10
#define EVENT_PAUSE_MAX_MS (7200U * 1000U)

struct event {
    struct event_id id;
    struct bulletin_id bulletin;
    bool everyone; /* all active nodes; zones are then empty */
    size_t zone_count; /* 1..EVENT_ZONES_MAX unless everyone */
    struct zone_id zones[EVENT_ZONES_MAX]; /* with all zones below them; ascending, no duplicates */
    char ics[EVENT_ICS_MAX + 1]; /* one VEVENT, UTF-8 */
    uint32_t repeats; /* plays in all, 1..EVENT_REPEATS_MAX */
    uint32_t pause_ms; /* between two plays, 0..EVENT_PAUSE_MAX_MS */
    bool quiet_confirmed; /* a person confirmed a second time that it touches quiet hours */
    bool cancelled; /* makes no occurrence any more; stays as history */
    struct user_id created_by;
    usec_t created_us;
};

#endif
