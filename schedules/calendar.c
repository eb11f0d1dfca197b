#include "calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calcard.h"
#include "calendar_impl.h"
#include "recur.h"

_Static_assert(CALCARD_BYTES_MAX == CALENDAR_TEXT_MAX, "one limit in two places");
_Static_assert(RECUR_TIMES_MAX == CALENDAR_PER_DAY_MAX, "one limit in two places");

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
    struct icaltimetype t;
    icalparameter *tzid;
    enum err err;

    if (prop == NULL)
        return err_set(detail, ERR_FORMAT,
                       "line %d: the event has no DTSTART; add one, such as "
                       "DTSTART;TZID=Asia/Ho_Chi_Minh:20260105T053000",
                       card->numbers[0]);
    t = icalproperty_get_dtstart(prop);
    err = read_time(prop, t, "DTSTART", calcard_line_of(card, "DTSTART"), &e->zone, &e->start_us,
                    detail);
    if (err != ERR_OK)
        return err;
    e->start = (struct civil){t.year, t.month, t.day, t.hour, t.minute, t.second};
    tzid = icalproperty_get_first_parameter(prop, ICAL_TZID_PARAMETER);
    snprintf(e->zone_name, sizeof(e->zone_name), "%s",
             icaltime_is_utc(t) || tzid == NULL ? "UTC" : icalparameter_get_tzid(tzid));
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

/* Check that each number of a list lies in -max..max, but not below min; *ret_count says how many. */
static bool list_fits(const short *list, size_t size, int min, int max, size_t *ret_count)
{
    size_t n = 0;

    while (n < size && list[n] != ICAL_RECURRENCE_ARRAY_MAX) {
        if (list[n] < min || list[n] > max || (list[n] == 0 && min < 0))
            return false;
        n++;
    }
    *ret_count = n;
    return n < size;
}

/* What RFC 5545 3.3.10 forbids; the sentence for a person, or NULL. */
static const char *find_fault(const struct icalrecurrencetype *r)
{
    bool monthly = r->freq == ICAL_MONTHLY_RECURRENCE;
    bool yearly = r->freq == ICAL_YEARLY_RECURRENCE;
    size_t hours, minutes, seconds, days, months, weeks, positions, n;

    if (!list_fits(r->by_hour, ICAL_BY_HOUR_SIZE, 0, 23, &hours) ||
        !list_fits(r->by_minute, ICAL_BY_MINUTE_SIZE, 0, 59, &minutes) ||
        !list_fits(r->by_second, ICAL_BY_SECOND_SIZE, 0, 59, &seconds) ||
        !list_fits(r->by_month_day, ICAL_BY_MONTHDAY_SIZE, -31, 31, &days) ||
        !list_fits(r->by_month, ICAL_BY_MONTH_SIZE, 1, 12, &months) ||
        !list_fits(r->by_week_no, ICAL_BY_WEEKNO_SIZE, -53, 53, &weeks) ||
        !list_fits(r->by_year_day, ICAL_BY_YEARDAY_SIZE, -366, 366, &n) ||
        !list_fits(r->by_set_pos, ICAL_BY_SETPOS_SIZE, -366, 366, &positions))
        return "a number of a BY list is out of range";
    if (n > 0 && !yearly)
        return "BYYEARDAY goes with FREQ=YEARLY only";
    if (weeks > 0 && !yearly)
        return "BYWEEKNO goes with FREQ=YEARLY only";
    if (days > 0 && r->freq == ICAL_WEEKLY_RECURRENCE)
        return "BYMONTHDAY does not go with FREQ=WEEKLY";
    for (size_t i = 0; r->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        if (i + 1 == ICAL_BY_DAY_SIZE)
            return "BYDAY is too long";
        if (icalrecurrencetype_day_position(r->by_day[i]) != 0 &&
            (!(monthly || yearly) || weeks > 0))
            return "BYDAY takes numbers with FREQ=MONTHLY, or FREQ=YEARLY without BYWEEKNO, only";
    }
    if (positions > 0 && hours + minutes + seconds + days + months + weeks + n == 0 &&
        r->by_day[0] == ICAL_RECURRENCE_ARRAY_MAX)
        return "BYSETPOS needs another BY part";
    return NULL;
}

