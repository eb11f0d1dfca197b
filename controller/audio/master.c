#include "master.h"

#include <errno.h>
#include <math.h>
#include <opus/opus.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "encoder.h"
#include "limiter.h"
#include "loudness.h"
#include "oggfile.h"

#define GAIN_MIN_MDB (-100000)
#define MAKE_UP_MAX_MDB 6000 /* added at most for what the limiter takes away */
#define LEVEL_PASSES 4
#define LEVEL_NEAR_MLU 100
#define ENCODE_PASSES 6
#define PEAK_AIM_MDB (LOUDNESS_PEAK_MAX_MDB - 50) /* meters differ by a few hundredths */
/* First ceiling: at 32 kbit/s the codec adds 0.3 to 1.1 dB to the peaks of limited speech. */
#define CODEC_MARGIN_MDB 1500
#define CODEC_LOSS_MLU 700 /* the codec takes away more than this: encode again with more gain */
#define CODEC_LOSS_PASSES 2
#define SAMPLE_MAX 64.0F /* +36 dBFS: more than any real recording, far from overflow */

/* Reads samples one packet at a time, levelled. */
struct chain {
    const struct master_job *job;
    struct limiter *limiter; /* NULL: as they are */
    uint64_t at; /* samples read */
};

static enum err check_cancel(const struct master_job *job, struct err_detail *detail)
{
    if (job->cancel != NULL && atomic_load_explicit(job->cancel, memory_order_relaxed))
        return err_set(detail, ERR_CANCELLED, "The import was cancelled.");
    return ERR_OK;
}

/* Read up to PACKET_SAMPLES; what lies beyond the end is silence. Infinities and not-a-numbers, which
 * float files may hold, become silence. */
static enum err read_samples(struct chain *c, float *pcm, struct err_detail *detail)
{
    uint64_t left = c->job->samples - c->at;
    size_t want = left < PACKET_SAMPLES ? (size_t)left : PACKET_SAMPLES;
    size_t have = 0;
    char *to = (char *)pcm;

    while (have < want * sizeof(float)) {
        ssize_t n = pread(c->job->pcm_fd, to + have, want * sizeof(float) - have,
                          (off_t)(c->at * sizeof(float) + have));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(detail, ERR_IO, "The decoded recording cannot be read: check the disk.");
        have += (size_t)n;
    }
    c->at += want;
    for (size_t i = 0; i < PACKET_SAMPLES; i++)
        pcm[i] = i < want && isfinite(pcm[i]) ? fminf(fmaxf(pcm[i], -SAMPLE_MAX), SAMPLE_MAX) : 0;
    return check_cancel(c->job, detail);
}

static enum err chain_next(struct chain *c, float *pcm, struct err_detail *detail)
{
    enum err err = read_samples(c, pcm, detail);

    if (err == ERR_OK && c->limiter != NULL)
        limiter_process(c->limiter, pcm, PACKET_SAMPLES);
    return err;
}

/* A window over a signal that comes in packets: leave out the first samples, stop after the last. */
struct window {
    uint64_t skip;
    uint64_t left;
};

static enum err measure_window(struct window *w, struct loudness_meter *m, const float *pcm)
{
    size_t from = w->skip < PACKET_SAMPLES ? (size_t)w->skip : PACKET_SAMPLES;
    size_t count = PACKET_SAMPLES - from;

    w->skip -= from;
    if (count > w->left)
        count = (size_t)w->left;
    w->left -= count;
    return count > 0 ? loudness_meter_add(m, pcm + from, count) : ERR_OK;
}

struct level {
    int32_t loudness_mlufs;
    int32_t peak_mdb;
};

/* Measure without encoding: loudness and peak of the recording as it is, or (`limiter` not NULL) the
 * loudness behind gain and limiter. */
static enum err measure(const struct master_job *job, struct limiter *limiter,
                        struct level *ret_level, struct err_detail *detail)
{
    struct chain chain = {.job = job, .limiter = limiter};
    struct window window = {.skip = limiter != NULL ? LIMITER_DELAY_SAMPLES : 0,
                            .left = job->samples};
    struct loudness_meter *meter = NULL;
    float pcm[PACKET_SAMPLES];
    enum err err = loudness_meter_new(limiter == NULL, &meter);

    while (err == ERR_OK && window.left > 0) {
        err = chain_next(&chain, pcm, detail);
        if (err == ERR_OK)
            err = measure_window(&window, meter, pcm);
    }
    if (err == ERR_OK) {
        ret_level->loudness_mlufs = loudness_meter_integrated_mlufs(meter);
        ret_level->peak_mdb = limiter == NULL ? loudness_meter_peak_mdb(meter) : 0;
    }
    loudness_meter_free(meter);
    return err;
}

