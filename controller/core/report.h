/* report.h - what nodes' receipts add up to: planned, sounded, partly, missed and why, by hamlet.
 *
 * One entry is one node that one broadcast was meant for; it counts in exactly one of sounded, partly, missed,
 * cancelled and pending. A receipt's word is taken as it is; without one the reason is what the station knows.
 * A node belongs to the zone it stands in now. heard and not_heard count what the microphones of nodes said; where
 * none listened there are neither. Pure; rows are the only memory. Thread: one at a time. */
#ifndef LOA_REPORT_H
#define LOA_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "broadcast.h"
#include "err.h"
#include "units.h"

#define REPORT_GROUP_SIZE 12 /* "2026-11-23" */
#define REPORT_ROWS_MAX 50000

enum report_by { REPORT_BY_DAY = 0, REPORT_BY_MONTH, REPORT_BY_LEVEL };

/* Why something did not sound: a receipt's loa_Reason, or one of these. */
enum report_reason {
    REPORT_REFUSED = 24, /* the node refused the order */
    REPORT_NOT_REACHED, /* no order ever went out to it */
    REPORT_NO_RECEIPT, /* it had the order, and never said what became of it */
    REPORT_STATION_DOWN,
    REPORT_REASONS
};

enum report_outcome {
    REPORT_PENDING = 0, /* to come, on air, or a receipt may still come */
    REPORT_SOUNDED,
    REPORT_PARTLY,
    REPORT_MISSED,
    REPORT_CANCELLED, /* before it began: nothing was to sound */
    REPORT_OUTCOMES
};

/* One target of one broadcast, as stored. */
struct report_entry {
    struct broadcast_id broadcast;
    usec_t start_us;
    usec_t cancelled_us; /* 0: it was not */
    enum priority level;
    enum broadcast_state state;
    struct zone_id zone;
    enum target_state target;
    bool ordered; /* an order went out */
    bool withdrawn;
    bool has_receipt;
    loa_Outcome outcome;
    loa_Reason reason;
    uint32_t played_ms;
    loa_Heard heard;
};

struct report_row {
    char group[REPORT_GROUP_SIZE]; /* local date, its month, or the level's name */
    enum priority level; /* REPORT_BY_LEVEL only */
    struct zone_id zone;
    uint32_t planned; /* in all, without the cancelled */
    uint32_t counts[REPORT_OUTCOMES];
    uint32_t partly_by[REPORT_REASONS];
    uint32_t missed_by[REPORT_REASONS];
    uint64_t played_ms;
    uint32_t heard, not_heard; /* by microphones; of the rest nobody knows */
};

struct report {
    enum report_by by;
    char timezone[64]; /* of the station: days and months are its */
    struct report_row *rows; /* owned */
    size_t count;
    size_t room;
    usec_t day_start_us; /* start and text of the last date worked out */
    char day[REPORT_GROUP_SIZE];
};

/* "day", "month", "level"; false when the name is unknown. */
bool report_by_from_name(const char *name, enum report_by *ret_by);

/* "muted", "not_reached"; "other" for what a newer node says. */
const char *report_reason_name(size_t reason);

/* Judge one entry.
 *
 *   ret_reason  below REPORT_REASONS, 0 when there is none */
enum report_outcome report_judge(const struct report_entry *e, size_t *ret_reason);

/* Begin; report_deinit() frees and accepts zeroed. */
void report_init(struct report *r, enum report_by by, const char *timezone);
void report_deinit(struct report *r);

/* Count one entry.
 *
 * ERR_LIMIT      REPORT_ROWS_MAX rows
 * ERR_NOT_FOUND  the time zone is unknown; ERR_NOMEM; the report is unchanged */
MUST_USE enum err report_add(struct report *r, const struct report_entry *e);

/* Put the rows in order of group (time, or level), then zone. */
void report_sort(struct report *r);

/* Add a row's numbers to another one. */
void report_sum(struct report_row *total, const struct report_row *row);

#endif
