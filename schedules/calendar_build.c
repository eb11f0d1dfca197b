#include <stdlib.h>
#include <string.h>

#include "calendar_impl.h"
#include "utf8.h"

static struct icaltimetype ical_of(const struct civil *c)
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

/* True when a list of the rule is empty or not there. */
static bool is_empty(const short *list)
{
    return list[0] == ICAL_RECURRENCE_ARRAY_MAX;
}

/* The weekdays of a plain weekly rule, 0 for any other. */
static uint32_t weekly_days(const struct calendar_event *e)
{
    const struct icalrecurrencetype *r = &e->rule;
    uint32_t weekdays = 0;
    struct civil start = e->start;

    if (r->freq != ICAL_WEEKLY_RECURRENCE || r->interval != 1 || r->count != 0 ||
        e->added.count > 0 || !is_empty(r->by_second) || !is_empty(r->by_minute) ||
        !is_empty(r->by_hour) || !is_empty(r->by_month_day) || !is_empty(r->by_year_day) ||
        !is_empty(r->by_week_no) || !is_empty(r->by_month) || !is_empty(r->by_set_pos))
        return 0;
    if (is_empty(r->by_day))
        return civil_weekday_bit(&start);
    for (size_t i = 0; i < ICAL_BY_DAY_SIZE && r->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++) {
        if (icalrecurrencetype_day_position(r->by_day[i]) != 0)
            return 0;
        weekdays |= 1U << (((int)icalrecurrencetype_day_day_of_week(r->by_day[i]) + 5) % 7);
    }
    return weekdays;
}

/* The last day on which the rule can still name the time of day of DTSTART. */
static bool last_day(const struct calendar_event *e, struct civil *ret_day)
{
    struct civil until;
    struct civil start = e->start;

    if (e->until_us == INT64_MAX || civil_from_us(e->until_us, e->zone_name, &until) != ERR_OK)
        return false;
    if ((until.hour * 60 + until.minute) * 60 + until.second <
        (start.hour * 60 + start.minute) * 60 + start.second)
        until = civil_add_days(&until, -1);
    until.hour = until.minute = until.second = 0;
    *ret_day = until;
    return true;
}

void calendar_describe(const struct calendar_event *e, struct calendar_plan *ret_plan)
{
    struct calendar_plan p = {.kind = CALENDAR_OTHER};

    memcpy(p.uid, e->uid, sizeof(p.uid));
    memcpy(p.summary, e->summary, sizeof(p.summary));
    memcpy(p.zone, e->zone_name, sizeof(p.zone));
    p.start = e->start;
    p.duration_s = (uint32_t)(e->duration_us / USEC_PER_SEC);
    p.stamp_us = e->stamp_us;
    p.exceptions = e->removed.count;
    if (!e->has_rule && e->added.count == 0) {
        p.kind = CALENDAR_ONCE;
    } else if (e->has_rule) {
        p.weekdays = weekly_days(e);
        p.kind = p.weekdays != 0 ? CALENDAR_WEEKLY : CALENDAR_OTHER;
    }
    if (p.kind == CALENDAR_WEEKLY)
        p.has_until = last_day(e, &p.until);
    *ret_plan = p;
}

static enum err check_plan(const struct calendar_plan *p, struct err_detail *detail)
{
    if (p->kind != CALENDAR_ONCE && p->kind != CALENDAR_WEEKLY)
        return err_set(detail, ERR_FORMAT,
                       "only one-off and weekly events have a form; give others as calendar text");
    if (p->uid[0] == '\0' || !utf8_valid(p->uid, strnlen(p->uid, sizeof(p->uid)), false))
        return err_set(detail, ERR_FORMAT, "the event needs a UID of 1 to %d characters",
                       CALENDAR_UID_SIZE - 1);
    if (!utf8_valid(p->summary, strnlen(p->summary, sizeof(p->summary)), true))
        return err_set(detail, ERR_FORMAT, "the title is not UTF-8 text; enter it again");
    if (!civil_zone_known(p->zone))
        return err_set(detail, ERR_NOT_FOUND,
                       "the time zone \"%s\" is not known; use an IANA name such as "
                       "Asia/Ho_Chi_Minh",
                       p->zone);
    if (!civil_valid(&p->start))
        return err_set(detail, ERR_FORMAT,
                       "the start is not a date and time that exists in the years %d to %d",
                       CIVIL_YEAR_MIN, CIVIL_YEAR_MAX);
    if (p->duration_s > CALENDAR_DURATION_MAX_S)
        return err_set(detail, ERR_LIMIT, "an event lasts at most %d hours",
                       CALENDAR_DURATION_MAX_S / 3600);
    if (p->kind == CALENDAR_WEEKLY && (p->weekdays == 0 || p->weekdays > 0x7F))
        return err_set(detail, ERR_FORMAT,
                       "a weekly event needs at least one weekday; choose some");
    if (p->kind == CALENDAR_WEEKLY && p->has_until && !civil_valid(&p->until))
        return err_set(detail, ERR_FORMAT,
                       "the last day is not a date that exists in the years %d to %d",
                       CIVIL_YEAR_MIN, CIVIL_YEAR_MAX);
    return ERR_OK;
}

