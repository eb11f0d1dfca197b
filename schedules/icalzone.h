/* icalzone.h - the one door to libical's zones; for calendar.c and civil.c only. Thread: main. */
#ifndef LOA_ICALZONE_H
#define LOA_ICALZONE_H

#include <libical/ical.h>

#include "units.h"

/* Make libical report errors instead of aborting; called before anything else of it is used. */
void icalzone_setup(void);

/* Find a zone by IANA name or "UTC"; NULL when unknown. Owned by libical. */
icaltimezone *icalzone_find(const char *name);

/* Station time of a local time, by RFC 5545 3.3.5: what the clocks skip counts with the offset before
 * the gap, what they repeat means the first. libical by itself does the opposite of both. */
usec_t icalzone_to_us(struct icaltimetype t, icaltimezone *zone);

#endif
