#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "conn_impl.h"
#include "tsync.h"

#define BATCH_BYTES 16384 /* encrypted at once at most, so that a higher class can overtake */
#define NOTSENT_LOWAT_BYTES 16384
#define USER_TIMEOUT_MS 10000
#define ARRIVAL_MAX_US \
    (200 * USEC_PER_MSEC) /* a kernel time stamp older than this is not believed */
#define WALL_STEP_US 500

static void poll_cb(uv_poll_t *poll, int status, int events);

struct conn_post *conn_post_new(const struct conn *c, enum net_event_kind kind, bool with_msg)
{
    size_t size = sizeof(struct conn_post) + (with_msg ? sizeof(loa_Msg) : 0);
    struct conn_post *p = calloc(1, size);

    if (p == NULL)
        return NULL;
    p->item.cost_bytes = size;
    p->event.kind = kind;
    p->event.conn = c->id;
    p->event.node = c->session.node;
    if (with_msg)
        p->event.msg = p->msg;
    return p;
}

void conn_post_send(struct conn *c, struct conn_post *p)
{
    if (queue_push(c->env->events, &p->item, true) != ERR_OK)
        free(p);
}

static void farewell(struct conn *c, enum net_reason reason, const char *text)
{
    struct conn_post *p = c->farewell;

    if (p == NULL)
        return;
    c->farewell = NULL;
    p->event.reason = reason;
    snprintf(p->event.text, sizeof(p->event.text), "%s", text);
    conn_post_send(c, p);
}

static void closed_cb(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct conn_env *env = c->env;

    close(c->fd);
    if (c->enrolling)
        env->enrolments--;
    tally_less(env->tally, NET_COUNT_CONNECTIONS);
    env->gone(env, c);
    sendq_deinit(&c->out);
    link_free(c->link);
    free(c->farewell);
    free(c);
}

void conn_count_refused(struct conn *c, enum net_counter counter)
{
    if (c->refused)
        return;
    c->refused = true;
    tally_add(c->env->tally, counter, 1);
}

static void count_closed(struct conn *c, enum net_reason reason)
{
    enum net_counter counter = NET_COUNT_CLOSED_OTHER;

    if (reason == NET_REASON_PROTOCOL)
        counter = NET_COUNT_CLOSED_PROTOCOL;
    else if (reason == NET_REASON_TOO_SLOW)
        counter = NET_COUNT_CLOSED_TOO_SLOW;
    else if (reason == NET_REASON_SILENT)
        counter = NET_COUNT_CLOSED_SILENT;
    tally_add(c->env->tally, counter, 1);
}

static void leave_state(struct conn *c, enum conn_state next, enum net_reason reason)
{
    if (c->state == CONN_HANDSHAKE)
        tally_less(c->env->tally, NET_COUNT_HANDSHAKES);
    else if (c->state == CONN_SESSION || c->state == CONN_ENROL)
        count_closed(c, reason);
    c->state = next;
}

void conn_kill(struct conn *c, enum net_reason reason, const char *text)
{
    if (c->state == CONN_DEAD)
        return;
    leave_state(c, CONN_DEAD, reason);
    farewell(c, reason, text);
    tally_add(c->env->tally, NET_COUNT_BUNDLES_DROPPED, sendq_drop_audio(&c->out));
    uv_close((uv_handle_t *)&c->poll, closed_cb);
}

void conn_update_poll(struct conn *c)
{
    bool reading = !c->paused && !c->waiting;
    int events = (reading ? UV_READABLE : 0) | (c->blocked ? UV_WRITABLE : 0);

    if (c->state == CONN_DEAD || events == c->events)
        return;
    c->events = events;
    if (events == 0)
        uv_poll_stop(&c->poll);
    else if (uv_poll_start(&c->poll, events, poll_cb) != 0)
        conn_kill(c, NET_REASON_LOST, "the socket cannot be watched");
}

/* Write what the link holds; true when all of it is out. */
static bool flush(struct conn *c)
{
    for (;;) {
        struct bytes out = link_output(c->link);
        ssize_t n;

        if (out.len == 0)
            return true;
        n = send(c->fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)) {
            c->blocked = true;
            return false;
        }
        if (n < 0) {
            conn_kill(c, NET_REASON_LOST, strerror(errno));
            return false;
        }
        tally_add(c->env->tally, NET_COUNT_BYTES_OUT, (uint64_t)n);
        link_output_sent(c->link, (size_t)n);
    }
}

