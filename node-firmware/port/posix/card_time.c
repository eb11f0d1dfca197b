#include "card_time.h"

#include <math.h>

#define ALMOST_LOST 0.1 /* of a period: the least late of the window was late, too */

void card_time_init(struct card_time *c)
{
    *c = (struct card_time){0};
}

static void note(struct card_time *c, double difference)
{
    if (c->have == CARD_TIME_WINDOW) {
        c->least_before = c->least_now;
        c->windows = 1;
        c->have = 0;
    }
    if (c->have == 0 || difference < c->least_now)
        c->least_now = difference;
    c->have++;
}

static double least(const struct card_time *c)
{
    return c->windows > 0 && c->least_before < c->least_now ? c->least_before : c->least_now;
}

void card_time_add(struct card_time *c, double card_s, usec_t mono_us)
{
    note(c, (double)mono_us / (double)USEC_PER_SEC - card_s);
}

usec_t card_time_mono(const struct card_time *c, double card_s)
{
    return (usec_t)llround((card_s + least(c)) * (double)USEC_PER_SEC);
}

/* Whether the card's beat has moved by a part of a period; then the window begins anew with it. */
static void judge_beat(struct card_time *c, double late_s, double block_s)
{
    double beat = least(c);

    if (late_s < ALMOST_LOST * block_s) {
        c->run = 0;
        return;
    }
    if (c->run++ == 0 || late_s < c->least_run)
        c->least_run = late_s;
    if (c->run < CARD_TIME_RUN)
        return;
    beat += c->least_run;
    card_time_init(c);
    note(c, beat);
}

double card_time_period(struct card_time *c, double frames_s, double card_s, double block_s,
                        int *ret_lost)
{
    double late = c->have > 0 ? (card_s - frames_s - least(c)) / block_s : 0;

    *ret_lost = late > 0 && late < CARD_TIME_LOST_MAX ? (int)(late + ALMOST_LOST) : 0;
    if (late >= CARD_TIME_LOST_MAX)
        card_time_init(c);
    else
        judge_beat(c, (late - *ret_lost) * block_s, block_s);
    frames_s += *ret_lost * block_s;
    note(c, card_s - frames_s);
    return frames_s + least(c);
}
