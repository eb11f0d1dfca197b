/* planner.h - what is wrong with a plan before it is saved: quiet hours, length, conflicts, quotas.
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

/* Whose quotas bind the station (Hanoi 2021). Emergencies are exempt. */
enum planner_profile {
    PLANNER_PROFILE_NONE = 0,
    PLANNER_PROFILE_URBAN, /* at most 2 sessions a day of 15 minutes each, Monday to Friday */
    PLANNER_PROFILE_RURAL, /* at most 45 minutes a session, relays included */
};

enum planner_finding_kind {
    PLANNER_NONE = 0,
    PLANNER_QUIET_HOURS, /* needs a second confirmation; without it nodes stay silent then */
    PLANNER_TOO_LONG, /* longer than policy allows; nodes refuse it */
    PLANNER_CONFLICT, /* an equal one holds a shared node at the same time */
    PLANNER_QUOTA_SESSIONS, /* it begins more sessions on that day than the profile allows */
    PLANNER_QUOTA_LENGTH, /* with it the session is longer than the profile allows */
    PLANNER_QUOTA_DAY, /* the profile has no sessions on that weekday */
};

struct planner_finding {
    enum planner_finding_kind kind;
    size_t item; /* index into the items asked about */
    size_t other; /* CONFLICT: index into the others, or into the items when other_is_item */
    bool other_is_item;
    usec_t
        from_us; /* CONFLICT: when both are on; QUIET_HOURS: first quiet instant; LENGTH: too long from here */
    usec_t to_us; /* CONFLICT: end of the overlap; otherwise the end of the item */
    struct node_id node; /* CONFLICT, QUOTA_SESSIONS, QUOTA_LENGTH: the first node it is true of */
    size_t shared; /* how many nodes that are */
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

/* What follows each other on a node with less than this between is one session. */
#define PLANNER_SESSION_GAP_US (5 * USEC_PER_MIN)

/* Find what breaks the quotas of a profile. A session is counted on each node by itself, on the local day
 * of its start, and ends at midnight.
 *
 *   items   ascending by start_us
 *   about   only what items of this key take part in; 0: all
 *
 * Returns as planner_check() does. */
size_t planner_check_quota(const struct planner_item *items, size_t count,
                           enum planner_profile profile, int32_t utc_offset_min, uint64_t about,
                           struct planner_finding *ret_findings, size_t max);

/* "none", "urban", "rural"; "none" outside the set, -1 when the name is unknown. */
const char *planner_profile_name(enum planner_profile p);
int planner_profile_from_name(const char *name);

/* "quiet_hours", "too_long", "conflict", "quota_sessions", "quota_length", "quota_day"; "none" outside the set. */
const char *planner_finding_name(enum planner_finding_kind kind);

#endif
