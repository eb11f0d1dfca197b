#include "relay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agc.h"
#include "child.h"
#include "log.h"
#include "relay_feed.h"
#include "relay_fetch.h"
#include "units.h"

#define TURN_MS 50
#define AGAIN_FIRST_MS 500
#define AGAIN_MOST_MS 15000
#define STALL_MS (RELAY_SILENT_S * 1000) /* without a sample */
#define DECODER_CPU_S (4 * 3600)
#define PIECE_SAMPLES 4800
#define ARGS_MAX 64

struct relay {
    struct relay_config config;
    char urls[2][RELAY_FETCH_URL_SIZE];
    unsigned url_count;
    struct pcmring *ring;
    pthread_t thread;
    atomic_bool quit;
    pthread_mutex_t lock; /* of trouble */
    char trouble[sizeof(((struct err_detail *)0)->text)];
    /* Its own thread only. */
    struct child child;
    struct relay_feed *feed;
    unsigned url; /* in use */
    bool suspect; /* it was silent: pass nothing on until it is heard again */
    float quiet_s; /* so long below RELAY_SILENT_MDB */
    int64_t sample_ms; /* when a sample last came */
    bool sounded; /* since it was opened */
    uint8_t part[sizeof(float)]; /* of a sample */
    size_t part_len;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_trouble(struct relay *r, const char *text)
{
    pthread_mutex_lock(&r->lock);
    snprintf(r->trouble, sizeof(r->trouble), "%s", text);
    pthread_mutex_unlock(&r->lock);
}

void relay_trouble(struct relay *r, char *ret_text, size_t size)
{
    pthread_mutex_lock(&r->lock);
    snprintf(ret_text, size, "%s", r->trouble);
    pthread_mutex_unlock(&r->lock);
}

/* The decoder reads its standard input and nothing else: no network, no files, no playlists. */
static enum err start_decoder(struct relay *r)
{
    const struct src_file_config *c = &r->config.decoder;
    const char *const decoder[] = {c->ffmpeg,
                                   "-hide_banner",
                                   "-nostdin",
                                   "-nostats",
                                   "-loglevel",
                                   "error",
                                   "-protocol_whitelist",
                                   "pipe",
                                   "-format_whitelist",
                                   "mp3,ogg,aac,flac,wav,mpegts,matroska,webm,mov",
                                   "-probesize",
                                   "65536",
                                   "-analyzeduration",
                                   "1000000",
                                   "-threads",
                                   "1",
                                   "-i",
                                   "pipe:0",
                                   "-map",
                                   "0:a:0",
                                   "-vn",
                                   "-sn",
                                   "-dn",
                                   "-ac",
                                   "1",
                                   "-ar",
                                   "48000",
                                   "-f",
                                   "f32le",
                                   "-flush_packets",
                                   "1",
                                   "pipe:1",
                                   NULL};
    const char *argv[ARGS_MAX];
    const struct child_limits limits = {
        .cpu_s = DECODER_CPU_S, .memory_mb = c->memory_mb, .has_input = true};
    size_t n = src_file_sandbox(c, argv, ARGS_MAX - sizeof(decoder) / sizeof(decoder[0]));

    memcpy(argv + n, decoder, sizeof(decoder));
    return child_start((char *const *)argv, &limits, &r->child);
}

static void close_source(struct relay *r)
{
    relay_feed_free(r->feed);
    r->feed = NULL;
    (void)child_end(&r->child);
}

static enum err open_source(struct relay *r)
{
    enum err e = start_decoder(r);

    if (e == ERR_OK)
        e = relay_feed_new(&r->config, r->urls[r->url], &r->feed);
    if (e != ERR_OK)
        close_source(r);
    r->quiet_s = 0;
    r->part_len = 0;
    r->sounded = false;
    r->sample_ms = now_ms();
    return e;
}

/* Bytes of the network into the decoder. */
static enum err pour(struct relay *r)
{
    struct bytes held = relay_feed_held(r->feed);
    ssize_t n;

    if (held.len == 0)
        return ERR_OK;
    n = write(r->child.in_fd, held.data, held.len);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? ERR_OK : ERR_IO;
    relay_feed_take(r->feed, (size_t)n);
    return ERR_OK;
}

static void judge_silence(struct relay *r, const float *pcm, size_t samples)
{
    if (agc_rms_mdb(pcm, samples) < RELAY_SILENT_MDB) {
        r->quiet_s += (float)samples / SAMPLE_RATE_HZ;
        return;
    }
    r->quiet_s = 0;
    r->suspect = false;
}

/* Samples of the decoder into the ring, as many as it has room for.
 *
 * ERR_NOT_FOUND  the decoder has ended; ERR_MORE nothing now */
static enum err drain(struct relay *r)
{
    static _Thread_local uint8_t bytes[PIECE_SAMPLES * sizeof(float)];
    static _Thread_local float pcm[PIECE_SAMPLES];
    size_t samples;
    ssize_t n;

