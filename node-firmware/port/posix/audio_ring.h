/* audio_ring.h - rendered sound on its way to the card: one writer, one reader, no lock.
 *
 * Mono float frames numbered by card frame (0 = the first frame since the card was opened). The main
 * thread writes ahead of the card; the audio callback reads and never allocates, locks, logs or waits.
 * What is not there when the card asks for it is silence, counted as an underrun, and begins with a
 * short decay instead of a step; sound after a skip begins with a short fade-in. Positions of the card travel back
 * the other way.
 * Threads: `audio_ring_read`, `_skip`, `_position` and `_note` belong to the card's; all others to the main one. */
#ifndef LOA_AUDIO_RING_H
#define LOA_AUDIO_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "frame_cell.h"
#include "units.h"

#define AUDIO_RING_POSITIONS 64
#define AUDIO_RING_FADE_MS 10

/* The card plays this frame at this instant of the local clock. */
struct audio_ring_position {
    int64_t frame;
    usec_t mono_us;
};

struct audio_ring {
    float *slots; /* frame f lies at f & mask */
    size_t mask;
    uint32_t fade_frames;

    /* Written by the main thread. Valid sound is [from, end). */
    struct frame_cell from;
    struct frame_cell end;
    _Atomic uint32_t flush_asked; /* number of the last flush */
    _Atomic uint32_t flush_refilled; /* the flush after which `from` and `end` were set anew */

    /* Written by the card's thread. */
    struct frame_cell taken; /* next frame that the card will ask for */
    _Atomic uint32_t block; /* longest read so far */
    _Atomic uint32_t flush_faded; /* the flush whose fade-out has been played */
    _Atomic uint32_t underruns; /* events */
    _Atomic uint32_t skipped; /* frames */

    struct audio_ring_position positions[AUDIO_RING_POSITIONS];
    _Atomic uint32_t position_head; /* card's thread */
    _Atomic uint32_t position_tail; /* main thread */

    /* Private to the card's thread. */
    uint32_t fade_left; /* frames of a fade-out still to play; 0 none */
    uint32_t decay_left; /* frames until the held last value is silence */
    uint32_t enter_left; /* frames of the fade-in after a skip still to play */
    float last;
    bool running; /* sound was there at the last read */
};

/* Make a ring for at least `min_frames` frames (1..2^20).
 *
 * ERR_NOMEM */
MUST_USE enum err audio_ring_init(struct audio_ring *r, size_t min_frames);
void audio_ring_deinit(struct audio_ring *r);

/* Forget everything and count frames from 0 again; the card must not be running. The number of
 * underruns stays.
 *
 *   rate_hz  sets the length of fades */
void audio_ring_reset(struct audio_ring *r, uint32_t rate_hz);

/* How many frames may be written now so that the card has `target_frames` ahead, and from which.
 * After an underrun or a flush the first frame is a little ahead of the card, not where writing ended.
 *
 *   ret_first_frame  written when the result is not 0
 *
 * Returns 0 while a fade-out is under way or enough is there. */
size_t audio_ring_wanted(struct audio_ring *r, size_t target_frames, int64_t *ret_first_frame);

/* Append frames that audio_ring_wanted() asked for; first_frame and count within its answer. */
void audio_ring_write(struct audio_ring *r, int64_t first_frame, const float *frames, size_t count);

/* Forget what was written and not yet read: the card fades out over AUDIO_RING_FADE_MS, then plays
 * silence until new sound is written. */
void audio_ring_flush(struct audio_ring *r);

/* True from audio_ring_flush() until its fade-out has been played. */
bool audio_ring_flushing(const struct audio_ring *r);

/* Take the oldest position out. False when there is none. */
bool audio_ring_next_position(struct audio_ring *r, struct audio_ring_position *ret_position);

/* Frames that audio_ring_skip() let go since the start, modulo 2^32. */
uint32_t audio_ring_skipped(const struct audio_ring *r);

uint32_t audio_ring_underruns(const struct audio_ring *r);

/* Next frame that the card will ask for. */
int64_t audio_ring_position(const struct audio_ring *r);

/* Behind the last frame written. */
int64_t audio_ring_end(const struct audio_ring *r);

/* Copy the next `count` frames out; always fills all of them. */
void audio_ring_read(struct audio_ring *r, float *ret_frames, size_t count);

/* Let frames go unplayed: the card was silent while they should have sounded. What follows is faded in, in its place. */
void audio_ring_skip(struct audio_ring *r, size_t count);

/* Tell a position; dropped when AUDIO_RING_POSITIONS wait. */
void audio_ring_note(struct audio_ring *r, int64_t frame, usec_t mono_us);

/* Count an underrun that the card itself reported. */
void audio_ring_note_underrun(struct audio_ring *r);

#endif
