#include "livedelay.h"

#include <stdlib.h>
#include <string.h>

#define PASSED_OVER_ONE_IN 10

void livedelay_note(struct livedelay *d, usec_t delay_us, usec_t margin_us)
{
    usec_t needed_us = delay_us + LIVEDELAY_MARGIN_US - margin_us;

    d->needed_us[d->count++ % LIVEDELAY_REPORTS] = needed_us;
    if (needed_us > d->longest_us)
        d->longest_us = needed_us;
}

static int descending(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

    return (x < y) - (x > y);
}

static usec_t within(usec_t us, usec_t least_us, usec_t most_us)
{
    return us < least_us ? least_us : us > most_us ? most_us : us;
}

usec_t livedelay_needed(const struct livedelay *d, usec_t least_us, usec_t most_us)
{
    usec_t sorted_us[LIVEDELAY_REPORTS];
    size_t held = d->count < LIVEDELAY_REPORTS ? d->count : LIVEDELAY_REPORTS;

    if (held == 0)
        return least_us;
    memcpy(sorted_us, d->needed_us, held * sizeof(*sorted_us));
    qsort(sorted_us, held, sizeof(*sorted_us), descending);
    return within(sorted_us[held / PASSED_OVER_ONE_IN], least_us, most_us);
}

usec_t livedelay_longest(const struct livedelay *d, usec_t least_us, usec_t most_us)
{
    return d->count < LIVEDELAY_REPORTS ? most_us : within(d->longest_us, least_us, most_us);
}