static size_t at_least_one(const short *list)
{
    size_t n = 0;

    while (list[n] != ICAL_RECURRENCE_ARRAY_MAX)
        n++;
    return n > 0 ? n : 1;
}

static enum err check_rule(const struct icalrecurrencetype *r, int line, struct err_detail *detail)
{
    const char *fault;

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
    fault = find_fault(r);
    if (fault != NULL)
        return err_set(detail, ERR_FORMAT, "line %d: RRULE: %s (RFC 5545 3.3.10); change the rule",
                       line, fault);
    if (at_least_one(r->by_hour) * at_least_one(r->by_minute) * at_least_one(r->by_second) >
            CALENDAR_PER_DAY_MAX ||
        r->count > COUNT_MAX)
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

static enum err read_rule(struct calendar_event *e, const struct calcard *card,
                          icalcomponent *vevent, struct err_detail *detail)
{
    icalproperty *prop = icalcomponent_get_first_property(vevent, ICAL_RRULE_PROPERTY);

    e->until_us = INT64_MAX;
    if (prop == NULL)
        return ERR_OK;
    e->has_rule = true;
    e->rule = icalproperty_get_rrule(prop);
    if (!icaltime_is_null_time(e->rule.until))
        e->until_us = icalzone_naive_us(e->rule.until);
    return check_rule(&e->rule, calcard_line_of(card, "RRULE"), detail);
}

int instants_compare(const void *a, const void *b)
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
    qsort(list->at_us, list->count, sizeof(list->at_us[0]), instants_compare);
    return ERR_OK;
}

/* DTSTART is the first instant of its rule, or EXDATE takes it away. */
static enum err check_first(const struct calendar_event *e, const struct calcard *card,
                            struct err_detail *detail)
{
    struct recur_time start = recur_time_of(&e->start);
    struct recur_time first;
    struct recur recur;

    if (!e->has_rule)
        return ERR_OK;
    recur_open(&recur, &e->rule, &e->start, start.day, start.day);
    if (recur_next(&recur, &first) && first.second == start.second && e->until_us >= e->start_us)
        return ERR_OK;
    if (e->rule.count == 0 && e->removed.count > 0 &&
        bsearch(&e->start_us, e->removed.at_us, e->removed.count, sizeof(usec_t),
                instants_compare) != NULL)
        return ERR_OK;
    return err_set(detail, ERR_FORMAT,
                   "line %d: RRULE does not name DTSTART; set DTSTART to the first instant of "
                   "the rule and check that the rule names a date that exists and ends after it",
                   calcard_line_of(card, "RRULE"));
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
        e->stamp_us = icalzone_naive_us(stamp);
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
        err = check_first(e, card, detail);
    if (err == ERR_OK)
        err = read_words(e, card, vevent, detail);
    return err;
}

static int compare_changed(const void *a, const void *b)
{
    const struct changed *x = a;
    const struct changed *y = b;

    return instants_compare(&x->start_us, &y->start_us);
}

/* True when an occurrence stands at an instant, changed or not. */
static bool names(const struct calendar_event *e, usec_t at_us)
{
    struct calendar_occurrence found;
    size_t count = 0;

    return calendar_expand(e, at_us, at_us + 1, &found, 1, &count) == ERR_OK && count == 1;
}

/* Add what differs in one occurrence: the VEVENT in `other`. */
static enum err add_changed(struct calendar_event *e, const struct calendar_event *other,
                            icalcomponent *vevent, const struct calcard *card,
                            struct err_detail *detail)
{
    icalproperty *prop = icalcomponent_get_first_property(vevent, ICAL_RECURRENCEID_PROPERTY);
    int line = calcard_line_of(card, "RECURRENCE-ID");
    struct changed c = {.start_us = other->start_us, .duration_us = other->duration_us};
    icaltimezone *zone;
    enum err err;

