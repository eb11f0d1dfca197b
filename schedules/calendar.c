#include "calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calcard.h"
#include "calendar_impl.h"

_Static_assert(CALCARD_BYTES_MAX == CALENDAR_TEXT_MAX, "one limit in two places");

#define COUNT_MAX 10000

/* Check one point in time and turn it into station time. */
static enum err read_time(icalproperty *prop, struct icaltimetype t, const char *name, int line,
                          icaltimezone **ret_zone, usec_t *ret_us, struct err_detail *detail)
{
    icalparameter *tzid = icalproperty_get_first_parameter(prop, ICAL_TZID_PARAMETER);
    struct civil c = {t.year, t.month, t.day, t.hour, t.minute, t.second};
    icaltimezone *zone;

    if (icaltime_is_null_time(t))
        return err_set(detail, ERR_FORMAT, "line %d: %s is not a date and time", line, name);
    if (t.is_date)
        return err_set(detail, ERR_UNSUPPORTED,
                       "line %d: %s names a whole day; add the time, such as "
                       "%s;TZID=Asia/Ho_Chi_Minh:20260105T053000",
                       line, name, name);
    if (t.year < CIVIL_YEAR_MIN || t.year > CIVIL_YEAR_MAX)
        return err_set(detail, ERR_LIMIT, "line %d: %s must lie in the years %d to %d", line, name,
                       CIVIL_YEAR_MIN, CIVIL_YEAR_MAX);
    if (!civil_valid(&c))
        return err_set(detail, ERR_FORMAT, "line %d: %s is not a date and time that exists", line,
                       name);
    if (icaltime_is_utc(t)) {
        zone = icaltimezone_get_utc_timezone();
    } else if (tzid == NULL) {
        return err_set(
            detail, ERR_UNSUPPORTED,
            "line %d: %s has no time zone; add one, such as %s;TZID=Asia/Ho_Chi_Minh:..., "
            "or end the time with Z for UTC",
            line, name, name);
    } else {
        zone = icalzone_find(icalparameter_get_tzid(tzid));
        if (zone == NULL)
            return err_set(
                detail, ERR_FORMAT,
                "line %d: %s: the time zone \"%.*s\" is not known; use an IANA name such "
                "as Asia/Ho_Chi_Minh",
                line, name, calcard_fit(icalparameter_get_tzid(tzid), 40),
                icalparameter_get_tzid(tzid));
    }
    *ret_zone = zone;
    *ret_us = icalzone_to_us(t, zone);
    return ERR_OK;
}

static enum err read_start(struct calendar_event *e, const struct calcard *card,
                           icalcomponent *vevent, struct err_detail *detail)
{
    icalproperty *prop = icalcomponent_get_first_property(vevent, ICAL_DTSTART_PROPERTY);
    icalparameter *tzid;
    enum err err;

    if (prop == NULL)
        return err_set(detail, ERR_FORMAT,
                       "line 1: the event has no DTSTART; add one, such as "
                       "DTSTART;TZID=Asia/Ho_Chi_Minh:20260105T053000");
    e->start = icalproperty_get_dtstart(prop);
    err = read_time(prop, e->start, "DTSTART", calcard_line_of(card, "DTSTART"), &e->zone,
                    &e->start_us, detail);
    if (err != ERR_OK)
        return err;
    e->start = icaltime_set_timezone(&e->start, e->zone);
    tzid = icalproperty_get_first_parameter(prop, ICAL_TZID_PARAMETER);
    snprintf(e->zone_name, sizeof(e->zone_name), "%s",
             icaltime_is_utc(e->start) || tzid == NULL ? "UTC" : icalparameter_get_tzid(tzid));
    return ERR_OK;
}

static enum err read_duration(struct calendar_event *e, const struct calcard *card,
                              icalcomponent *vevent, struct err_detail *detail)
{
    icalproperty *end = icalcomponent_get_first_property(vevent, ICAL_DTEND_PROPERTY);
    icalproperty *length = icalcomponent_get_first_property(vevent, ICAL_DURATION_PROPERTY);
    const char *name = end != NULL ? "DTEND" : "DURATION";
    int line = calcard_line_of(card, name);

    if (end != NULL && length != NULL)
        return err_set(detail, ERR_FORMAT, "line %d: both DTEND and DURATION; keep one", line);
    if (end != NULL) {
        icaltimezone *zone;
        usec_t end_us = 0;
        enum err err =
            read_time(end, icalproperty_get_dtend(end), name, line, &zone, &end_us, detail);

        if (err != ERR_OK)
            return err;
        e->duration_us = end_us - e->start_us;
    } else if (length != NULL) {
        struct icaldurationtype d = icalproperty_get_duration(length);

        /* Bounded before the sum below can overflow inside libical. */
        if (d.weeks > 1 || d.days > 7 || d.hours > 200 || d.minutes > 10000 || d.seconds > 600000)
            e->duration_us = INT64_MAX;
        else
            e->duration_us = (usec_t)icaldurationtype_as_int(d) * USEC_PER_SEC;
    }
    if (e->duration_us < 0)
        return err_set(detail, ERR_FORMAT, "line %d: %s: the event ends before it starts", line,
                       name);
    if (e->duration_us > (usec_t)CALENDAR_DURATION_MAX_S * USEC_PER_SEC)
        return err_set(detail, ERR_LIMIT, "line %d: %s: an event lasts at most %d hours", line,
                       name, CALENDAR_DURATION_MAX_S / 3600);
    return ERR_OK;
}

