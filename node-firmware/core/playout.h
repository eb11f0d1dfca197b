/* playout.h - lay a programme's samples on the sound card's frames.
 *
 * Each call says which sample of the programme the first frame must carry, and how many samples a frame
 * is long; both come from the clocks. The place of entry is met to a fraction of a sample; from then on
 * the error is held at zero by the resampling ratio alone. speexdsp keeps its phase in units of
 * 1 / (denominator): a prime denominator that never changes makes the position exact for ever. The
 * ratio's steps of 15 ppm are evened out over time. Thread: the one that calls node_render(). */
#ifndef LOA_PLAYOUT_H
#define LOA_PLAYOUT_H

#include <stdbool.h>

#include <speex/speex_resampler.h>

#include "content.h"

#define PLAYOUT_FIFO 480
#define PLAYOUT_RATE_LEAST_HZ 8000
#define PLAYOUT_RATE_MOST_HZ 192000

struct playout {
    struct content content;
    SpeexResamplerState *resampler;
    uint32_t rate_hz;
    bool entered;
    int64_t pos; /* sample of the programme that the next frame carries ... */
    uint32_t pos_part; /* ... plus this many parts of PLAYOUT_PARTS */
    uint32_t ratio; /* samples a frame, in parts */
    double ratio_rest; /* what rounding left over */
    uint32_t ratio_age_frames;
    double error_us; /* of the last call: positive when early */
    uint32_t entries; /* how often the place was sought anew */
    size_t fifo_at, fifo_len;
    float fifo[PLAYOUT_FIFO];
};

#define PLAYOUT_PARTS 65521U

/* ERR_NOMEM */
MUST_USE enum err playout_init(struct playout *p, struct cache *cache, struct jitter *jitter);
void playout_deinit(struct playout *p);

/* The card plays at this rate. ERR_UNSUPPORTED outside the limits above: nothing changed. */
MUST_USE enum err playout_card(struct playout *p, uint32_t rate_hz);

/* Choose a programme (content.h); the next render seeks its place. */
void playout_begin(struct playout *p, const struct content_layout *layout, usec_t start_us,
                   bool streamed);

/* Seek the place anew at the next render: frames were lost or forgotten. */
void playout_realign(struct playout *p);

/* Render frames without a gap after the last call.
 *
 *   sample        place of the first frame in the programme, 48 kHz samples, from the clocks
 *   per_frame     samples per frame, from the clocks
 *
 * Returns false when the place is more than PLAYOUT_JUMP_SAMPLES off: the frames then follow those
 * before, to be faded out, and the next call seeks the place anew. */
#define PLAYOUT_JUMP_SAMPLES 960
MUST_USE bool playout_render(struct playout *p, double sample, double per_frame, float *ret_frames,
                             size_t count);

#endif