static bool put_in_link(struct conn *c, struct bytes frame)
{
    if (link_write(c->link, frame) == ERR_OK)
        return true;
    conn_kill(c, NET_REASON_LOST, "the link takes no more");
    return false;
}

/* Answer the clock requests that wait; the time of sending is read last of all. */
static bool answer_times(struct conn *c)
{
    for (unsigned i = 0; i < c->time_count; i++) {
        uint8_t payload[TSYNC_REPLY_BYTES], frame[FRAME_HEADER_BYTES + TSYNC_REPLY_BYTES];
        struct writer w;

        writer_init(&w, frame, sizeof(frame));
        tsync_write_reply(c->times[i].t1_us, c->times[i].t2_us, stime_now(c->env->stime), payload);
        CHECK(frame_write(&w, FRAME_TIME_REPLY, bytes_of(payload, sizeof(payload))) == ERR_OK);
        if (!put_in_link(c, writer_view(&w)))
            return false;
        tally_add(c->env->tally, NET_COUNT_TIME_REPLIES, 1);
    }
    c->time_count = 0;
    return true;
}

/* Encrypt the next frames, at most a batch; false when there was nothing or the connection died. */
static bool fill(struct conn *c)
{
    usec_t now_us = stime_now(c->env->stime);
    bool any = false;

    while (link_output(c->link).len < BATCH_BYTES) {
        struct bytes frame;
        unsigned dropped;
        enum sendq_class cls = sendq_peek(&c->out, now_us, &frame, &dropped);

        tally_add(c->env->tally, NET_COUNT_BUNDLES_DROPPED, dropped);
        if (cls == SENDQ_NONE)
            return any;
        if (!put_in_link(c, frame))
            return false;
        sendq_pop(&c->out);
        tally_add(c->env->tally, NET_COUNT_BUNDLES_SENT, cls == SENDQ_BUNDLE);
        any = true;
    }
    return any;
}

/* CLOSING and everything is out: say so in TLS, then in TCP, then wait for the other side's end. */
static bool wind_up(struct conn *c)
{
    if (!c->notified) {
        c->notified = true;
        link_close_notify(c->link);
        return true;
    }
    if (!c->finished) {
        c->finished = true;
        shutdown(c->fd, SHUT_WR);
    }
    return false;
}

void conn_pump(struct conn *c)
{
    bool more = true;

    while (more && c->state != CONN_DEAD && flush(c)) {
        if (c->state == CONN_HANDSHAKE)
            break;
        if (c->time_count > 0 && c->state == CONN_SESSION)
            more = answer_times(c);
        else
            more = fill(c) || (c->state == CONN_CLOSING && wind_up(c));
    }
    conn_update_poll(c);
}

struct netcmd *conn_bye(const loa_Bye *bye)
{
    size_t max = FRAME_HEADER_BYTES + loa_Bye_size + 8;
    struct netcmd *cmd = calloc(1, sizeof(*cmd) + max);
    loa_Msg *msg = calloc(1, sizeof(*msg));
    struct writer w;

    if (cmd == NULL || msg == NULL)
        goto fail;
    msg->which_body = loa_Msg_bye_tag;
    msg->body.bye = *bye;
    writer_init(&w, cmd->data, max);
    if (session_write(&w, msg) != ERR_OK)
        goto fail;
    cmd->item.kind = NETCMD_CLOSE;
    cmd->len = writer_view(&w).len;
    cmd->item.cost_bytes = sizeof(*cmd) + cmd->len;
    free(msg);
    return cmd;
fail:
    free(msg);
    free(cmd);
    return NULL;
}

void conn_begin_close(struct conn *c, enum net_reason reason, const char *text, struct netcmd *bye)
{
    if (c->state == CONN_HANDSHAKE)
        conn_kill(c, reason, text);
    if (c->state == CONN_CLOSING || c->state == CONN_DEAD) {
        free(bye);
        return;
    }
    leave_state(c, CONN_CLOSING, reason);
    farewell(c, reason, text);
    c->close_by_us = stime_mono() + CONN_CLOSE_US;
    c->paused = false;
    tally_add(c->env->tally, NET_COUNT_BUNDLES_DROPPED, sendq_drop_audio(&c->out));
    if (bye != NULL && (bye->len == 0 || sendq_put(&c->out, bye) != ERR_OK))
        free(bye);
    if (c->blocked)
        conn_update_poll(c);
    else
        conn_pump(c);
}

void conn_close(struct conn *c, struct netcmd *bye)
{
    conn_begin_close(c, NET_REASON_STATION, "", bye);
}