    if (prop == NULL)
        return err_set(detail, ERR_FORMAT,
                       "line %d: a second event in one; give it a RECURRENCE-ID if it changes an "
                       "occurrence of the first",
                       card->numbers[0]);
    if (icalproperty_get_first_parameter(prop, ICAL_RANGE_PARAMETER) != NULL)
        return err_set(detail, ERR_UNSUPPORTED,
                       "line %d: RECURRENCE-ID with RANGE is not supported; end the event before "
                       "it and begin another one",
                       line);
    if (strcmp(e->uid, other->uid) != 0 || other->has_rule || other->added.count > 0 ||
        other->removed.count > 0)
        return err_set(detail, ERR_FORMAT,
                       "line %d: what changes one occurrence has the UID of its event and no "
                       "RRULE, RDATE or EXDATE",
                       card->numbers[0]);
    err = read_time(prop, icalproperty_get_recurrenceid(prop), "RECURRENCE-ID", line, &zone,
                    &c.recurrence_us, detail);
    if (err != ERR_OK)
        return err;
    if (icalcomponent_get_status(vevent) == ICAL_STATUS_CANCELLED)
        c.start_us = INT64_MAX;
    if (e->changed_count == CALENDAR_CHANGED_MAX)
        return err_set(detail, ERR_LIMIT, "line %d: at most %d occurrences may differ; split it",
                       line, CALENDAR_CHANGED_MAX);
    for (size_t i = 0; i < e->changed_count; i++) {
        if (e->changed[i].recurrence_us == c.recurrence_us)
            return err_set(detail, ERR_FORMAT,
                           "line %d: a second RECURRENCE-ID of that time; "
                           "keep one",
                           line);
    }
    e->changed[e->changed_count++] = c;
    return ERR_OK;
}

/* Each changed occurrence stands where the event has one. Checked at the end, on the event alone. */
static enum err check_changed(struct calendar_event *e, struct err_detail *detail)
{
    size_t count = e->changed_count;
    bool known = true;

    e->changed_count = 0;
    for (size_t i = 0; known && i < count; i++)
        known = names(e, e->changed[i].recurrence_us);
    e->changed_count = count;
    if (!known)
        return err_set(detail, ERR_FORMAT,
                       "a RECURRENCE-ID names a time at which the event does not occur; correct "
                       "it, or use RDATE to add an occurrence");
    qsort(e->changed, count, sizeof(e->changed[0]), compare_changed);
    return ERR_OK;
}

static enum err read_block(struct calendar_event *e, struct calcard *card, const char *text,
                           size_t len, int line, struct err_detail *detail)
{
    struct calendar_event other = {0};
    bool first = line == 1;
    icalcomponent *vevent = NULL;
    enum err err = calcard_read(card, text, len, line, &vevent, detail);

    if (err == ERR_OK)
        err = read_vevent(first ? e : &other, card, vevent, detail);
    if (err == ERR_OK && !first)
        err = add_changed(e, &other, vevent, card, detail);
    if (err == ERR_OK && first &&
        icalcomponent_get_first_property(vevent, ICAL_RECURRENCEID_PROPERTY) != NULL)
        err = err_set(detail, ERR_FORMAT,
                      "line %d: the event begins with a RECURRENCE-ID; put the event that it "
                      "changes before it",
                      calcard_line_of(card, "RECURRENCE-ID"));
    if (vevent != NULL)
        icalcomponent_free(vevent);
    free(other.added.at_us);
    free(other.removed.at_us);
    return err;
}

enum err calendar_parse(const char *text, size_t len, struct calendar_event **ret_event,
                        struct err_detail *detail)
{
    struct calendar_event *e = NULL;
    struct calcard *card = NULL;
    enum err err = ERR_OK;
    size_t at = 0;
    int line = 1;

    icalzone_setup();
    if (len == 0)
        return err_set(detail, ERR_FORMAT, "the event is empty; give one VEVENT");
    if (len > CALENDAR_TEXT_MAX)
        return err_set(detail, ERR_LIMIT, "the event is longer than %d bytes; shorten it",
                       CALENDAR_TEXT_MAX);
    card = calloc(1, sizeof(*card));
    e = calloc(1, sizeof(*e));
    if (e != NULL)
        e->changed = calloc(CALENDAR_CHANGED_MAX, sizeof(e->changed[0]));
    if (card == NULL || e == NULL || e->changed == NULL) {
        err = ERR_NOMEM;
        goto out;
    }
    while (err == ERR_OK && (at == 0 || at < len)) {
        size_t n = calcard_first(text + at, len - at);

        err = read_block(e, card, text + at, n, line, detail);
        for (; n > 0; n--, at++)
            line += text[at] == '\n';
    }
    if (err == ERR_OK)
        err = check_changed(e, detail);
    if (err == ERR_OK) {
        *ret_event = e;
        e = NULL;
    }
out:
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
    free(e->changed);
    free(e);
}
