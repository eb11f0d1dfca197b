#include "recur.h"

#include <stdlib.h>

#include "day.h"

#define NONE ICAL_RECURRENCE_ARRAY_MAX

struct date {
    int year, month, day;
    int weekday; /* 0 Monday */
    int year_day; /* 1..366 */
    int month_length, year_length;
};

static int32_t floor_div(int32_t a, int32_t b)
{
    return a / b - (a % b < 0);
}

static struct date date_of(int32_t number)
{
    struct date d = {.weekday = number + 3 - 7 * floor_div(number + 3, 7)};

    day_date(number, &d.year, &d.month, &d.day);
    d.year_length = day_number(d.year + 1, 1, 1) - day_number(d.year, 1, 1);
    d.year_day = number - day_number(d.year, 1, 1) + 1;
    d.month_length = day_number(d.year, d.month + 1, 1) - day_number(d.year, d.month, 1);
    return d;
}

struct recur_time recur_time_of(const struct civil *c)
{
    return (struct recur_time){day_number(c->year, c->month, c->day),
                               (c->hour * 60 + c->minute) * 60 + c->second};
}

struct icaltimetype recur_ical_of(struct recur_time t)
{
    struct date d = date_of(t.day);

    return (struct icaltimetype){.year = d.year,
                                 .month = d.month,
                                 .day = d.day,
                                 .hour = t.second / 3600,
                                 .minute = t.second / 60 % 60,
                                 .second = t.second % 60};
}

static bool holds(const short *list, int a, int b)
{
    for (; *list != NONE; list++) {
        if (*list == a || *list == b)
            return true;
    }
    return false;
}

/* The number of weeks before the week that holds a day, counted from a week of WKST. */
static int32_t week_of(const struct icalrecurrencetype *rule, int32_t day)
{
    int first = ((int)rule->week_start + 5) % 7; /* libical counts from Sunday = 1 */

    return floor_div(day + 3 - first, 7);
}

/* The first week of a year: the one that holds 4 January. */
static int32_t first_week(const struct icalrecurrencetype *rule, int year)
{
    return week_of(rule, day_number(year, 1, 4));
}

static bool in_week_numbers(const struct icalrecurrencetype *rule, const struct date *d,
                            int32_t day)
{
    int32_t week = week_of(rule, day);
    int year = d->year;
    int32_t first;

    if (week < first_week(rule, year))
        year--;
    else if (week >= first_week(rule, year + 1))
        year++;
    first = first_week(rule, year);
    return holds(rule->by_week_no, week - first + 1, week - first_week(rule, year + 1));
}

/* BYDAY: MO is every Monday, 2MO and -1MO are counted in the month or in the year. */
static bool in_weekdays(const struct icalrecurrencetype *rule, const struct date *d)
{
    bool in_month = rule->freq == ICAL_MONTHLY_RECURRENCE || rule->by_month[0] != NONE;
    int at = in_month ? d->day : d->year_day;
    int length = in_month ? d->month_length : d->year_length;
    int weekday = (d->weekday + 1) % 7 + 1;

    for (const short *by = rule->by_day; *by != NONE; by++) {
        int position = icalrecurrencetype_day_position(*by);

        if ((int)icalrecurrencetype_day_day_of_week(*by) != weekday)
            continue;
        if (position == 0 || position == (at - 1) / 7 + 1 || position == -((length - at) / 7 + 1))
            return true;
    }
    return false;
}

/* What a rule does not say of the day comes from DTSTART: true when the day is like it in that. */
static bool like_start(const struct recur *r, const struct date *d)
{
    const struct icalrecurrencetype *rule = r->rule;
    struct date start = date_of(r->start.day);

    if (rule->by_day[0] != NONE || rule->by_month_day[0] != NONE || rule->by_year_day[0] != NONE)
        return true;
    if (rule->freq == ICAL_WEEKLY_RECURRENCE || rule->by_week_no[0] != NONE)
        return d->weekday == start.weekday;
    if (rule->freq == ICAL_MONTHLY_RECURRENCE)
        return d->day == start.day;
    if (rule->freq == ICAL_YEARLY_RECURRENCE)
        return d->day == start.day && (rule->by_month[0] != NONE || d->month == start.month);
    return true;
}

static bool names_day(const struct recur *r, int32_t day)
{
    const struct icalrecurrencetype *rule = r->rule;
    struct date d = date_of(day);

    return (rule->by_month[0] == NONE || holds(rule->by_month, d.month, d.month)) &&
           (rule->by_month_day[0] == NONE ||
            holds(rule->by_month_day, d.day, d.day - d.month_length - 1)) &&
           (rule->by_year_day[0] == NONE ||
            holds(rule->by_year_day, d.year_day, d.year_day - d.year_length - 1)) &&
           (rule->by_week_no[0] == NONE || in_week_numbers(rule, &d, day)) &&
           (rule->by_day[0] == NONE || in_weekdays(rule, &d)) && like_start(r, &d);
}

