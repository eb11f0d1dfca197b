#include "cardclock.h"

#include <math.h>
#include <stddef.h>

#define RATE_PRIOR_PPM 400.0
#define RATE_KEPT_PPM 3.0
#define RATE_WALK_PPM2_PER_S (0.04 * 0.04)
#define PHASE_WALK_US2_PER_S 0.25
#define SPREAD_PRIOR_US2 (300.0 * 300.0)
#define SPREAD_LEAST_US2 (5.0 * 5.0)
#define SPREAD_MOST_US2 (1500.0 * 1500.0)
#define STEP_LEAST_US 150.0
#define OUTLIER_US 20000.0 /* until the spread is learned; then so many times the spread: */
#define OUTLIER_SPREADS 6.0
#define OUTLIER_LEAST_US 1000.0
#define STEP_REPORTS 5 /* so many outliers that agree are a step */
#define OUTLIERS_MAX 25 /* so many at odds with each other: what was learned is not true any more */
#define RATE_MAX_PPM 20000.0

void cardclock_init(struct cardclock *c, uint32_t rate_hz, const double *saved_slow_ppm)
{
    *c = (struct cardclock){
        .rate_hz = rate_hz, .p11 = RATE_PRIOR_PPM * RATE_PRIOR_PPM, .spread_us2 = SPREAD_PRIOR_US2};
    if (saved_slow_ppm != NULL && fabs(*saved_slow_ppm) < RATE_MAX_PPM) {
        c->slow_ppm = *saved_slow_ppm;
        c->p11 = RATE_KEPT_PPM * RATE_KEPT_PPM;
    }
}

void cardclock_reset(struct cardclock *c, uint32_t rate_hz)
{
    bool same = rate_hz == c->rate_hz;
    double kept = c->slow_ppm;

    if (same && c->p11 < RATE_KEPT_PPM * RATE_KEPT_PPM) {
        double spread = c->spread_us2;

        cardclock_init(c, rate_hz, &kept);
        c->spread_us2 = spread;
    } else {
        cardclock_init(c, rate_hz, NULL);
    }
}

static double frame_us(const struct cardclock *c)
{
    return 1e6 / c->rate_hz;
}

/* Put the phase where reports say it is, on the mean of so many. */
static void anchor(struct cardclock *c, int64_t frame, double since_base_us, uint32_t reports)
{
    c->base_frame = frame;
    c->base_mono_us += (int64_t)floor(since_base_us);
    c->phase_us = since_base_us - floor(since_base_us);
    c->p00 = c->spread_us2 / reports;
    c->p01 = 0;
    c->residual_us = 0;
    c->outliers_in_a_row = 0;
    c->outliers_agreeing = 0;
}

static void follow_step(struct cardclock *c, int64_t frame, double since_base_us, uint32_t reports)
{
    anchor(c, frame, since_base_us, reports);
    if (c->p11 < RATE_KEPT_PPM * RATE_KEPT_PPM)
        c->p11 = RATE_KEPT_PPM * RATE_KEPT_PPM;
    c->steps++;
}

static bool spread_is_learned(const struct cardclock *c)
{
    return c->reports >= 3 * CARDCLOCK_REPORTS_MIN;
}

static double outlier_limit_us(const struct cardclock *c, double predicted_var)
{
    double limit = OUTLIER_US;

    if (spread_is_learned(c))
        limit = fmax(OUTLIER_LEAST_US, OUTLIER_SPREADS * sqrt(c->spread_us2));
    return limit + 5 * sqrt(predicted_var);
}

/* Pass over one report that lies far off, unless those before said the same. */
static void judge_outlier(struct cardclock *c, int64_t frame, double predicted, double residual,
                          double limit)
{
    if (fabs(residual - c->outlier_us) > limit)
        c->outliers_agreeing = 0;
    if (c->outliers_agreeing == 0)
        c->outlier_us = residual;
    c->outliers_agreeing++;
    c->outlier_us += (residual - c->outlier_us) / c->outliers_agreeing;
    if (++c->outliers_in_a_row >= OUTLIERS_MAX)
        c->spread_us2 = SPREAD_MOST_US2;
    else if (c->outliers_agreeing < STEP_REPORTS)
        return;
    follow_step(c, frame, predicted + c->outlier_us, c->outliers_agreeing);
}

