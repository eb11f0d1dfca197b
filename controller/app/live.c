#include <stdlib.h>
#include <string.h>

#include "live_impl.h"
#include "log.h"

#define TICK_MS 10
#define LOST_SEEN_US (2 * USEC_PER_SEC)
#define RING_SAMPLES ((size_t)SAMPLE_RATE_HZ)
#define HIGH_SAMPLES ((size_t)SAMPLE_RATE_HZ / 4) /* a request's body waits from here on ... */
#define LOW_SAMPLES ((size_t)SAMPLE_RATE_HZ / 8) /* ... until here */
#define PIECE_SAMPLES 1024
#define MARGIN_LEAST_US (10 * USEC_PER_MSEC) /* less than this lets the delay grow */
#define RELAY_DELAY_LEAST_US (600 * USEC_PER_MSEC) /* a quarter of it goes into one packet */
#define SPEECH_DELAY_MAX_US USEC_PER_SEC /* that one begins with, whatever one bad link asked for */

/* engine_bundle_packets() takes a quarter of the delay: that much must come together in the ring. */
_Static_assert(RELAY_AHEAD_SAMPLES > LIVE_RELAY_DELAY_US / 4 / PACKET_US * PACKET_SAMPLES,
               "a bundle never comes together");
_Static_assert(RELAY_AHEAD_SAMPLES < RING_SAMPLES, "a relay overflows its ring");

enum err live_new(const struct live_config *config, struct live **ret_live)
{
    struct live *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return ERR_NOMEM;
    l->config = *config;
    uv_timer_init(config->loop, &l->timer);
    l->timer.data = l;
    l->speech_delay_us = LIVE_SPEECH_DELAY_US;
    l->relay_delay_us = LIVE_RELAY_DELAY_US;
    *ret_live = l;
    return ERR_OK;
}

static struct live_session *by_stream(struct live *l, struct stream_id stream)
{
    for (size_t i = 0; i < LIVE_MAX; i++) {
        if (l->sessions[i].used && l->sessions[i].stream.v == stream.v)
            return &l->sessions[i];
    }
    return NULL;
}

struct live_session *live_session_of(struct live *l, struct broadcast_id id)
{
    for (size_t i = 0; i < LIVE_MAX; i++) {
        if (l->sessions[i].used && l->sessions[i].id.v == id.v)
            return &l->sessions[i];
    }
    return NULL;
}

struct live_session *live_by_request(struct live *l, uint64_t request)
{
    for (size_t i = 0; i < LIVE_MAX; i++) {
        if (l->sessions[i].used && l->sessions[i].request == request && request != 0)
            return &l->sessions[i];
    }
    return NULL;
}

void live_end_input(struct live_session *s)
{
    if (s->hung_up)
        return;
    s->hung_up = true;
    s->to_open = false;
    live_source_close(s);
    pcmring_close(s->ring);
}

/* A source that was lost and has nothing to take its place is over. */
static void watch(struct live *l, struct live_session *s)
{
    usec_t now_us = l->config.now_us(l->config.ctx);
    usec_t heard_us = atomic_load(&s->control.heard_us);
    usec_t silent_us = now_us - (heard_us > s->live_us ? heard_us : s->live_us);

    if (s->hung_up || silent_us < BROADCAST_GRACE_US) {
        s->lost = false;
        return;
    }
    if (!s->lost)
        log_event(LOG_ERROR, "live.source_lost", "broadcast=%llu fallback=%d",
                  (unsigned long long)s->id.v, s->has_fallback);
    s->lost = true;
    l->lost_us = now_us;
    if (s->kind == LIVE_RELAY && s->has_fallback)
        return; /* it is sought to the end of the programme */
    if (!s->has_fallback || silent_us > BROADCAST_GRACE_US + s->fallback_us)
        live_end_input(s);
}

static void on_tick(uv_timer_t *timer)
{
    struct live *l = timer->data;
    bool any = false;

    for (size_t i = 0; i < LIVE_MAX; i++) {
        struct live_session *s = &l->sessions[i];

        if (!s->used)
            continue;
        any = true;
        live_parts_step(l, s);
        watch(l, s);
        if (s->held && pcmring_held(s->ring) < LOW_SAMPLES) {
            s->held = false;
            l->config.hold(l->config.ctx, s->request, false);
        }
    }
    if (!any) {
        uv_timer_stop(timer);
        l->ticking = false;
    }
}

static void tick(struct live *l)
{
    if (!l->ticking)
        uv_timer_start(&l->timer, on_tick, TICK_MS, TICK_MS);
    l->ticking = true;
}

