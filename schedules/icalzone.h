/* icalzone.h - the one door to libical's zones; for calendar*.c and civil.c only. Thread: any; libical's own
 * state is behind a lock. */
#ifndef LOA_ICALZONE_H
#define LOA_ICALZONE_H

#include <libical/ical.h>

#include "units.h"

/* Make libical report errors instead of aborting; called before anything else of it is used. */
void icalzone_setup(void);

/* Find a zone by IANA name or "UTC"; NULL when unknown. Owned by libical. */
icaltimezone *icalzone_find(const char *name);

/* The date and time of an instant in UTC, whole seconds. libical's own way ends in 2038 on some boards. */
struct icaltimetype icalzone_utc(usec_t at_us);

/* The instant at which clocks in UTC show a date and time; its zone is not looked at. */
usec_t icalzone_naive_us(struct icaltimetype t);

/* Offset of local time from UTC at an instant.
 *
 * After 2037, where tzdata has only their rule, libical misreads twelve kinds of zone, some of them by a whole
 * summer. So later years are read as the known one whose March begins on the same weekday. That is right for
 * all zones but those whose clocks follow Ramadan. */
usec_t icalzone_offset_us(icaltimezone *zone, usec_t at_us);

/* Station time of a local time, by RFC 5545 3.3.5: what the clocks skip counts with the offset before
 * the gap, what they repeat means the first. libical by itself does the opposite of both.
 *
 *   local  date and time of day; its own zone is not looked at */
usec_t icalzone_to_us(struct icaltimetype local, icaltimezone *zone);

#endif
