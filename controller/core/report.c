#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "civil.h"
#include "priority.h"
#include "receipt.h"

bool report_by_from_name(const char *name, enum report_by *ret_by)
{
    static const char *const names[] = {"day", "month", "level"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_by = (enum report_by)i;
            return true;
        }
    }
    return false;
}

const char *report_reason_name(size_t reason)
{
    const char *name = receipt_reason_name((loa_Reason)reason);

    switch (reason) {
    case REPORT_REFUSED:
        return "refused";
    case REPORT_NOT_REACHED:
        return "not_reached";
    case REPORT_NO_RECEIPT:
        return "no_receipt";
    case REPORT_STATION_DOWN:
        return "station_down";
    default:
        return strcmp(name, "none") == 0 ? "other" : name;
    }
}

static enum report_outcome judge_receipt(const struct report_entry *e, size_t *ret_reason)
{
    *ret_reason = (size_t)e->reason < REPORT_REFUSED ? (size_t)e->reason : 0;
    switch (e->outcome) {
    case loa_Outcome_OUTCOME_SOUNDED:
        *ret_reason = 0;
        return REPORT_SOUNDED;
    case loa_Outcome_OUTCOME_PARTLY:
        return REPORT_PARTLY;
    case loa_Outcome_OUTCOME_NONE:
    case loa_Outcome_OUTCOME_MISSED:
        break;
    }
    return REPORT_MISSED;
}

enum report_outcome report_judge(const struct report_entry *e, size_t *ret_reason)
{
    bool was_to_sound = !e->withdrawn && (e->cancelled_us == 0 || e->cancelled_us > e->start_us);

    *ret_reason = 0;
    if (e->has_receipt && (was_to_sound || e->outcome != loa_Outcome_OUTCOME_MISSED))
        return judge_receipt(e, ret_reason);
    if (!was_to_sound)
        return REPORT_CANCELLED;
    if (e->state != BROADCAST_CLOSED && e->state != BROADCAST_MISSED)
        return REPORT_PENDING;
    if (e->state == BROADCAST_MISSED)
        *ret_reason = REPORT_STATION_DOWN;
    else if (e->target == TARGET_REFUSED)
        *ret_reason = REPORT_REFUSED;
    else
        *ret_reason = e->ordered ? REPORT_NO_RECEIPT : REPORT_NOT_REACHED;
    return REPORT_MISSED;
}

void report_init(struct report *r, enum report_by by, const char *timezone)
{
    *r = (struct report){.by = by};
    snprintf(r->timezone, sizeof(r->timezone), "%s", timezone);
}

void report_deinit(struct report *r)
{
    free(r->rows);
    *r = (struct report){0};
}

/* Entries come by broadcast: the date is worked out once for each. */
static enum err name_group(struct report *r, const struct report_entry *e, char *ret_group)
{
    char text[CIVIL_TEXT_SIZE];
    struct civil c;
    enum err err;

    if (r->by == REPORT_BY_LEVEL) {
        const char *name = priority_name(e->level);

        snprintf(ret_group, REPORT_GROUP_SIZE, "%s", name != NULL ? name : "none");
        return ERR_OK;
    }
    if (r->day[0] == '\0' || r->day_start_us != e->start_us) {
        err = civil_from_us(e->start_us, r->timezone, &c);
        if (err != ERR_OK)
            return err;
        civil_format(&c, text);
        snprintf(r->day, sizeof(r->day), "%.*s", r->by == REPORT_BY_MONTH ? 7 : 10, text);
        r->day_start_us = e->start_us;
    }
    memcpy(ret_group, r->day, REPORT_GROUP_SIZE);
    return ERR_OK;
}

/* Rows of one date stand together at the end while entries come in order of time. */
static enum err find_row(struct report *r, const char *group, struct zone_id zone,
                         struct report_row **ret_row)
{
    for (size_t i = r->count; i-- > 0;) {
        bool same = strcmp(r->rows[i].group, group) == 0;

        if (same && r->rows[i].zone.v == zone.v) {
            *ret_row = &r->rows[i];
            return ERR_OK;
        }
        if (!same && r->by != REPORT_BY_LEVEL)
            break;
    }
    if (r->count == REPORT_ROWS_MAX)
        return ERR_LIMIT;
    if (r->count == r->room) {
        size_t room = r->room > 0 ? r->room * 2 : 64;
        struct report_row *rows = realloc(r->rows, room * sizeof(*rows));

        if (rows == NULL)
            return ERR_NOMEM;
        r->rows = rows;
        r->room = room;
    }
    *ret_row = &r->rows[r->count++];
    **ret_row = (struct report_row){.zone = zone};
    memcpy((*ret_row)->group, group, REPORT_GROUP_SIZE);
    return ERR_OK;
}

enum err report_add(struct report *r, const struct report_entry *e)
{
    char group[REPORT_GROUP_SIZE] = "";
    struct report_row *row = NULL;
    enum report_outcome outcome;
    size_t reason;
    enum err err = name_group(r, e, group);

    if (err == ERR_OK)
        err = find_row(r, group, e->zone, &row);
    if (err != ERR_OK)
        return err;
    outcome = report_judge(e, &reason);
    row->level = r->by == REPORT_BY_LEVEL ? e->level : PRIORITY_NONE;
    row->planned += outcome != REPORT_CANCELLED;
    row->counts[outcome]++;
    row->partly_by[reason] += outcome == REPORT_PARTLY;
    row->missed_by[reason] += outcome == REPORT_MISSED;
    row->played_ms += e->has_receipt ? e->played_ms : 0;
    row->heard += e->has_receipt && e->heard == loa_Heard_HEARD_YES;
    row->not_heard += e->has_receipt && e->heard == loa_Heard_HEARD_NO;
    return ERR_OK;
}

static int compare(const void *a, const void *b)
{
    const struct report_row *x = a;
    const struct report_row *y = b;
    int by_group = strcmp(x->group, y->group);

    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (by_group != 0)
        return by_group;
    return (x->zone.v > y->zone.v) - (x->zone.v < y->zone.v);
}

void report_sort(struct report *r)
{
    if (r->count > 0)
        qsort(r->rows, r->count, sizeof(*r->rows), compare);
}

void report_sum(struct report_row *total, const struct report_row *row)
{
    total->planned += row->planned;
    for (size_t i = 0; i < REPORT_OUTCOMES; i++)
        total->counts[i] += row->counts[i];
    for (size_t i = 0; i < REPORT_REASONS; i++) {
        total->partly_by[i] += row->partly_by[i];
        total->missed_by[i] += row->missed_by[i];
    }
    total->played_ms += row->played_ms;
    total->heard += row->heard;
    total->not_heard += row->not_heard;
}
