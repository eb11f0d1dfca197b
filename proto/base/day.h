/* day.h - days of the Gregorian calendar as numbers, from 1970-01-01 = 0.
 *
 * For dates that the C library's time_t does not reach: it has 32 bits on some boards and ends in
 * January 2038, years before the certificates of a station do. Pure. Thread: any. */
#ifndef LOA_DAY_H
#define LOA_DAY_H

#include <stdint.h>

#define DAY_S 86400

/* Number of a date; years 1600..9999, months 1..13 (13 is the next January), days count on. */
int32_t day_number(int year, int month, int day);

/* The date of a number, in the same years. */
void day_date(int32_t number, int *ret_year, int *ret_month, int *ret_day);

#endif
