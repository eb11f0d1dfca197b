#include "receipt.h"

#include <stdlib.h>

#define NAME_OF(names, value) \
    ((size_t)(value) < sizeof(names) / sizeof((names)[0]) ? (names)[value] : "none")

static void add_start(struct receipt_summary *s, const loa_Receipt *r)
{
    if (s->first_start_us == 0 || r->actual_start_us < s->first_start_us)
        s->first_start_us = r->actual_start_us;
    if (r->actual_start_us > s->last_start_us)
        s->last_start_us = r->actual_start_us;
    if (llabs((long long)r->start_error_us) > llabs((long long)s->worst_start_error_us))
        s->worst_start_error_us = r->start_error_us;
}

static void add_receipt(struct receipt_summary *s, const loa_Receipt *r)
{
    size_t reason = (size_t)r->reason < RECEIPT_REASONS ? (size_t)r->reason : 0;

    s->gaps += r->gaps;
    if (r->outcome == loa_Outcome_OUTCOME_SOUNDED) {
        s->sounded++;
        add_start(s, r);
        return;
    }
    s->by_reason[reason]++;
    if (r->outcome == loa_Outcome_OUTCOME_PARTLY) {
        s->partly++;
        add_start(s, r);
    } else {
        s->missed++;
    }
}

void receipt_add(struct receipt_summary *s, const struct broadcast_target *t)
{
    s->targets++;
    switch (t->state) {
    case TARGET_WAITING:
    case TARGET_ORDERED:
    case TARGET_ACCEPTED:
        s->open++;
        break;
    case TARGET_REFUSED:
        s->refused++;
        break;
    case TARGET_RECEIPT:
        add_receipt(s, &t->receipt);
        break;
    case TARGET_SILENT:
        s->silent++;
        break;
    }
}

void receipt_summarise(const struct broadcast *b, struct receipt_summary *ret_summary)
{
    struct receipt_summary s = {0};

    for (size_t i = 0; i < b->target_count; i++)
        receipt_add(&s, &b->targets[i]);
    *ret_summary = s;
}

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
