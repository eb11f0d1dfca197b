#include "src_live.h"

#include <stdlib.h>
#include <string.h>

#include "agc.h"
#include "encoder.h"
#include "limiter.h"
#include "loudness.h"
#include "packet.h"

#define LATE_US (40 * USEC_PER_MSEC) /* input may come so much later than the delay foresees */
#define KEPT_SAMPLES ((size_t)PACKET_SAMPLES) /* beyond a bundle, against unsteady input */
#define PILED_SAMPLES (2 * (size_t)PACKET_SAMPLES) /* more than this is dropped in a pause */
#define PILED_MOST_SAMPLES (15 * (size_t)PACKET_SAMPLES) /* and this at once */

struct src_live {
    struct source base;
    struct src_live_plan plan;
    struct pcmring *ring;
    struct live_control *control;
    struct encoder *encoder;
    struct limiter *limiter;
    struct agc agc;
    usec_t delay_us; /* in force */
    uint32_t next; /* packet number */
    uint32_t first, last; /* of the live part: its first packet, and the one after it */
    uint32_t after; /* the first packet after the live part, once that is over */
    unsigned batch; /* packets that are left of the present bundle */
    bool begun;
    bool in_pause;
    uint8_t payload[PACKET_PAYLOAD_MAX];
};

static usec_t pts_of(const struct src_live *s, uint32_t number)
{
    return s->plan.start_us + number * PACKET_US;
}

static struct source_packet src_live_position(const struct source *source)
{
    const struct src_live *s = (const struct src_live *)source;

    return (struct source_packet){.seq = s->next, .pts_us = pts_of(s, s->next)};
}

static uint32_t number_at(const struct src_live *s, usec_t pts_us)
{
    return (uint32_t)((pts_us - s->plan.start_us) / PACKET_US);
}

/* A microphone that was open before the start, and a clock that runs faster than ours, pile up sound:
 * what is said now matters. */
static void drop_old(struct src_live *s)
{
    size_t bundle = s->plan.bundle_packets * (size_t)PACKET_SAMPLES;
    size_t held = pcmring_held(s->ring);

    if (!s->begun ? s->plan.trim_start
                  : !atomic_load_explicit(&s->control->paced, memory_order_relaxed) &&
                        (held > bundle + PILED_MOST_SAMPLES ||
                         (s->in_pause && held > bundle + PILED_SAMPLES)))
        pcmring_trim(s->ring, bundle + KEPT_SAMPLES);
}

/* Too late to be heard in time: the timeline goes on later. */
static bool catch_up(struct src_live *s, usec_t now_us)
{
    if (pts_of(s, s->next) >= now_us + s->delay_us - LATE_US)
        return false;
    s->next = number_at(s, now_us + s->delay_us - LATE_US / 2);
    return true;
}

/* Is a bundle of input here and due? Where the input was late, the timeline goes on later. */
static bool begin_batch(struct src_live *s, usec_t now_us)
{
    usec_t wanted_us = atomic_load_explicit(&s->control->delay_us, memory_order_relaxed);
    size_t bundle = s->plan.bundle_packets * (size_t)PACKET_SAMPLES;
    size_t held = pcmring_held(s->ring);

    if (held < bundle && !(pcmring_closed(s->ring) && held > 0))
        return false;
    if (wanted_us > s->delay_us && s->in_pause) {
        s->delay_us = wanted_us;
        atomic_store_explicit(&s->control->in_force_us, wanted_us, memory_order_relaxed);
    }
    if (pts_of(s, s->next) > now_us + s->delay_us)
        return false;
    drop_old(s);
    if (catch_up(s, now_us) && s->begun)
        atomic_fetch_add_explicit(&s->control->late, 1, memory_order_relaxed);
    if (s->next >= s->last)
        return false;
    s->begun = true;
    s->batch = s->plan.bundle_packets;
    atomic_store_explicit(&s->control->heard_us, now_us, memory_order_relaxed);
    return true;
}

static bool read_packet(struct src_live *s, float *pcm)
{
    size_t held = pcmring_held(s->ring);

    if (pcmring_read(s->ring, pcm, PACKET_SAMPLES))
        return true;
    if (!pcmring_closed(s->ring) || held == 0)
        return false;
    memset(pcm, 0, PACKET_SAMPLES * sizeof(*pcm));
    return pcmring_read(s->ring, pcm, held < PACKET_SAMPLES ? held : PACKET_SAMPLES);
}

/* Encode what is to sound as the next packet. */
static enum err encode(struct src_live *s, float *pcm, struct source_packet *ret_packet)
{
    size_t len = 0;

    limiter_process(s->limiter, pcm, PACKET_SAMPLES);
    *ret_packet = src_live_position(&s->base);
    s->next++;
    if (encoder_packet(s->encoder, pcm, s->payload, &len) != ERR_OK) {
        s->batch = 0;
        return ERR_MORE;
    }
    ret_packet->payload = bytes_of(s->payload, len);
    return ERR_OK;
}

/* The next packet of stored parts, of which packet `origin` is the first and `end` the one after. */
static enum err stored_packet(struct src_live *s, struct partsound *parts, uint32_t origin,
                              uint32_t end, usec_t from_us, usec_t until_us,
                              struct source_packet *ret_packet)
{
    float pcm[PACKET_SAMPLES];
    uint32_t now = from_us > s->plan.start_us ? number_at(s, from_us) : 0;

