#include "day.h"

int32_t day_number(int year, int month, int day)
{
    int y = month <= 2 ? year - 1 : year;
    int m = month <= 2 ? month + 9 : month - 3; /* from March */

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

void day_date(int32_t number, int *ret_year, int *ret_month, int *ret_day)
{
    int year = 1970 + number / 365, month = 12;

    while (day_number(year, 1, 1) > number)
        year--;
    while (day_number(year, month, 1) > number)
        month--;
    *ret_year = year;
    *ret_month = month;
    *ret_day = number - day_number(year, month, 1) + 1;
}
