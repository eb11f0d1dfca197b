/* audio_feed.h - keep the card's ring filled with what the node renders, and tell the node what the card did.
 *
 * Every few milliseconds: let the output do what is due, hand positions to the node, render until the
 * card has `ahead_ms` in front of it. While the card is gone nothing is rendered.
 * Thread: main. */
#ifndef LOA_AUDIO_FEED_H
#define LOA_AUDIO_FEED_H

#include "audio_out.h"
#include "audio_ring.h"
#include "err.h"
#include "node.h"
#include "units.h"

#define AUDIO_FEED_RATE_MAX_HZ 192000
#define AUDIO_FEED_BLOCK_FRAMES 480
#define AUDIO_FEED_INTERVAL_US INT64_C(10000)
#define AUDIO_FEED_FLUSH_INTERVAL_US INT64_C(2000)

struct audio_feed {
    struct audio_ring *ring;
    struct audio_out *out;
    struct node *node;
    uint32_t ahead_ms;
    uint32_t openings; /* of the output, as last told to the node */
    uint32_t skipped; /* frames of the ring, as last told to the node */
    usec_t stamp_mono_us; /* next time to ask for the station time of frame 0 */
    float block[AUDIO_FEED_BLOCK_FRAMES];
};

/* Frames that a ring needs for this lead at any rate. */
size_t audio_feed_ring_frames(uint32_t ahead_ms);

/* All borrowed; `node` may be set later, nothing is rendered before. */
void audio_feed_init(struct audio_feed *f, struct audio_ring *ring, struct audio_out *out,
                     uint32_t ahead_ms);

/* One round. */
void audio_feed_run(struct audio_feed *f, usec_t mono_us);

/* As port.h audio_flush; the next audio_feed_run() after the fade-out renders anew. */
void audio_feed_flush(struct audio_feed *f);

/* How long audio_feed_run() may wait. */
usec_t audio_feed_interval_us(const struct audio_feed *f);

#endif
