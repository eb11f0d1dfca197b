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
        "no_clock", "underrun", "card_fault",  "late",  "clock_jump", "restarted",
    };

    return NAME_OF(names, reason);
}

const char *receipt_carrier_name(loa_Carrier carrier)
{
    static const char *const names[] = {"none", "cache", "stream", "both"};

    return NAME_OF(names, carrier);
}