static enum err start_stream(struct live *l, struct live_session *s, const struct broadcast *b,
                             struct err_detail *detail)
{
    bool relay = s->kind == LIVE_RELAY;
    usec_t delay_us = relay ? l->relay_delay_us : l->speech_delay_us;
    unsigned packets = engine_bundle_packets(delay_us);
    struct src_live_plan plan = {
        .start_us = b->start_us,
        .delay_us = delay_us,
        .bundle_packets = relay || packets < LIVE_SPEECH_PACKETS ? packets : LIVE_SPEECH_PACKETS,
        .trim_start = s->kind != LIVE_STREAM,
        .level = true,
        .bitrate_bps = l->config.bitrate_bps,
    };
    struct source *source;
    enum err e = live_stored_parts(l, b, &plan, detail);

    if (e == ERR_OK)
        e = src_live_new(&plan, s->ring, &s->control, &source);
    if (e != ERR_OK) {
        partsound_free(plan.before);
        partsound_free(plan.after);
        return e;
    }
    s->live_us = b->start_us + src_live_packets(plan.before) * PACKET_US;
    if (s->live_us <
        l->config.now_us(l->config.ctx)) /* taken up in the middle: it is not lost yet */
        s->live_us = l->config.now_us(l->config.ctx);
    if (plan.before != NULL || plan.after != NULL)
        delay_us = LIVE_RELAY_DELAY_US; /* what is stored goes out early enough for every node */
    e = engine_start_stream(l->config.engine, b->stream, source, delay_us);
    if (e != ERR_OK)
        source->ops->free(source);
    return e;
}

enum err live_begin(struct live *l, const struct broadcast *b, const struct api_live *how,
                    struct err_detail *detail)
{
    struct live_session *s = l->sessions;
    enum err e;

    while (s < l->sessions + LIVE_MAX && s->used)
        s++;
    if (s == l->sessions + LIVE_MAX || l->closed)
        return err_set(detail, ERR_LIMIT, "%d live broadcasts are on air already; end one first.",
                       LIVE_MAX);
    memset(s, 0, sizeof(*s));
    s->id = b->id;
    s->stream = b->stream;
    s->start_us = s->live_us = b->start_us;
    memcpy(s->title, b->title, sizeof(s->title));
    s->user = how->user;
    s->has_fallback = b->live.has_fallback;
    s->fallback_us = b->live.fallback.duration_ms * USEC_PER_MSEC;
    snprintf(s->source, sizeof(s->source), "%s", how->source);
    snprintf(s->backup, sizeof(s->backup), "%s", how->backup);
    s->kind = live_source_kind(s->source);
    s->to_open = b->bulletin.v != 0; /* who speaks now is told at once when there is no source */
    atomic_store(&s->control.paced, s->kind == LIVE_RELAY);
    e = pcmring_new(RING_SAMPLES, &s->ring);
    if (e == ERR_OK && !s->to_open)
        e = live_source_open(l, s, detail);
    if (e == ERR_OK)
        e = start_stream(l, s, b, detail);
    if (e != ERR_OK) {
        live_source_close(s);
        pcmring_unref(s->ring);
        return e;
    }
    s->used = true;
    tick(l);
    log_event(LOG_INFO, "live.begun", "broadcast=%llu source=%s", (unsigned long long)b->id.v,
              LOG_TEXT(b->live.source));
    return ERR_OK;
}

enum err live_hang_up(struct live *l, struct broadcast_id id)
{
    struct live_session *s = live_session_of(l, id);

    if (s == NULL)
        return ERR_NOT_FOUND;
    live_end_input(s);
    return ERR_OK;
}

/* ---- sound that a request brings ---- */

enum err live_sound_begin(struct live *l, struct broadcast_id id, uint64_t request, bool in_time,
                          struct err_detail *detail)
{
    struct live_session *s = live_session_of(l, id);

    if (s == NULL || s->hung_up)
        return err_set(detail, ERR_NOT_FOUND,
                       "This live broadcast is over; begin another with POST /api/v1/live.");
    if (s->kind != LIVE_STREAM)
        return err_set(detail, ERR_STATE, "This broadcast has a source of its own.");
    if (s->request != 0)
        return err_set(detail, ERR_STATE,
                       "Another connection brings the sound of this broadcast; end it first.");
    s->request = request;
    s->in_time = in_time;
    s->has_half = false;
    return ERR_OK;
}

static void take_samples(struct live_session *s, struct bytes piece)
{
    float pcm[PIECE_SAMPLES];
    size_t count = 0;

    for (size_t i = 0; i < piece.len; i++) {
        if (!s->has_half) {
            s->half = piece.data[i];
            s->has_half = true;
            continue;
        }
        s->has_half = false;
        pcm[count++] = (float)(int16_t)(uint16_t)(s->half | piece.data[i] << 8) / 32768.0F;
        if (count == PIECE_SAMPLES) {
            (void)pcmring_write(s->ring, pcm, count);
            count = 0;
        }
    }
    /* The ring has room for far more than one piece beyond the mark at which the request waits. */
    (void)pcmring_write(s->ring, pcm, count);
}

