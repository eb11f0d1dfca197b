#include "audio_ring.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

#define MARGIN_MIN_FRAMES 64

enum err audio_ring_init(struct audio_ring *r, size_t min_frames)
{
    size_t size = 1024;

    while (size < min_frames)
        size *= 2;
    memset(r, 0, sizeof(*r));
    r->slots = calloc(size, sizeof(*r->slots));
    if (r->slots == NULL)
        return ERR_NOMEM;
    r->mask = size - 1;
    audio_ring_reset(r, SAMPLE_RATE_HZ);
    return ERR_OK;
}

void audio_ring_deinit(struct audio_ring *r)
{
    free(r->slots);
    r->slots = NULL;
}

void audio_ring_reset(struct audio_ring *r, uint32_t rate_hz)
{
    r->fade_frames = rate_hz * AUDIO_RING_FADE_MS / 1000;
    frame_cell_set(&r->from, 0);
    frame_cell_set(&r->end, 0);
    frame_cell_set(&r->taken, 0);
    atomic_store(&r->block, 0);
    atomic_store(&r->flush_faded, atomic_load(&r->flush_asked));
    atomic_store(&r->flush_refilled, atomic_load(&r->flush_asked));
    atomic_store(&r->position_tail, atomic_load(&r->position_head));
    r->fade_left = 0;
    r->decay_left = 0;
    r->enter_left = 0;
    r->last = 0;
    r->running = false;
}

/* Where writing begins anew: past what the card may ask for while we render. */
static int64_t ahead_of_card(struct audio_ring *r, int64_t taken)
{
    uint32_t block = atomic_load_explicit(&r->block, memory_order_relaxed);

    return taken + (block > MARGIN_MIN_FRAMES ? block : MARGIN_MIN_FRAMES);
}

size_t audio_ring_wanted(struct audio_ring *r, size_t target_frames, int64_t *ret_first_frame)
{
    uint32_t asked = atomic_load_explicit(&r->flush_asked, memory_order_relaxed);
    int64_t taken, first, until;

    if (atomic_load_explicit(&r->flush_faded, memory_order_acquire) != asked)
        return 0;
    taken = frame_cell_get(&r->taken);
    first = frame_cell_get(&r->end);
    if (atomic_load_explicit(&r->flush_refilled, memory_order_relaxed) != asked || first < taken)
        first = ahead_of_card(r, taken);
    if (target_frames > r->mask + 1)
        target_frames = r->mask + 1;
    until = taken + (int64_t)target_frames;
    if (until <= first)
        return 0;
    *ret_first_frame = first;
    return (size_t)(until - first);
}

void audio_ring_write(struct audio_ring *r, int64_t first_frame, const float *frames, size_t count)
{
    uint32_t asked = atomic_load_explicit(&r->flush_asked, memory_order_relaxed);
    size_t at = (size_t)first_frame & r->mask;
    size_t head = count < r->mask + 1 - at ? count : r->mask + 1 - at;

    CHECK(count <= r->mask + 1);
    memcpy(r->slots + at, frames, head * sizeof(*frames));
    memcpy(r->slots, frames + head, (count - head) * sizeof(*frames));
    if (first_frame != frame_cell_get(&r->end) ||
        atomic_load_explicit(&r->flush_refilled, memory_order_relaxed) != asked)
        frame_cell_set(&r->from, first_frame);
    frame_cell_set(&r->end, first_frame + (int64_t)count);
    atomic_store_explicit(&r->flush_refilled, asked, memory_order_release);
}

void audio_ring_flush(struct audio_ring *r)
{
    uint32_t asked = atomic_load_explicit(&r->flush_asked, memory_order_relaxed);

    /* Nothing was written since the last flush: there is nothing to forget. */
    if (atomic_load_explicit(&r->flush_refilled, memory_order_relaxed) != asked)
        return;
    atomic_store_explicit(&r->flush_asked, asked + 1, memory_order_release);
}

bool audio_ring_flushing(const struct audio_ring *r)
{
    return atomic_load_explicit(&r->flush_faded, memory_order_acquire) !=
           atomic_load_explicit(&r->flush_asked, memory_order_relaxed);
}

bool audio_ring_next_position(struct audio_ring *r, struct audio_ring_position *ret_position)
{
    uint32_t tail = atomic_load_explicit(&r->position_tail, memory_order_relaxed);

    if (tail == atomic_load_explicit(&r->position_head, memory_order_acquire))
        return false;
    *ret_position = r->positions[tail % AUDIO_RING_POSITIONS];
    atomic_store_explicit(&r->position_tail, tail + 1, memory_order_release);
    return true;
}

uint32_t audio_ring_underruns(const struct audio_ring *r)
{
    return atomic_load_explicit(&r->underruns, memory_order_relaxed);
}

uint32_t audio_ring_skipped(const struct audio_ring *r)
{
    return atomic_load_explicit(&r->skipped, memory_order_relaxed);
}

int64_t audio_ring_end(const struct audio_ring *r)
{
    return frame_cell_get(&r->end);
}

int64_t audio_ring_position(const struct audio_ring *r)
{
    return frame_cell_get(&r->taken);
}