    if (s->next < now)
        s->next = now < end ? now : end;
    if (s->next >= end)
        return ERR_NOT_FOUND;
    if (pts_of(s, s->next) > until_us)
        return ERR_MORE;
    partsound_seek(parts, (uint64_t)(s->next - origin) * PACKET_SAMPLES);
    partsound_read(parts, pcm, PACKET_SAMPLES);
    return encode(s, pcm, ret_packet);
}

/* ERR_NOT_FOUND: the live part is over. */
static enum err live_packet(struct src_live *s, usec_t now_us, struct source_packet *ret_packet)
{
    float pcm[PACKET_SAMPLES];
    int32_t level_mdb;

    if (s->next >= s->last)
        return ERR_NOT_FOUND;
    if (s->batch == 0 && !begin_batch(s, now_us)) {
        bool ended = pcmring_closed(s->ring) && pcmring_held(s->ring) == 0;

        return ended || s->next >= s->last ||
                       (s->last < UINT32_MAX && pts_of(s, s->last) <= now_us + s->delay_us)
                   ? ERR_NOT_FOUND
                   : ERR_MORE;
    }
    s->batch--;
    if (!read_packet(s, pcm)) {
        s->batch = 0;
        return ERR_MORE;
    }
    level_mdb = s->plan.level ? agc_process(&s->agc, pcm, PACKET_SAMPLES)
                              : agc_rms_mdb(pcm, PACKET_SAMPLES);
    s->in_pause = level_mdb < AGC_PAUSE_MDB;
    atomic_store_explicit(&s->control->level_mdb, level_mdb, memory_order_relaxed);
    return encode(s, pcm, ret_packet);
}

uint32_t src_live_packets(const struct partsound *parts)
{
    return (uint32_t)((partsound_samples(parts) + PACKET_SAMPLES - 1) / PACKET_SAMPLES);
}

/* What comes after the live part begins where that was to end, or now. */
static void turn_over(struct src_live *s, usec_t now_us)
{
    bool at_end = s->last < UINT32_MAX && pts_of(s, s->last) <= now_us + s->delay_us;

    if (at_end)
        s->next = s->last;
    else if (s->plan.after != NULL)
        (void)catch_up(s, now_us);
    s->after = s->next;
    atomic_store(&s->control->end_us, pts_of(s, s->after + src_live_packets(s->plan.after)));
    atomic_store(&s->control->part, SRC_LIVE_AFTER);
}

static enum err src_live_next(struct source *source, usec_t from_us, usec_t until_us,
                              struct source_packet *ret_packet)
{
    struct src_live *s = (struct src_live *)source;
    enum src_live_part part = (enum src_live_part)atomic_load(&s->control->part);
    enum err e;

    if (!s->begun && !atomic_load_explicit(&s->control->paced, memory_order_relaxed))
        drop_old(s); /* what a microphone hears before it is on air is not meant */
    if (part == SRC_LIVE_BEFORE) {
        e = stored_packet(s, s->plan.before, 0, s->first, from_us, until_us, ret_packet);
        if (e != ERR_NOT_FOUND)
            return e;
        atomic_store(&s->control->part, part = SRC_LIVE_ON);
    }
    if (part == SRC_LIVE_ON) {
        e = live_packet(s, from_us, ret_packet); /* the delay says when, not the engine's lead */
        if (e != ERR_NOT_FOUND)
            return e;
        turn_over(s, from_us);
    }
    return stored_packet(s, s->plan.after, s->after, s->after + src_live_packets(s->plan.after),
                         from_us, until_us, ret_packet);
}

static void src_live_free(struct source *source)
{
    struct src_live *s = (struct src_live *)source;

    partsound_free(s->plan.before);
    partsound_free(s->plan.after);
    pcmring_unref(s->ring);
    limiter_free(s->limiter);
    encoder_free(s->encoder);
    free(s);
}

static const struct source_ops ops = {
    .next_packet = src_live_next,
    .position = src_live_position,
    .free = src_live_free,
};

enum err src_live_new(const struct src_live_plan *plan, struct pcmring *ring,
                      struct live_control *control, struct source **ret_source)
{
    struct src_live *s;
    enum err e;

    if (plan->delay_us < SRC_LIVE_DELAY_MIN_US || plan->delay_us > SRC_LIVE_DELAY_MAX_US ||
        plan->bundle_packets < 1 || plan->bundle_packets > 25)
        return ERR_ARG;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return ERR_NOMEM;
    s->base.ops = &ops;
    s->plan = *plan;
    s->delay_us = plan->delay_us;
    s->ring = pcmring_ref(ring);
    s->control = control;
    atomic_store(&control->delay_us, plan->delay_us);
    atomic_store(&control->in_force_us, plan->delay_us);
    s->first = src_live_packets(plan->before);
    s->last = plan->end_us == 0 ? UINT32_MAX : s->first;
    if (plan->end_us > pts_of(s, s->first))
        s->last = number_at(s, plan->end_us);
    agc_init(&s->agc);
    e = encoder_new(plan->bitrate_bps, &s->encoder);
    if (e == ERR_OK)
        e = limiter_new(0, LOUDNESS_PEAK_MAX_MDB, &s->limiter);
    if (e == ERR_OK) {
        encoder_count_programme();
        *ret_source = &s->base;
    } else {
        s->plan.before = s->plan.after = NULL; /* still the caller's */
        src_live_free(&s->base);
    }
    return e;
}
