#include "net.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handshakers.h"
#include "listener.h"
#include "netcmd.h"
#include "session.h"
#include "shard.h"

#define EVENTS_BYTES_MAX (16U * 1024 * 1024)
#define EVENTS_A_TURN 256
#define CONNECTIONS_MAX 100000
#define HANDSHAKES_MAX 4096
#define ENROLMENTS_MAX 256
#define HANDSHAKE_MS_MIN 100
#define HANDSHAKE_MS_MAX 60000

/* What main knows of one slot of a shard: which connection it has been told of and not yet lost. */
struct slot {
    uint64_t conn; /* 0: none */
    bool closing; /* net_close() was called */
};

struct net {
    void (*on_event)(void *ctx, const struct net_event *event);
    void (*on_turn)(void *ctx);
    void *ctx;
    struct queue events;
    struct handshakers *handshakers;
    struct shard *shards[NET_SHARDS_MAX];
    struct slot *slots[NET_SHARDS_MAX];
    unsigned shard_count;
    uint32_t slot_count;
    uint16_t port;
    _Atomic uint32_t open_total;
    _Atomic uint64_t bundles_dropped; /* before they reached a shard */
};

struct net_limits net_limits_default(void)
{
    return (struct net_limits){
        .connections = 25000,
        .handshakes = 768,
        .waiting = 4096,
        .enrolments = 256,
        .handshakes_of_one = 512,
        .enrolments_of_one = 192,
        .handshake_ms = 10000,
    };
}

static bool config_fits(const struct net_config *c)
{
    const struct net_limits *l = &c->limits;

    return c->shards >= 1 && c->shards <= NET_SHARDS_MAX && c->handshakers >= 1 &&
           c->handshakers <= HANDSHAKERS_MAX && c->address != NULL && c->stime != NULL &&
           c->on_event != NULL && l->connections >= 1 && l->connections <= CONNECTIONS_MAX &&
           l->handshakes >= 1 && l->handshakes <= HANDSHAKES_MAX && l->waiting <= CONNECTIONS_MAX &&
           l->enrolments >= 1 && l->enrolments <= ENROLMENTS_MAX && l->handshakes_of_one >= 1 &&
           l->enrolments_of_one >= 1 && l->handshake_ms >= HANDSHAKE_MS_MIN &&
           l->handshake_ms <= HANDSHAKE_MS_MAX;
}

static struct slot *slot_of(struct net *n, uint64_t conn)
{
    unsigned shard = shard_of_conn(conn);
    uint32_t slot = shard_slot_of_conn(conn);

    if (shard >= n->shard_count || slot >= n->slot_count)
        return NULL;
    return &n->slots[shard][slot];
}

/* The slot of a connection that may be sent to; NULL otherwise. */
static struct slot *live_slot(struct net *n, uint64_t conn)
{
    struct slot *s = slot_of(n, conn);

    return s == NULL || conn == 0 || s->conn != conn || s->closing ? NULL : s;
}

static void deliver(struct net *n, struct conn_post *post)
{
    struct slot *s = slot_of(n, post->event.conn);

    if (post->event.kind == NET_CONNECTED || post->event.kind == NET_ENROL_REQUEST)
        *s = (struct slot){.conn = post->event.conn};
    if (post->event.kind == NET_CLOSED)
        *s = (struct slot){0};
    n->on_event(n->ctx, &post->event);
}

static void events_ready(void *ctx)
{
    struct net *n = ctx;
    struct queue_item *list = queue_take(&n->events, EVENTS_A_TURN);
    int taken = 0;

    while (list != NULL) {
        struct conn_post *post = (struct conn_post *)(void *)list;

        list = list->next;
        taken++;
        deliver(n, post);
        free(post);
    }
    if (taken > 0 && n->on_turn != NULL)
        n->on_turn(n->ctx);
    if (taken == EVENTS_A_TURN)
        queue_wake(&n->events);
}

