#include "civil.h"

#include <stdio.h>
#include <string.h>

#include "icalzone.h"

bool civil_valid(const struct civil *c)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;

    if (c->year < CIVIL_YEAR_MIN || c->year > CIVIL_YEAR_MAX || c->month < 1 || c->month > 12)
        return false;
    return c->day >= 1 && c->day <= lengths[c->month - 1] + (leap && c->month == 2 ? 1 : 0) &&
           c->hour >= 0 && c->hour <= 23 && c->minute >= 0 && c->minute <= 59 && c->second >= 0 &&
           c->second <= 59;
}

static struct icaltimetype to_ical(const struct civil *c)
{
    struct icaltimetype t = icaltime_null_time();

    t.year = c->year;
    t.month = c->month;
    t.day = c->day;
    t.hour = c->hour;
    t.minute = c->minute;
    t.second = c->second;
    return t;
}

static struct civil from_ical(struct icaltimetype t)
{
    return (struct civil){t.year, t.month, t.day, t.hour, t.minute, t.second};
}

uint32_t civil_weekday_bit(const struct civil *c)
{
    /* libical counts from Sunday = 1. */
    return 1U << ((icaltime_day_of_week(to_ical(c)) + 5) % 7);
}

struct civil civil_add_days(const struct civil *c, int days)
{
    struct icaltimetype t = to_ical(c);

    icaltime_adjust(&t, days, 0, 0, 0);
    return from_ical(t);
}

/* Read exactly `digits` digits; -1 when one of them is something else. */
static int read_number(const char *text, int digits)
{
    int v = 0;

    for (int i = 0; i < digits; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        v = v * 10 + (text[i] - '0');
    }
    return v;
}

enum err civil_parse(const char *text, struct civil *ret_civil)
{
    static const char shape[] = "0000-00-00T00:00:00";
    size_t len = strlen(text);
    struct civil c = {0};

    if (len != 10 && len != 16 && len != 19)
        return ERR_FORMAT;
    for (size_t i = 0; i < len; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';

        if (shape[i] == '0' ? !is_digit : text[i] != shape[i])
            return ERR_FORMAT;
    }
    c.year = read_number(text, 4);
    c.month = read_number(text + 5, 2);
    c.day = read_number(text + 8, 2);
    if (len >= 16) {
        c.hour = read_number(text + 11, 2);
        c.minute = read_number(text + 14, 2);
    }
    if (len == 19)
        c.second = read_number(text + 17, 2);
    if (!civil_valid(&c))
        return ERR_FORMAT;
    *ret_civil = c;
    return ERR_OK;
}

void civil_format(const struct civil *c, char *ret_text)
{
    /* The casts bound what the compiler must assume about the width. */
    snprintf(ret_text, CIVIL_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)c->year % 10000U,
             (unsigned)c->month % 100U, (unsigned)c->day % 100U, (unsigned)c->hour % 100U,
             (unsigned)c->minute % 100U, (unsigned)c->second % 100U);
}

bool civil_zone_known(const char *zone)
{
    return icalzone_find(zone) != NULL;
}

enum err civil_to_us(const struct civil *c, const char *zone, usec_t *ret_us)
{
    icaltimezone *z = icalzone_find(zone);

    if (z == NULL)
        return ERR_NOT_FOUND;
    if (!civil_valid(c))
        return ERR_FORMAT;
    *ret_us = icalzone_to_us(to_ical(c), z);
    return ERR_OK;
}

enum err civil_from_us(usec_t at_us, const char *zone, struct civil *ret_civil)
{
    icaltimezone *z = icalzone_find(zone);
    struct civil c;

    if (z == NULL)
        return ERR_NOT_FOUND;
    if (at_us < 0 || at_us / USEC_PER_DAY > INT64_C(366) * (CIVIL_YEAR_MAX + 1 - CIVIL_YEAR_MIN))
        return ERR_LIMIT;
    at_us += icalzone_offset_us(z, at_us);
    c = from_ical(icalzone_utc(at_us));
    if (!civil_valid(&c))
        return ERR_LIMIT;
    *ret_civil = c;
    return ERR_OK;
}

enum err civil_offset_min(const char *zone, usec_t at_us, int *ret_min)
{
    struct civil local;
    enum err e = civil_from_us(at_us, zone, &local);
    usec_t as_utc;

    if (e != ERR_OK)
        return e;
    as_utc = icalzone_naive_us(to_ical(&local));
    *ret_min = (int)((as_utc - at_us / USEC_PER_SEC * USEC_PER_SEC) / USEC_PER_MIN);
    return ERR_OK;
}
