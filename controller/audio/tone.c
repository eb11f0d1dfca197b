#include "tone.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "import.h"
#include "master.h"
#include "scratch.h"

#define RATE_HZ 48000
#define AMPLITUDE 0.5
#define FADE_S 0.01
#define SECOND_PARTIAL 0.25 /* horns speak better when there is something above the fundamental */

struct moment {
    double hz;
    double level; /* 0..1 */
};

static double edge(double at_s, double length_s)
{
    double from_edge = at_s < length_s - at_s ? at_s : length_s - at_s;

    return from_edge >= FADE_S ? 1 : from_edge > 0 ? from_edge / FADE_S : 0;
}

static struct moment siren(double at_s)
{
    double phase = fmod(at_s, 8) / 4;

    return (struct moment){500 * exp2(phase < 1 ? phase : 2 - phase), 1};
}

static struct moment all_clear(double at_s)
{
    (void)at_s;
    return (struct moment){660, 1};
}

static struct moment evacuate(double at_s)
{
    double in_cycle = fmod(at_s, 4), in_pulse = fmod(in_cycle, 1);

    return (struct moment){520, in_cycle < 3 && in_pulse < 0.5 ? edge(in_pulse, 0.5) : 0};
}

static struct moment test(double at_s)
{
    double in_note = at_s < 1 ? at_s : at_s - 1;

    return (struct moment){at_s < 1 ? 660 : 523.25, edge(in_note, 3) * exp(-2 * in_note)};
}

/* Three notes of a broken chord, each left to ring. */
static struct moment signature(double at_s)
{
    static const double notes[] = {523.25, 659.25, 783.99};
    int note = at_s < 0.6 ? 0 : at_s < 1.2 ? 1 : 2;
    double in_note = at_s - 0.6 * note;

    return (struct moment){notes[note], edge(in_note, 3) * exp(-1.5 * in_note)};
}

static const struct {
    struct moment (*at)(double at_s);
    double length_s;
} tones[] = {
    [EMERGENCY_NONE] = {signature, 3.5},
    [EMERGENCY_SIREN] = {siren, 24},
    [EMERGENCY_ALL_CLEAR] = {all_clear, 24},
    [EMERGENCY_EVACUATE] = {evacuate, 24},
    [EMERGENCY_TEST] = {test, 3},
};

static enum err write_all(int fd, const float *pcm, size_t count, uint64_t at)
{
    const char *bytes = (const char *)pcm;
    size_t len = count * sizeof(*pcm), done = 0;

    while (done < len) {
        ssize_t n = pwrite(fd, bytes + done, len - done, (off_t)(at * sizeof(*pcm) + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_IO;
        done += (size_t)n;
    }
    return ERR_OK;
}

/* Phase is summed, so that a sweep has no click; the second partial at a fraction of the first. */
static enum err synthesise(enum emergency_signal signal, int fd, uint64_t samples)
{
    double length_s = tones[signal].length_s, phase = 0;
    float pcm[4800];
    enum err e = ERR_OK;

    for (uint64_t at = 0; e == ERR_OK && at < samples; at += 4800) {
        for (size_t i = 0; i < 4800; i++) {
            double at_s = (double)(at + i) / RATE_HZ;
            struct moment m = tones[signal].at(at_s);

            phase = fmod(phase + 2 * M_PI * m.hz / RATE_HZ, 2 * M_PI);
            pcm[i] = (float)(AMPLITUDE * m.level * edge(at_s, length_s) *
                             (sin(phase) + SECOND_PARTIAL * sin(2 * phase)));
        }
        e = write_all(fd, pcm, 4800, at);
    }
    return e;
}

enum err tone_make(enum emergency_signal signal, const char *media_dir, uint32_t bitrate_bps,
                   const atomic_bool *cancel, struct media_info *ret_info,
                   struct err_detail *detail)
{
    uint64_t samples = (uint64_t)(tones[signal].length_s * RATE_HZ);
    struct master_job job = {
        .samples = samples, .media_dir = media_dir, .bitrate_bps = bitrate_bps, .cancel = cancel};
    struct master_result result;
    enum err e;

    job.pcm_fd = scratch_open(media_dir);
    if (job.pcm_fd < 0)
        return err_set(detail, ERR_IO, "The media folder cannot be written (%s): check the disk.",
                       strerror(errno));
    e = synthesise(signal, job.pcm_fd, samples);
    if (e == ERR_OK)
        e = master_store(&job, &result, detail);
    close(job.pcm_fd);
    if (e != ERR_OK)
        return e;
    import_fill_info(&result, samples, ret_info);
    snprintf(ret_info->title, sizeof(ret_info->title), "%s",
             signal != EMERGENCY_NONE ? emergency_signal_title(signal) : "Nhạc hiệu của đài");
    return ERR_OK;
}
