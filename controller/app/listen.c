#include "listen.h"

#include <stdlib.h>
#include <string.h>

#include "encoder.h"
#include "log.h"
#include "oggpages.h"
#include "packet.h"

#define TICK_MS 200
#define PAGE_PACKETS 10
#define PRESKIP_SAMPLES 3840 /* a decoder that begins in the middle has converged: RFC 7845, 4.2 */
#define FIRST_US USEC_PER_SEC /* so long the first packet is waited for before silence begins */

struct listener {
    uint64_t request; /* 0: the place is free */
    struct broadcast_id id;
    struct stream_id stream;
    struct oggpages *pages;
    usec_t joined_us;
    usec_t position_us; /* presentation time of what comes next, 0: nothing went out yet */
    int64_t packets;
    struct listen *owner;
};

struct listen {
    struct listen_config config;
    uv_timer_t timer;
    bool closed;
    uint8_t silence[PACKET_PAYLOAD_MAX];
    size_t silence_len;
    struct listener listeners[LISTEN_MAX];
};

static enum err make_silence(struct listen *l)
{
    float pcm[PACKET_SAMPLES] = {0};
    struct encoder *encoder;
    enum err e = encoder_new(ENCODER_BITRATE_BPS, &encoder);

    if (e != ERR_OK)
        return e;
    e = encoder_packet(encoder, pcm, l->silence, &l->silence_len);
    encoder_free(encoder);
    return e;
}

enum err listen_new(const struct listen_config *config, struct listen **ret_listen)
{
    struct listen *l = calloc(1, sizeof(*l));
    enum err e;

    if (l == NULL)
        return ERR_NOMEM;
    l->config = *config;
    e = make_silence(l);
    if (e != ERR_OK) {
        free(l);
        return e;
    }
    uv_timer_init(config->loop, &l->timer);
    l->timer.data = l;
    *ret_listen = l;
    return ERR_OK;
}

static void forget(struct listener *s, const char *why)
{
    log_event(LOG_INFO, "listen.ended", "broadcast=%llu packets=%lld why=%s",
              (unsigned long long)s->id.v, (long long)s->packets, why);
    oggpages_free(s->pages);
    *s = (struct listener){0};
}

static enum err put(struct listener *s, struct bytes payload, bool last)
{
    s->packets++;
    s->position_us += PACKET_US;
    return oggpages_add(s->pages, payload, s->packets * PACKET_SAMPLES, last, NULL);
}

/* Silence up to a presentation time, to the packet. */
static enum err fill(struct listener *s, usec_t until_us)
{
    struct bytes silence = bytes_of(s->owner->silence, s->owner->silence_len);
    enum err e = ERR_OK;

    while (e == ERR_OK && s->position_us + PACKET_US <= until_us)
        e = put(s, silence, false);
    return e;
}

/* Items of a programme meet anywhere within a packet; a listener's packets have no gaps and do not overlap,
 * so that sound is up to one packet off its time, and never more. */
static enum err take(struct listener *s, const struct packet *packet)
{
    enum err e;

    if (s->position_us == 0)
        s->position_us = packet->pts_us;
    e = fill(s, packet->pts_us);
    if (e != ERR_OK || packet->pts_us + PACKET_US <= s->position_us)
        return e;
    return put(s, packet->payload, false);
}

static void on_tick(uv_timer_t *timer)
{
    struct listen *l = timer->data;
    usec_t now_us = l->config.now_us(l->config.ctx);
    bool any = false;

    for (struct listener *s = l->listeners; s < l->listeners + LISTEN_MAX; s++) {
        if (s->request == 0)
            continue;
        any = true;
        if (s->position_us == 0 && now_us - s->joined_us > FIRST_US)
            s->position_us = now_us;
        if (s->position_us != 0 && fill(s, now_us) != ERR_OK)
            forget(s, "slow");
    }
    if (!any)
        uv_timer_stop(timer);
}

static enum err write_page(void *ctx, struct bytes piece, struct err_detail *detail)
{
    struct listener *s = ctx;

    (void)detail;
    return s->owner->config.write(s->owner->config.ctx, s->request, piece);
}

