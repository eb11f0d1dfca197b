#include <stdlib.h>

#include "calendar.h"
#include "calendar_impl.h"

#define STEPS_MAX 200000 /* instants of a rule looked at in one call */
#define END_US (INT64_C(4133980800) * USEC_PER_SEC) /* 2101-01-01T00:00:00Z */

/* The instants of DTSTART and its rule, one after the other. */
struct series {
    icalrecur_iterator *it; /* NULL: DTSTART alone */
    icaltimezone *zone;
    usec_t next_us; /* INT64_MAX: no more */
};

static void series_step(struct series *s)
{
    struct icaltimetype t;

    s->next_us = INT64_MAX;
    if (s->it == NULL)
        return;
    t = icalrecur_iterator_next(s->it);
    if (!icaltime_is_null_time(t))
        s->next_us = icalzone_to_us(t, s->zone);
}

/* Start the series. UNTIL is set a day after the end asked for, so that a long gap is not searched
 * far beyond it (a day, because libical takes local times shown twice for the second); without a COUNT the years before from_us are skipped, with one they must be counted. */
static enum err series_open(struct series *s, const struct calendar_event *e, usec_t from_us,
                            usec_t to_us)
{
    struct icalrecurrencetype rule = e->rule;
    usec_t skip_us = from_us - USEC_PER_DAY;
    usec_t stop_us = to_us + USEC_PER_DAY;

    *s = (struct series){.zone = e->zone, .next_us = e->start_us};
    if (!e->has_rule || to_us <= e->start_us)
        return ERR_OK;
    if (icaltime_is_null_time(rule.until) ||
        (usec_t)icaltime_as_timet(rule.until) * USEC_PER_SEC > stop_us)
        rule.until = icaltime_from_timet_with_zone((time_t)(stop_us / USEC_PER_SEC), 0,
                                                   icaltimezone_get_utc_timezone());
    s->it = icalrecur_iterator_new(rule, e->start);
    if (s->it == NULL)
        return ERR_NOMEM;
    if (rule.count == 0 && skip_us > e->start_us)
        icalrecur_iterator_set_start(
            s->it, icaltime_from_timet_with_zone((time_t)(skip_us / USEC_PER_SEC), 0, e->zone));
    series_step(s);
    return ERR_OK;
}

static int compare_us(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a;
    usec_t y = *(const usec_t *)b;

    return (x > y) - (x < y);
}

static bool holds(const struct instants *list, usec_t at_us)
{
    return list->count > 0 &&
           bsearch(&at_us, list->at_us, list->count, sizeof(at_us), compare_us) != NULL;
}

enum err calendar_expand(const struct calendar_event *e, usec_t from_us, usec_t to_us,
                         struct calendar_occurrence *ret_occurrences, size_t max, size_t *ret_count)
{
    struct series series;
    size_t added = 0;
    size_t steps = 0;
    size_t count = 0;
    enum err err;

    if (from_us < 0)
        from_us = 0;
    if (to_us > END_US)
        to_us = END_US;
    if (from_us >= to_us) {
        *ret_count = 0;
        return ERR_OK;
    }
    err = series_open(&series, e, from_us, to_us);
    if (err != ERR_OK)
        return err;
    for (;;) {
        usec_t extra_us = added < e->added.count ? e->added.at_us[added] : INT64_MAX;
        usec_t at_us = series.next_us < extra_us ? series.next_us : extra_us;

        if (at_us >= to_us)
            break;
        if (++steps > STEPS_MAX) {
            err = ERR_LIMIT;
            goto out;
        }
        while (added < e->added.count && e->added.at_us[added] == at_us)
            added++;
        if (series.next_us == at_us)
            series_step(&series);
        if (at_us < from_us || holds(&e->removed, at_us))
            continue;
        if (count == max) {
            err = ERR_MORE;
            break;
        }
        ret_occurrences[count++] =
            (struct calendar_occurrence){.start_us = at_us, .duration_us = e->duration_us};
    }
    *ret_count = count;
out:
    icalrecur_iterator_free(series.it);
    return err;
}
