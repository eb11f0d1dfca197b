#include "audio_feed.h"

#include <string.h>

#define RING_SPARE_FRAMES 8192

size_t audio_feed_ring_frames(uint32_t ahead_ms)
{
    return (size_t)ahead_ms * AUDIO_FEED_RATE_MAX_HZ / 1000 + RING_SPARE_FRAMES;
}

void audio_feed_init(struct audio_feed *f, struct audio_ring *ring, struct audio_out *out,
                     uint32_t ahead_ms)
{
    memset(f, 0, sizeof(*f));
    f->ring = ring;
    f->out = out;
    f->ahead_ms = ahead_ms;
}

/* Outputs that record want to know the station time of their first sample; once a second is enough. */
static void stamp(struct audio_feed *f, usec_t mono_us)
{
    usec_t station_us;
    uint32_t uncertainty_us;

    if (f->out->stamp == NULL || mono_us < f->stamp_mono_us)
        return;
    f->stamp_mono_us = mono_us + USEC_PER_SEC;
    if (node_clock(f->node, f->out->stamp_mono_us, &station_us, &uncertainty_us))
        f->out->stamp(f->out, station_us, uncertainty_us);
}

static void render(struct audio_feed *f, usec_t mono_us)
{
    size_t target = (size_t)((uint64_t)f->out->rate_hz * f->ahead_ms / 1000);
    int64_t first;
    size_t count;

    while ((count = audio_ring_wanted(f->ring, target, &first)) > 0) {
        if (count > AUDIO_FEED_BLOCK_FRAMES)
            count = AUDIO_FEED_BLOCK_FRAMES;
        node_render(f->node, first, f->block, count, mono_us);
        audio_ring_write(f->ring, first, f->block, count);
    }
}

void audio_feed_run(struct audio_feed *f, usec_t mono_us)
{
    struct audio_ring_position p;
    uint32_t skipped;

    f->out->tick(f->out, mono_us);
    if (f->node == NULL || f->out->rate_hz == 0)
        return;
    if (f->openings != f->out->openings) {
        f->openings = f->out->openings;
        node_card_reset(f->node, f->out->rate_hz, mono_us);
    }
    while (audio_ring_next_position(f->ring, &p))
        node_card_position(f->node, p.frame, p.mono_us);
    skipped = audio_ring_skipped(f->ring);
    if (skipped != f->skipped)
        node_card_skipped(f->node, skipped - f->skipped);
    f->skipped = skipped;
    stamp(f, mono_us);
    render(f, mono_us);
}

void audio_feed_flush(struct audio_feed *f)
{
    audio_ring_flush(f->ring);
}

usec_t audio_feed_interval_us(const struct audio_feed *f)
{
    return audio_ring_flushing(f->ring) ? AUDIO_FEED_FLUSH_INTERVAL_US : AUDIO_FEED_INTERVAL_US;
}
