/* calendar_impl.h - what an event holds once it is checked; for the calendar*.c files only.
 *
 * Thread: main. */
#ifndef LOA_CALENDAR_IMPL_H
#define LOA_CALENDAR_IMPL_H

#include "calendar.h"
#include "icalzone.h"

/* Points in station time, ascending. */
struct instants {
    usec_t *at_us;
    size_t count;
};

int instants_compare(const void *a, const void *b); /* two usec_t, for qsort() and bsearch() */

/* One occurrence that differs from the others (RECURRENCE-ID). */
struct changed {
    usec_t recurrence_us; /* when it would have started */
    usec_t start_us; /* INT64_MAX: it is cancelled */
    usec_t duration_us;
};

struct calendar_event {
    icaltimezone *zone; /* libical's */
    char zone_name[CIVIL_ZONE_SIZE];
    struct civil start; /* in `zone` */
    usec_t start_us;
    usec_t duration_us;
    bool has_rule;
    struct icalrecurrencetype rule; /* names `start`, unless `removed` holds it */
    usec_t until_us; /* of the rule, inclusive; INT64_MAX: none */
    struct instants added; /* RDATE */
    struct instants removed; /* EXDATE */
    struct changed *changed; /* by start_us */
    size_t changed_count;
    char uid[CALENDAR_UID_SIZE];
    char summary[CALENDAR_SUMMARY_SIZE];
    usec_t stamp_us;
};

#endif
