/* content.h - the sound of one programme as a line of 48 kHz samples, from the cache or from a stream.
 *
 * Sample 0 sounds at the order's start. Items follow one another, plays repeat after a pause; both
 * carriers give the same samples at the same places. What is missing is concealed by Opus for 60 ms,
 * faded, then silent, and counted. Entering in the middle decodes CONTENT_WARM_SAMPLES before the entry,
 * so that the decoder has settled (RFC 7845 section 4.6 asks 80 ms). Allocates in content_init() only.
 * Thread: the one that calls node_render(). */
#ifndef LOA_CONTENT_H
#define LOA_CONTENT_H

#include <stdbool.h>

#include <opus/opus.h>

#include "cache.h"
#include "jitter.h"
#include "oggread.h"

#define CONTENT_ITEMS_MAX 16
#define CONTENT_WARM_SAMPLES 3840
#define CONTENT_BLOCK_MAX 5760 /* 120 ms, the longest Opus packet */

struct content_item {
    struct media_id media;
    bool silent; /* no recording: silence for so long */
    int64_t samples;
    int32_t gain_mdb;
};

/* What the order says about time. Without items the programme is a live stream. */
struct content_layout {
    int64_t live_samples; /* of the live stream, once its end is known; 0 it is not */
    struct content_item items[CONTENT_ITEMS_MAX];
    size_t count;
    uint32_t repeats; /* plays in all, at least 1 */
    int64_t pause_samples;
};

struct content_counts {
    uint64_t played_samples; /* decoded from real packets and handed out */
    uint64_t gap_samples;
    uint32_t gaps;
    uint32_t late; /* packets that came after their time */
};

/* What is wrong with the recording that is being played from the cache. */
enum content_trouble {
    CONTENT_SOUND = 0,
    CONTENT_DAMAGED, /* some of it lacked or could not be decoded, what follows can be read */
    CONTENT_FAILED, /* nothing more can be read */
};

struct content {
    struct cache *cache;
    struct jitter *jitter;
    OpusDecoder *decoder;
    struct oggread ogg;
    struct content_layout layout;
    usec_t start_us;
    bool streamed;
    int64_t at; /* next sample to hand out */
    int64_t item_start; /* of the item being decoded; INT64_MIN none */
    bool chained; /* the decoder's state belongs to the end of the block */
    bool file_ended;
    bool file_failed; /* ended because it could not be read */
    enum content_trouble trouble; /* of the present item; the next three are meant */
    struct media_id trouble_media;
    int64_t trouble_at; /* first sample that lacks */
    struct content_counts trouble_counts; /* as they were before it */
    bool fetched; /* a packet waits below */
    struct bytes packet;
    int64_t packet_pos;
    int32_t packet_samples;
    float block[CONTENT_BLOCK_MAX];
    int64_t block_pos;
    int32_t block_len;
    bool block_real; /* decoded, not concealed */
    bool block_lost; /* concealed, or silence where there should be sound */
    bool block_silent;
    int32_t lost_samples; /* in a row */
    int64_t mute_until; /* the decoder settles until then */
    float gain; /* short ramp after silence */
    float item_gain;
    bool sounded; /* something real was handed out since the entry */
    int64_t first_sounded; /* its first sample */
    struct content_counts counts;
};

/* ERR_NOMEM */
MUST_USE enum err content_init(struct content *c, struct cache *cache, struct jitter *jitter);
void content_deinit(struct content *c);

/* Length of the whole programme, INT64_MAX for a live one. */
int64_t content_total_samples(const struct content_layout *l);

/* Choose what to play; counts start at zero.
 *
 *   streamed  packets come from the jitter buffer, pts relative to start_us; else from the cache */
void content_begin(struct content *c, const struct content_layout *layout, usec_t start_us,
                   bool streamed);

/* Go to a sample, negative before the start. */
void content_enter(struct content *c, int64_t at);

/* What was handed out last: the sound of a programme, the silence around it that was ordered, or what
 * stands in for packets that lack. */
enum content_part {
    CONTENT_PART_PAUSE = 0,
    CONTENT_PART_SOUND,
    CONTENT_PART_LACKS,
};
enum content_part content_part(const struct content *c);

/* Hand out the next samples; always all of them. */
void content_read(struct content *c, float *ret_samples, size_t count);

#endif
