#include "card_time.h"

#include <math.h>

void card_time_init(struct card_time *c)
{
    *c = (struct card_time){0};
}

void card_time_add(struct card_time *c, double card_s, usec_t mono_us)
{
    double difference = (double)mono_us / (double)USEC_PER_SEC - card_s;

    if (c->have == CARD_TIME_WINDOW) {
        c->least_before = c->least_now;
        c->windows = 1;
        c->have = 0;
    }
    if (c->have == 0 || difference < c->least_now)
        c->least_now = difference;
    c->have++;
}

usec_t card_time_mono(const struct card_time *c, double card_s)
{
    double difference = c->least_now;

    if (c->windows > 0 && c->least_before < difference)
        difference = c->least_before;
    return (usec_t)llround((card_s + difference) * (double)USEC_PER_SEC);
}
