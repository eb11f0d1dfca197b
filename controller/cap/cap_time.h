/* cap_time.h - the date-times of CAP (OASIS CAP 1.2 section 3.3.2).
 *
 * 1.2: YYYY-MM-DDThh:mm:ss and a numeric zone, UTC as -00:00, never "Z". 1.1 is xs:dateTime: fractions, "Z"
 * and a missing zone occur. Thread: any. */
#ifndef LOA_CAP_TIME_H
#define LOA_CAP_TIME_H

#include "cap_alert.h"
#include "cap_finding.h"

/* Read one date-time, spaces around it allowed.
 *
 *   text            terminated
 *   assumed_offset_min  zone of a 1.1 time that has none, minutes east of UTC
 *   ret_us          station time; fractions are kept to the microsecond
 *   ret_assumed     the zone was assumed
 *
 * Returns CAP_CODE_COUNT_ when it is right, else what is wrong: CAP_TIME_FORM, CAP_TIME_ZULU or
 * CAP_TIME_ZONE. */
MUST_USE enum cap_code cap_time_read(const char *text, enum cap_version version,
                                     int assumed_offset_min, usec_t *ret_us, bool *ret_assumed);

#define CAP_TIME_SIZE 32

/* Write "2026-11-22T05:30:00+07:00".
 *
 *   offset_min  minutes east of UTC, -840..840; 0 is written -00:00
 *   ret_text    CAP_TIME_SIZE bytes */
void cap_time_write(usec_t at_us, int offset_min, char *ret_text);

#endif
