/* playout.h - lay a programme's samples on the sound card's frames.
 *
 * Each call says which sample of the programme the first frame must carry, and how many samples a frame
 * is long; both come from the clocks. The place of entry is met to a fraction of a sample; from then on
 * the error is held at zero by the resampling ratio alone, never by dropping or repeating samples.
 * Thread: the one that calls node_render(). */
#ifndef LOA_PLAYOUT_H
#define LOA_PLAYOUT_H

#include <stdbool.h>

#include "content.h"
#include "resample.h"

#define PLAYOUT_FIFO 480 /* samples that are decoded at a time */

struct playout {
    struct content content;
    struct resample resample;
    uint32_t rate_hz;
    bool entered;
    int64_t base; /* sample of the programme that the next frame carries, less ... */
    uint64_t at; /* ... so much, in units of 1 / RESAMPLE_ONE; also from fifo[0] */
    double error_us; /* of the last call: positive when early */
    uint32_t entries; /* how often the place was sought anew */
    size_t fifo_len;
    float fifo[PLAYOUT_FIFO + RESAMPLE_TAPS_MAX];
};

/* ERR_NOMEM */
MUST_USE enum err playout_init(struct playout *p, struct cache *cache, struct jitter *jitter);
void playout_deinit(struct playout *p);

/* The card plays at this rate. ERR_UNSUPPORTED outside the limits of resample.h: nothing changed. */
MUST_USE enum err playout_card(struct playout *p, uint32_t rate_hz);

/* Choose a programme (content.h); the next render seeks its place. */
void playout_begin(struct playout *p, const struct content_layout *layout, usec_t start_us,
                   bool streamed);

/* Seek the place anew at the next render: frames were lost or forgotten. */
void playout_realign(struct playout *p);

/* By how much the next frame would sound too late, us, when it must carry this sample; 0 when the place
 * is sought anyway. */
double playout_late_us(const struct playout *p, double sample);

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
