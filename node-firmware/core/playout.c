#include "playout.h"

#include <math.h>

#include "check.h"

#define QUALITY 2
#define PULL_S 0.5 /* an error is worked off over about this time ... */
#define PULL_MOST 0.0005 /* ... but never faster than this */
#define RATIO_HOLD_FRAMES 1920
#define RATIO_SAME_FILTER 1.01 /* speexdsp lengthens its filter above */

enum err playout_init(struct playout *p, struct cache *cache, struct jitter *jitter)
{
    int error = 0;
    enum err e;

    *p = (struct playout){0};
    e = content_init(&p->content, cache, jitter);
    if (e != ERR_OK)
        return e;
    /* The lowest rate needs the longest filter: it is allocated now, and never again. */
    p->resampler = speex_resampler_init_frac(
        1, PLAYOUT_PARTS * (SAMPLE_RATE_HZ / PLAYOUT_RATE_LEAST_HZ) * 21 / 20, PLAYOUT_PARTS,
        SAMPLE_RATE_HZ, PLAYOUT_RATE_LEAST_HZ, QUALITY, &error);
    if (p->resampler == NULL)
        return ERR_NOMEM;
    return playout_card(p, SAMPLE_RATE_HZ);
}

void playout_deinit(struct playout *p)
{
    content_deinit(&p->content);
    if (p->resampler != NULL)
        speex_resampler_destroy(p->resampler);
    *p = (struct playout){0};
}

enum err playout_card(struct playout *p, uint32_t rate_hz)
{
    if (rate_hz < PLAYOUT_RATE_LEAST_HZ || rate_hz > PLAYOUT_RATE_MOST_HZ)
        return ERR_UNSUPPORTED;
    p->rate_hz = rate_hz;
    p->entered = false;
    return ERR_OK;
}

void playout_begin(struct playout *p, const struct content_layout *layout, usec_t start_us,
                   bool streamed)
{
    content_begin(&p->content, layout, start_us, streamed);
    p->entered = false;
}

void playout_realign(struct playout *p)
{
    p->entered = false;
}

static void set_ratio(struct playout *p, uint32_t parts)
{
    int r;

    /* A multiple of the denominator would be reduced and the phase lost. */
    if (parts % PLAYOUT_PARTS == 0)
        parts++;
    if (parts != p->ratio) {
        r = speex_resampler_set_rate_frac(p->resampler, parts, PLAYOUT_PARTS, SAMPLE_RATE_HZ,
                                          p->rate_hz);
        CHECK(r == RESAMPLER_ERR_SUCCESS);
        p->ratio = parts;
    }
    p->ratio_age_frames = 0;
}

static void run(struct playout *p, float *ret_frames, size_t count)
{
    while (count > 0) {
        spx_uint32_t in = (spx_uint32_t)(p->fifo_len - p->fifo_at), out = (spx_uint32_t)count;
        uint64_t parts;
        int r;

        if (in == 0) {
            content_read(&p->content, p->fifo, PLAYOUT_FIFO);
            p->fifo_at = 0;
            p->fifo_len = PLAYOUT_FIFO;
            continue;
        }
        r = speex_resampler_process_float(p->resampler, 0, p->fifo + p->fifo_at, &in, ret_frames,
                                          &out);
        CHECK(r == RESAMPLER_ERR_SUCCESS);
        p->fifo_at += in;
        ret_frames += out;
        count -= out;
        parts = p->pos_part + (uint64_t)out * p->ratio;
        p->pos += (int64_t)(parts / PLAYOUT_PARTS);
        p->pos_part = (uint32_t)(parts % PLAYOUT_PARTS);
    }
}

/* Stand exactly at a place: whole samples by where the content is entered, the rest by one frame that
 * nobody hears, which moves the filter's phase by that much. At a lower rate of the card that would
 * change the filter's length and with it the place: there the rest is pulled in. */
static void enter(struct playout *p, double sample, double per_frame)
{
    double whole = floor(sample);
    uint32_t part = (uint32_t)((sample - whole) * PLAYOUT_PARTS);
    float unheard;

    p->pos = (int64_t)whole;
    p->pos_part = 0;
    p->fifo_at = p->fifo_len = 0;
    p->ratio_rest = 0;
    content_enter(&p->content, p->pos);
    set_ratio(p, (uint32_t)llround(per_frame * PLAYOUT_PARTS));
    speex_resampler_reset_mem(p->resampler);
    speex_resampler_skip_zeros(p->resampler);
    if (part > 0 && per_frame < RATIO_SAME_FILTER) {
        set_ratio(p, part);
        run(p, &unheard, 1);
    }
    p->ratio_age_frames = RATIO_HOLD_FRAMES;
    p->error_us = 0;
    p->entered = true;
    p->entries++;
}

static void steer(struct playout *p, double error, double per_frame)
{
    double pull = -error / (PULL_S * SAMPLE_RATE_HZ), want;

    if (p->ratio_age_frames < RATIO_HOLD_FRAMES)
        return;
    pull = fmin(fmax(pull, -PULL_MOST), PULL_MOST);
    want = per_frame * (1 + pull) * PLAYOUT_PARTS + p->ratio_rest;
    set_ratio(p, (uint32_t)llround(want));
    p->ratio_rest = fmin(fmax(want - (double)p->ratio, -1), 1);
}

bool playout_render(struct playout *p, double sample, double per_frame, float *ret_frames,
                    size_t count)
{
    double error;

    if (!p->entered)
        enter(p, sample, per_frame);
    error = (double)p->pos + (double)p->pos_part / PLAYOUT_PARTS - sample;
    p->error_us = error * 1e6 / SAMPLE_RATE_HZ;
    p->entered = fabs(error) <= PLAYOUT_JUMP_SAMPLES;
    if (p->entered)
        steer(p, error, per_frame);
    p->ratio_age_frames += (uint32_t)count;
    run(p, ret_frames, count);
    return p->entered;
}