struct setting {
    int32_t gain_mdb;
    int32_t gain_max_mdb;
    int32_t ceiling_mdb;
    bool too_quiet;
};

static int32_t clamp(int64_t v, int32_t low, int32_t high)
{
    if (v < low)
        return low;
    return v > high ? high : (int32_t)v;
}

/* Find the gain that reaches the target, also for what the limiter takes away again. */
static enum err find_setting(const struct master_job *job, struct setting *ret_setting,
                             struct err_detail *detail)
{
    struct setting s = {.ceiling_mdb = LOUDNESS_PEAK_MAX_MDB - CODEC_MARGIN_MDB};
    struct level level;
    int64_t wanted;
    enum err err = measure(job, NULL, &level, detail);

    if (err != ERR_OK)
        return err;
    if (level.loudness_mlufs == LOUDNESS_SILENT_MLUFS)
        return err_set(detail, ERR_FORMAT,
                       "The recording is silent: check the microphone, then record it again.");
    wanted = (int64_t)LOUDNESS_TARGET_MLUFS - level.loudness_mlufs;
    s.gain_mdb = clamp(wanted, GAIN_MIN_MDB, LOUDNESS_GAIN_MAX_MDB);
    s.too_quiet = wanted > LOUDNESS_GAIN_MAX_MDB;
    s.gain_max_mdb =
        clamp((int64_t)s.gain_mdb + MAKE_UP_MAX_MDB, GAIN_MIN_MDB, LOUDNESS_GAIN_MAX_MDB);
    for (int i = 0; i < LEVEL_PASSES && level.peak_mdb + s.gain_mdb > s.ceiling_mdb; i++) {
        struct limiter *limiter = NULL;
        struct level out;

        err = limiter_new(s.gain_mdb, s.ceiling_mdb, &limiter);
        if (err == ERR_OK)
            err = measure(job, limiter, &out, detail);
        limiter_free(limiter);
        if (err != ERR_OK)
            return err;
        wanted = (int64_t)LOUDNESS_TARGET_MLUFS - out.loudness_mlufs;
        if (wanted < LEVEL_NEAR_MLU || s.gain_mdb == s.gain_max_mdb)
            break;
        s.gain_mdb = clamp(s.gain_mdb + wanted, GAIN_MIN_MDB, s.gain_max_mdb);
    }
    *ret_setting = s;
    return ERR_OK;
}

/* What one encode needs; everything is made new for each attempt. */
struct attempt {
    struct chain chain;
    struct limiter *limiter;
    struct encoder *encoder;
    OpusDecoder *decoder;
    struct loudness_meter *meter;
    struct oggfile *file;
};

static void attempt_deinit(struct attempt *a)
{
    limiter_free(a->limiter);
    encoder_free(a->encoder);
    if (a->decoder != NULL)
        opus_decoder_destroy(a->decoder);
    loudness_meter_free(a->meter);
    oggfile_free(a->file);
}

static enum err attempt_init(struct attempt *a, const struct master_job *job,
                             const struct setting *s, struct err_detail *detail)
{
    enum err err;

    memset(a, 0, sizeof(*a));
    err = limiter_new(s->gain_mdb, s->ceiling_mdb, &a->limiter);
    if (err == ERR_OK)
        err = encoder_new(job->bitrate_bps, &a->encoder);
    if (err == ERR_OK)
        err = loudness_meter_new(true, &a->meter);
    if (err == ERR_OK) {
        a->decoder = opus_decoder_create(SAMPLE_RATE_HZ, 1, NULL);
        err = a->decoder == NULL ? ERR_NOMEM : ERR_OK;
    }
    if (err == ERR_OK)
        err = oggfile_new(job->media_dir, encoder_preskip(a->encoder), &a->file, detail);
    a->chain = (struct chain){.job = job, .limiter = a->limiter};
    return err;
}

/* The limiter delays by more than the pre-skip, so its first samples are taken in before the first
 * packet: sample 0 of the recording is sample 0 of the encoder. */
static enum err fill_packet(struct attempt *a, float *carry, float *pcm, struct err_detail *detail)
{
    float next[PACKET_SAMPLES];
    enum err err = chain_next(&a->chain, next, detail);
    const size_t kept = PACKET_SAMPLES - LIMITER_DELAY_SAMPLES;

    if (err != ERR_OK)
        return err;
    memcpy(pcm, carry, kept * sizeof(float));
    memcpy(pcm + kept, next, LIMITER_DELAY_SAMPLES * sizeof(float));
    memcpy(carry, next + LIMITER_DELAY_SAMPLES, kept * sizeof(float));
    return ERR_OK;
}

