#include "pacer.h"

#include <math.h>

void pacer_init(struct pacer *p, double ppm, usec_t mono_us)
{
    p->start_mono_us = mono_us + PACER_LATENCY_US;
    p->frames_per_us = SAMPLE_RATE_HZ * (1 + ppm * 1e-6) / (double)USEC_PER_SEC;
    p->taken = 0;
}

usec_t pacer_mono(const struct pacer *p, int64_t frame)
{
    return p->start_mono_us + (usec_t)llround((double)frame / p->frames_per_us);
}

bool pacer_take(struct pacer *p, usec_t mono_us, int64_t *ret_first_frame)
{
    if (mono_us + PACER_LATENCY_US < pacer_mono(p, p->taken))
        return false;
    *ret_first_frame = p->taken;
    p->taken += PACER_PERIOD_FRAMES;
    return true;
}
