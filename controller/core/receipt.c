#include "receipt.h"

#include <stddef.h>

#define NAME_OF(names, value) \
    ((size_t)(value) < sizeof(names) / sizeof((names)[0]) ? (names)[value] : "none")

const char *receipt_outcome_name(loa_Outcome outcome)
{
    static const char *const names[] = {"none", "sounded", "partly", "missed"};

    return NAME_OF(names, outcome);
}

const char *receipt_reason_name(loa_Reason reason)
{
    static const char *const names[] = {
        "none",     "expired",  "quiet_hours", "muted", "preempted",  "stopped",   "no_media",
        "no_clock", "underrun", "card_fault",  "late",  "clock_jump", "restarted", "source_lost",
    };

    return NAME_OF(names, reason);
}

const char *receipt_carrier_name(loa_Carrier carrier)
{
    static const char *const names[] = {"none", "cache", "stream", "both"};

    return NAME_OF(names, carrier);
}

const char *receipt_heard_name(loa_Heard heard)
{
    static const char *const names[] = {
        [loa_Heard_HEARD_YES] = "yes",
        [loa_Heard_HEARD_NO] = "no",
        [loa_Heard_HEARD_NOT_MEASURED] = "not_measured",
    };

    return (size_t)heard < sizeof(names) / sizeof(names[0]) && names[heard] != NULL ? names[heard]
                                                                                    : "none";
}
