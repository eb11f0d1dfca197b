#include "tsync.h"

#include <math.h>

/* Crystals wander by about 0.1 ppm a minute and by several times that when the sun reaches the
 * cabinet; the white part on the offset is scheduling noise of the time stamps themselves. */
#define SKEW_WALK_PPM2_PER_S (0.02 * 0.02)
#define OFFSET_WALK_US2_PER_S 0.01
#define SKEW_PRIOR_PPM 150.0
#define SKEW_SAVED_PPM 4.0 /* known to 3 ppm when it was saved, and the cabinet may be warmer now */
#define SKEW_WORTH_SAVING_PPM 3.0
#define STAMP_SD_US 2.0
#define EXCESS_SD 0.3 /* an excess delay of x errs by at most x/2, about evenly spread */
#define PATH_SD 0.5 /* how badly one burst tells the least delay, of the mean excess ... */
#define PATH_LEAST_SD 0.015 /* ... and how badly many do */
#define EAGER_BURSTS 100
#define EAGER_SD_US 150
#define GATE_SD 5.0
#define TIME_MAX_US (INT64_C(1) << 60)

void tsync_init(struct tsync *t, const double *saved_skew_ppm)
{
    *t = (struct tsync){.p11 = SKEW_PRIOR_PPM * SKEW_PRIOR_PPM};
    if (saved_skew_ppm != NULL && fabs(*saved_skew_ppm) <= TSYNC_SKEW_MAX_PPM) {
        t->skew_ppm = *saved_skew_ppm;
        t->p11 = SKEW_SAVED_PPM * SKEW_SAVED_PPM;
    }
}

void tsync_seed(struct tsync *t, usec_t mono_us, usec_t station_us, uint32_t uncertainty_us)
{
    t->base_mono_us = mono_us;
    t->base_offset_us = station_us - mono_us;
    t->offset_us = 0;
    t->p00 = (double)uncertainty_us * uncertainty_us;
    t->p01 = 0;
    t->locked = t->seeded = true;
}

bool tsync_save(const struct tsync *t, double *ret_skew_ppm)
{
    if (!t->locked || t->seeded || t->p11 > SKEW_WORTH_SAVING_PPM * SKEW_WORTH_SAVING_PPM)
        return false;
    *ret_skew_ppm = t->skew_ppm;
    return true;
}

void tsync_write_request(usec_t t1_mono_us, uint8_t ret_payload[TSYNC_REQUEST_BYTES])
{
    struct writer w;

    writer_init(&w, ret_payload, TSYNC_REQUEST_BYTES);
    writer_i64(&w, t1_mono_us);
}

enum err tsync_read_request(struct bytes payload, usec_t *ret_t1_us)
{
    struct reader r;
    usec_t t1;

    reader_init(&r, payload);
    t1 = reader_i64(&r);
    if (!reader_done(&r))
        return ERR_FORMAT;
    *ret_t1_us = t1;
    return ERR_OK;
}

void tsync_write_reply(usec_t t1_us, usec_t t2_us, usec_t t3_us,
                       uint8_t ret_payload[TSYNC_REPLY_BYTES])
{
    struct writer w;

    writer_init(&w, ret_payload, TSYNC_REPLY_BYTES);
    writer_i64(&w, t1_us);
    writer_i64(&w, t2_us);
    writer_i64(&w, t3_us);
}

enum err tsync_read_reply(struct bytes payload, usec_t t4_mono_us, struct tsync_sample *ret_sample)
{
    struct tsync_sample s = {.t4_mono_us = t4_mono_us};
    struct reader r;

    reader_init(&r, payload);
    s.t1_mono_us = reader_i64(&r);
    s.t2_us = reader_i64(&r);
    s.t3_us = reader_i64(&r);
    if (!reader_done(&r))
        return ERR_FORMAT;
    *ret_sample = s;
    return ERR_OK;
}

static bool in_range(usec_t t)
{
    return t > -TIME_MAX_US && t < TIME_MAX_US;
}

