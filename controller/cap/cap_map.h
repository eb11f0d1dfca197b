/* cap_map.h - which level an alert has, and what is done: the station's table.
 *
 * Thread: any. */
#ifndef LOA_CAP_MAP_H
#define LOA_CAP_MAP_H

#include <stddef.h>

#include "cap_alert.h"
#include "err.h"
#include "units.h"

#define CAP_RULES_MAX 32

enum cap_action {
    CAP_ACTION_LOG = 0, /* remember only */
    CAP_ACTION_INBOX, /* people decide */
    CAP_ACTION_SOUND,
    CAP_ACTION_STOP, /* end what the references name */
};

/* A row of the mapping: sets of enum values as bits, the first row that fits decides. */
struct cap_rule {
    unsigned urgencies, severities, certainties;
    enum priority level;
    enum cap_action action;
};

/* The table of a station that writes none:
 *
 *   Immediate, Extreme|Severe, Observed|Likely: emergency sound
 *   Expected, Severe|Moderate, *: priority sound
 *   *, *, *: normal inbox
 *
 *   ret_rules  CAP_RULES_MAX places
 *
 * Returns how many. */
size_t cap_map_default(struct cap_rule *ret_rules);

/* Read one row: "URGENCY, SEVERITY, CERTAINTY: LEVEL ACTION"; "*" is any known word, "|" parts several.
 *
 * ERR_FORMAT  with the sentence in detail */
MUST_USE enum err cap_map_read(const char *text, struct cap_rule *ret_rule,
                               struct err_detail *detail);

/* The first row that fits an alert with three known words; a row of zeros (log) when none does. */
struct cap_rule cap_map(const struct cap_rule *rules, size_t count, enum cap_urgency urgency,
                        enum cap_severity severity, enum cap_certainty certainty);

#endif
