#include "hearing.h"

#include <math.h>
#include <string.h>

#define LEAST_BLOCKS 40 /* 2 s */
#define LEAST_SOUND 10 /* blocks that must have sounded: half a second */
#define FLOOR_DB (-60.0F) /* quieter is silence, for horn and microphone */
#define ALIKE 0.6F /* of unrelated sound it stays below 0.4 */

void hearing_begin(struct hearing *h, usec_t mono_us)
{
    *h = (struct hearing){.open = true, .listens = true, .begun_us = mono_us};
}

static void add(struct hearing_block *blocks, usec_t at_us, const float *samples, size_t count,
                uint32_t rate_hz)
{
    for (size_t i = 0; i < count; i++) {
        usec_t t_us = at_us + (usec_t)i * USEC_PER_SEC / (usec_t)rate_hz;

        if (t_us < 0 || t_us >= HEARING_US)
            continue;
        blocks[t_us / HEARING_BLOCK_US].power += samples[i] * samples[i];
        blocks[t_us / HEARING_BLOCK_US].samples++;
    }
}

void hearing_played(struct hearing *h, usec_t mono_us, const float *frames, size_t count,
                    uint32_t rate_hz)
{
    if (h->listens && rate_hz > 0)
        add(h->played, mono_us - h->begun_us, frames, count, rate_hz);
}

void hearing_listen(struct hearing *h, usec_t mono_us, const float *samples, size_t count,
                    uint32_t rate_hz)
{
    if (!h->listens || rate_hz < 8000 || rate_hz > 192000)
        return;
    /* They are counted on from the first: how they come together says nothing about when they were heard. */
    if (h->heard_us == 0)
        h->heard_us = mono_us - (usec_t)count * USEC_PER_SEC / (usec_t)rate_hz;
    add(h->heard, h->heard_us - h->begun_us, samples, count, rate_hz);
    h->heard_us += (usec_t)count * USEC_PER_SEC / (usec_t)rate_hz;
}

/* Loudness of a block, dB above the floor; what was not brought is silent. */
static float loudness(const struct hearing_block *b)
{
    float db =
        b->samples > 0 && b->power > 0 ? 10 * log10f(b->power / (float)b->samples) : FLOOR_DB;

    return db > FLOOR_DB ? db - FLOOR_DB : 0;
}

/* How alike two lines of `count` are, -1..1; 0 when one of them stays level. */
static float correlation(const float *a, const float *b, size_t count)
{
    float ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;

    for (size_t i = 0; i < count; i++) {
        ma += a[i] / (float)count;
        mb += b[i] / (float)count;
    }
    for (size_t i = 0; i < count; i++) {
        aa += (a[i] - ma) * (a[i] - ma);
        bb += (b[i] - mb) * (b[i] - mb);
        ab += (a[i] - ma) * (b[i] - mb);
    }
    return aa > (float)count && bb > (float)count ? ab / sqrtf(aa * bb) : 0;
}

loa_Heard hearing_end(struct hearing *h, usec_t mono_us)
{
    float played[HEARING_BLOCKS], heard[HEARING_BLOCKS];
    usec_t until_us = h->heard_us < mono_us ? h->heard_us : mono_us;
    size_t count =
        until_us > h->begun_us ? (size_t)((until_us - h->begun_us) / HEARING_BLOCK_US) : 0;
    size_t sounding = 0;
    float best = 0;

    if (count > HEARING_BLOCKS)
        count = HEARING_BLOCKS;
    h->listens = false;
    for (size_t i = 0; i < count; i++) {
        played[i] = loudness(&h->played[i]);
        heard[i] = loudness(&h->heard[i]);
        sounding += played[i] > 0;
    }
    if (count < LEAST_BLOCKS || sounding < LEAST_SOUND)
        return loa_Heard_HEARD_NOT_MEASURED;
    for (size_t k = 0; k < HEARING_LEAD_BLOCKS + HEARING_LAG_BLOCKS; k++) {
        size_t lead = k < HEARING_LEAD_BLOCKS ? HEARING_LEAD_BLOCKS - k : 0;
        size_t lag = k < HEARING_LEAD_BLOCKS ? 0 : k - HEARING_LEAD_BLOCKS;
        float alike = 0;

        if (lead + lag + LEAST_BLOCKS <= count)
            alike = correlation(played + lead, heard + lag, count - lead - lag);
        best = alike > best ? alike : best;
    }
    return best >= ALIKE ? loa_Heard_HEARD_YES : loa_Heard_HEARD_NO;
}