static bool possible(const struct tsync_sample *s)
{
    return in_range(s->t1_mono_us) && in_range(s->t2_us) && in_range(s->t3_us) &&
           in_range(s->t4_mono_us) && s->t4_mono_us >= s->t1_mono_us && s->t3_us >= s->t2_us &&
           s->t4_mono_us - s->t1_mono_us >= s->t3_us - s->t2_us;
}

static double delay_of(const struct tsync_sample *s)
{
    return (double)((s->t4_mono_us - s->t1_mono_us) - (s->t3_us - s->t2_us));
}

/* Remember the least delay over one to two windows, so that a longer route is learned in the end. */
static double excess_of(struct tsync *t, double delay_us)
{
    double least;

    if (t->window_have == 0 || delay_us < t->delay_min_us[0])
        t->delay_min_us[0] = delay_us;
    least = t->delay_min_us[0];
    if (t->delay_min_us[1] > 0 && t->delay_min_us[1] < least)
        least = t->delay_min_us[1];
    if (++t->window_have == TSYNC_WINDOW) {
        t->delay_min_us[1] = t->delay_min_us[0];
        t->window_have = 0;
    }
    return delay_us - least;
}

static void predict(const struct tsync *t, double dt_s, double *ret_p00, double *ret_p01,
                    double *ret_p11)
{
    *ret_p00 = t->p00 + 2 * dt_s * t->p01 + dt_s * dt_s * t->p11 + OFFSET_WALK_US2_PER_S * dt_s +
               SKEW_WALK_PPM2_PER_S * dt_s * dt_s * dt_s / 3;
    *ret_p01 = t->p01 + dt_s * t->p11 + SKEW_WALK_PPM2_PER_S * dt_s * dt_s / 2;
    *ret_p11 = t->p11 + SKEW_WALK_PPM2_PER_S * dt_s;
}

/* Begin anew at one sample; what is known of the skew stays, with less trust. */
static void restart(struct tsync *t, const struct tsync_sample *s, double delay_us)
{
    double sd = delay_us / 4 + STAMP_SD_US;

    t->base_mono_us = s->t1_mono_us + (s->t4_mono_us - s->t1_mono_us) / 2;
    t->base_offset_us = s->t2_us + (s->t3_us - s->t2_us) / 2 - t->base_mono_us;
    t->offset_us = 0;
    t->p00 = sd * sd;
    t->p01 = 0;
    if (t->locked && !t->seeded)
        t->p11 += SKEW_SAVED_PPM * SKEW_SAVED_PPM;
    t->locked = true;
    t->seeded = false;
    t->accepted++;
    t->bursts = 1;
    t->rejected_in_a_row = 0;
    t->delay_min_us[0] = delay_us;
    t->delay_min_us[1] = 0;
    t->window_have = 1;
    t->excess_mean_us = delay_us / 4;
}

static enum err close_burst(struct tsync *t, const struct tsync_sample *s)
{
    double delay = delay_of(s);
    usec_t middle = s->t1_mono_us + (s->t4_mono_us - s->t1_mono_us) / 2;
    double dt = (double)(middle - t->base_mono_us) * 1e-6;
    double excess, p00, p01, p11, sd, var, innovation, k0, k1;

    if (!t->locked || t->seeded) {
        restart(t, s, delay);
        return ERR_OK;
    }
    if (dt < 0)
        dt = 0;
    predict(t, dt, &p00, &p01, &p11);
    excess = excess_of(t, delay);
    t->bursts += t->bursts < TSYNC_WINDOW;
    sd = STAMP_SD_US + EXCESS_SD * excess +
         (PATH_SD / t->bursts + PATH_LEAST_SD) * t->excess_mean_us;
    var = p00 + sd * sd;
    innovation = ((double)(s->t2_us - s->t1_mono_us - t->base_offset_us) +
                  (double)(s->t3_us - s->t4_mono_us - t->base_offset_us)) /
                     2 -
                 (t->offset_us + t->skew_ppm * dt);
    if (innovation * innovation > GATE_SD * GATE_SD * var &&
        fabs(innovation) > delay / 2 + GATE_SD * sqrt(p00)) {
        t->rejected++;
        if (++t->rejected_in_a_row < TSYNC_OUTLIERS_MAX)
            return ERR_STATE;
        restart(t, s, delay);
        return ERR_OK;
    }
    t->excess_mean_us += (excess - t->excess_mean_us) / 16;
    k0 = p00 / var;
    k1 = p01 / var;
    t->offset_us += t->skew_ppm * dt + k0 * innovation;
    t->skew_ppm += k1 * innovation;
    if (fabs(t->skew_ppm) > TSYNC_SKEW_MAX_PPM)
        t->skew_ppm = copysign(TSYNC_SKEW_MAX_PPM, t->skew_ppm);
    t->p00 = p00 * (1 - k0);
    t->p11 = p11 - k1 * p01;
    t->p01 = p01 * (1 - k0);
    t->base_mono_us = middle > t->base_mono_us ? middle : t->base_mono_us;
    t->accepted++;
    t->rejected_in_a_row = 0;
    return ERR_OK;
}