static size_t list_length(const short *list, size_t size)
{
    size_t n = 0;

    while (n < size && list[n] != ICAL_RECURRENCE_ARRAY_MAX)
        n++;
    return n;
}

static enum err check_rule(const struct calendar_event *e, int line, struct err_detail *detail)
{
    const struct icalrecurrencetype *r = &e->rule;
    size_t per_day = 1;
    size_t n;

    if (r->freq < ICAL_DAILY_RECURRENCE)
        return err_set(
            detail, ERR_UNSUPPORTED,
            "line %d: RRULE: FREQ=%s repeats more often than daily, which is not allowed; "
            "use FREQ=DAILY with BYHOUR, or several events",
            line, icalrecur_freq_to_string(r->freq));
    if (r->freq > ICAL_YEARLY_RECURRENCE || r->interval < 1)
        return err_set(detail, ERR_FORMAT,
                       "line %d: RRULE: FREQ or INTERVAL is not valid; use FREQ=DAILY, WEEKLY, "
                       "MONTHLY or YEARLY and an INTERVAL of 1 or more",
                       line);
    n = list_length(r->by_hour, ICAL_BY_HOUR_SIZE);
    per_day *= n > 0 ? n : 1;
    n = list_length(r->by_minute, ICAL_BY_MINUTE_SIZE);
    per_day *= n > 0 ? n : 1;
    n = list_length(r->by_second, ICAL_BY_SECOND_SIZE);
    per_day *= n > 0 ? n : 1;
    if (per_day > CALENDAR_PER_DAY_MAX || r->count > COUNT_MAX)
        return err_set(detail, ERR_LIMIT,
                       "line %d: RRULE: at most %d instants a day and a COUNT of %d are allowed; "
                       "shorten BYHOUR, BYMINUTE, BYSECOND or COUNT",
                       line, CALENDAR_PER_DAY_MAX, COUNT_MAX);
    if (!icaltime_is_null_time(r->until) && (r->until.is_date || !icaltime_is_utc(r->until)))
        return err_set(
            detail, ERR_FORMAT,
            "line %d: RRULE: UNTIL must be a date and time in UTC (RFC 5545 3.3.10), such "
            "as UNTIL=20261231T165959Z",
            line);
    return ERR_OK;
}

/* DTSTART must be the first instant of its rule. Asking no further than that also bounds the search
 * in a rule that names no date at all (30 February), which libical would pursue for centuries. */
static enum err check_first(const struct calendar_event *e, int line, struct err_detail *detail)
{
    struct icalrecurrencetype rule = e->rule;
    struct icaltimetype first = icaltime_null_time();
    icalrecur_iterator *it;

    /* The margin is for local times that clocks show twice, where libical means the second. */
    if (icaltime_is_null_time(rule.until) ||
        (usec_t)icaltime_as_timet(rule.until) * USEC_PER_SEC > e->start_us + USEC_PER_DAY)
        rule.until =
            icaltime_from_timet_with_zone((time_t)((e->start_us + USEC_PER_DAY) / USEC_PER_SEC), 0,
                                          icaltimezone_get_utc_timezone());
    it = icalrecur_iterator_new(rule, e->start);
    if (it != NULL)
        first = icalrecur_iterator_next(it);
    icalrecur_iterator_free(it);
    if (icaltime_is_null_time(first) || icaltime_compare(first, e->start) != 0)
        return err_set(
            detail, ERR_FORMAT,
            "line %d: RRULE does not name DTSTART; set DTSTART to the first instant of "
            "the rule and check that the rule names a date that exists and ends after it",
            line);
    return ERR_OK;
}

static enum err read_rule(struct calendar_event *e, const struct calcard *card,
                          icalcomponent *vevent, struct err_detail *detail)
{
    icalproperty *prop = icalcomponent_get_first_property(vevent, ICAL_RRULE_PROPERTY);
    int line = calcard_line_of(card, "RRULE");
    enum err err;

    if (prop == NULL)
        return ERR_OK;
    e->has_rule = true;
    e->rule = icalproperty_get_rrule(prop);
    err = check_rule(e, line, detail);
    return err != ERR_OK ? err : check_first(e, line, detail);
}

