/* window.h - when sound is allowed: windows of the week and quiet hours, over station time.
 *
 * Local time here is station time plus a fixed offset from UTC (Viet Nam has no daylight saving time),
 * so that controller and node decide alike without a time zone database. Pure; never allocates.
 * Thread: any. */
#ifndef LOA_WINDOW_H
#define LOA_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include "units.h"

#define WINDOW_DAY_MIN 1440
#define WINDOW_EVERY_DAY 0x7FU
#define WINDOW_QUIET_MAX 2 /* what window_from_quiet() needs at most */

/* An allowed stretch of each named weekday. It starts on that weekday; when to_min <= from_min it goes
 * on past midnight into the next day. */
struct window {
    uint32_t weekdays; /* bit 0 Monday .. bit 6 Sunday */
    uint32_t from_min; /* minutes after local midnight, 0..1439 */
    uint32_t to_min; /* exclusive, 0..1440 */
};

/* True when all three numbers are in range and at least one weekday is named. */
bool window_valid(const struct window *w);

/* Turn quiet hours, which end the next morning when they wrap, into the windows between them.
 *
 *   from_min, to_min  0..1440, minutes after local midnight; equal: there are no quiet hours
 *   ret_windows       WINDOW_QUIET_MAX places
 *
 * Returns how many were written; 0 for no quiet hours, which the functions below and Settings.allowed
 * read as "always allowed". */
size_t window_from_quiet(uint32_t from_min, uint32_t to_min, struct window *ret_windows);

/* End of the allowed stretch that holds an instant, adjoining windows taken together.
 *
 *   windows, count  invalid ones are passed over; count 0: always allowed
 *   utc_offset_min  -1,440..1,440
 *   at_us           station time, years 1970..2200
 *
 * Returns at_us itself when that instant is not allowed, INT64_MAX when it is and always will be. */
usec_t window_allowed_until(const struct window *windows, size_t count, int32_t utc_offset_min,
                            usec_t at_us);

/* First allowed instant at or after at_us; INT64_MAX when there is none. */
usec_t window_next_allowed(const struct window *windows, size_t count, int32_t utc_offset_min,
                           usec_t at_us);

/* True when all of [from_us, to_us) is allowed; an empty interval counts as the instant from_us. */
bool window_allows(const struct window *windows, size_t count, int32_t utc_offset_min,
                   usec_t from_us, usec_t to_us);

#endif
