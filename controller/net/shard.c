#include "shard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fanout.h"
#include "listener.h"

#define ORDERS_BYTES_MAX (64U * 1024 * 1024)
#define ORDERS_A_TURN 128
#define ACCEPTS_A_TURN 16
#define TICK_MS 100
#define CALM_TICKS 5 /* in which a session is looked at once, unless the shard is restless */
#define CROWDED_HANDSHAKE_US (3 * USEC_PER_SEC) /* when others wait for a handshake */
#define SHUTDOWN_RETRY_MS 1000
#define SHUTDOWN_SPREAD_MS 1 /* for each connection: what a session costs that is resumed */

struct shard {
    struct conn_env env;
    unsigned number;
    struct net_limits limits;
    _Atomic uint32_t *open_total;
    uv_loop_t loop;
    pthread_t thread;
    bool started;
    bool asked_to_stop; /* main's */
    struct queue orders;
    struct queue_item stop_item;
    int listen_fd;
    uv_poll_t listener;
    bool listening;
    uv_timer_t tick;
    uint32_t ticks;
    uv_timer_t slices; /* until the fan-out's next slice is due */
    uv_idle_t turns; /* while one is due */
    struct fanout fanout;
    struct conn **slots;
    uint32_t *free_slots; /* stack, lowest on top at first */
    uint32_t free_count;
    uint32_t slot_high; /* slots ever used */
    uint64_t generation;
    uint32_t open;
    bool stopping;
    struct tally tally;
};

static struct conn *find(const struct shard *s, uint64_t id)
{
    uint32_t slot = shard_slot_of_conn(id);

    if (slot >= s->slot_high || s->slots[slot] == NULL || s->slots[slot]->id != id)
        return NULL;
    return s->slots[slot];
}

/* The last connection is gone: let the loop run out. */
static void finish(struct shard *s)
{
    struct queue_item *rest = queue_close(&s->orders, NULL);

    uv_close((uv_handle_t *)&s->tick, NULL);
    uv_close((uv_handle_t *)&s->slices, NULL);
    uv_close((uv_handle_t *)&s->turns, NULL);
    while (rest != NULL) {
        struct queue_item *item = rest;

        rest = item->next;
        if (item->kind == NETCMD_BUNDLE)
            bundle_unref(bundle_of_item(item));
        else if (item->kind == NETCMD_SEND_MANY)
            free(netcmd_many_of_item(item));
        else if (item->kind != NETCMD_STOP)
            free(netcmd_of_item(item));
    }
}

static void gone(struct conn_env *env, struct conn *c)
{
    struct shard *s = (struct shard *)env; /* env is its first member */
    uint32_t slot = shard_slot_of_conn(c->id);

    fanout_leave_all(&s->fanout, c);
    s->slots[slot] = NULL;
    s->free_slots[s->free_count++] = slot;
    atomic_fetch_sub(s->open_total, 1);
    s->open--;
    if (s->stopping && s->open == 0)
        finish(s);
}

static bool handshakes_full(const struct shard *s)
{
    return tally_get(&s->tally, NET_COUNT_HANDSHAKES) >= s->limits.handshakes;
}

/* Nobody more now: each that comes in makes work, and news for main, which may be behind. */
static bool must_wait(struct shard *s)
{
    return handshakes_full(s) || queue_is_full(s->env.events);
}

static void admit(struct shard *s, int fd, const char *address)
{
    uint32_t slot;
    uint64_t id;

    if (atomic_fetch_add(s->open_total, 1) >= s->limits.connections || s->free_count == 0)
        goto refuse;
    slot = s->free_slots[s->free_count - 1];
    id = (s->generation + 1) << (SHARD_BITS + SHARD_SLOT_BITS) | (uint64_t)slot << SHARD_BITS |
         s->number;
    if (conn_new(&s->env, id, fd, address, &s->slots[slot]) != ERR_OK)
        goto refuse;
    s->generation++;
    s->free_count--;
    s->open++;
    if (slot >= s->slot_high)
        s->slot_high = slot + 1;
    tally_add(&s->tally, NET_COUNT_ACCEPTED, 1);
    return;
refuse:
    tally_add(&s->tally, NET_COUNT_REFUSED_FULL, 1);
    atomic_fetch_sub(s->open_total, 1);
    close(fd);
}