static enum err encode_one(struct attempt *a, float *pcm, struct window *window,
                           struct err_detail *detail)
{
    uint8_t data[PACKET_PAYLOAD_MAX];
    size_t len = 0;
    enum err err = encoder_packet(a->encoder, pcm, data, &len);

    if (err == ERR_OK)
        err = oggfile_add(a->file, bytes_of(data, len), detail);
    if (err != ERR_OK)
        return err;
    if (opus_decode_float(a->decoder, data, (opus_int32)len, pcm, PACKET_SAMPLES, 0) !=
        PACKET_SAMPLES)
        return err_set(detail, ERR_IO, "The encoder made a packet that cannot be decoded.");
    return measure_window(window, a->meter, pcm);
}

static enum err encode_all(struct attempt *a, const struct master_job *job, struct level *ret_level,
                           struct err_detail *detail)
{
    struct window window = {.skip = encoder_preskip(a->encoder), .left = job->samples};
    float carry[PACKET_SAMPLES];
    float pcm[PACKET_SAMPLES];
    enum err err = chain_next(&a->chain, carry, detail);

    if (err != ERR_OK)
        return err;
    memmove(carry, carry + LIMITER_DELAY_SAMPLES,
            (PACKET_SAMPLES - LIMITER_DELAY_SAMPLES) * sizeof(float));
    while (err == ERR_OK && window.left > 0) {
        err = fill_packet(a, carry, pcm, detail);
        if (err == ERR_OK)
            err = encode_one(a, pcm, &window, detail);
    }
    if (err == ERR_OK) {
        ret_level->loudness_mlufs = loudness_meter_integrated_mlufs(a->meter);
        ret_level->peak_mdb = loudness_meter_peak_mdb(a->meter);
    }
    return err;
}

/* Change the setting for what the codec did to peaks and loudness. False when it is good as it is. */
static bool correct(struct setting *s, const struct level *out, int *loss_passes)
{
    int64_t lost = (int64_t)LOUDNESS_TARGET_MLUFS - out->loudness_mlufs;
    bool changed = false;

    if (out->peak_mdb > PEAK_AIM_MDB) {
        s->ceiling_mdb =
            clamp((int64_t)s->ceiling_mdb - (out->peak_mdb - PEAK_AIM_MDB) - 100, -60000, 0);
        changed = true;
    }
    if (llabs(lost) > CODEC_LOSS_MLU && s->gain_mdb < s->gain_max_mdb &&
        *loss_passes < CODEC_LOSS_PASSES) {
        s->gain_mdb = clamp(s->gain_mdb + lost, GAIN_MIN_MDB, s->gain_max_mdb);
        (*loss_passes)++;
        changed = true;
    }
    return changed;
}

/* Encode with one setting; store it when the decoded result is good.
 *
 * ERR_MORE  it is not; the setting has been corrected for the next attempt */
static enum err encode_and_store(const struct master_job *job, struct setting *s, int *loss_passes,
                                 struct master_result *result, struct err_detail *detail)
{
    struct attempt a;
    struct level level;
    enum err err = attempt_init(&a, job, s, detail);

    if (err == ERR_OK)
        err = encode_all(&a, job, &level, detail);
    if (err == ERR_OK) {
        result->gain_mdb = s->gain_mdb;
        result->loudness_mlufs = level.loudness_mlufs;
        result->true_peak_mdb = level.peak_mdb;
        if (correct(s, &level, loss_passes))
            err = ERR_MORE;
    }
    if (err == ERR_OK)
        err = oggfile_finish(a.file, job->samples, &result->id, &result->size_bytes, &result->known,
                             detail);
    attempt_deinit(&a);
    return err;
}

enum err master_store(const struct master_job *job, struct master_result *ret_result,
                      struct err_detail *detail)
{
    struct master_result result = {.known = false};
    struct setting s = {0};
    int loss_passes = 0;
    enum err err = find_setting(job, &s, detail);

    if (err != ERR_OK)
        return err;
    err = ERR_MORE;
    for (int i = 0; i < ENCODE_PASSES && err == ERR_MORE; i++)
        err = encode_and_store(job, &s, &loss_passes, &result, detail);
    if (err == ERR_MORE)
        return err_set(detail, ERR_FORMAT,
                       "The recording's peaks cannot be brought under control: it is mostly noise "
                       "or clicks; record it again.");
    if (err != ERR_OK)
        return err;
    encoder_count_programme();
    result.too_quiet = s.too_quiet;
    *ret_result = result;
    return ERR_OK;
}