/* Learn the spread of the reports and look for a step; true when one was found. */
static bool judge_residual(struct cardclock *c, double residual, double predicted_var)
{
    double limit;

    c->residual_us += (residual - c->residual_us) / 16;
    if (!spread_is_learned(c) || c->p00 > c->spread_us2 / 8)
        return false;
    limit = 2 * sqrt(c->spread_us2) + 4 * sqrt(predicted_var);
    if (limit < STEP_LEAST_US)
        limit = STEP_LEAST_US;
    if (fabs(c->residual_us) > limit)
        return true;
    c->spread_us2 += (residual * residual - c->spread_us2) / 256;
    c->spread_us2 = fmin(fmax(c->spread_us2, SPREAD_LEAST_US2), SPREAD_MOST_US2);
    return false;
}

void cardclock_report(struct cardclock *c, int64_t frame, usec_t mono_us)
{
    double dt, predicted, residual, p00, p01, p11, var, limit;

    if (c->reports == 0) {
        c->base_mono_us = mono_us;
        anchor(c, frame, 0, 1);
        c->first_us = mono_us;
        c->reports = 1;
        return;
    }
    if (frame <= c->base_frame)
        return;
    dt = (double)(frame - c->base_frame) / c->rate_hz;
    p00 = c->p00 + 2 * dt * c->p01 + dt * dt * c->p11 + PHASE_WALK_US2_PER_S * dt;
    p01 = c->p01 + dt * c->p11;
    p11 = c->p11 + RATE_WALK_PPM2_PER_S * dt;
    predicted = c->phase_us + dt * (1e6 + c->slow_ppm);
    residual = (double)(mono_us - c->base_mono_us) - predicted;
    limit = outlier_limit_us(c, p00);
    if (fabs(residual) > limit) {
        judge_outlier(c, frame, predicted, residual, limit);
        return;
    }
    c->outliers_in_a_row = 0;
    c->outliers_agreeing = 0;
    if (judge_residual(c, residual, p00)) {
        follow_step(c, frame, predicted + residual, 1);
        return;
    }
    var = p00 + c->spread_us2;
    c->slow_ppm += p01 / var * residual;
    predicted += p00 / var * residual;
    c->p11 = p11 - p01 / var * p01;
    c->p01 = p01 * (1 - p00 / var);
    c->p00 = p00 * (1 - p00 / var);
    c->base_frame = frame;
    c->base_mono_us += (int64_t)floor(predicted);
    c->phase_us = predicted - floor(predicted);
    c->reports++;
}

bool cardclock_locked(const struct cardclock *c)
{
    return c->reports >= CARDCLOCK_REPORTS_MIN &&
           c->base_mono_us - c->first_us >= CARDCLOCK_SPAN_MIN_US;
}

bool cardclock_settled(const struct cardclock *c)
{
    return cardclock_locked(c) && c->p00 <= c->spread_us2 / STEP_REPORTS;
}

int64_t cardclock_mono_ns(const struct cardclock *c, int64_t frame)
{
    int64_t frames = frame - c->base_frame;
    int64_t whole_s = frames / (int64_t)c->rate_hz;
    double rest = (double)(frames % (int64_t)c->rate_hz) * frame_us(c);

    return (c->base_mono_us + whole_s * USEC_PER_SEC) * 1000 +
           llrint((c->phase_us + rest + (double)frames / c->rate_hz * c->slow_ppm) * 1000);
}

int64_t cardclock_frame(const struct cardclock *c, usec_t mono_us)
{
    double since_us = (double)(mono_us - c->base_mono_us) - c->phase_us;

    return c->base_frame + (int64_t)floor(since_us / (frame_us(c) * (1 + c->slow_ppm * 1e-6)));
}

bool cardclock_save(const struct cardclock *c, double *ret_slow_ppm)
{
    if (!cardclock_locked(c) || c->p11 > 2.0 * 2.0)
        return false;
    *ret_slow_ppm = c->slow_ppm;
    return true;
}
