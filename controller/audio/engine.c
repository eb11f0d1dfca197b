#include "engine.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "frame.h"
#include "packet.h"

#define LEAD_MAX_US (60 * USEC_PER_SEC)
/* A slot has at most a start, a stop, and a stop of the stream before it under way, so a ring never
 * fills. */
#define RING (4 * ENGINE_STREAMS_MAX)

enum command_kind {
    COMMAND_NONE = 0,
    COMMAND_START,
    COMMAND_STOP,
};

struct command {
    enum command_kind kind;
    size_t slot;
};

/* One thread writes, one reads. */
struct command_ring {
    struct command entries[RING];
    atomic_size_t written;
    atomic_size_t read;
};

/* What the owner thread knows of a stream, and what the start command hands over. */
struct ticket {
    bool used;
    bool stopping;
    struct stream_id stream;
    struct source *source;
    usec_t lead_us;
};

/* What the audio thread knows. */
struct on_air {
    bool used;
    bool stopping;
    struct stream_id stream;
    struct source *source;
    usec_t lead_us;
    unsigned bundle_packets;
    bool holds; /* a packet that did not fit the last bundle */
    struct source_packet held;
};

struct engine {
    struct engine_config config;
    struct ticket tickets[ENGINE_STREAMS_MAX]; /* owner thread only */
    struct on_air streams[ENGINE_STREAMS_MAX]; /* audio thread only */
    struct command_ring commands; /* owner → audio thread */
    struct command_ring ended; /* audio thread → owner */
    atomic_bool quit;
    bool running;
    pthread_t thread;
    sem_t wake;
    uint8_t memory[FRAME_PAYLOAD_MAX];
};

unsigned engine_bundle_packets(usec_t lead_us)
{
    usec_t packets = lead_us / 4 / PACKET_US;

    return packets < 2 ? 2 : packets > BUNDLE_PACKETS_MAX ? BUNDLE_PACKETS_MAX : (unsigned)packets;
}

static void ring_put(struct command_ring *r, struct command c)
{
    size_t at = atomic_load_explicit(&r->written, memory_order_relaxed);

    CHECK(at - atomic_load_explicit(&r->read, memory_order_acquire) < RING);
    r->entries[at % RING] = c;
    atomic_store_explicit(&r->written, at + 1, memory_order_release);
}

static bool ring_get(struct command_ring *r, struct command *ret_command)
{
    size_t at = atomic_load_explicit(&r->read, memory_order_relaxed);

    if (at == atomic_load_explicit(&r->written, memory_order_acquire))
        return false;
    *ret_command = r->entries[at % RING];
    atomic_store_explicit(&r->read, at + 1, memory_order_release);
    return true;
}

/* ---- audio thread ---- */

static void take_commands(struct engine *e)
{
    struct command c;

    while (ring_get(&e->commands, &c)) {
        struct on_air *s = &e->streams[c.slot];
        const struct ticket *t = &e->tickets[c.slot];

        if (c.kind == COMMAND_START)
            *s = (struct on_air){
                .used = true,
                .stream = t->stream,
                .source = t->source,
                .lead_us = t->lead_us,
                .bundle_packets = engine_bundle_packets(t->lead_us),
            };
        else if (s->used)
            s->stopping = true;
    }
}

static void hand_out(struct engine *e, struct bundle_writer *w, const struct on_air *s,
                     usec_t pts_us, bool last, const struct packet *end)
{
    struct engine_bundle b = {.stream = s->stream, .pts_us = pts_us, .last = last};
    enum err err = bundle_finish(w, last, end, &b.payload);

    CHECK(err == ERR_OK);
    b.end_us = pts_us + w->count * PACKET_US;
    e->config.on_bundle(e->config.ctx, &b);
}

static void end_stream(struct engine *e, size_t slot)
{
    struct on_air *s = &e->streams[slot];
    struct source_packet at = s->holds ? s->held : s->source->ops->position(s->source);
    struct packet end = {.stream = s->stream, .seq = at.seq, .pts_us = at.pts_us};
    struct bundle_writer w;

    bundle_begin(&w, e->memory, sizeof(e->memory));
    hand_out(e, &w, s, at.pts_us, true, &end);
    s->used = false;
    ring_put(&e->ended, (struct command){.slot = slot});
}

static enum err next_packet(struct on_air *s, usec_t from_us, usec_t until_us,
                            struct source_packet *ret_packet)
{
    if (s->holds) {
        s->holds = false;
        *ret_packet = s->held;
        return ERR_OK;
    }
    return s->source->ops->next_packet(s->source, from_us, until_us, ret_packet);
}

/* Hand out one bundle of packets that follow one another.
 *
 * ERR_MORE       nothing is due
 * ERR_NOT_FOUND  the source has ended */
static enum err hand_out_next(struct engine *e, struct on_air *s, usec_t now_us)
{
    struct source_packet p;
    struct bundle_writer w;
    usec_t first_us;
    usec_t until_us;
    enum err err = next_packet(s, now_us, now_us + s->lead_us, &p);

