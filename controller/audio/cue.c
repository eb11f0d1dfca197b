#include "cue.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "units.h"

#define STEP ((size_t)SAMPLE_RATE_HZ / 50)
#define PER_MS ((uint64_t)SAMPLE_RATE_HZ / 1000)
#define QUIET 0.01F /* of the loudest sample */
#define PIECE ((size_t)16384)

static enum err read_at(int fd, float *pcm, uint64_t at, size_t count)
{
    size_t len = count * sizeof(*pcm), got = 0;

    while (got < len) {
        ssize_t n = pread(fd, (char *)pcm + got, len - got, (off_t)(at * sizeof(*pcm) + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        got += (size_t)n;
    }
    return ERR_OK;
}

static enum err write_at(int fd, const float *pcm, uint64_t at, size_t count)
{
    size_t len = count * sizeof(*pcm), put = 0;

    while (put < len) {
        ssize_t n =
            pwrite(fd, (const char *)pcm + put, len - put, (off_t)(at * sizeof(*pcm) + put));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        put += (size_t)n;
    }
    return ERR_OK;
}

static float peak_of(const float *pcm, size_t count)
{
    float peak = 0;

    for (size_t i = 0; i < count; i++)
        peak = fmaxf(peak, fabsf(pcm[i]));
    return peak;
}

/* A span of samples. */
struct span {
    uint64_t from;
    uint64_t to;
};

/* First and last step that is louder than `limit`; *ret_peak is the loudest of all. */
static enum err listen(int fd, struct span all, float limit, struct span *ret_loud, float *ret_peak)
{
    struct span loud = {all.to, all.from};
    float pcm[STEP];
    float most = 0;

    for (uint64_t at = all.from; at < all.to; at += STEP) {
        size_t count = all.to - at < STEP ? (size_t)(all.to - at) : STEP;
        enum err e = read_at(fd, pcm, at, count);
        float peak = peak_of(pcm, count);

        if (e != ERR_OK)
            return e;
        most = fmaxf(most, peak);
        if (peak <= limit)
            continue;
        loud.from = loud.from < at ? loud.from : at;
        loud.to = at + count;
    }
    *ret_loud = loud;
    *ret_peak = most;
    return ERR_OK;
}

static enum err trim(int fd, struct span *span)
{
    struct span loud;
    float peak;
    enum err e = listen(fd, *span, 0, &loud, &peak);

    if (e != ERR_OK || peak <= 0)
        return e; /* silence: refused by who levels it */
    e = listen(fd, *span, peak * QUIET, &loud, &peak);
    if (e != ERR_OK)
        return e;
    if (loud.from > span->from + CUE_BEFORE_MS * PER_MS)
        span->from = loud.from - CUE_BEFORE_MS * PER_MS;
    if (loud.to + CUE_AFTER_MS * PER_MS < span->to)
        span->to = loud.to + CUE_AFTER_MS * PER_MS;
    return ERR_OK;
}

static float gain_at(const struct cue *cue, uint64_t at, uint64_t samples)
{
    uint64_t in = cue->fade_in_ms * PER_MS, out = cue->fade_out_ms * PER_MS;
    float gain = 1;

    in = in < samples ? in : samples;
    out = out < samples ? out : samples;
    if (at < in)
        gain = (float)at / (float)in;
    if (samples - at <= out)
        gain *= (float)(samples - at - 1) / (float)out;
    return gain;
}

static enum err move(const struct cue *cue, int fd, struct span span)
{
    static _Thread_local float pcm[PIECE];
    uint64_t samples = span.to - span.from;
    enum err e = ERR_OK;

    for (uint64_t at = 0; e == ERR_OK && at < samples; at += PIECE) {
        size_t count = samples - at < PIECE ? (size_t)(samples - at) : PIECE;

        e = read_at(fd, pcm, span.from + at, count);
        for (size_t i = 0; e == ERR_OK && i < count; i++)
            pcm[i] *= gain_at(cue, at + i, samples);
        if (e == ERR_OK)
            e = write_at(fd, pcm, at, count);
    }
    if (e == ERR_OK && ftruncate(fd, (off_t)(samples * sizeof(*pcm))) != 0)
        e = ERR_IO;
    return e;
}

enum err cue_apply(const struct cue *cue, int fd, uint64_t *samples, struct err_detail *detail)
{
    struct span span = {cue->from_ms * PER_MS, *samples};
    enum err e = ERR_OK;

    if (!cue->trim && (cue->from_ms | cue->to_ms | cue->fade_in_ms | cue->fade_out_ms) == 0)
        return ERR_OK;
    if (cue->fade_in_ms > CUE_FADE_MAX_MS || cue->fade_out_ms > CUE_FADE_MAX_MS)
        return err_set(detail, ERR_ARG, "A fade lasts %u s at most.", CUE_FADE_MAX_MS / 1000);
    if (cue->to_ms != 0 && cue->to_ms * PER_MS < span.to)
        span.to = cue->to_ms * PER_MS;
    if (span.from >= span.to)
        return err_set(detail, ERR_FORMAT,
                       "Nothing is left of the recording: it lasts %llu ms and would be cut from "
                       "%u to %u ms.",
                       (unsigned long long)(*samples / PER_MS), cue->from_ms, cue->to_ms);
    if (cue->trim)
        e = trim(fd, &span);
    if (e == ERR_OK)
        e = move(cue, fd, span);
    if (e != ERR_OK)
        return err_set(detail, e, "The recording cannot be cut (%s): check the disk.",
                       strerror(errno));
    *samples = span.to - span.from;
    return ERR_OK;
}
