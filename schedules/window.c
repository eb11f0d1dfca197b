#include "window.h"

#define MINUTES_PER_WEEK (INT64_C(7) * WINDOW_DAY_MIN)

bool window_valid(const struct window *w)
{
    return w->weekdays != 0 && w->weekdays <= WINDOW_EVERY_DAY && w->from_min < WINDOW_DAY_MIN &&
           w->to_min <= WINDOW_DAY_MIN;
}

size_t window_from_quiet(uint32_t from_min, uint32_t to_min, struct window *ret_windows)
{
    from_min %= WINDOW_DAY_MIN;
    to_min %= WINDOW_DAY_MIN;
    if (from_min == to_min)
        return 0;
    if (from_min > to_min) {
        ret_windows[0] = (struct window){WINDOW_EVERY_DAY, to_min, from_min};
        return 1;
    }
    if (from_min == 0) {
        ret_windows[0] = (struct window){WINDOW_EVERY_DAY, to_min, WINDOW_DAY_MIN};
        return 1;
    }
    ret_windows[0] = (struct window){WINDOW_EVERY_DAY, 0, from_min};
    ret_windows[1] = (struct window){WINDOW_EVERY_DAY, to_min, WINDOW_DAY_MIN};
    return 2;
}

/* Where an instant stands in the local week: microseconds since Monday 00:00. 1970-01-01 was a Thursday. */
static usec_t week_position(int32_t utc_offset_min, usec_t at_us)
{
    const usec_t week_us = MINUTES_PER_WEEK * USEC_PER_MIN;
    usec_t at = (at_us + 3 * USEC_PER_DAY + utc_offset_min * USEC_PER_MIN) % week_us;

    return at < 0 ? at + week_us : at;
}

static usec_t length_us(const struct window *w)
{
    uint32_t to_min = w->to_min > w->from_min ? w->to_min : w->to_min + WINDOW_DAY_MIN;

    return (usec_t)(to_min - w->from_min) * USEC_PER_MIN;
}

/* Time since the newest start of a window on one weekday, 0 .. one week. */
static usec_t since_start(const struct window *w, int weekday, usec_t position_us)
{
    usec_t start = ((usec_t)weekday * WINDOW_DAY_MIN + w->from_min) * USEC_PER_MIN;
    usec_t since = position_us - start;

    return since < 0 ? since + MINUTES_PER_WEEK * USEC_PER_MIN : since;
}

/* How much longer the one window that lasts longest goes on from an instant; 0 when none holds it. */
static usec_t left_us(const struct window *windows, size_t count, usec_t position_us)
{
    usec_t most = 0;

    for (size_t i = 0; i < count; i++) {
        if (!window_valid(&windows[i]))
            continue;
        for (int day = 0; day < 7; day++) {
            usec_t left = length_us(&windows[i]) - since_start(&windows[i], day, position_us);

            if ((windows[i].weekdays >> day & 1U) != 0 && left > most)
                most = left;
        }
    }
    return most;
}

usec_t window_allowed_until(const struct window *windows, size_t count, int32_t utc_offset_min,
                            usec_t at_us)
{
    usec_t until = at_us;

    if (count == 0)
        return INT64_MAX;
    /* The week repeats: what is allowed for a whole week on end is allowed for ever. */
    while (until - at_us < MINUTES_PER_WEEK * USEC_PER_MIN) {
        usec_t left = left_us(windows, count, week_position(utc_offset_min, until));

        if (left == 0)
            return until;
        until += left;
    }
    return INT64_MAX;
}

usec_t window_next_allowed(const struct window *windows, size_t count, int32_t utc_offset_min,
                           usec_t at_us)
{
    usec_t position = week_position(utc_offset_min, at_us);
    usec_t least = INT64_MAX;

    if (count == 0 || left_us(windows, count, position) > 0)
        return at_us;
    for (size_t i = 0; i < count; i++) {
        if (!window_valid(&windows[i]))
            continue;
        for (int day = 0; day < 7; day++) {
            usec_t wait = MINUTES_PER_WEEK * USEC_PER_MIN - since_start(&windows[i], day, position);

            if ((windows[i].weekdays >> day & 1U) != 0 && wait < least)
                least = wait;
        }
    }
    return least == INT64_MAX ? INT64_MAX : at_us + least;
}

bool window_allows(const struct window *windows, size_t count, int32_t utc_offset_min,
                   usec_t from_us, usec_t to_us)
{
    usec_t until = window_allowed_until(windows, count, utc_offset_min, from_us);

    return until > from_us && until >= to_us;
}
