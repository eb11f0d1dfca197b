#include "playout.h"

#include <math.h>
#include <string.h>

#define PULL_S 0.5 /* an error is worked off over about this time ... */
#define PULL_MOST 0.0005 /* ... but never faster than this */

enum err playout_init(struct playout *p, struct cache *cache, struct jitter *jitter)
{
    enum err e;

    *p = (struct playout){0};
    e = content_init(&p->content, cache, jitter);
    return e != ERR_OK ? e : playout_card(p, SAMPLE_RATE_HZ);
}

void playout_deinit(struct playout *p)
{
    content_deinit(&p->content);
    *p = (struct playout){0};
}

enum err playout_card(struct playout *p, uint32_t rate_hz)
{
    if (rate_hz < RESAMPLE_RATE_LEAST_HZ || rate_hz > RESAMPLE_RATE_MOST_HZ)
        return ERR_UNSUPPORTED;
    if (rate_hz != p->rate_hz)
        resample_init(&p->resample, rate_hz);
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

/* Drop the samples that no frame needs any more, decode the next. */
static void refill(struct playout *p)
{
    size_t used = (size_t)(p->at >> 32);

    p->fifo_len -= used;
    memmove(p->fifo, p->fifo + used, p->fifo_len * sizeof(*p->fifo));
    p->base += (int64_t)used;
    p->at -= used * RESAMPLE_ONE;
    content_read(&p->content, p->fifo + p->fifo_len, PLAYOUT_FIFO);
    p->fifo_len += PLAYOUT_FIFO;
}

/* Stand exactly at a place: whole samples by where the content is entered, the rest by the filter. */
static void enter(struct playout *p, double sample)
{
    double whole = floor(sample);

    p->base = (int64_t)whole;
    p->at = (uint64_t)((sample - whole) * (double)RESAMPLE_ONE);
    p->fifo_len = 0;
    content_enter(&p->content, p->base - (int64_t)resample_before(&p->resample));
    p->error_us = 0;
    p->entered = true;
    p->entries++;
}

/* By how many samples the next frame is early. */
static double early(const struct playout *p, double sample)
{
    return (double)p->base - sample + (double)p->at / (double)RESAMPLE_ONE;
}

double playout_late_us(const struct playout *p, double sample)
{
    return p->entered ? -early(p, sample) * 1e6 / SAMPLE_RATE_HZ : 0;
}

bool playout_render(struct playout *p, double sample, double per_frame, float *ret_frames,
                    size_t count)
{
    double error, pull;
    uint64_t step;

    if (!p->entered)
        enter(p, sample);
    error = early(p, sample);
    p->error_us = error * 1e6 / SAMPLE_RATE_HZ;
    p->entered = fabs(error) <= PLAYOUT_JUMP_SAMPLES;
    pull = p->entered ? -error / (PULL_S * SAMPLE_RATE_HZ) : 0;
    pull = fmin(fmax(pull, -PULL_MOST), PULL_MOST);
    step = (uint64_t)llround(per_frame * (1 + pull) * (double)RESAMPLE_ONE);
    for (size_t done = 0; done < count;) {
        size_t made = resample_run(&p->resample, p->fifo, p->fifo_len, &p->at, step,
                                   ret_frames + done, count - done);

        done += made;
        if (done < count)
            refill(p);
    }
    return p->entered;
}
