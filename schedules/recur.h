/* recur.h - the local times that a recurrence rule (RFC 5545 3.3.10) names, in order; for calendar*.c only.
 *
 * libical reads the rule; naming its dates is done here, because libical 3.0 reads outside its arrays on
 * some valid rules and searches others for centuries (tests/unit/schedules/test_oracle.py finds both).
 * A rule is a filter over the days of its periods: never more than the days up to the last one are looked
 * at, whatever the rule. Never allocates. Thread: any. */
#ifndef LOA_RECUR_H
#define LOA_RECUR_H

#include <libical/ical.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "civil.h"

#define RECUR_TIMES_MAX 24 /* instants a rule may name on one day */

/* A local time: days since 1970-01-01 and seconds since midnight. */
struct recur_time {
    int32_t day;
    int32_t second;
};

struct recur {
    const struct icalrecurrencetype *rule;
    struct recur_time start;
    int32_t last_day;
    int32_t times[RECUR_TIMES_MAX]; /* seconds since midnight, ascending */
    size_t time_count;
    int32_t period; /* number of the year, month, week or day whose days are held */
    int32_t days[366];
    size_t day_count;
    size_t at; /* next of day_count * time_count */
    int counted;
};

struct recur_time recur_time_of(const struct civil *c);
struct icaltimetype recur_ical_of(struct recur_time t); /* without a zone */

/* Begin.
 *
 *   rule       FREQ of a day or coarser, at most RECUR_TIMES_MAX instants a day, UNTIL is not looked at;
 *              borrowed
 *   start      DTSTART: nothing before it is named, and it gives what the rule does not say
 *   from_day   what lies before may be left out; a rule with COUNT is counted from its start all the same
 *   last_day   nothing after it is named */
void recur_open(struct recur *r, const struct icalrecurrencetype *rule, const struct civil *start,
                int32_t from_day, int32_t last_day);

/* Name the next local time, later than the one before. False: no more. */
bool recur_next(struct recur *r, struct recur_time *ret_time);

#endif
