#include <stdlib.h>

#include "calendar_impl.h"
#include "recur.h"

#define END_US (INT64_C(4133980800) * USEC_PER_SEC) /* 2101-01-01T00:00:00Z */

/* The instants of DTSTART and its rule, one after the other. */
struct series {
    const struct calendar_event *event;
    struct recur recur;
    bool has_more;
    struct recur_time ahead; /* the first local time of the day after the one held */
    usec_t held[RECUR_TIMES_MAX]; /* of one day; clocks set forward mix their order */
    size_t held_count;
    size_t at;
    usec_t next_us; /* INT64_MAX: no more */
};

static void hold_day(struct series *s)
{
    int32_t day = s->ahead.day;

    s->at = 0;
    s->held_count = 0;
    while (s->has_more && s->ahead.day == day) {
        s->held[s->held_count++] = icalzone_to_us(recur_ical_of(s->ahead), s->event->zone);
        s->has_more = recur_next(&s->recur, &s->ahead);
    }
    qsort(s->held, s->held_count, sizeof(s->held[0]), instants_compare);
}

static void series_step(struct series *s)
{
    usec_t before_us = s->next_us;

    do {
        if (s->at == s->held_count && s->has_more)
            hold_day(s);
        s->next_us = s->at < s->held_count ? s->held[s->at++] : INT64_MAX;
    } while (s->next_us <= before_us);
    if (s->next_us > s->event->until_us)
        s->next_us = INT64_MAX;
}

/* Local days differ from days of UTC by one at most. */
static void series_open(struct series *s, const struct calendar_event *e, usec_t from_us,
                        usec_t to_us)
{
    int32_t from_day = (int32_t)(from_us / USEC_PER_DAY) - 1;
    usec_t last_us = to_us < e->until_us ? to_us : e->until_us;

    *s = (struct series){.event = e, .next_us = e->start_us};
    if (!e->has_rule)
        return;
    recur_open(&s->recur, &e->rule, &e->start, from_day, (int32_t)(last_us / USEC_PER_DAY) + 1);
    do
        s->has_more = recur_next(&s->recur, &s->ahead);
    while (s->has_more && s->ahead.day < from_day);
    s->next_us = INT64_MIN;
    series_step(s);
}

static bool holds(const struct instants *list, usec_t at_us)
{
    return list->count > 0 &&
           bsearch(&at_us, list->at_us, list->count, sizeof(at_us), instants_compare) != NULL;
}

static bool is_changed(const struct calendar_event *e, usec_t at_us)
{
    for (size_t i = 0; i < e->changed_count; i++) {
        if (e->changed[i].recurrence_us == at_us)
            return true;
    }
    return false;
}

/* The three lists an occurrence can come from, each in order. */
struct merge {
    struct series series;
    size_t added;
    size_t changed;
};

/* The next occurrence in order of start; false: none starts before to_us. */
static bool merge_next(struct merge *m, const struct calendar_event *e, usec_t to_us,
                       struct calendar_occurrence *ret)
{
    for (;;) {
        usec_t added_us = m->added < e->added.count ? e->added.at_us[m->added] : INT64_MAX;
        usec_t plain_us = m->series.next_us < added_us ? m->series.next_us : added_us;

        if (m->changed < e->changed_count && e->changed[m->changed].start_us <= plain_us &&
            e->changed[m->changed].start_us < to_us) {
            const struct changed *c = &e->changed[m->changed++];

            *ret = (struct calendar_occurrence){c->start_us, c->duration_us, c->recurrence_us};
            return true;
        }
        if (plain_us >= to_us)
            return false;
        while (m->added < e->added.count && e->added.at_us[m->added] == plain_us)
            m->added++;
        if (m->series.next_us == plain_us)
            series_step(&m->series);
        if (!holds(&e->removed, plain_us) && !is_changed(e, plain_us)) {
            *ret = (struct calendar_occurrence){plain_us, e->duration_us, plain_us};
            return true;
        }
    }
}

enum err calendar_expand(const struct calendar_event *e, usec_t from_us, usec_t to_us,
                         struct calendar_occurrence *ret_occurrences, size_t max, size_t *ret_count)
{
    struct merge m = {0};
    struct calendar_occurrence next;
    usec_t last_us = -1;
    size_t count = 0;

    *ret_count = 0;
    if (from_us < 0)
        from_us = 0;
    if (to_us > END_US)
        to_us = END_US;
    if (from_us >= to_us)
        return ERR_OK;
    series_open(&m.series, e, from_us, to_us);
    while (merge_next(&m, e, to_us, &next)) {
        if (next.start_us < from_us || next.start_us == last_us)
            continue;
        if (count == max) {
            *ret_count = count;
            return ERR_MORE;
        }
        last_us = next.start_us;
        ret_occurrences[count++] = next;
    }
    *ret_count = count;
    return ERR_OK;
}
