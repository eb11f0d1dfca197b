/* calendar_impl.h - what an event holds once it is checked; for the calendar*.c files only,
 * after calendar.h. */
#ifndef LOA_CALENDAR_IMPL_H
#define LOA_CALENDAR_IMPL_H

#include "icalzone.h"

/* Points in station time, ascending. */
struct instants {
    usec_t *at_us;
    size_t count;
};

struct calendar_event {
    icaltimezone *zone; /* libical's */
    char zone_name[CIVIL_ZONE_SIZE];
    struct icaltimetype start; /* in `zone` */
    usec_t start_us;
    usec_t duration_us;
    bool has_rule;
    struct icalrecurrencetype rule; /* its first instant is `start` */
    struct instants added; /* RDATE */
    struct instants removed; /* EXDATE */
    char uid[CALENDAR_UID_SIZE];
    char summary[CALENDAR_SUMMARY_SIZE];
    usec_t stamp_us;
};

#endif
