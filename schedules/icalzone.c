#include "icalzone.h"

#include <stdbool.h>
#include <string.h>

void icalzone_setup(void)
{
    icalerror_set_errors_are_fatal(false);
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
    icalzone_setup();
    if (strcmp(name, "UTC") == 0)
        return icaltimezone_get_utc_timezone();
    return is_plain(name) ? icaltimezone_get_builtin_timezone(name) : NULL;
}

static usec_t offset_us(icaltimezone *zone, usec_t at_us)
{
    struct icaltimetype utc = icaltime_from_timet_with_zone((time_t)(at_us / USEC_PER_SEC), 0,
                                                            icaltimezone_get_utc_timezone());
    int is_daylight;

    return icaltimezone_get_utc_offset_of_utc_time(zone, &utc, &is_daylight) * USEC_PER_SEC;
}

usec_t icalzone_to_us(struct icaltimetype t, icaltimezone *zone)
{
    struct icaltimetype naive = icaltime_set_timezone(&t, icaltimezone_get_utc_timezone());
    usec_t naive_us = (usec_t)icaltime_as_timet(naive) * USEC_PER_SEC;
    usec_t before_us = offset_us(zone, naive_us - USEC_PER_DAY);
    usec_t after_us = offset_us(zone, naive_us + USEC_PER_DAY);

    if (before_us != after_us && offset_us(zone, naive_us - before_us) != before_us &&
        offset_us(zone, naive_us - after_us) == after_us)
        return naive_us - after_us;
    return naive_us - before_us;
}