/* The two ways may come from different exchanges: half the sum of the offsets that they show is the
 * offset in the middle of their times, whatever the skew. Not so when that were faster than light. */
static void keep_fastest(struct tsync_sample *best, const struct tsync_sample *s)
{
    struct tsync_sample both = *best;

    if (s->t2_us - s->t1_mono_us < best->t2_us - best->t1_mono_us) {
        both.t1_mono_us = s->t1_mono_us;
        both.t2_us = s->t2_us;
    }
    if (s->t4_mono_us - s->t3_us < best->t4_mono_us - best->t3_us) {
        both.t4_mono_us = s->t4_mono_us;
        both.t3_us = s->t3_us;
    }
    if (delay_of(&both) >= 0)
        *best = both;
}

enum err tsync_add(struct tsync *t, const struct tsync_sample *s)
{
    if (!possible(s))
        return ERR_FORMAT;
    if (t->burst_have == 0) {
        t->best = *s;
    } else {
        keep_fastest(&t->best, s);
    }
    if (++t->burst_have < TSYNC_BURST)
        return ERR_MORE;
    t->burst_have = 0;
    return close_burst(t, &t->best);
}

bool tsync_is_eager(const struct tsync *t, usec_t mono_us)
{
    return t->bursts < EAGER_BURSTS && tsync_uncertainty_us(t, mono_us) > EAGER_SD_US;
}

usec_t tsync_pause_us(const struct tsync *t, usec_t mono_us, usec_t least_us)
{
    usec_t pause_us = least_us;

    while (2 * pause_us <= TSYNC_PAUSE_MAX_US &&
           tsync_uncertainty_us(t, mono_us + 2 * pause_us) <= TSYNC_CALM_SD_US)
        pause_us *= 2;
    return pause_us;
}

void tsync_abandon_burst(struct tsync *t)
{
    t->burst_have = 0;
}

int64_t tsync_station_ns(const struct tsync *t, int64_t mono_ns)
{
    int64_t since_ns = mono_ns - t->base_mono_us * 1000;

    return mono_ns + t->base_offset_us * 1000 +
           llrint(t->offset_us * 1000 + t->skew_ppm * 1e-6 * (double)since_ns);
}

usec_t tsync_station(const struct tsync *t, usec_t mono_us)
{
    return mono_us + t->base_offset_us +
           llrint(t->offset_us + t->skew_ppm * 1e-6 * (double)(mono_us - t->base_mono_us));
}

usec_t tsync_mono(const struct tsync *t, usec_t station_us)
{
    double since = (double)(station_us - t->base_offset_us - t->base_mono_us) - t->offset_us;

    return t->base_mono_us + llrint(since / (1 + t->skew_ppm * 1e-6));
}

int32_t tsync_uncertainty_us(const struct tsync *t, usec_t mono_us)
{
    double dt = (double)(mono_us - t->base_mono_us) * 1e-6;
    double p00, p01, p11, sd;

    if (!t->locked)
        return INT32_MAX;
    predict(t, dt > 0 ? dt : 0, &p00, &p01, &p11);
    sd = ceil(sqrt(p00));
    return sd < (double)INT32_MAX ? (int32_t)sd : INT32_MAX;
}