/* Until the next tick; what waits stays in the kernel's backlog. */
static void pause_listener(struct shard *s)
{
    s->listening = false;
    uv_poll_stop(&s->listener);
}

static void accept_some(struct shard *s)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        char address[NET_ADDRESS_SIZE];
        int fd;
        enum err e;

        if (must_wait(s)) {
            pause_listener(s);
            return;
        }
        e = listener_accept(s->listen_fd, &fd, address);
        if (e == ERR_LIMIT)
            pause_listener(s);
        if (e == ERR_MORE || e == ERR_LIMIT)
            return;
        if (e == ERR_OK)
            admit(s, fd, address);
    }
}

static void listener_cb(uv_poll_t *poll, int status, int events)
{
    struct shard *s = poll->data;

    (void)events;
    if (status < 0)
        s->listening = false;
    else
        accept_some(s);
}

static void listen_again(struct shard *s)
{
    if (s->listening || s->stopping || must_wait(s))
        return;
    s->listening = uv_poll_start(&s->listener, UV_READABLE, listener_cb) == 0;
}

/* Sessions say when they end, seconds ahead, and each look fetches one from memory: a fifth of them a tick. */
static void look_around(struct shard *s)
{
    usec_t mono_us = stime_mono();
    usec_t handshake_us = s->env.handshake_us;
    bool restless;

    if (handshakes_full(s) && handshake_us > CROWDED_HANDSHAKE_US)
        handshake_us = CROWDED_HANDSHAKE_US;
    s->ticks++;
    restless = s->env.restless;
    s->env.restless = false;
    for (uint32_t i = restless ? 0 : s->ticks % CALM_TICKS; i < s->slot_high;
         i += restless ? 1 : CALM_TICKS)
        if (s->slots[i] != NULL)
            conn_tick(s->slots[i], mono_us, handshake_us);
    if (s->env.posted_later)
        queue_wake(s->env.events);
    s->env.posted_later = false;
    fanout_tick(&s->fanout, stime_at(s->env.stime, mono_us));
    listen_again(s);
}

static void tick_cb(uv_timer_t *timer)
{
    struct shard *s = timer->data;

    look_around(s);
}

static void stop(struct shard *s)
{
    loa_Bye bye = {.code = loa_ByeCode_BYE_CODE_SHUTDOWN,
                   .retry_after_ms = SHUTDOWN_RETRY_MS,
                   .spread_ms = atomic_load(s->open_total) * SHUTDOWN_SPREAD_MS};

    if (s->stopping)
        return;
    s->stopping = true;
    uv_close((uv_handle_t *)&s->listener, NULL);
    close(s->listen_fd);
    for (uint32_t i = 0; i < s->slot_high; i++)
        if (s->slots[i] != NULL)
            conn_close(s->slots[i], s->slots[i]->state == CONN_SESSION ? conn_bye(&bye) : NULL);
    if (s->open == 0)
        finish(s);
}

static void slice_due(uv_timer_t *timer);

/* One slice a turn of the loop: what has come in meanwhile is dealt with in between. No timer does that: libuv lets one
 * of 0 ms fire again before it looks at sockets. One that waits is rounded up, lest the loop spin until the slice is due. */
static void serve_slices(struct shard *s)
{
    usec_t next_us = fanout_step(&s->fanout, stime_now(s->env.stime));
    usec_t wait_us = next_us - stime_now(s->env.stime);

    if (wait_us <= 0)
        return;
    uv_idle_stop(&s->turns);
    if (next_us == INT64_MAX)
        return;
    uv_update_time(&s->loop);
    uv_timer_start(&s->slices, slice_due, (uint64_t)(wait_us + 999) / 1000, 0);
}