static enum err add_shard(struct net *n, const struct net_config *config, struct err_detail *detail)
{
    struct shard_config sc = {
        .number = n->shard_count,
        .limits = config->limits,
        .handshakers = n->handshakers,
        .stime = config->stime,
        .events = &n->events,
        .open_total = &n->open_total,
    };
    struct slot *slots = calloc(n->slot_count, sizeof(*slots));
    bool first = n->shard_count == 0;
    enum err e;

    if (slots == NULL)
        return ERR_NOMEM;
    e = listener_open(config->address, first ? config->port : n->port, first, &sc.listen_fd,
                      &n->port, detail);
    if (e != ERR_OK)
        goto fail;
    e = shard_new(&sc, &n->shards[n->shard_count]);
    if (e != ERR_OK)
        goto fail;
    n->slots[n->shard_count++] = slots;
    return ERR_OK;
fail:
    free(slots);
    return e;
}

static void release(void *ctx)
{
    struct net *n = ctx;

    for (unsigned i = 0; i < n->shard_count; i++)
        free(n->slots[i]);
    free(n);
}

enum err net_new(uv_loop_t *loop, const struct net_config *config, struct net **ret_net,
                 struct err_detail *detail)
{
    struct net *n;
    enum err e;

    if (!config_fits(config))
        return err_set(detail, ERR_ARG, "a limit of the node link is out of its range");
    n = calloc(1, sizeof(*n));
    if (n == NULL)
        return ERR_NOMEM;
    n->on_event = config->on_event;
    n->on_turn = config->on_turn;
    n->ctx = config->ctx;
    n->slot_count = config->limits.connections;
    e = queue_init(&n->events, loop, EVENTS_BYTES_MAX, events_ready, n);
    if (e != ERR_OK) {
        free(n);
        return e;
    }
    e = handshakers_new(config->handshakers, &config->credentials, &n->handshakers);
    if (e != ERR_OK)
        (void)err_set(detail, e, "the controller's certificate and key cannot be used");
    for (unsigned i = 0; i < config->shards && e == ERR_OK; i++)
        e = add_shard(n, config, detail);
    for (unsigned i = 0; i < n->shard_count && e == ERR_OK; i++)
        e = shard_start(n->shards[i]);
    if (e != ERR_OK) {
        net_free(n);
        return e;
    }
    *ret_net = n;
    return ERR_OK;
}

void net_free(struct net *n)
{
    struct queue_item *rest;

    if (n == NULL)
        return;
    for (unsigned i = 0; i < n->shard_count; i++)
        shard_stop(n->shards[i]);
    if (n->handshakers != NULL)
        handshakers_stop(n->handshakers);
    for (unsigned i = 0; i < n->shard_count; i++)
        shard_free(n->shards[i]);
    handshakers_free(n->handshakers);
    rest = queue_close(&n->events, release);
    while (rest != NULL) {
        struct queue_item *item = rest;

        rest = item->next;
        free(item);
    }
}

uint16_t net_port(const struct net *n)
{
    return n->port;
}

void net_set_tickets(struct net *n, const struct ticketring *tickets)
{
    handshakers_set_tickets(n->handshakers, tickets);
}

static enum err order_send(struct net *n, struct netcmd *cmd, bool must)
{
    enum err e;

    if (cmd == NULL)
        return ERR_NOMEM;
    e = shard_order(n->shards[shard_of_conn(cmd->conn)], &cmd->item, must);
    if (e != ERR_OK)
        free(cmd);
    return e;
}

static bool whole_frames(struct bytes b)
{
    struct reader r;

    reader_init(&r, b);
    while (!r.failed && reader_left(&r) > 0) {
        uint16_t len = reader_u16(&r);
        uint16_t type = reader_u16(&r);

        if (type == 0 || len > FRAME_PAYLOAD_MAX)
            return false;
        (void)reader_bytes(&r, len);
    }
    return b.len > 0 && reader_done(&r);
}

enum err net_send(struct net *n, uint64_t conn, struct bytes frames, enum net_class cls)
{
    if (live_slot(n, conn) == NULL)
        return ERR_NOT_FOUND;
    if (frames.len > NET_SEND_MAX || !whole_frames(frames))
        return ERR_ARG;
    return order_send(
        n, netcmd_new(cls == NET_MEDIA ? NETCMD_SEND_MEDIA : NETCMD_SEND_CONTROL, conn, frames),
        false);
}