static enum err judge(struct listen *l, const struct broadcast *b, struct err_detail *detail)
{
    if (b == NULL)
        return err_set(detail, ERR_NOT_FOUND,
                       "This broadcast is not under way; see loactl broadcast list.");
    if (b->state == BROADCAST_ON_AIR ||
        (b->state == BROADCAST_PLANNED &&
         b->start_us - l->config.now_us(l->config.ctx) <= LISTEN_SOON_US))
        return ERR_OK;
    return err_set(detail, ERR_STATE,
                   "This broadcast is not on air; listen from a minute before its start on.");
}

enum err listen_begin(struct listen *l, struct broadcast_id id, uint64_t request,
                      struct err_detail *detail)
{
    const struct broadcast *b = onair_broadcast(l->config.onair, id);
    struct listener *s = l->listeners;
    struct oggpages_config pages = {
        .serial = (uint32_t)request,
        .preskip_samples = PRESKIP_SAMPLES,
        .page_packets = PAGE_PACKETS,
        .write = write_page,
    };
    enum err e = judge(l, b, detail);

    if (e != ERR_OK)
        return e;
    while (s < l->listeners + LISTEN_MAX && s->request != 0)
        s++;
    if (s == l->listeners + LISTEN_MAX || l->closed)
        return err_set(detail, ERR_BUSY, "%d listen already; try again when one has left.",
                       LISTEN_MAX);
    e = l->config.stream_start(l->config.ctx, b, detail);
    if (e == ERR_OK || e == ERR_EXISTS)
        e = l->config.begin(l->config.ctx, request);
    if (e != ERR_OK)
        return e;
    *s = (struct listener){
        .request = request,
        .id = id,
        .stream = b->stream,
        .joined_us = l->config.now_us(l->config.ctx),
        .owner = l,
    };
    pages.ctx = s;
    if (oggpages_new(&pages, &s->pages, NULL) != ERR_OK) {
        l->config.end(l->config.ctx, request);
        *s = (struct listener){0};
        return ERR_OK; /* it is answered, with an empty body */
    }
    uv_timer_start(&l->timer, on_tick, TICK_MS, TICK_MS);
    log_event(LOG_INFO, "listen.begun", "broadcast=%llu", (unsigned long long)id.v);
    return ERR_OK;
}

void listen_gone(struct listen *l, uint64_t request)
{
    for (struct listener *s = l->listeners; s < l->listeners + LISTEN_MAX; s++) {
        if (s->request == request && request != 0)
            forget(s, "gone");
    }
}

bool listen_has(const struct listen *l, uint64_t request)
{
    for (const struct listener *s = l->listeners; s < l->listeners + LISTEN_MAX; s++) {
        if (s->request == request && request != 0)
            return true;
    }
    return false;
}

void listen_end(struct listen *l, uint64_t request)
{
    for (struct listener *s = l->listeners; s < l->listeners + LISTEN_MAX; s++) {
        if (s->request != request || request == 0)
            continue;
        l->config.end(l->config.ctx, request);
        forget(s, "signed_out");
    }
}

static void hear(struct listener *s, const struct engine_bundle *bundle)
{
    const struct listen_config *c = &s->owner->config;
    struct bundle_reader reader;
    struct packet packet;
    enum err e = bundle_open(&reader, bundle->payload);

    while (e == ERR_OK && bundle_next(&reader, &packet) == ERR_OK)
        e = take(s, &packet);
    if (e == ERR_OK && bundle->last)
        e = put(s, bytes_of(s->owner->silence, s->owner->silence_len), true);
    if (e != ERR_OK) {
        forget(s, "slow");
    } else if (bundle->last) {
        c->end(c->ctx, s->request);
        forget(s, "over");
    }
}

void listen_on_bundle(struct listen *l, const struct engine_bundle *bundle)
{
    for (struct listener *s = l->listeners; s < l->listeners + LISTEN_MAX; s++) {
        if (s->request != 0 && s->stream.v == bundle->stream.v)
            hear(s, bundle);
    }
}

void listen_close(struct listen *l)
{
    if (l == NULL)
        return;
    l->closed = true;
    for (struct listener *s = l->listeners; s < l->listeners + LISTEN_MAX; s++) {
        if (s->request != 0)
            forget(s, "closing");
    }
    uv_close((uv_handle_t *)&l->timer, NULL);
}

void listen_free(struct listen *l)
{
    free(l);
}