    memcpy(bytes, r->part, r->part_len);
    n = read(r->child.out_fd, bytes + r->part_len, sizeof(bytes) - r->part_len);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR) ? ERR_MORE : ERR_NOT_FOUND;
    samples = (r->part_len + (size_t)n) / sizeof(float);
    r->part_len = (r->part_len + (size_t)n) % sizeof(float);
    memcpy(r->part, bytes + samples * sizeof(float), r->part_len);
    memcpy(pcm, bytes, samples * sizeof(float));
    for (size_t i = 0; i < samples; i++)
        pcm[i] = pcm[i] > 1 ? 1 : pcm[i] < -1 ? -1 : pcm[i] == pcm[i] ? pcm[i] : 0;
    r->sample_ms = now_ms();
    if (samples > 0)
        judge_silence(r, pcm, samples);
    if (!r->suspect) {
        if (!r->sounded)
            set_trouble(r, "");
        r->sounded = true;
        (void)pcmring_write(r->ring, pcm, samples);
    }
    return ERR_OK;
}

/* The decoder's own words are for technicians; people get one sentence. */
static void log_decoder(struct relay *r)
{
    char text[512];
    ssize_t n = read(r->child.err_fd, text, sizeof(text));

    if (n > 0)
        log_event(LOG_INFO, "relay.decoder", "said=%s", log_quote(text, (size_t)n).text);
}

/* Carry one source until it is of no use; trouble says why. */
static void carry(struct relay *r)
{
    enum err e = ERR_OK;

    while (e == ERR_OK && !atomic_load(&r->quit)) {
        bool room = pcmring_held(r->ring) < RELAY_AHEAD_SAMPLES;
        struct err_detail detail = {{0}};

        e = relay_feed_run(r->feed, r->child.in_fd, room ? r->child.out_fd : -1, TURN_MS, &detail);
        if (e != ERR_OK && r->child.in_fd >= 0) {
            /* What the decoder still holds sounds before the source counts as ended. */
            set_trouble(r, detail.text);
            close(r->child.in_fd);
            r->child.in_fd = -1;
        }
        e = r->child.in_fd >= 0 ? pour(r) : ERR_OK;
        if (room && drain(r) == ERR_NOT_FOUND) {
            if (r->child.in_fd >= 0)
                set_trouble(r, "What is sent there is no sound that can be decoded.");
            e = ERR_NOT_FOUND;
        }
        if (!room)
            r->sample_ms = now_ms();
        if (r->quiet_s > RELAY_SILENT_S || now_ms() - r->sample_ms > STALL_MS) {
            set_trouble(r, "The other broadcaster is silent.");
            r->suspect = true;
            e = ERR_TIMEOUT;
        }
        if (r->child.in_fd < 0 && e == ERR_OK)
            usleep(TURN_MS * 100);
    }
    log_decoder(r);
}

static void wait_ms(struct relay *r, int64_t ms)
{
    for (int64_t until = now_ms() + ms; now_ms() < until && !atomic_load(&r->quit);)
        usleep(TURN_MS * 1000);
}

static void *run(void *arg)
{
    struct relay *r = arg;
    int64_t again_ms = AGAIN_FIRST_MS;
    sigset_t pipe;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE); /* a decoder that ended is an error of write() */
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    while (!atomic_load(&r->quit)) {
        char trouble[sizeof(r->trouble)];

        if (open_source(r) == ERR_OK)
            carry(r);
        if (r->sounded)
            again_ms = AGAIN_FIRST_MS;
        close_source(r);
        if (atomic_load(&r->quit))
            break;
        relay_trouble(r, trouble, sizeof(trouble));
        log_event(LOG_WARN, "relay.lost", "address=%u detail=%s", r->url, LOG_TEXT(trouble));
        r->url = (r->url + 1) % r->url_count;
        wait_ms(r, again_ms);
        again_ms = again_ms * 2 < AGAIN_MOST_MS ? again_ms * 2 : AGAIN_MOST_MS;
    }
    return NULL;
}

enum err relay_check_url(const char *url, struct err_detail *detail)
{
    return relay_fetch_check_url(url, detail);
}

enum err relay_start(const struct relay_config *config, const char *url, const char *backup,
                     struct pcmring *ring, struct relay **ret_relay, struct err_detail *detail)
{
    struct relay *r;
    enum err e = relay_check_url(url, detail);

    if (e == ERR_OK && backup[0] != '\0')
        e = relay_check_url(backup, detail);
    if (e == ERR_OK)
        e = src_file_check_programs(&config->decoder, detail);
    if (e != ERR_OK)
        return e;
    r = calloc(1, sizeof(*r));
    if (r == NULL)
        return ERR_NOMEM;
    r->config = *config;
    snprintf(r->urls[0], RELAY_FETCH_URL_SIZE, "%s", url);
    snprintf(r->urls[1], RELAY_FETCH_URL_SIZE, "%s", backup);
    r->url_count = backup[0] != '\0' ? 2 : 1;
    r->ring = pcmring_ref(ring);
    pthread_mutex_init(&r->lock, NULL);
    if (pthread_create(&r->thread, NULL, run, r) != 0) {
        pcmring_unref(r->ring);
        free(r);
        return err_set(detail, ERR_IO, "The station has no room for another relay; try later.");
    }
    pthread_setname_np(r->thread, "loa-relay");
    *ret_relay = r;
    return ERR_OK;
}

void relay_stop(struct relay *r)
{
    if (r == NULL)
        return;
    atomic_store(&r->quit, true);
    pthread_join(r->thread, NULL);
    pthread_mutex_destroy(&r->lock);
    pcmring_unref(r->ring);
    free(r);
}
