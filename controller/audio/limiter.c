#include "limiter.h"

#include <math.h>
#include <stdlib.h>

#include "units.h"

#define HALF 6
#define TAPS (2 * HALF) /* of each phase of the interpolator */
enum { WINDOW = LIMITER_DELAY_SAMPLES - HALF + 1 }; /* samples the gain is smoothed over */
#define HOLD (WINDOW + 2) /* a peak between two samples is booked on the earlier one */
#define RING 512 /* a power of two above LIMITER_DELAY_SAMPLES and HOLD */
#define RELEASE_S 0.04

/* All rings are indexed by sample number modulo RING. */
struct limiter {
    float gain;
    float ceiling;
    float release; /* share of the way back to 1 made in one sample */
    float taps[3][TAPS]; /* a quarter, a half and three quarters of the way to the next sample */
    float calm; /* no peak between samples passes the ceiling while all samples are below this */
    uint64_t loud_until; /* a sample above it lies within the taps until then */
    uint64_t n; /* samples taken in */
    float x[RING]; /* amplified input */
    float need[RING]; /* gain that the peak at a sample asks for */
    float envelope[RING]; /* held and released */
    double sum; /* of the newest WINDOW envelope values */
    /* Candidates for the lowest `need` within HOLD, oldest and lowest first. */
    uint64_t queue[RING];
    uint64_t queue_head;
    uint64_t queue_tail;
};

/* How much higher than its highest sample a signal can be between samples. */
static float most_amplification(const struct limiter *l)
{
    float most = 1;

    for (int phase = 0; phase < 3; phase++) {
        float sum = 0;

        for (int i = 0; i < TAPS; i++)
            sum += fabsf(l->taps[phase][i]);
        if (sum > most)
            most = sum;
    }
    return most;
}

/* Windowed-sinc interpolators, each normalised to unity at zero frequency. */
static void make_taps(struct limiter *l)
{
    for (int phase = 0; phase < 3; phase++) {
        double sum = 0;
        double at = 0.25 * (phase + 1);

        for (int i = 0; i < TAPS; i++) {
            double t = (i - (HALF - 1)) - at; /* distance of tap i from the point */
            double window = 0.5 + 0.5 * cos(M_PI * t / (HALF + 0.5));
            double v = sin(M_PI * t) / (M_PI * t) * window;

            l->taps[phase][i] = (float)v;
            sum += v;
        }
        for (int i = 0; i < TAPS; i++)
            l->taps[phase][i] = (float)(l->taps[phase][i] / sum);
    }
    l->calm = l->ceiling / most_amplification(l);
}

enum err limiter_new(int32_t gain_mdb, int32_t ceiling_mdb, struct limiter **ret_limiter)
{
    struct limiter *l;

    if (gain_mdb < -100000 || gain_mdb > 60000 || ceiling_mdb < -60000 || ceiling_mdb > 0)
        return ERR_ARG;
    l = calloc(1, sizeof(*l));
    if (l == NULL)
        return ERR_NOMEM;
    l->gain = (float)pow(10, gain_mdb / 20000.0);
    l->ceiling = (float)pow(10, ceiling_mdb / 20000.0);
    l->release = (float)(1 - exp(-1 / (RELEASE_S * SAMPLE_RATE_HZ)));
    make_taps(l);
    for (size_t i = 0; i < RING; i++) {
        l->need[i] = 1;
        l->envelope[i] = 1;
    }
    l->sum = WINDOW;
    l->n = RING; /* so that no index below is negative */
    *ret_limiter = l;
    return ERR_OK;
}

void limiter_free(struct limiter *l)
{
    free(l);
}

/* Highest value at sample m and up to the next one. */
static float peak_at(const struct limiter *l, uint64_t m)
{
    float peak = fabsf(l->x[m % RING]);

    for (int phase = 0; phase < 3; phase++) {
        float v = 0;

        for (unsigned i = 0; i < TAPS; i++)
            v += l->taps[phase][i] * l->x[(m - (HALF - 1) + i) % RING];
        if (fabsf(v) > peak)
            peak = fabsf(v);
    }
    return peak;
}

/* Lowest need of samples m - HOLD + 1 .. m, in constant time on average. */
static float lowest_need(struct limiter *l, uint64_t m)
{
    while (l->queue_head < l->queue_tail && l->queue[l->queue_head % RING] + HOLD <= m)
        l->queue_head++;
    while (l->queue_head < l->queue_tail &&
           l->need[l->queue[(l->queue_tail - 1) % RING] % RING] >= l->need[m % RING])
        l->queue_tail--;
    l->queue[l->queue_tail++ % RING] = m;
    return l->need[l->queue[l->queue_head % RING] % RING];
}

static float step(struct limiter *l, float in)
{
    uint64_t n = l->n++;
    uint64_t m = n - HALF;
    float before = l->envelope[(m - 1) % RING];
    float held;
    float peak = 0;

    l->x[n % RING] = in * l->gain;
    if (fabsf(l->x[n % RING]) >= l->calm)
        l->loud_until = n + TAPS;
    if (n < l->loud_until)
        peak = peak_at(l, m);
    l->need[m % RING] = peak > l->ceiling ? l->ceiling / peak : 1;
    held = lowest_need(l, m);
    before += (1 - before) * l->release;
    l->sum -= (double)l->envelope[(m - WINDOW) % RING];
    l->envelope[m % RING] = held < before ? held : before;
    l->sum += (double)l->envelope[m % RING];
    return l->x[(n - LIMITER_DELAY_SAMPLES) % RING] * (float)(l->sum / (double)WINDOW);
}

void limiter_process(struct limiter *l, float *pcm, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        pcm[i] = step(l, pcm[i]);
}
