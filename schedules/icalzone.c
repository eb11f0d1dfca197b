#include "icalzone.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "day.h"

/* libical reads zones, and works their changes out, when they are first asked for: one thread at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(void)
{
    icalerror_set_errors_are_fatal(false);
    (void)icaltimezone_get_utc_timezone();
}

void icalzone_setup(void)
{
    (void)pthread_once(&once, begin);
}

/* The name becomes part of a path inside libical, so only shapes of IANA names get there. */
static bool is_plain(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

    return name[0] != '\0' && name[0] != '/' && strspn(name, allowed) == strlen(name);
}

icaltimezone *icalzone_find(const char *name)
{
    icaltimezone *zone;

    icalzone_setup();
    if (strcmp(name, "UTC") == 0)
        return icaltimezone_get_utc_timezone();
    if (!is_plain(name))
        return NULL;
    pthread_mutex_lock(&lock);
    zone = icaltimezone_get_builtin_timezone(name);
    pthread_mutex_unlock(&lock);
    return zone;
}

#define KNOWN_YEARS 2037 /* tzdata names single changes until then */

static int march_weekday(int year)
{
    return icaltime_day_of_week((struct icaltimetype){.year = year, .month = 3, .day = 1});
}

struct icaltimetype icalzone_utc(usec_t at_us)
{
    int64_t day = at_us / USEC_PER_DAY - (at_us % USEC_PER_DAY < 0);
    int second = (int)((at_us - day * USEC_PER_DAY) / USEC_PER_SEC);
    struct icaltimetype t = {.hour = second / 3600,
                             .minute = second / 60 % 60,
                             .second = second % 60,
                             .zone = icaltimezone_get_utc_timezone()};

    day_date((int32_t)day, &t.year, &t.month, &t.day);
    return t;
}

usec_t icalzone_naive_us(struct icaltimetype t)
{
    return day_number(t.year, t.month, t.day) * USEC_PER_DAY +
           ((t.hour * 60 + t.minute) * 60 + t.second) * USEC_PER_SEC;
}

usec_t icalzone_offset_us(icaltimezone *zone, usec_t at_us)
{
    struct icaltimetype utc = icalzone_utc(at_us);
    int weekday = march_weekday(utc.year);
    int is_daylight, offset_s;

    if (utc.year > KNOWN_YEARS)
        for (utc.year = KNOWN_YEARS; march_weekday(utc.year) != weekday;)
            utc.year--;
    pthread_mutex_lock(&lock);
    offset_s = icaltimezone_get_utc_offset_of_utc_time(zone, &utc, &is_daylight);
    pthread_mutex_unlock(&lock);
    return offset_s * USEC_PER_SEC;
}

usec_t icalzone_to_us(struct icaltimetype local, icaltimezone *zone)
{
    usec_t naive_us = icalzone_naive_us(local);
    usec_t before_us = icalzone_offset_us(zone, naive_us - USEC_PER_DAY);
    usec_t after_us = icalzone_offset_us(zone, naive_us + USEC_PER_DAY);

    if (before_us != after_us && icalzone_offset_us(zone, naive_us - before_us) != before_us &&
        icalzone_offset_us(zone, naive_us - after_us) == after_us)
        return naive_us - after_us;
    return naive_us - before_us;
}
