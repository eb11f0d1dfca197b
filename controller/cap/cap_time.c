#include "cap_time.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFSET_MAX_MIN (14 * 60)

/* Days since 1970-01-01 of a Gregorian date, by counting from 1 March (no calendar tables needed). */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t shifted = (month + 9) % 12;
    int64_t day_of_year = (153 * shifted + 2) / 5 + day - 1;

    return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Read a fixed shape such as "9999-99"; 9 stands for a digit. Advances *at; false when it differs. */
static bool read_shape(const char **at, const char *shape, int *ret_numbers)
{
    size_t n = 0;

    ret_numbers[0] = 0;
    for (; *shape != '\0'; shape++, (*at)++) {
        if (*shape == '9' && isdigit((unsigned char)**at))
            ret_numbers[n] = ret_numbers[n] * 10 + (**at - '0');
        else if (*shape == **at && *shape != '9')
            ret_numbers[++n] = 0;
        else
            return false;
    }
    return true;
}

static usec_t read_fraction(const char **at)
{
    usec_t us = 0, weight = USEC_PER_SEC / 10;

    for ((*at)++; isdigit((unsigned char)**at); (*at)++) {
        us += weight * (**at - '0');
        weight /= 10;
    }
    return us;
}

/* The zone after the seconds; the rest of the text must be spaces. */
static enum cap_code read_zone(const char *at, enum cap_version version, int assumed_offset_min,
                               int *ret_offset_min, bool *ret_assumed)
{
    bool old = version == CAP_VERSION_11;
    int n[2];
    int sign;

    *ret_assumed = false;
    if (*at == 'Z') {
        if (!old)
            return CAP_TIME_ZULU;
        *ret_offset_min = 0;
        at++;
    } else if (*at == '+' || *at == '-') {
        sign = *at++ == '-' ? -1 : 1;
        if (!read_shape(&at, "99:99", n) || n[1] > 59 || n[0] * 60 + n[1] > OFFSET_MAX_MIN)
            return CAP_TIME_FORM;
        *ret_offset_min = sign * (n[0] * 60 + n[1]);
    } else if (at[strspn(at, " \t\r\n")] == '\0') {
        if (!old)
            return CAP_TIME_ZONE;
        *ret_offset_min = assumed_offset_min;
        *ret_assumed = true;
    }
    return at[strspn(at, " \t\r\n")] == '\0' ? CAP_CODE_COUNT_ : CAP_TIME_FORM;
}

enum cap_code cap_time_read(const char *text, enum cap_version version, int assumed_offset_min,
                            usec_t *ret_us, bool *ret_assumed)
{
    const char *at = text + strspn(text, " \t\r\n");
    usec_t fraction_us = 0;
    enum cap_code wrong;
    int offset_min = 0;
    bool assumed;
    int n[6];

    if (!read_shape(&at, "9999-99-99T99:99:99", n) || n[0] < 1970 || n[0] > 2100 || n[1] < 1 ||
        n[1] > 12 || n[2] < 1 || n[2] > days_in_month(n[0], n[1]) || n[3] > 23 || n[4] > 59 ||
        n[5] > 59)
        return CAP_TIME_FORM;
    if (*at == '.' && version == CAP_VERSION_11)
        fraction_us = read_fraction(&at);
    wrong = read_zone(at, version, assumed_offset_min, &offset_min, &assumed);
    if (wrong != CAP_CODE_COUNT_)
        return wrong;
    *ret_us = days_from_date(n[0], n[1], n[2]) * USEC_PER_DAY + n[3] * USEC_PER_HOUR +
              (n[4] - offset_min) * USEC_PER_MIN + n[5] * USEC_PER_SEC + fraction_us;
    *ret_assumed = assumed;
    return CAP_CODE_COUNT_;
}

void cap_time_write(usec_t at_us, int offset_min, char *ret_text)
{
    int64_t s = at_us / USEC_PER_SEC + offset_min * 60;
    int64_t days = s / 86400 + 719468;
    int64_t left = s % 86400;
    int64_t era = days / 146097;
    int64_t of_era = days % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);

    snprintf(ret_text, CAP_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d",
             (int)(year + era * 400 + (month <= 2)) % 10000, month % 100, day % 100,
             (int)(left / 3600) % 100, (int)(left / 60 % 60), (int)(left % 60),
             offset_min > 0 ? '+' : '-', abs(offset_min) / 60 % 100, abs(offset_min) % 60);
}
