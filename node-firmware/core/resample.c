#include "resample.h"

#include <math.h>

#include "lanes.h"
#include "packet.h"

#define KAISER_BETA 6.2

/* Modified Bessel function of the first kind, order 0, by its series. */
static double bessel_i0(double x)
{
    double sum = 1, term = 1;

    for (int k = 1; term > 1e-12 * sum; k++) {
        term *= (x / (2 * k)) * (x / (2 * k));
        sum += term;
    }
    return sum;
}

static double kernel(double t, double half, double cutoff)
{
    double x = t / half, sinc = 1;

    if (fabs(x) >= 1)
        return 0;
    if (fabs(t) > 1e-9)
        sinc = sin(M_PI * cutoff * t) / (M_PI * cutoff * t);
    return sinc * bessel_i0(KAISER_BETA * sqrt(1 - x * x));
}

void resample_init(struct resample *r, uint32_t rate_hz)
{
    double cutoff = rate_hz < SAMPLE_RATE_HZ ? (double)rate_hz / SAMPLE_RATE_HZ : 1;
    double half;

    r->taps = ((size_t)(RESAMPLE_TAPS / cutoff) + LANES - 1) / LANES * LANES;
    half = (double)r->taps / 2;
    for (size_t p = 0; p <= RESAMPLE_PHASES; p++) {
        float *row = r->table + p * r->taps;
        double row_sum = 0, place = (double)resample_before(r) + (double)p / RESAMPLE_PHASES;

        for (size_t k = 0; k < r->taps; k++)
            row_sum += kernel((double)k - place, half, cutoff);
        for (size_t k = 0; k < r->taps; k++)
            row[k] = (float)(kernel((double)k - place, half, cutoff) / row_sum);
    }
}

size_t resample_before(const struct resample *r)
{
    return r->taps / 2 - 1;
}

static float frame(const float *x, const float *low, size_t taps, float between)
{
    const float *high = low + taps;
    lanes a = {0}, b = {0};

    for (size_t k = 0; k < taps; k += LANES) {
        lanes v = lanes_load(x + k);

        a += v * lanes_load(low + k);
        b += v * lanes_load(high + k);
    }
    a += between * (b - a);
    return lanes_sum(a);
}

/* `taps` apart from the filter, so that the usual number can be unrolled. */
static inline size_t run(const struct resample *r, size_t taps, const float *samples, size_t len,
                         uint64_t *at, uint64_t step, float *ret_frames, size_t count)
{
    const uint32_t phase = (uint32_t)(RESAMPLE_ONE / RESAMPLE_PHASES);
    uint64_t place = *at;
    size_t made = 0;

    for (; made < count && (size_t)(place >> 32) + taps <= len; made++) {
        uint32_t part = (uint32_t)place;
        float between = (float)(int32_t)(part % phase) / (float)phase;

        ret_frames[made] =
            frame(samples + (place >> 32), r->table + part / phase * taps, taps, between);
        place += step;
    }
    *at = place;
    return made;
}

size_t resample_run(const struct resample *r, const float *samples, size_t len, uint64_t *at,
                    uint64_t step, float *ret_frames, size_t count)
{
    if (r->taps == RESAMPLE_TAPS)
        return run(r, RESAMPLE_TAPS, samples, len, at, step, ret_frames, count);
    return run(r, r->taps, samples, len, at, step, ret_frames, count);
}