static void turn_cb(uv_idle_t *idle)
{
    struct shard *s = idle->data;

    serve_slices(s);
}

/* The slice goes out in this turn, which looks at the sockets afterwards; another that is due has the next. */
static void slice_due(uv_timer_t *timer)
{
    struct shard *s = timer->data;

    uv_idle_start(&s->turns, turn_cb);
    serve_slices(s);
}

static void obey_bundle(struct shard *s, struct bundle *b)
{
    if (fanout_bundle(&s->fanout, b, stime_now(s->env.stime)) != ERR_OK)
        tally_add(&s->tally, NET_COUNT_BUNDLES_DROPPED, 1);
    else
        uv_idle_start(&s->turns, turn_cb);
    bundle_unref(b);
}

static void obey(struct shard *s, struct netcmd *cmd)
{
    struct conn *c = find(s, cmd->conn);

    if (c == NULL) {
        free(cmd);
        return;
    }
    switch ((enum netcmd_kind)cmd->item.kind) {
    case NETCMD_SEND_CONTROL:
    case NETCMD_SEND_MEDIA:
        conn_put(c, cmd);
        return;
    case NETCMD_CLOSE:
        conn_close(c, cmd);
        return;
    case NETCMD_JOIN:
        /* A stream too many or no memory: the node plays what it has cached, or reports a gap. */
        if (c->state == CONN_SESSION)
            (void)!fanout_join(&s->fanout, c, cmd->stream, stime_now(s->env.stime));
        break;
    case NETCMD_LEAVE:
        fanout_leave(&s->fanout, c, cmd->stream);
        break;
    case NETCMD_NONE:
    case NETCMD_BUNDLE:
    case NETCMD_STOP:
    case NETCMD_SHAKEN:
    case NETCMD_SEND_MANY:
        CHECK(false);
    }
    free(cmd);
}

/* One after the other, before anything else of this loop has its turn: it may be an alert. */
static void obey_many(struct shard *s, struct netcmd_many *many)
{
    for (size_t i = 0; i < many->count; i++) {
        struct conn *c = find(s, many->conns[i]);

        if (c != NULL)
            conn_send_frame(c, many->frame);
    }
    free(many);
}

/* Its connection stays until it is back. */
static void take_back(struct shard *s, struct handshake_job *job)
{
    struct conn *c = find(s, job->conn);

    CHECK(c != NULL && c->job == job);
    conn_shaken(c, job);
}