/* Move to the first chosen weekday on or after the start, and end the rule with the last local day. */
static enum err make_rule(const struct calendar_plan *p, struct civil *start,
                          struct icalrecurrencetype *ret_rule, struct err_detail *detail)
{
    struct icalrecurrencetype rule;
    size_t n = 0;

    while ((civil_weekday_bit(start) & p->weekdays) == 0)
        *start = civil_add_days(start, 1);
    icalrecurrencetype_clear(&rule);
    rule.freq = ICAL_WEEKLY_RECURRENCE;
    for (int day = 0; day < 7; day++) {
        if ((p->weekdays >> day & 1U) != 0)
            rule.by_day[n++] = (short)((day + 1) % 7 + 1);
    }
    rule.by_day[n] = ICAL_RECURRENCE_ARRAY_MAX;
    if (p->has_until) {
        struct civil end = p->until;
        usec_t end_us = 0;
        usec_t start_us = 0;

        end.hour = 23;
        end.minute = end.second = 59;
        if (civil_to_us(&end, p->zone, &end_us) != ERR_OK ||
            civil_to_us(start, p->zone, &start_us) != ERR_OK || end_us < start_us)
            return err_set(
                detail, ERR_FORMAT,
                "no chosen weekday lies between the first and the last day; choose a later "
                "last day");
        rule.until = icalzone_utc(end_us);
    }
    *ret_rule = rule;
    return ERR_OK;
}

static icalproperty *make_start(const struct calendar_plan *p, const struct civil *start)
{
    struct icaltimetype t = ical_of(start);
    icalproperty *prop;

    if (strcmp(p->zone, "UTC") == 0) {
        t = icaltime_set_timezone(&t, icaltimezone_get_utc_timezone());
        return icalproperty_new_dtstart(t);
    }
    prop = icalproperty_new_dtstart(t);
    icalproperty_add_parameter(prop, icalparameter_new_tzid(p->zone));
    return prop;
}

static icalcomponent *make_vevent(const struct calendar_plan *p, const struct civil *start,
                                  const struct icalrecurrencetype *rule)
{
    icalcomponent *vevent = icalcomponent_new(ICAL_VEVENT_COMPONENT);

    icalcomponent_add_property(vevent, icalproperty_new_uid(p->uid));
    icalcomponent_add_property(vevent, icalproperty_new_dtstamp(icalzone_utc(p->stamp_us)));
    icalcomponent_add_property(vevent, make_start(p, start));
    if (p->duration_s > 0)
        icalcomponent_add_property(
            vevent, icalproperty_new_duration(icaldurationtype_from_int((int)p->duration_s)));
    if (rule != NULL)
        icalcomponent_add_property(vevent, icalproperty_new_rrule(*rule));
    if (p->summary[0] != '\0')
        icalcomponent_add_property(vevent, icalproperty_new_summary(p->summary));
    return vevent;
}

enum err calendar_build(const struct calendar_plan *plan, char *ret_text, size_t size,
                        struct err_detail *detail)
{
    struct icalrecurrencetype rule;
    struct calendar_event *event = NULL;
    struct civil start = plan->start;
    icalcomponent *vevent = NULL;
    char *text = NULL;
    enum err err;

    icalzone_setup();
    err = check_plan(plan, detail);
    if (err == ERR_OK && plan->kind == CALENDAR_WEEKLY)
        err = make_rule(plan, &start, &rule, detail);
    if (err != ERR_OK)
        return err;
    vevent = make_vevent(plan, &start, plan->kind == CALENDAR_WEEKLY ? &rule : NULL);
    text = icalcomponent_as_ical_string_r(vevent);
    icalcomponent_free(vevent);
    if (text == NULL)
        return ERR_NOMEM;
    if (strlen(text) >= size) {
        err = err_set(detail, ERR_LIMIT, "the event does not fit; shorten its title");
        goto out;
    }
    err = calendar_parse(text, strlen(text), &event, detail);
    if (err == ERR_OK)
        memcpy(ret_text, text, strlen(text) + 1);
out:
    calendar_free(event);
    free(text);
    return err;
}