/* The number of the period that holds a day. */
static int32_t period_of(const struct icalrecurrencetype *rule, int32_t day)
{
    struct date d = date_of(day);

    if (rule->freq == ICAL_YEARLY_RECURRENCE)
        return d.year;
    if (rule->freq == ICAL_MONTHLY_RECURRENCE)
        return d.year * 12 + d.month - 1;
    return rule->freq == ICAL_WEEKLY_RECURRENCE ? week_of(rule, day) : day;
}

/* First day of a period. */
static int32_t period_start(const struct icalrecurrencetype *rule, int32_t period)
{
    int first = ((int)rule->week_start + 5) % 7;

    if (rule->freq == ICAL_YEARLY_RECURRENCE)
        return day_number(period, 1, 1);
    if (rule->freq == ICAL_MONTHLY_RECURRENCE)
        return day_number(period / 12, period % 12 + 1, 1);
    return rule->freq == ICAL_WEEKLY_RECURRENCE ? period * 7 + first - 3 : period;
}

static void fill(struct recur *r)
{
    int32_t end = period_start(r->rule, r->period + 1);

    r->day_count = 0;
    r->at = 0;
    for (int32_t day = period_start(r->rule, r->period); day < end; day++) {
        if (names_day(r, day))
            r->days[r->day_count++] = day;
    }
}

static int compare_times(const void *a, const void *b)
{
    return *(const int32_t *)a - *(const int32_t *)b;
}

/* One list of the time of day, or what DTSTART says. */
static const short *parts_of_time(const short *list, int of_start, short ret_one[2])
{
    ret_one[0] = (short)of_start;
    ret_one[1] = NONE;
    return list[0] != NONE ? list : ret_one;
}

static void fill_times(struct recur *r)
{
    short own[3][2];
    const short *hours = parts_of_time(r->rule->by_hour, r->start.second / 3600, own[0]);
    const short *minutes = parts_of_time(r->rule->by_minute, r->start.second / 60 % 60, own[1]);
    const short *seconds = parts_of_time(r->rule->by_second, r->start.second % 60, own[2]);
    size_t kept = 0;

    for (const short *h = hours; *h != NONE; h++) {
        for (const short *m = minutes; *m != NONE; m++) {
            for (const short *s = seconds; *s != NONE && r->time_count < RECUR_TIMES_MAX; s++)
                r->times[r->time_count++] = (*h * 60 + *m) * 60 + *s;
        }
    }
    qsort(r->times, r->time_count, sizeof(r->times[0]), compare_times);
    for (size_t i = 0; i < r->time_count; i++) {
        if (kept == 0 || r->times[kept - 1] != r->times[i])
            r->times[kept++] = r->times[i];
    }
    r->time_count = kept;
}

void recur_open(struct recur *r, const struct icalrecurrencetype *rule, const struct civil *start,
                int32_t from_day, int32_t last_day)
{
    *r = (struct recur){.rule = rule, .start = recur_time_of(start), .last_day = last_day};
    fill_times(r);
    r->period = period_of(rule, r->start.day);
    if (rule->count == 0 && from_day > r->start.day)
        r->period += (period_of(rule, from_day) - r->period) / rule->interval * rule->interval;
    if (period_start(rule, r->period) <= last_day)
        fill(r);
}

/* BYSETPOS counts within the period, from its start and from its end. */
static bool is_chosen(const struct recur *r, size_t at)
{
    int total = (int)(r->day_count * r->time_count);

    return r->rule->by_set_pos[0] == NONE ||
           holds(r->rule->by_set_pos, (int)at + 1, (int)at - total);
}

bool recur_next(struct recur *r, struct recur_time *ret_time)
{
    for (;;) {
        while (r->at < r->day_count * r->time_count) {
            size_t at = r->at++;
            struct recur_time t = {r->days[at / r->time_count], r->times[at % r->time_count]};
            bool is_early =
                t.day < r->start.day || (t.day == r->start.day && t.second < r->start.second);

            if (is_early || !is_chosen(r, at))
                continue;
            if (t.day > r->last_day || (r->rule->count != 0 && r->counted == r->rule->count))
                return false;
            r->counted++;
            *ret_time = t;
            return true;
        }
        r->period += r->rule->interval;
        if (period_start(r->rule, r->period) > r->last_day)
            return false;
        fill(r);
    }
}