void conn_send(struct conn *c, struct netcmd *cmd)
{
    loa_Bye bye = {.code = loa_ByeCode_BYE_CODE_TOO_SLOW};

    if ((c->state != CONN_SESSION && c->state != CONN_ENROL)) {
        free(cmd);
    } else if (sendq_put(&c->out, cmd) != ERR_OK) {
        free(cmd);
        conn_begin_close(c, NET_REASON_TOO_SLOW, "does not take what it was sent", conn_bye(&bye));
    } else if (!c->blocked) {
        conn_pump(c);
    }
}

void conn_send_bundle(struct conn *c, struct bundle *b)
{
    if (c->state != CONN_SESSION)
        return;
    tally_add(c->env->tally, NET_COUNT_BUNDLES_DROPPED, sendq_put_bundle(&c->out, b));
    if (!c->blocked)
        conn_pump(c);
}

void conn_handshake_turn(struct conn *c)
{
    c->waiting = false;
    if (c->state != CONN_DEAD)
        conn_read(c);
}

static void step(struct conn *c, int status, int events)
{
    if (c->state == CONN_DEAD)
        return;
    /* With an error libuv has stopped the poll; reading finds out which one it was. */
    if (status < 0)
        c->events = 0;
    if ((events & UV_WRITABLE) || status < 0) {
        c->blocked = false;
        conn_pump(c);
    }
    if (!(events & UV_READABLE) && status >= 0)
        return;
    if (c->state == CONN_HANDSHAKE && !c->waiting) {
        c->waiting = true;
        conn_update_poll(c);
        c->env->handshake_ready(c->env, c);
    } else if (c->state != CONN_HANDSHAKE) {
        conn_read(c);
    }
}

static void poll_cb(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;

    step(c, status, events);
}

static void set_option(int fd, int level, int name, int value)
{
    /* None of them is vital: on a kernel without one the connection is only a little slower. */
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

enum err conn_new(struct conn_env *env, uint64_t id, int fd, const char *address,
                  struct conn **ret_conn)
{
    struct conn *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return ERR_NOMEM;
    c->env = env;
    c->id = id;
    c->fd = fd;
    c->opened_us = stime_mono();
    snprintf(c->address, sizeof(c->address), "%s", address);
    sendq_init(&c->out);
    if (link_new(env->link_config, &c->link) != ERR_OK) {
        free(c);
        return ERR_NOMEM;
    }
    if (uv_poll_init(env->loop, &c->poll, fd) != 0) {
        link_free(c->link);
        free(c);
        return ERR_IO;
    }
    c->poll.data = c;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    tally_add(env->tally, NET_COUNT_CONNECTIONS, 1);
    tally_add(env->tally, NET_COUNT_HANDSHAKES, 1);
    *ret_conn = c;
    conn_update_poll(c);
    return ERR_OK;
}

static void check_session(struct conn *c, usec_t mono_us)
{
    loa_Bye bye = {.code = loa_ByeCode_BYE_CODE_TOO_SLOW};
    usec_t next_us;

    if (c->paused) {
        c->session.heard_us = mono_us; /* it is we who do not listen */
        if (!conn_pause(c))
            conn_read(c);
        return;
    }
    if (session_check(&c->session, mono_us, &next_us) == ERR_TIMEOUT)
        conn_begin_close(c, NET_REASON_SILENT,
                         c->session.state == SESSION_WAIT_HELLO ? "no Hello in time"
                                                                : "silent too long",
                         conn_bye(&bye));
}

void conn_tick(struct conn *c, usec_t mono_us, usec_t handshake_us)
{
    switch (c->state) {
    case CONN_HANDSHAKE:
        if (mono_us - c->opened_us < handshake_us)
            return;
        conn_count_refused(c, NET_COUNT_REFUSED_TIMEOUT);
        conn_kill(c, NET_REASON_SILENT, "handshake too slow");
        return;
    case CONN_ENROL:
        if (mono_us - c->opened_us < c->env->handshake_us)
            return;
        conn_count_refused(c, NET_COUNT_REFUSED_TIMEOUT);
        conn_begin_close(c, NET_REASON_SILENT, "enrolment too slow", NULL);
        return;
    case CONN_SESSION:
        check_session(c, mono_us);
        return;
    case CONN_CLOSING:
        if (mono_us >= c->close_by_us)
            conn_kill(c, NET_REASON_NONE, "");
        return;
    case CONN_DEAD:
        return;
    }
}
