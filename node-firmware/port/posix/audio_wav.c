#include "audio_wav.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "pacer.h"
#include "wav_file.h"

struct audio_wav {
    struct audio_out out; /* first member: the interface */
    struct audio_ring *ring;
    struct pacer pacer;
    struct wav_file file;
    char path[PATH_MAX]; /* empty: only the pace */
    double ppm;
    usec_t commit_mono_us; /* next header */
    usec_t station_us;
    uint32_t uncertainty_us; /* of station_us; UINT32_MAX unknown */
};

static struct audio_wav *of(struct audio_out *o)
{
    return (struct audio_wav *)o;
}

/* Replaced as a whole, so that a reader never sees half of it. */
static void write_json(const struct audio_wav *a)
{
    char name[PATH_MAX + 8], temporary[PATH_MAX + 16], text[256], station[32] = "null";
    int n, fd;
    bool ok;

    snprintf(name, sizeof(name), "%s.json", a->path);
    snprintf(temporary, sizeof(temporary), "%s.json.tmp", a->path);
    if (a->uncertainty_us != UINT32_MAX)
        snprintf(station, sizeof(station), "%lld", (long long)a->station_us);
    n = snprintf(text, sizeof(text),
                 "{\"rate_hz\": %d, \"ppm\": %.3f, \"mono_us\": %lld, \"station_us\": %s, "
                 "\"uncertainty_us\": %lld}\n",
                 SAMPLE_RATE_HZ, a->ppm, (long long)a->pacer.start_mono_us, station,
                 a->uncertainty_us == UINT32_MAX ? -1LL : (long long)a->uncertainty_us);
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ok = fd >= 0 && write(fd, text, (size_t)n) == n;
    if (fd >= 0)
        close(fd);
    if (!ok || rename(temporary, name) < 0)
        log_event(LOG_WARN, "audio.stamp_not_written", "file=%s why=%s", LOG_TEXT(name),
                  LOG_TEXT(strerror(errno)));
}

/* The sound goes on being paced when the disk has no room for its recording. */
static void give_up_recording(struct audio_wav *a, enum err e)
{
    log_event(LOG_ERROR, "audio.recording_stopped", "file=%s why=%s", LOG_TEXT(a->path),
              e == ERR_LIMIT ? "a WAV file cannot be longer" : strerror(errno));
    wav_file_close(&a->file);
}

static void record(struct audio_wav *a, const float *frames, usec_t mono_us)
{
    enum err e;

    if (a->file.fd < 0)
        return;
    e = wav_file_append(&a->file, frames, PACER_PERIOD_FRAMES);
    if (e == ERR_OK && mono_us >= a->commit_mono_us) {
        a->commit_mono_us = mono_us + USEC_PER_SEC;
        e = wav_file_commit(&a->file);
    }
    if (e != ERR_OK)
        give_up_recording(a, e);
}

static void wav_tick(struct audio_out *o, usec_t mono_us)
{
    struct audio_wav *a = of(o);
    float frames[PACER_PERIOD_FRAMES];
    int64_t first;

    while (pacer_take(&a->pacer, mono_us, &first)) {
        audio_ring_read(a->ring, frames, PACER_PERIOD_FRAMES);
        audio_ring_note(a->ring, first, pacer_mono(&a->pacer, first));
        record(a, frames, mono_us);
    }
}

/* Written again when it is known twice as well as before. */
static void wav_stamp(struct audio_out *o, usec_t station_us, uint32_t uncertainty_us)
{
    struct audio_wav *a = of(o);

    if (a->path[0] == '\0' || uncertainty_us > a->uncertainty_us / 2)
        return;
    a->station_us = station_us;
    a->uncertainty_us = uncertainty_us;
    write_json(a);
}

static void wav_close(struct audio_out *o)
{
    struct audio_wav *a = of(o);

    wav_file_close(&a->file);
    free(a);
}

enum err audio_wav_open(const char *path, double ppm, struct audio_ring *ring, usec_t mono_us,
                        struct audio_out **ret_out, struct err_detail *detail)
{
    struct audio_wav *a;
    enum err e;

    if (path != NULL && strlen(path) >= sizeof(a->path))
        return err_set(detail, ERR_ARG, "the path of the recording is longer than %zu bytes",
                       sizeof(a->path) - 1);
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        return ERR_NOMEM;
    a->file.fd = -1;
    a->ring = ring;
    a->ppm = ppm;
    a->uncertainty_us = UINT32_MAX;
    if (path != NULL) {
        strcpy(a->path, path);
        e = wav_file_open(&a->file, path, SAMPLE_RATE_HZ, detail);
        if (e != ERR_OK) {
            free(a);
            return e;
        }
    }
    audio_ring_reset(ring, SAMPLE_RATE_HZ);
    pacer_init(&a->pacer, ppm, mono_us);
    a->commit_mono_us = mono_us;
    a->out = (struct audio_out){.rate_hz = SAMPLE_RATE_HZ,
                                .openings = 1,
                                .name = path != NULL ? "wav" : "null",
                                .tick = wav_tick,
                                .stamp = wav_stamp,
                                .stamp_mono_us = a->pacer.start_mono_us,
                                .close = wav_close};
    if (path != NULL)
        write_json(a);
    *ret_out = &a->out;
    return ERR_OK;
}