enum err net_send_message(struct net *n, uint64_t conn, const loa_Msg *msg)
{
    uint8_t frame[FRAME_HEADER_BYTES + CONTROL_BYTES_MAX];
    struct writer w;
    enum err e;

    writer_init(&w, frame, sizeof(frame));
    e = session_write(&w, msg);
    if (e != ERR_OK)
        return e;
    return net_send(n, conn, writer_view(&w), NET_CONTROL);
}

struct share {
    struct net *net;
    unsigned shard;
};

static bool is_of_shard(void *ctx, uint64_t conn)
{
    const struct share *s = ctx;

    return shard_of_conn(conn) == s->shard && live_slot(s->net, conn) != NULL;
}

enum err net_send_many(struct net *n, const uint64_t *conns, size_t count, const loa_Msg *msg)
{
    uint8_t frame[FRAME_HEADER_BYTES + CONTROL_BYTES_MAX];
    struct writer w;
    enum err worst = ERR_OK;
    enum err e;

    writer_init(&w, frame, sizeof(frame));
    e = session_write(&w, msg);
    if (e != ERR_OK)
        return e;
    for (unsigned i = 0; i < n->shard_count; i++) {
        struct share share = {n, i};
        struct netcmd_many *many = NULL;

        e = netcmd_many_new(conns, count, is_of_shard, &share, writer_view(&w), &many);
        if (e == ERR_OK && many != NULL)
            e = shard_order(n->shards[i], &many->item, false);
        if (e == ERR_OK)
            continue;
        free(many);
        worst = e;
    }
    return worst;
}

enum err net_close(struct net *n, uint64_t conn, const loa_Bye *bye)
{
    struct slot *s = live_slot(n, conn);
    struct netcmd *cmd;
    enum err e;

    if (s == NULL)
        return ERR_NOT_FOUND;
    cmd = bye != NULL ? conn_bye(bye) : NULL;
    if (cmd == NULL)
        cmd = netcmd_new(NETCMD_CLOSE, conn, bytes_of(NULL, 0));
    if (cmd != NULL)
        cmd->conn = conn;
    e = order_send(n, cmd, true);
    if (e == ERR_OK)
        s->closing = true;
    return e;
}

static enum err order_stream(struct net *n, enum netcmd_kind kind, uint64_t conn,
                             struct stream_id stream)
{
    struct netcmd *cmd;

    if (live_slot(n, conn) == NULL)
        return ERR_NOT_FOUND;
    cmd = netcmd_new(kind, conn, bytes_of(NULL, 0));
    if (cmd != NULL)
        cmd->stream = stream;
    return order_send(n, cmd, false);
}

enum err net_stream_join(struct net *n, uint64_t conn, struct stream_id stream)
{
    return order_stream(n, NETCMD_JOIN, conn, stream);
}

enum err net_stream_leave(struct net *n, uint64_t conn, struct stream_id stream)
{
    return order_stream(n, NETCMD_LEAVE, conn, stream);
}

enum err net_bundle(struct net *n, struct bundle *b)
{
    enum err worst = ERR_OK;

    for (unsigned i = 0; i < n->shard_count; i++) {
        struct queue_item *item = bundle_item(b, i);

        item->kind = NETCMD_BUNDLE;
        bundle_ref(b);
        if (shard_order(n->shards[i], item, false) == ERR_OK)
            continue;
        bundle_unref(b);
        atomic_fetch_add_explicit(&n->bundles_dropped, 1, memory_order_relaxed);
        worst = ERR_BUSY;
    }
    return worst;
}

uint64_t net_count(const struct net *n, enum net_counter counter)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < n->shard_count; i++)
        sum += tally_get(shard_tally(n->shards[i]), counter);
    if (counter == NET_COUNT_BUNDLES_DROPPED)
        sum += atomic_load_explicit(&n->bundles_dropped, memory_order_relaxed);
    return sum;
}
