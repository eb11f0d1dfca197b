#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nodebed.h"

double bed_frame_at(const struct bed *b, double station_us)
{
    return (station_us - (double)BED_EPOCH_US - (double)b->card_start_us) * 1e-6 * bed_card_rate(b);
}

double bed_time_of(const struct bed *b, double frame)
{
    return (double)BED_EPOCH_US + (double)b->card_start_us + frame / bed_card_rate(b) * 1e6;
}

int64_t bed_first_sound(const struct bed *b, int64_t from, int64_t to)
{
    for (int64_t f = from < 0 ? 0 : from; f < to; f++) {
        assert_true(f >= b->out_from);
        if ((size_t)(f - b->out_from) < b->out_frames && fabsf(b->out[f - b->out_from]) > 1e-7F)
            return f;
    }
    return -1;
}

bool bed_silent(const struct bed *b, usec_t from_us, usec_t to_us)
{
    return bed_first_sound(b, (int64_t)ceil(bed_frame_at(b, (double)from_us)),
                           (int64_t)floor(bed_frame_at(b, (double)to_us))) < 0;
}

#define KERNEL_REACH 13 /* samples to either side */
#define KERNEL_STEPS 2048 /* entries a sample: straight lines between err by 3e-7 */

/* A windowed sinc, entry k for a distance of k / KERNEL_STEPS samples. */
static const double *kernel(void)
{
    static double table[KERNEL_REACH * KERNEL_STEPS + 2];

    for (int k = 0; table[0] == 0 && k <= KERNEL_REACH * KERNEL_STEPS; k++) {
        double x = (double)(KERNEL_REACH * KERNEL_STEPS - k) / KERNEL_STEPS;
        double window = x < 12.5 ? 0.5 + 0.5 * cos(M_PI * x / 12.5) : 0;
        int at = KERNEL_REACH * KERNEL_STEPS - k;

        table[at] = at == 0 ? 1 : window * sin(M_PI * x) / (M_PI * x);
    }
    return table;
}

/* The recording between its samples. */
static double sample_at(const struct recording *r, double at)
{
    const double *table = kernel();
    int64_t middle = (int64_t)floor(at);
    double sum = 0;

    for (int64_t k = middle - 11; k <= middle + 12; k++) {
        double place = fabs(at - (double)k) * KERNEL_STEPS;
        int64_t below = (int64_t)place;

        if (k >= 0 && k < r->samples)
            sum += (double)r->pcm[k] *
                   (table[below] + (table[below + 1] - table[below]) * (place - (double)below));
    }
    return sum;
}

static double fit(const struct bed *b, const struct recording *r, double first_frame, int frames,
                  double first_sample, double step, double late_samples)
{
    double xy = 0, xx = 0, yy = 0;

    for (int i = 0; i < frames; i += 3) {
        double x = (double)b->out[(int64_t)first_frame - b->out_from + i];
        double y = sample_at(r, first_sample + i * step - late_samples);

        xy += x * y;
        xx += x * x;
        yy += y * y;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0;
}

/* The best place within `reach` samples to either side of where it should be, coarse first, then ever finer. */
static double search(const struct bed *b, const struct recording *r, usec_t start_us, usec_t at_us,
                     double reach, double *ret_fit)
{
    double first = floor(bed_frame_at(b, (double)at_us)), best = 0, best_fit = -2;
    double sample = (bed_time_of(b, first) - (double)start_us) * 0.048;
    double step = SAMPLE_RATE_HZ / bed_card_rate(b);

    for (double span = reach, width = 4; width > 0.004; span = 2 * width, width /= 4) {
        double middle = best;

        for (double late = middle - span; late <= middle + span; late += width) {
            double f = fit(b, r, first, (int)b->card_rate_hz / 20, sample, step, late);

            if (f > best_fit) {
                best_fit = f;
                best = late;
            }
        }
    }
    *ret_fit = best_fit;
    return best;
}

double bed_lateness_us(const struct bed *b, const struct recording *r, usec_t start_us,
                       usec_t at_us, double *ret_correlation)
{
    double late = search(b, r, start_us, at_us, 96, ret_correlation); /* 2 ms */

    if (*ret_correlation <= 0.95)
        late = search(b, r, start_us, at_us, 960, ret_correlation);
    return late * 1e6 / SAMPLE_RATE_HZ;
}
