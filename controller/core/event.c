#include "event.h"

#include <string.h>

static const char *const names[] = {
    [EVENT_REFUSE] = "refuse", [EVENT_APPEND] = "append", [EVENT_REPLACE] = "replace"};
#define NAMES (sizeof(names) / sizeof(names[0]))

const char *event_conflict_name(enum event_conflict c)
{
    return (size_t)c < NAMES ? names[c] : NULL;
}

int event_conflict_from_name(const char *name)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i]) == 0)
            return (int)i;
    }
    return -1;
}

enum priority event_level(const struct event *event, enum priority of_bulletin)
{
    if (event->priority == PRIORITY_NONE || event->priority == PRIORITY_EMERGENCY ||
        of_bulletin == PRIORITY_EMERGENCY)
        return of_bulletin;
    return event->priority;
}

bool event_covers(const struct event *event, const struct zone *zones, size_t count,
                  struct zone_id zone)
{
    if (event->everyone)
        return true;
    for (size_t i = 0; i < event->zone_count; i++) {
        if (zone_contains(zones, count, event->zones[i], zone))
            return true;
    }
    return false;
}
