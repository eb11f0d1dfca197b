/* civil.h - dates and times of day as people write them, in a named time zone.
 *
 * Zones are IANA names resolved by libical from the system's tzdata, or "UTC". Reads no clock.
 * Thread: any. */
#ifndef LOA_CIVIL_H
#define LOA_CIVIL_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "units.h"

#define CIVIL_YEAR_MIN 1970
#define CIVIL_YEAR_MAX 2100
#define CIVIL_ZONE_SIZE 64
#define CIVIL_TEXT_SIZE 20 /* "2026-11-22T05:30:00" and its NUL */

struct civil {
    int year; /* 1970..2100 */
    int month; /* 1..12 */
    int day; /* 1..31 */
    int hour; /* 0..23 */
    int minute;
    int second; /* 0..59 */
};

/* True when such a date and time of day exist in the calendar (Gregorian), whatever the zone. */
bool civil_valid(const struct civil *c);

/* Bit 0 Monday .. bit 6 Sunday; one bit. */
uint32_t civil_weekday_bit(const struct civil *c);

/* The date `days` later (or earlier), same time of day. */
struct civil civil_add_days(const struct civil *c, int days);

/* Read "YYYY-MM-DD", "YYYY-MM-DDTHH:MM" or "YYYY-MM-DDTHH:MM:SS", nothing else; a missing time is 0.
 *
 * ERR_FORMAT  another shape, or no such date */
MUST_USE enum err civil_parse(const char *text, struct civil *ret_civil);

/* Write "YYYY-MM-DDTHH:MM:SS".
 *
 *   ret_text  CIVIL_TEXT_SIZE bytes */
void civil_format(const struct civil *c, char *ret_text);

/* True when the zone is known here. */
bool civil_zone_known(const char *zone);

/* Station time of a local time. What the clocks skip counts with the offset before the gap; what they
 * repeat means the first (RFC 5545 3.3.5).
 *
 * ERR_NOT_FOUND  unknown zone
 * ERR_FORMAT     no such date or time */
MUST_USE enum err civil_to_us(const struct civil *c, const char *zone, usec_t *ret_us);

/* Local time at an instant, whole seconds.
 *
 * ERR_NOT_FOUND  unknown zone
 * ERR_LIMIT      outside the years above */
MUST_USE enum err civil_from_us(usec_t at_us, const char *zone, struct civil *ret_civil);

/* Offset of local time from UTC at an instant, minutes; errors as above. */
MUST_USE enum err civil_offset_min(const char *zone, usec_t at_us, int *ret_min);

#endif