static int compare_us(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a;
    usec_t y = *(const usec_t *)b;

    return (x > y) - (x < y);
}

/* Collect RDATE or EXDATE, ascending. */
static enum err read_list(const struct calcard *card, icalcomponent *vevent, icalproperty_kind kind,
                          struct instants *list, struct err_detail *detail)
{
    const char *name = kind == ICAL_RDATE_PROPERTY ? "RDATE" : "EXDATE";
    int line = calcard_line_of(card, name);
    size_t size = (size_t)icalcomponent_count_properties(vevent, kind);

    if (size == 0)
        return ERR_OK;
    list->at_us = calloc(size, sizeof(list->at_us[0]));
    if (list->at_us == NULL)
        return ERR_NOMEM;
    for (icalproperty *p = icalcomponent_get_first_property(vevent, kind); p != NULL;
         p = icalcomponent_get_next_property(vevent, kind)) {
        struct icaltimetype t;
        icaltimezone *zone;
        enum err err;

        if (kind == ICAL_EXDATE_PROPERTY) {
            t = icalproperty_get_exdate(p);
        } else {
            struct icaldatetimeperiodtype dp = icalproperty_get_rdate(p);

            if (!icalperiodtype_is_null_period(dp.period))
                return err_set(detail, ERR_UNSUPPORTED,
                               "line %d: RDATE with a period is not supported; name the start only",
                               line);
            t = dp.time;
        }
        err = read_time(p, t, name, line, &zone, &list->at_us[list->count], detail);
        if (err != ERR_OK)
            return err;
        list->count++;
    }
    qsort(list->at_us, list->count, sizeof(list->at_us[0]), compare_us);
    return ERR_OK;
}

static enum err read_words(struct calendar_event *e, const struct calcard *card,
                           icalcomponent *vevent, struct err_detail *detail)
{
    const char *uid = icalcomponent_get_uid(vevent);
    const char *summary = icalcomponent_get_summary(vevent);
    struct icaltimetype stamp = icalcomponent_get_dtstamp(vevent);

    if (uid != NULL && strlen(uid) >= sizeof(e->uid))
        return err_set(detail, ERR_LIMIT, "line %d: UID is longer than %zu bytes; shorten it",
                       calcard_line_of(card, "UID"), sizeof(e->uid) - 1);
    if (uid != NULL)
        snprintf(e->uid, sizeof(e->uid), "%s", uid);
    if (summary != NULL)
        snprintf(e->summary, sizeof(e->summary), "%.*s",
                 calcard_fit(summary, sizeof(e->summary) - 1), summary);
    if (stamp.year >= CIVIL_YEAR_MIN && stamp.year <= CIVIL_YEAR_MAX)
        e->stamp_us = (usec_t)icaltime_as_timet(stamp) * USEC_PER_SEC;
    return ERR_OK;
}

static enum err read_vevent(struct calendar_event *e, const struct calcard *card,
                            icalcomponent *vevent, struct err_detail *detail)
{
    enum err err = read_start(e, card, vevent, detail);

    if (err == ERR_OK)
        err = read_duration(e, card, vevent, detail);
    if (err == ERR_OK)
        err = read_rule(e, card, vevent, detail);
    if (err == ERR_OK)
        err = read_list(card, vevent, ICAL_RDATE_PROPERTY, &e->added, detail);
    if (err == ERR_OK)
        err = read_list(card, vevent, ICAL_EXDATE_PROPERTY, &e->removed, detail);
    if (err == ERR_OK)
        err = read_words(e, card, vevent, detail);
    return err;
}

enum err calendar_parse(const char *text, size_t len, struct calendar_event **ret_event,
                        struct err_detail *detail)
{
    struct calendar_event *e = NULL;
    icalcomponent *vevent = NULL;
    struct calcard *card = NULL;
    enum err err;

    icalzone_setup();
    if (len == 0)
        return err_set(detail, ERR_FORMAT, "the event is empty; give one VEVENT");
    if (len > CALENDAR_TEXT_MAX)
        return err_set(detail, ERR_LIMIT, "the event is longer than %d bytes; shorten it",
                       CALENDAR_TEXT_MAX);
    card = calloc(1, sizeof(*card));
    e = calloc(1, sizeof(*e));
    if (card == NULL || e == NULL) {
        err = ERR_NOMEM;
        goto out;
    }
    err = calcard_read(card, text, len, &vevent, detail);
    if (err == ERR_OK)
        err = read_vevent(e, card, vevent, detail);
    if (err == ERR_OK) {
        *ret_event = e;
        e = NULL;
    }
out:
    if (vevent != NULL)
        icalcomponent_free(vevent);
    calendar_free(e);
    free(card);
    return err;
}

void calendar_free(struct calendar_event *e)
{
    if (e == NULL)
        return;
    free(e->added.at_us);
    free(e->removed.at_us);
    free(e);
}
