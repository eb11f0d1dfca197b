#include "level.h"

#include <math.h>

#define FADE_IN_S 0.005F
#define FADE_OUT_S 0.010F
#define RELEASE_S 0.1F
#define VOLUME_S 0.003F

size_t level_fade_out_frames(uint32_t rate_hz)
{
    return (size_t)(FADE_OUT_S * (float)rate_hz) + 1;
}

void level_init(struct level *l, uint32_t rate_hz)
{
    float rate = (float)rate_hz;

    *l = (struct level){.fade_in_step = 1.0F / (FADE_IN_S * rate),
                        .fade_out_step = 1.0F / (FADE_OUT_S * rate),
                        .volume = 1,
                        .volume_target = 1,
                        .limiter = 1,
                        .release = 1.0F / (RELEASE_S * rate)};
}

void level_set_volume(struct level *l, int32_t volume_mdb)
{
    l->volume_target = powf(10.0F, (float)volume_mdb / 20000.0F);
}

void level_restart(struct level *l)
{
    l->fade = 0;
    l->limiter = 1;
}

/* One frame of gain: fade and volume move a step, the limiter catches what is still too loud. */
static float step(struct level *l, float x, bool sounding, float volume_step)
{
    float fade = l->fade + (sounding ? l->fade_in_step : -l->fade_out_step);
    float y;

    l->fade = fade < 0 ? 0 : fade > 1 ? 1 : fade;
    l->volume += (l->volume_target - l->volume) * volume_step;
    y = x * l->fade * l->volume;
    l->limiter += (1 - l->limiter) * l->release;
    if (fabsf(y) * l->limiter > LEVEL_CEILING)
        l->limiter = LEVEL_CEILING / fabsf(y);
    y *= l->limiter;
    return y > LEVEL_CEILING ? LEVEL_CEILING : y < -LEVEL_CEILING ? -LEVEL_CEILING : y;
}

void level_apply(struct level *l, float *frames, size_t count, bool sounding, struct meter *a,
                 struct meter *b)
{
    float volume_step = l->fade_in_step * FADE_IN_S / VOLUME_S;
    float peak = 0;
    double sum = 0;

    if (!(l->fade > 0))
        l->volume = l->volume_target;
    for (size_t i = 0; i < count; i++) {
        float y = step(l, frames[i], sounding, volume_step), size = fabsf(y);

        frames[i] = y;
        peak = size > peak ? size : peak;
        sum += (double)(y * y);
    }
    for (int k = 0; k < 2; k++) {
        struct meter *m = k == 0 ? a : b;

        if (m == NULL)
            continue;
        m->frames += count;
        m->sum += sum;
        m->peak = peak > m->peak ? peak : m->peak;
    }
}

static int32_t to_mdb(double amplitude)
{
    if (!(amplitude > 1e-6))
        return LEVEL_SILENCE_MDB;
    return (int32_t)lround(20000 * log10(amplitude));
}

int32_t meter_rms_mdb(const struct meter *m)
{
    return m->frames == 0 ? LEVEL_SILENCE_MDB : to_mdb(sqrt(m->sum / (double)m->frames));
}

int32_t meter_peak_mdb(const struct meter *m)
{
    return to_mdb((double)m->peak);
}
