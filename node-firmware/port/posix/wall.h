/* wall.h - the board's wall clock, where something keeps it while the board is without power.
 *
 * Only for the time between a restart and the first word of the controller (timekeep.h). Thread: any. */
#ifndef LOA_WALL_H
#define LOA_WALL_H

#include <stdbool.h>

#include "units.h"

#define WALL_RTC_PATH "/sys/class/rtc/rtc0"

/* Microseconds since the Unix epoch.
 *
 *   rtc_path  of the battery-backed clock; normally WALL_RTC_PATH
 *
 * False when there is none and nobody sets the clock by a time service either: many boards then go on
 * from a time that was saved at the last shutdown, which nothing shows to be wrong. */
bool wall_now_us(const char *rtc_path, usec_t *ret_us);

#endif