/* Nothing to play: let the last value die away, so that there is a soft end and no click. */
static void fill_silence(struct audio_ring *r, float *out, size_t count)
{
    if (r->running) {
        r->running = false;
        r->decay_left = r->fade_frames;
    }
    for (size_t i = 0; i < count; i++) {
        if (r->decay_left > 0)
            r->decay_left--;
        out[i] = r->decay_left > 0 ? r->last * (float)r->decay_left / (float)r->fade_frames : 0.0F;
    }
}

static void copy_sound(struct audio_ring *r, int64_t first, float *out, size_t count)
{
    size_t at = (size_t)first & r->mask;
    size_t head = count < r->mask + 1 - at ? count : r->mask + 1 - at;

    if (count == 0)
        return;
    memcpy(out, r->slots + at, head * sizeof(*out));
    memcpy(out + head, r->slots, (count - head) * sizeof(*out));
    r->last = out[count - 1];
    r->running = true;
}

/* Sound where there is some, silence before and after it. Returns how much sound there was. */
static size_t copy_range(struct audio_ring *r, int64_t first, float *out, size_t count)
{
    int64_t end = frame_cell_get(&r->end);
    int64_t from = frame_cell_get(&r->from);
    int64_t stop = first + (int64_t)count;
    size_t before = 0, sound = 0;

    if (from > first)
        before = (size_t)(from < stop ? from - first : stop - first);
    if (end > first + (int64_t)before)
        sound = (size_t)((end < stop ? end : stop) - first) - before;
    if (before > 0)
        fill_silence(r, out, before);
    copy_sound(r, first + (int64_t)before, out + before, sound);
    if (before + sound < count) {
        if (r->running)
            atomic_fetch_add_explicit(&r->underruns, 1, memory_order_relaxed);
        fill_silence(r, out + before + sound, count - before - sound);
    }
    return before + sound;
}

/* A fade-out lasts as long as sound is there, at most fade_frames. Returns true when it is over. */
static bool fade_out(struct audio_ring *r, int64_t first, float *out, size_t count)
{
    int64_t end = frame_cell_get(&r->end);
    int64_t from = frame_cell_get(&r->from);
    size_t n = 0;

    if (r->fade_left == 0)
        r->fade_left = r->fade_frames;
    if (from <= first && end > first)
        n = (size_t)(end - first) < count ? (size_t)(end - first) : count;
    if (n > r->fade_left)
        n = r->fade_left;
    copy_sound(r, first, out, n);
    for (size_t i = 0; i < n; i++)
        out[i] *= (float)--r->fade_left / (float)r->fade_frames;
    if (n > 0)
        r->last = out[n - 1];
    if (n == count && r->fade_left > 0)
        return false;
    r->fade_left = 0;
    fill_silence(r, out + n, count - n);
    return true;
}

/* Out of the silence in which the card let frames go, into the middle of the sound. */
static void fade_in(struct audio_ring *r, float *out, size_t count)
{
    for (size_t i = 0; i < count && r->enter_left > 0; i++)
        out[i] *= 1.0F - (float)r->enter_left-- / (float)r->fade_frames;
    r->last = out[count - 1];
}

void audio_ring_read(struct audio_ring *r, float *ret_frames, size_t count)
{
    uint32_t refilled = atomic_load_explicit(&r->flush_refilled, memory_order_acquire);
    uint32_t asked = atomic_load_explicit(&r->flush_asked, memory_order_acquire);
    uint32_t faded = atomic_load_explicit(&r->flush_faded, memory_order_relaxed);
    int64_t first = frame_cell_get(&r->taken);

    if (count > atomic_load_explicit(&r->block, memory_order_relaxed))
        atomic_store_explicit(&r->block, (uint32_t)count, memory_order_relaxed);
    if (faded != asked) {
        if (fade_out(r, first, ret_frames, count))
            atomic_store_explicit(&r->flush_faded, asked, memory_order_release);
    } else if (refilled != faded) {
        fill_silence(r, ret_frames, count);
    } else {
        (void)copy_range(r, first, ret_frames, count);
    }
    if (r->enter_left > 0 && count > 0)
        fade_in(r, ret_frames, count);
    frame_cell_set(&r->taken, first + (int64_t)count);
}

void audio_ring_skip(struct audio_ring *r, size_t count)
{
    frame_cell_set(&r->taken, frame_cell_get(&r->taken) + (int64_t)count);
    atomic_fetch_add_explicit(&r->skipped, (uint32_t)count, memory_order_relaxed);
    if (r->running)
        r->enter_left = r->fade_frames;
    r->last = 0;
    r->decay_left = 0;
}

void audio_ring_note(struct audio_ring *r, int64_t frame, usec_t mono_us)
{
    uint32_t head = atomic_load_explicit(&r->position_head, memory_order_relaxed);

    if (head - atomic_load_explicit(&r->position_tail, memory_order_acquire) >=
        AUDIO_RING_POSITIONS)
        return;
    r->positions[head % AUDIO_RING_POSITIONS] =
        (struct audio_ring_position){.frame = frame, .mono_us = mono_us};
    atomic_store_explicit(&r->position_head, head + 1, memory_order_release);
}

void audio_ring_note_underrun(struct audio_ring *r)
{
    atomic_fetch_add_explicit(&r->underruns, 1, memory_order_relaxed);
}
