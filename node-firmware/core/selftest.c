#include "selftest.h"

#include <math.h>
#include <string.h>

#define BLOCKS_PER_S 10
#define LOUD_BLOCKS 8 /* of the 15 that the tone lasts */
#define OVER_NOISE 10.0 /* power at the tone against beside it: 10 dB */
#define OVER_BEFORE 4.0 /* and against what was there before: 6 dB */
#define FLOOR 1e-10 /* -100 dBFS: digital silence has no noise to compare with */
#define RAMP_MS 20

static const double bins_hz[SELFTEST_BINS] = {SELFTEST_TONE_HZ, SELFTEST_TONE_HZ - 210,
                                              SELFTEST_TONE_HZ - 110, SELFTEST_TONE_HZ + 110,
                                              SELFTEST_TONE_HZ + 210};
static const double amplitudes[SELFTEST_TRIES] = {0.06, 0.18, 0.5}; /* about 9 dB apart */

static void begin_try(struct selftest *s, usec_t mono_us)
{
    s->phase = SELFTEST_BEFORE;
    s->tries++;
    s->since_us = mono_us;
    s->tone_frame = 0;
    s->samples = 0;
    memset(s->delay, 0, sizeof(s->delay));
    s->before_blocks = s->loud_blocks = 0;
    s->before_power = s->tone_power = s->beside_power = 0;
}

void selftest_begin(struct selftest *s, uint64_t order_id, bool listens, usec_t mono_us)
{
    *s = (struct selftest){.order_id = order_id, .listens = listens};
    begin_try(s, mono_us);
}

void selftest_break_off(struct selftest *s)
{
    s->phase = SELFTEST_IDLE;
}

bool selftest_is_active(const struct selftest *s)
{
    return s->order_id != 0;
}

static double tone_frames(uint32_t rate_hz)
{
    return (double)rate_hz * SELFTEST_TONE_US / USEC_PER_SEC;
}

/* One try alone is played at the middle level. */
static double amplitude(const struct selftest *s)
{
    return amplitudes[s->listens ? s->tries - 1 : 1];
}

bool selftest_render(struct selftest *s, float *ret_frames, size_t count, uint32_t rate_hz)
{
    double ramp = (double)rate_hz * RAMP_MS / 1000, end = tone_frames(rate_hz);

    if (s->phase != SELFTEST_TONE || (double)s->tone_frame >= end)
        return false;
    for (size_t i = 0; i < count; i++, s->tone_frame++) {
        double at = (double)s->tone_frame, gain = fmin(1, fmin(at, end - at) / ramp);

        ret_frames[i] =
            (float)(amplitude(s) * fmax(0, gain) * sin(2 * M_PI * SELFTEST_TONE_HZ * at / rate_hz));
    }
    return true;
}

/* Power of a sine at a bin, its amplitude squared over two (Goertzel 1958). */
static double power(const struct selftest *s, size_t bin)
{
    const double *d = s->delay[bin];
    double k = 2 * cos(2 * M_PI * bins_hz[bin] / s->rate_hz), n = (double)s->samples;

    return fmax(0, d[0] * d[0] + d[1] * d[1] - k * d[0] * d[1]) * 2 / (n * n);
}

static void end_block(struct selftest *s)
{
    double tone = power(s, 0), beside = 0, before;

    for (size_t b = 1; b < SELFTEST_BINS; b++)
        beside += power(s, b) / (SELFTEST_BINS - 1);
    if (s->phase == SELFTEST_BEFORE) {
        s->before_power += tone;
        s->before_blocks++;
        return;
    }
    before = s->before_blocks > 0 ? s->before_power / s->before_blocks : 0;
    if (tone < FLOOR || tone < OVER_NOISE * beside || tone < OVER_BEFORE * before)
        return;
    s->loud_blocks++;
    s->tone_power += tone;
    s->beside_power += fmax(beside, FLOOR);
}

void selftest_listen(struct selftest *s, const float *samples, size_t count, uint32_t rate_hz)
{
    double k[SELFTEST_BINS];

    if (s->phase == SELFTEST_IDLE || rate_hz < 8000 || rate_hz > 192000)
        return;
    s->rate_hz = rate_hz;
    for (size_t b = 0; b < SELFTEST_BINS; b++)
        k[b] = 2 * cos(2 * M_PI * bins_hz[b] / rate_hz);
    for (size_t i = 0; i < count; i++) {
        for (size_t b = 0; b < SELFTEST_BINS; b++) {
            double next = (double)samples[i] + k[b] * s->delay[b][0] - s->delay[b][1];

            s->delay[b][1] = s->delay[b][0];
            s->delay[b][0] = next;
        }
        if (++s->samples < rate_hz / BLOCKS_PER_S)
            continue;
        end_block(s);
        s->samples = 0;
        memset(s->delay, 0, sizeof(s->delay));
    }
}

static bool finish(struct selftest *s, loa_Heard heard, loa_TestResult *ret_result)
{
    *ret_result = (loa_TestResult){.order_id = s->order_id, .heard = heard, .tries = s->tries};
    if (s->loud_blocks > 0)
        ret_result->margin_mdb = (int32_t)lround(10000 * log10(s->tone_power / s->beside_power));
    *s = (struct selftest){0};
    return true;
}

bool selftest_step(struct selftest *s, usec_t mono_us, loa_TestResult *ret_result)
{
    if (!selftest_is_active(s))
        return false;
    if (s->phase == SELFTEST_IDLE)
        return finish(s, loa_Heard_HEARD_BROKEN_OFF, ret_result);
    if (s->phase == SELFTEST_BEFORE) {
        if (mono_us - s->since_us >= SELFTEST_BEFORE_US) {
            s->phase = SELFTEST_TONE;
            s->since_us = mono_us;
        }
        return false;
    }
    if (mono_us - s->since_us < SELFTEST_TONE_US + SELFTEST_TAIL_US)
        return false;
    /* The card stopped asking for frames: that is another fault, and no answer about the horn. */
    if (s->tone_frame == 0)
        return finish(s, loa_Heard_HEARD_BROKEN_OFF, ret_result);
    if (!s->listens || s->rate_hz == 0)
        return finish(s, loa_Heard_HEARD_NOT_MEASURED, ret_result);
    if (s->loud_blocks >= LOUD_BLOCKS)
        return finish(s, loa_Heard_HEARD_YES, ret_result);
    if (s->tries == SELFTEST_TRIES)
        return finish(s, loa_Heard_HEARD_NO, ret_result);
    begin_try(s, mono_us);
    return false;
}
