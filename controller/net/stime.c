#include "stime.h"

#include <stdlib.h>
#include <time.h>

#define RATE_MAX_PPB (STIME_SLEW_PPM * 1000)
#define PPB INT64_C(1000000000)
#define HORIZON_US (10 * USEC_PER_SEC) /* a small error is to be gone in about this time */
#define SAME_DISTANCE_US (100 * USEC_PER_MSEC) /* the wall clock stays where it stepped to */
#define PAIR_TRIES 5
#define PAIR_GOOD_US 20

static usec_t read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (usec_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

usec_t stime_mono(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

usec_t stime_real(void)
{
    return read_clock(CLOCK_REALTIME);
}

static usec_t advance(usec_t station_us, usec_t elapsed_us, int32_t rate_ppb)
{
    return station_us + elapsed_us + elapsed_us * rate_ppb / PPB;
}

void stime_start(struct stime_state *s, usec_t real_us, usec_t mono_us)
{
    *s = (struct stime_state){.mono_us = mono_us, .station_us = real_us};
}

usec_t stime_of(const struct stime_state *s, usec_t mono_us)
{
    return advance(s->station_us, mono_us - s->mono_us, s->rate_ppb);
}

/* A far wall clock is followed only when it has kept its distance for a while: one that jumps to and
 * fro, or is being set right now, is not. */
static enum stime_verdict judge_far(struct stime_state *s, usec_t real_us, usec_t error_us,
                                    bool on_air)
{
    s->rate_ppb = 0;
    if (!s->far || llabs(error_us - s->far_offset_us) > SAME_DISTANCE_US) {
        s->far = true;
        s->far_since_us = s->mono_us;
        s->far_offset_us = error_us;
    }
    if (on_air || s->mono_us - s->far_since_us < STIME_CONFIRM_US)
        return STIME_FAR;
    s->station_us = real_us;
    s->far = false;
    return STIME_STEPPED;
}

enum stime_verdict stime_discipline(struct stime_state *s, usec_t real_us, usec_t mono_us,
                                    bool on_air)
{
    usec_t error_us, rate_ppb;

    s->station_us = stime_of(s, mono_us);
    s->mono_us = mono_us;
    error_us = real_us - s->station_us;
    if (llabs(error_us) > STIME_STEP_US)
        return judge_far(s, real_us, error_us, on_air);
    s->far = false;
    rate_ppb = on_air ? 0 : error_us * PPB / HORIZON_US;
    if (rate_ppb > RATE_MAX_PPB)
        rate_ppb = RATE_MAX_PPB;
    if (rate_ppb < -RATE_MAX_PPB)
        rate_ppb = -RATE_MAX_PPB;
    s->rate_ppb = (int32_t)rate_ppb;
    return rate_ppb == 0 ? STIME_HELD : STIME_SLEWING;
}

/* Read both clocks as one: keep the try that took least time between them. */
static void read_pair(usec_t *ret_real_us, usec_t *ret_mono_us)
{
    usec_t least_us = INT64_MAX;

    for (int i = 0; i < PAIR_TRIES && least_us > PAIR_GOOD_US; i++) {
        usec_t before_us = stime_mono();
        usec_t real_us = stime_real();
        usec_t after_us = stime_mono();

        if (after_us - before_us >= least_us)
            continue;
        least_us = after_us - before_us;
        *ret_real_us = real_us;
        *ret_mono_us = before_us + least_us / 2;
    }
}

/* The three values are written with release and read with acquire, so that a reader who sees one of a
 * new set also sees that `version` is odd or has grown. */
static void publish(struct stime *t)
{
    uint32_t version = atomic_load_explicit(&t->version, memory_order_relaxed);

    atomic_store_explicit(&t->version, version + 1, memory_order_relaxed);
    atomic_store_explicit(&t->mono_us, t->state.mono_us, memory_order_release);
    atomic_store_explicit(&t->station_us, t->state.station_us, memory_order_release);
    atomic_store_explicit(&t->rate_ppb, t->state.rate_ppb, memory_order_release);
    atomic_store_explicit(&t->version, version + 2, memory_order_release);
}

void stime_init(struct stime *t)
{
    usec_t real_us = 0, mono_us = 0;

    atomic_init(&t->version, 0);
    atomic_init(&t->mono_us, 0);
    atomic_init(&t->station_us, 0);
    atomic_init(&t->rate_ppb, 0);
    read_pair(&real_us, &mono_us);
    stime_start(&t->state, real_us, mono_us);
    publish(t);
}

enum stime_verdict stime_tick(struct stime *t, bool on_air)
{
    usec_t real_us = 0, mono_us = 0;
    enum stime_verdict verdict;

    read_pair(&real_us, &mono_us);
    if (mono_us < t->state.mono_us)
        mono_us = t->state.mono_us; /* the middle of a pair may lie a little before the last one */
    verdict = stime_discipline(&t->state, real_us, mono_us, on_air);
    publish(t);
    return verdict;
}

usec_t stime_at(const struct stime *t, usec_t mono_us)
{
    uint32_t before, after;
    usec_t base_us, station_us;
    int32_t rate_ppb;

    do {
        before = atomic_load_explicit(&t->version, memory_order_acquire);
        base_us = atomic_load_explicit(&t->mono_us, memory_order_acquire);
        station_us = atomic_load_explicit(&t->station_us, memory_order_acquire);
        rate_ppb = atomic_load_explicit(&t->rate_ppb, memory_order_acquire);
        after = atomic_load_explicit(&t->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
    return advance(station_us, mono_us - base_us, rate_ppb);
}

usec_t stime_now(const struct stime *t)
{
    return stime_at(t, stime_mono());
}
