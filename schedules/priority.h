/* priority.h - who sounds: the one written rule (ARCHITECTURE, "Who sounds"), for both ends of the link.
 *
 * Per node, the highest of: local mute > emergency > priority > normal. Within a level:
 *   emergency  of one sender the latest start wins; between senders the one that holds the node keeps
 *              it until none of its emergencies is left (first come, first served)
 *   others     the lower rank (operator's order), then the earlier start
 * and an equal one that "cuts" ends the earlier for good at its own start. What is merely suppressed
 * comes back in progress when the higher one ends. A pure function of the candidates and one instant:
 * no state, so the same call answers "what sounds now" and "why did it not". Thread: any. */
#ifndef LOA_PRIORITY_H
#define LOA_PRIORITY_H

#include <stdbool.h>
#include <stddef.h>

#include "units.h"

#define PRIORITY_NOBODY SIZE_MAX

struct priority_candidate {
    uint64_t id; /* broadcast; unique in the set; the last tie-break, lower first */
    enum priority level;
    uint32_t rank; /* operator's order among one level, lower first; not used for emergencies */
    uint64_t sender; /* who holds an emergency: 0 this station; only compared */
    usec_t start_us; /* station time */
    usec_t end_us; /* of the last play, or when it was stopped or expires, whichever is first */
    usec_t accepted_us; /* by the station; the same on each node, or 0 */
    bool cuts_equal; /* ends equal ones that started before it */
};

struct priority_conditions {
    bool muted; /* switch on the cabinet or mute in the settings */
    bool emergency_passes_mute; /* only when station policy says so */
    bool quiet; /* outside the allowed windows (window.h) */
};

enum priority_why {
    PRIORITY_WHY_NONE = 0, /* not judged */
    PRIORITY_WHY_SOUNDS, /* the winner */
    PRIORITY_WHY_NOT_YET, /* before its start */
    PRIORITY_WHY_OVER, /* at or after its end */
    PRIORITY_WHY_CUT, /* `by` ended it: over for good */
    PRIORITY_WHY_MUTED,
    PRIORITY_WHY_QUIET,
    PRIORITY_WHY_HIGHER_LEVEL, /* `by` is of a higher level */
    PRIORITY_WHY_RANK, /* `by` stands before it in the operator's order */
    PRIORITY_WHY_EARLIER, /* `by` is equal and came first */
    PRIORITY_WHY_LATER, /* `by` is the same sender's later emergency */
    PRIORITY_WHY_OTHER_SENDER, /* `by`'s sender holds the node */
};

struct priority_verdict {
    enum priority_why why;
    size_t by; /* index of the candidate that is the reason, or PRIORITY_NOBODY */
};

/* Choose what sounds at an instant.
 *
 *   candidates, count  in any order; those that ended are still wanted while another one overlaps them:
 *                      a cut and the hold of a sender outlast the candidate itself
 *   ret_verdicts       `count` places, or NULL
 *
 * Returns the index of the winner, PRIORITY_NOBODY for silence. O(count^4) at worst, many emergencies of several
 * senders; sets are small. */
size_t priority_choose(const struct priority_candidate *candidates, size_t count,
                       const struct priority_conditions *conditions, usec_t now_us,
                       struct priority_verdict *ret_verdicts);

/* Next instant after now_us at which the choice can change by itself; INT64_MAX when there is none. */
usec_t priority_next_change(const struct priority_candidate *candidates, size_t count,
                            usec_t now_us);

/* "sounds", "muted", ...: stable words for JSON; "none" outside the set. */
const char *priority_why_name(enum priority_why why);

/* "normal", "priority", "emergency"; NULL outside the set, -1 when the name is unknown. */
const char *priority_name(enum priority p);
int priority_from_name(const char *name);

#endif