bool live_sound_piece(struct live *l, uint64_t request, struct bytes piece)
{
    struct live_session *s = live_by_request(l, request);

    if (s == NULL || s->hung_up)
        return false;
    take_samples(s, piece);
    if (!s->in_time && !s->held && pcmring_held(s->ring) > HIGH_SAMPLES) {
        s->held = true;
        atomic_store(&s->control.paced, true);
        l->config.hold(l->config.ctx, request, true);
    }
    return true;
}

void live_sound_end(struct live *l, uint64_t request)
{
    struct live_session *s = live_by_request(l, request);

    if (s == NULL)
        return;
    s->request = 0;
    s->held = false;
    decoder_free(s->decoder);
    s->decoder = NULL;
}

/* ---- the end ---- */

void live_stop(struct live *l, struct stream_id stream)
{
    struct live_session *s = by_stream(l, stream);

    if (s != NULL)
        live_end_input(s);
}

void live_on_status(struct live *l, const loa_Status *status)
{
    struct live_session *s = live_session_of(l, (struct broadcast_id){status->playing_broadcast});
    usec_t margin_us = status->stream_margin_ms * USEC_PER_MSEC;
    usec_t delay_us;

    if (s == NULL || !status->has_stream_margin || atomic_load(&s->control.part) != SRC_LIVE_ON)
        return;
    livedelay_note(&s->delay, atomic_load(&s->control.in_force_us), margin_us);
    if (margin_us >= MARGIN_LEAST_US)
        return;
    delay_us = livedelay_needed(&s->delay, SRC_LIVE_DELAY_MIN_US, SRC_LIVE_DELAY_MAX_US);
    if (delay_us > atomic_load(&s->control.delay_us))
        atomic_store(&s->control.delay_us, delay_us);
}

/* As short as the links of these nodes have allowed. */
static void learn(struct live *l, const struct live_session *s)
{
    bool relay = s->kind == LIVE_RELAY;
    usec_t *next_us = relay ? &l->relay_delay_us : &l->speech_delay_us;

    if (s->delay.count == 0)
        return;
    *next_us = relay ? livedelay_longest(&s->delay, RELAY_DELAY_LEAST_US, LIVE_RELAY_DELAY_US)
                     : livedelay_needed(&s->delay, SRC_LIVE_DELAY_MIN_US, SPEECH_DELAY_MAX_US);
    log_event(LOG_INFO, "live.delay", "next_ms=%lld reports=%zu relay=%d",
              (long long)(*next_us / USEC_PER_MSEC), s->delay.count, relay);
}

bool live_has_lost(const struct live *l)
{
    /* The alarm's own turn comes once a second; a broadcast that has no fallback ends before. */
    bool lost = l->config.now_us(l->config.ctx) - l->lost_us < LOST_SEEN_US;

    for (size_t i = 0; i < LIVE_MAX; i++)
        lost = lost || (l->sessions[i].used && l->sessions[i].lost);
    return lost;
}

bool live_has_trouble(const struct live *l)
{
    char text[2];
    bool trouble = false;

    for (size_t i = 0; i < LIVE_MAX; i++) {
        const struct live_session *s = &l->sessions[i];

        if (!s->used || s->relay == NULL)
            continue;
        relay_trouble(s->relay, text, sizeof(text));
        trouble = trouble || text[0] != '\0';
    }
    return trouble;
}

static void forget(struct live *l, struct live_session *s)
{
    live_end_input(s);
    live_record_end(l, s);
    decoder_free(s->decoder);
    s->decoder = NULL;
    pcmring_unref(s->ring);
    s->ring = NULL;
    s->used = false;
}

void live_on_bundle(struct live *l, const struct engine_bundle *bundle)
{
    struct live_session *s = by_stream(l, bundle->stream);

    if (s == NULL)
        return;
    live_record(l, s, bundle);
    if (!bundle->last)
        return;
    /* The source is over on the audio thread; it is freed here before what it borrowed. */
    engine_streams(l->config.engine);
    log_event(LOG_INFO, "live.ended", "broadcast=%llu packets=%llu late=%u",
              (unsigned long long)s->id.v, (unsigned long long)s->packets,
              atomic_load(&s->control.late));
    onair_hung_up(l->config.onair, s->id, bundle->end_us, l->config.now_us(l->config.ctx));
    learn(l, s);
    forget(l, s);
}

void live_close(struct live *l)
{
    if (l == NULL)
        return;
    l->closed = true;
    for (size_t i = 0; i < LIVE_MAX; i++) {
        if (l->sessions[i].used)
            live_end_input(&l->sessions[i]);
    }
    uv_close((uv_handle_t *)&l->timer, NULL);
}

void live_free(struct live *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < LIVE_MAX; i++) {
        if (l->sessions[i].used)
            forget(l, &l->sessions[i]);
    }
    free(l);
}
