/* planner.h - what is wrong with a plan before it is saved: quiet hours, length, conflicts.
 *
 * Pure; never allocates. The node decides again at airtime (priority.h, window.h): this only tells
 * people early. Thread: main. */
#ifndef LOA_PLANNER_H
#define LOA_PLANNER_H

#include <stddef.h>

#include "units.h"
#include "window.h"

/* One occurrence on its nodes. */
struct planner_item {
    uint64_t key; /* the caller's own, e.g. the event */
    enum priority level;
    uint32_t rank; /* operator's order within the level: a difference settles a conflict */
    bool cuts_equal; /* ends equal ones that started before it: settles it too */
    usec_t start_us;
    usec_t end_us; /* of the last play */
    const struct node_id *nodes; /* ascending, no duplicates; borrowed */
    size_t node_count;
};

struct planner_policy {
    int32_t utc_offset_min;
    uint32_t quiet_from_min; /* minutes after local midnight; equal to quiet_to_min: none */
    uint32_t quiet_to_min;
    uint32_t max_broadcast_s; /* 0: no limit */
};

enum planner_finding_kind {
    PLANNER_NONE = 0,
    PLANNER_QUIET_HOURS, /* needs a second confirmation; without it nodes stay silent then */
    PLANNER_TOO_LONG, /* longer than policy allows; nodes refuse it */
    PLANNER_CONFLICT, /* an equal one holds a shared node at the same time */
};

struct planner_finding {
    enum planner_finding_kind kind;
    size_t item; /* index into the items asked about */
    size_t other; /* CONFLICT: index into the others, or into the items when other_is_item */
    bool other_is_item;
    usec_t from_us; /* CONFLICT: when both are on; QUIET_HOURS: first quiet instant */
    usec_t to_us; /* CONFLICT: end of the overlap; QUIET_HOURS: end of the item */
    struct node_id node; /* CONFLICT: the first shared node */
    size_t shared; /* CONFLICT: how many nodes are shared */
};

/* Find what is wrong with new items, by themselves, among each other and against what is planned.
 * Emergencies are exempt from all of it (Hanoi 2021; Circular 39/2020).
 *
 *   others        may include the present version of what the items replace: leave those out yourself
 *   ret_findings  `max` places
 *
 * Returns how many findings there are, which may be more than max; in order of item. */
size_t planner_check(const struct planner_item *items, size_t count,
                     const struct planner_item *others, size_t other_count,
                     const struct planner_policy *policy, struct planner_finding *ret_findings,
                     size_t max);

/* "quiet_hours", "too_long", "conflict"; "none" outside the set. */
const char *planner_finding_name(enum planner_finding_kind kind);

#endif