static void orders_ready(void *ctx)
{
    struct shard *s = ctx;
    struct queue_item *list = queue_take(&s->orders, ORDERS_A_TURN);
    bool must_stop = false;
    int taken = 0;

    while (list != NULL) {
        struct queue_item *item = list;

        list = item->next;
        taken++;
        if (item->kind == NETCMD_STOP)
            must_stop = true;
        else if (item->kind == NETCMD_BUNDLE)
            obey_bundle(s, bundle_of_item(item));
        else if (item->kind == NETCMD_SHAKEN)
            take_back(s, (struct handshake_job *)(void *)item);
        else if (item->kind == NETCMD_SEND_MANY)
            obey_many(s, netcmd_many_of_item(item));
        else
            obey(s, netcmd_of_item(item));
    }
    conn_send_rest(&s->env);
    if (taken == ORDERS_A_TURN)
        queue_wake(&s->orders);
    if (must_stop)
        stop(s);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static enum err open_loop(struct shard *s)
{
    if (uv_loop_init(&s->loop) != 0)
        return ERR_IO;
    if (queue_init(&s->orders, &s->loop, ORDERS_BYTES_MAX, orders_ready, s) != ERR_OK ||
        uv_timer_init(&s->loop, &s->tick) != 0 || uv_timer_init(&s->loop, &s->slices) != 0 ||
        uv_idle_init(&s->loop, &s->turns) != 0 ||
        uv_poll_init(&s->loop, &s->listener, s->listen_fd) != 0 ||
        uv_timer_start(&s->tick, tick_cb, TICK_MS, TICK_MS) != 0) {
        uv_walk(&s->loop, close_handle, NULL);
        uv_run(&s->loop, UV_RUN_DEFAULT);
        uv_loop_close(&s->loop);
        return ERR_IO;
    }
    s->tick.data = s;
    s->slices.data = s;
    s->turns.data = s;
    s->listener.data = s;
    listen_again(s);
    return ERR_OK;
}

static void release(struct shard *s)
{
    fanout_deinit(&s->fanout);
    netsource_table_free(s->env.handshaking);
    netsource_table_free(s->env.enrolling);
    free(s->slots);
    free(s->free_slots);
    free(s);
}

enum err shard_new(const struct shard_config *config, struct shard **ret_shard)
{
    struct shard *s = calloc(1, sizeof(*s));
    uint32_t slots = config->limits.connections;
    enum err e = ERR_NOMEM;

    if (s == NULL)
        goto out;
    s->env = (struct conn_env){
        .loop = &s->loop,
        .stime = config->stime,
        .handshakers = config->handshakers,
        .orders = &s->orders,
        .events = config->events,
        .tally = &s->tally,
        .handshake_us = config->limits.handshake_ms * USEC_PER_MSEC,
        .handshakes_max = config->limits.handshakes,
        .waiting_max = config->limits.waiting,
        .enrolments_max = config->limits.enrolments,
        .handshaking =
            netsource_table_new(config->limits.handshakes, config->limits.handshakes_of_one),
        .enrolling =
            netsource_table_new(config->limits.enrolments, config->limits.enrolments_of_one),
        .gone = gone,
    };
    s->number = config->number;
    s->limits = config->limits;
    s->open_total = config->open_total;
    s->listen_fd = config->listen_fd;
    s->stop_item.kind = NETCMD_STOP;
    s->slots = calloc(slots, sizeof(struct conn *));
    s->free_slots = calloc(slots, sizeof(uint32_t));
    if (s->slots == NULL || s->free_slots == NULL || s->env.handshaking == NULL ||
        s->env.enrolling == NULL)
        goto out;
    while (s->free_count < slots) {
        s->free_slots[s->free_count] = slots - 1 - s->free_count;
        s->free_count++;
    }
    e = open_loop(s);
out:
    if (e != ERR_OK) {
        close(config->listen_fd);
        if (s != NULL)
            release(s);
        return e;
    }
    *ret_shard = s;
    return ERR_OK;
}

static void *run(void *arg)
{
    struct shard *s = arg;
    char name[16];

    snprintf(name, sizeof(name), "loa-net-%u", s->number);
    pthread_setname_np(pthread_self(), name);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* Signals are main's: the thread starts with all of them blocked. */
enum err shard_start(struct shard *s)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    s->started = pthread_create(&s->thread, NULL, run, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s->started ? ERR_OK : ERR_IO;
}

enum err shard_order(struct shard *s, struct queue_item *order, bool must)
{
    return queue_push(&s->orders, order, must) == ERR_OK ? ERR_OK : ERR_BUSY;
}

void shard_stop(struct shard *s)
{
    if (s->asked_to_stop)
        return;
    s->asked_to_stop = true;
    (void)!queue_push(&s->orders, &s->stop_item, true);
}

void shard_free(struct shard *s)
{
    if (s == NULL)
        return;
    shard_stop(s);
    if (s->started)
        pthread_join(s->thread, NULL);
    else
        uv_run(&s->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&s->loop) == 0);
    release(s);
}

const struct tally *shard_tally(const struct shard *s)
{
    return &s->tally;
}
