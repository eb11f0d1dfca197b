#include "live_input.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "call.h"

#define KEEP_BYTES ((size_t)20 * LIVE_INPUT_BYTES_PER_MS) /* of a microphone, at the start */
#define AHEAD_MS 60 /* so far ahead of time samples may leave */
#define TURN_MS 20
#define RATE_HZ 48000

int64_t live_input_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t le(const uint8_t *at, size_t width)
{
    uint32_t v = 0;

    for (size_t i = width; i-- > 0;)
        v = v << 8 | at[i];
    return v;
}

/* Read what is there; waits up to wait_ms for the first byte. */
static void fill(struct live_input *in, int wait_ms)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    ssize_t n;

    if (in->ended || in->len == sizeof(in->data) || poll(&fd, 1, wait_ms) <= 0)
        return;
    n = read(STDIN_FILENO, in->data + in->len, sizeof(in->data) - in->len);
    if (n > 0)
        in->len += (size_t)n;
    else if (n == 0 || errno != EINTR)
        in->ended = true;
}

/* Step over a WAV header. False after saying why; in->channels stays 0 while more bytes are needed. */
static bool read_header(struct live_input *in)
{
    size_t at = 12;
    unsigned channels = 0;

    if (in->len < 12 && !in->ended)
        return true;
    if (in->len >= 4 && memcmp(in->data, "OggS", 4) == 0) {
        call_refuse(
            "live sound is 48 kHz WAV or s16le; decode it first: ffmpeg -i - -ar 48000 -ac 1 "
            "-f s16le - | loactl live ...");
        return false;
    }
    if (in->len < 12 || memcmp(in->data, "RIFF", 4) != 0) {
        in->channels = 1;
        return true;
    }
    while (at + 8 <= in->len) {
        uint32_t size = le(in->data + at + 4, 4);

        if (memcmp(in->data + at, "data", 4) == 0) {
            in->channels = channels;
            in->len -= at + 8;
            memmove(in->data, in->data + at + 8, in->len);
            return channels > 0;
        }
        if (memcmp(in->data + at, "fmt ", 4) == 0 && at + 24 <= in->len) {
            channels = le(in->data + at + 10, 2);
            if (channels < 1 || channels > 8 || le(in->data + at + 12, 4) != RATE_HZ ||
                le(in->data + at + 22, 2) != 16) {
                call_refuse(
                    "this WAV is not 16 bits at 48 kHz; convert it: ffmpeg -i - -ar 48000 -ac "
                    "1 -f s16le - | loactl live ...");
                return false;
            }
        }
        if (size > sizeof(in->data))
            break;
        at += 8 + size + (size & 1);
    }
    if (at > sizeof(in->data) / 2 || in->ended) {
        call_refuse("the WAV on standard input has no sound in it; check what writes it");
        return false;
    }
    return true;
}

static size_t frame_bytes(const struct live_input *in)
{
    return 2 * (size_t)in->channels;
}

static void drop(struct live_input *in, size_t count)
{
    in->len -= count;
    memmove(in->data, in->data + count, in->len);
}

static bool wait_for_start(struct live_input *in)
{
    int64_t begun_ms = live_input_now_ms();
    size_t spoken;

    while ((live_input_now_ms() < in->start_ms || in->channels == 0) && !*in->quit) {
        fill(in, TURN_MS);
        if (in->channels == 0 && !read_header(in))
            return false;
        if (in->ended || in->len == sizeof(in->data)) {
            if (in->channels == 0)
                return false;
            poll(NULL, 0, TURN_MS);
        }
    }
    if (in->channels == 0)
        return true;
    spoken = (size_t)(live_input_now_ms() - begun_ms + 200) * LIVE_INPUT_BYTES_PER_MS;
    if (!in->ended && in->len / in->channels < spoken && in->len > KEEP_BYTES * in->channels)
        drop(in, (in->len - KEEP_BYTES * in->channels) / frame_bytes(in) * frame_bytes(in));
    return true;
}

size_t live_input_more(void *arg, char *ret_data, size_t size)
{
    struct live_input *in = arg;

    if (in->begun_ms == 0) {
        in->refused = !wait_for_start(in);
        if (in->refused || in->channels == 0)
            return 0;
        in->begun_ms = live_input_now_ms();
    }
    while (!*in->quit) {
        uint64_t due =
            (uint64_t)(live_input_now_ms() - in->begun_ms + AHEAD_MS) * LIVE_INPUT_BYTES_PER_MS;
        size_t frames = in->len / frame_bytes(in);

        if (frames > size / 2)
            frames = size / 2;
        if (due > in->given && frames > (due - in->given) / 2)
            frames = (size_t)(due - in->given) / 2;
        if (frames > 0 && due > in->given) {
            for (size_t i = 0; i < frames; i++)
                memcpy(ret_data + 2 * i, in->data + i * frame_bytes(in), 2);
            drop(in, frames * frame_bytes(in));
            in->given += 2 * frames;
            return 2 * frames;
        }
        if (in->ended && in->len < frame_bytes(in))
            break;
        if (in->ended || due <= in->given || in->len == sizeof(in->data))
            poll(NULL, 0, TURN_MS / 4);
        else
            fill(in, TURN_MS);
    }
    return 0;
}
