#include "level.h"

#include <math.h>

#include "lanes.h"

#define FADE_IN_S 0.005F
#define FADE_OUT_S 0.010F
#define RELEASE_S 0.1F
#define VOLUME_S 0.003F
#define INAUDIBLE 1e-4F /* of an amplitude: 0.001 dB */

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
    truepeak_restart(&l->truepeak);
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

static float largest(const float *frames, size_t count)
{
    float most = 0;

    for (size_t i = 0; i < count; i++) {
        float size = fabsf(frames[i]);

        most = size > most ? size : most;
    }
    return most;
}

/* What creeps towards its goal has reached it when nobody could hear the rest. */
static void settle(float *value, float goal)
{
    if (fabsf(*value - goal) <= goal * INAUDIBLE)
        *value = goal;
}

static float sum_of_squares(const float *frames, size_t count)
{
    lanes sums = {0};
    float rest = 0;
    size_t i = 0;

    for (; i + LANES <= count; i += LANES) {
        lanes v = lanes_load(frames + i);

        sums += v * v;
    }
    for (; i < count; i++)
        rest += frames[i] * frames[i];
    return lanes_sum(sums) + rest;
}

/* Work on frames whose largest is `source`; returns the largest that comes out. */
static float apply_block(struct level *l, float *frames, size_t count, bool sounding, float source)
{
    float volume_step = l->fade_in_step * FADE_IN_S / VOLUME_S;

    settle(&l->volume, l->volume_target);
    settle(&l->limiter, 1);
    if (sounding && l->fade >= 1 && l->volume == l->volume_target && l->limiter >= 1 &&
        source * l->volume <= LEVEL_CEILING) {
        for (size_t i = 0; i < count; i++)
            frames[i] *= l->volume;
        return source * l->volume;
    }
    for (size_t i = 0; i < count; i++)
        frames[i] = step(l, frames[i], sounding, volume_step);
    return largest(frames, count);
}

void level_apply(struct level *l, float *frames, size_t count, bool sounding, struct meter *a,
                 struct meter *b)
{
    struct meter *meters[] = {a, b};
    float known = a != NULL ? a->peak : 0, peak;
    double sum = 0;

    if (!(l->fade > 0))
        l->volume = l->volume_target;
    if (b != NULL && b->peak < known)
        known = b->peak;
    peak = known;
    l->source_peak = l->sent_peak = 0;
    for (size_t done = 0; done < count; done += TRUEPEAK_BLOCK) {
        size_t block = count - done < TRUEPEAK_BLOCK ? count - done : TRUEPEAK_BLOCK;
        float source = largest(frames + done, block);
        float sent;

        sent = apply_block(l, frames + done, block, sounding, source);
        sum += (double)sum_of_squares(frames + done, block);
        peak = truepeak_add(&l->truepeak, frames + done, block, sent, peak);
        l->source_peak = fmaxf(l->source_peak, source);
        l->sent_peak = fmaxf(l->sent_peak, sent);
    }
    for (size_t k = 0; k < 2; k++) {
        if (meters[k] == NULL)
            continue;
        meters[k]->frames += count;
        meters[k]->sum += sum;
        meters[k]->peak = fmaxf(meters[k]->peak, peak);
    }
}

static int32_t to_mdb(double amplitude)
{
    if (!(amplitude > 1e-6))
        return LEVEL_SILENCE_MDB;
    return (int32_t)lround(20000 * log10(amplitude));
}

void meter_move(struct meter *m, struct meter *more)
{
    m->sum += more->sum;
    m->frames += more->frames;
    m->peak = more->peak > m->peak ? more->peak : m->peak;
    *more = (struct meter){0};
}

int32_t meter_rms_mdb(const struct meter *m)
{
    return m->frames == 0 ? LEVEL_SILENCE_MDB : to_mdb(sqrt(m->sum / (double)m->frames));
}

int32_t meter_peak_mdb(const struct meter *m)
{
    return to_mdb((double)m->peak);
}
