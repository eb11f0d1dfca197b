/* The part of the wiring that live sound goes through: sources, recordings, listeners. */
#include <string.h>

#include "web.h"
#include "wiring.h"

static void on_tapped(void *ctx, const struct engine_bundle *bundle)
{
    struct wiring *w = ctx;

    listen_on_bundle(w->listen, bundle);
    live_on_bundle(w->live, bundle);
}

static void hold_request(void *ctx, uint64_t request, bool hold)
{
    struct wiring *w = ctx;

    if (!w->stopping)
        web_hold(w->web, request, hold);
}

static enum err listener_begin(void *ctx, uint64_t request)
{
    struct wiring *w = ctx;

    return web_stream_begin(w->web, request, "audio/ogg", LISTEN_QUEUE_BYTES);
}

static enum err listener_write(void *ctx, uint64_t request, struct bytes piece)
{
    struct wiring *w = ctx;

    return w->stopping ? ERR_NOT_FOUND : web_stream_write(w->web, request, piece);
}

static void listener_end(void *ctx, uint64_t request)
{
    struct wiring *w = ctx;

    if (!w->stopping)
        web_stream_end(w->web, request);
}

void wiring_live_second(struct wiring *w)
{
    live_begin_planned(w->live);
    supervise_on_sources(alarms_supervise(w->alarms), live_has_lost(w->live),
                         live_has_trouble(w->live), wiring_now(w));
}

static enum err stream_begin(void *ctx, uint64_t request, const char *content_type,
                             size_t max_waiting)
{
    struct wiring *w = ctx;

    return web_stream_begin(w->web, request, content_type, max_waiting);
}

static enum err stream_send(void *ctx, uint64_t request, struct web_piece *piece)
{
    struct wiring *w = ctx;

    return w->stopping ? ERR_NOT_FOUND : web_stream_send(w->web, request, piece);
}

static const struct broadcast *broadcast_at(void *ctx, size_t i)
{
    struct wiring *w = ctx;

    return onair_at(w->onair, i);
}

static void watch_levels(void *ctx)
{
    struct wiring *w = ctx;

    nodelink_watch(&w->nodelink);
}

static enum err sound_packet(void *ctx, uint64_t request, struct bytes packet)
{
    struct wiring *w = ctx;

    return live_sound_packet(w->live, request, packet);
}

static enum err talk_state(void *ctx, uint64_t request, struct api_talk_state *ret_state)
{
    struct wiring *w = ctx;

    return live_talk_state(w->live, request, ret_state);
}

static enum err socket_send(void *ctx, uint64_t request, const char *text)
{
    struct wiring *w = ctx;

    return w->stopping ? ERR_NOT_FOUND : web_socket_send(w->web, request, text);
}

static enum err socket_close(void *ctx, uint64_t request, const char *text)
{
    struct wiring *w = ctx;

    return w->stopping ? ERR_NOT_FOUND : web_socket_close(w->web, request, text);
}

void wiring_stream_ports(struct api_ports *ports)
{
    ports->sound_packet = sound_packet;
    ports->talk_state = talk_state;
    ports->socket_send = socket_send;
    ports->socket_close = socket_close;
    ports->stream_begin = stream_begin;
    ports->stream_send = stream_send;
    ports->stream_end = listener_end;
    ports->broadcast_at = broadcast_at;
    ports->watch_levels = watch_levels;
}

enum err wiring_make_live(struct wiring *w, const struct src_file_config *decoder)
{
    const struct listen_config listen = {
        .loop = w->loop,
        .onair = w->onair,
        .stream_start = wiring_stream_start,
        .begin = listener_begin,
        .write = listener_write,
        .end = listener_end,
        .now_us = wiring_now,
        .ctx = w,
    };
    struct live_config config = {
        .loop = w->loop,
        .db = w->db,
        .engine = w->engine,
        .jobs = w->jobs,
        .onair = w->onair,
        .registry = w->registry,
        .media_dir = w->dir.media,
        .bitrate_bps = w->config->bitrate_bps,
        .relay.decoder = *decoder,
        .relay.net_count = w->config->relay_net_count,
        .now_us = wiring_now,
        .hold = hold_request,
        .ctx = w,
    };
    enum err e = listen_new(&listen, &w->listen);

    if (e != ERR_OK)
        return e;
    memcpy(config.relay.nets, w->config->relay_nets, sizeof(config.relay.nets));
    e = live_new(&config, &w->live);
    return e == ERR_OK ? tap_new(w->loop, on_tapped, w, &w->tap) : e;
}