    if (err != ERR_OK)
        return err;
    first_us = p.pts_us;
    until_us = first_us + (s->bundle_packets - 1) * PACKET_US;
    bundle_begin(&w, e->memory, sizeof(e->memory));
    while (err == ERR_OK) {
        struct packet packet = {s->stream, p.seq, p.pts_us, p.payload};

        if (w.count == s->bundle_packets || bundle_add(&w, &packet) != ERR_OK) {
            s->holds = true;
            s->held = p;
            break;
        }
        err = next_packet(s, now_us, until_us, &p);
    }
    CHECK(w.count > 0);
    hand_out(e, &w, s, first_us, false, NULL);
    return ERR_OK;
}

void engine_step(struct engine *e, usec_t now_us)
{
    take_commands(e);
    for (size_t i = 0; i < ENGINE_STREAMS_MAX; i++) {
        struct on_air *s = &e->streams[i];
        enum err err = ERR_OK;

        if (!s->used)
            continue;
        while (err == ERR_OK && !s->stopping)
            err = hand_out_next(e, s, now_us);
        if (s->stopping || err == ERR_NOT_FOUND)
            end_stream(e, i);
    }
}

static bool anything_on_air(const struct engine *e)
{
    for (size_t i = 0; i < ENGINE_STREAMS_MAX; i++) {
        if (e->streams[i].used)
            return true;
    }
    return false;
}

/* Sleep for a step or until a command comes; without streams, until a command comes. */
static void wait_for_step(struct engine *e)
{
    struct timespec until;

    if (!anything_on_air(e)) {
        sem_wait(&e->wake);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ENGINE_STEP_US * 1000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    sem_clockwait(&e->wake, CLOCK_MONOTONIC, &until);
}

static void *run(void *arg)
{
    struct engine *e = arg;

    while (!atomic_load_explicit(&e->quit, memory_order_acquire)) {
        engine_step(e, e->config.now_us(e->config.ctx));
        wait_for_step(e);
    }
    return NULL;
}

/* ---- owner thread ---- */

enum err engine_new(const struct engine_config *config, struct engine **ret_engine)
{
    struct engine *e = calloc(1, sizeof(*e));

    if (e == NULL)
        return ERR_NOMEM;
    e->config = *config;
    if (sem_init(&e->wake, 0, 0) != 0) {
        free(e);
        return ERR_NOMEM;
    }
    *ret_engine = e;
    return ERR_OK;
}

enum err engine_run(struct engine *e)
{
    struct sched_param param = {.sched_priority = 10};

    if (e->running)
        return ERR_STATE;
    if (pthread_create(&e->thread, NULL, run, e) != 0)
        return ERR_IO;
    e->running = true;
    pthread_setname_np(e->thread, "loa-audio");
    /* Without the permission it runs at normal priority, which the lead covers. */
    (void)pthread_setschedparam(e->thread, SCHED_FIFO, &param);
    return ERR_OK;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    if (e->running) {
        atomic_store_explicit(&e->quit, true, memory_order_release);
        sem_post(&e->wake);
        pthread_join(e->thread, NULL);
    }
    for (size_t i = 0; i < ENGINE_STREAMS_MAX; i++) {
        if (e->tickets[i].used)
            e->tickets[i].source->ops->free(e->tickets[i].source);
    }
    sem_destroy(&e->wake);
    free(e);
}

size_t engine_streams(struct engine *e)
{
    struct command c;
    size_t count = 0;

    while (ring_get(&e->ended, &c)) {
        struct ticket *t = &e->tickets[c.slot];

        t->source->ops->free(t->source);
        *t = (struct ticket){.used = false};
    }
    for (size_t i = 0; i < ENGINE_STREAMS_MAX; i++)
        count += e->tickets[i].used;
    return count;
}

static struct ticket *find_ticket(struct engine *e, struct stream_id stream)
{
    for (size_t i = 0; i < ENGINE_STREAMS_MAX; i++) {
        if (e->tickets[i].used && e->tickets[i].stream.v == stream.v)
            return &e->tickets[i];
    }
    return NULL;
}

static void command(struct engine *e, enum command_kind kind, const struct ticket *t)
{
    ring_put(&e->commands, (struct command){.kind = kind, .slot = (size_t)(t - e->tickets)});
    sem_post(&e->wake);
}

enum err engine_start_stream(struct engine *e, struct stream_id stream, struct source *source,
                             usec_t lead_us)
{
    if (stream.v == 0 || lead_us < 0 || lead_us > LEAD_MAX_US)
        return ERR_ARG;
    if (engine_streams(e) == ENGINE_STREAMS_MAX)
        return ERR_LIMIT;
    if (find_ticket(e, stream) != NULL)
        return ERR_EXISTS;
    for (size_t i = 0; i < ENGINE_STREAMS_MAX; i++) {
        struct ticket *t = &e->tickets[i];

        if (t->used)
            continue;
        *t = (struct ticket){.used = true, .stream = stream, .source = source, .lead_us = lead_us};
        command(e, COMMAND_START, t);
        break;
    }
    return ERR_OK;
}

bool engine_has_stream(struct engine *e, struct stream_id stream)
{
    (void)engine_streams(e);
    return find_ticket(e, stream) != NULL;
}

enum err engine_stop_stream(struct engine *e, struct stream_id stream)
{
    struct ticket *t;

    (void)engine_streams(e);
    t = find_ticket(e, stream);
    if (t == NULL)
        return ERR_NOT_FOUND;
    if (!t->stopping) {
        t->stopping = true;
        command(e, COMMAND_STOP, t);
    }
    return ERR_OK;
}
