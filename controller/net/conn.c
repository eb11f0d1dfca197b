#include "conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "conn_impl.h"
#include "tsync.h"

#define BATCH_BYTES 16384 /* encrypted at once at most, so that a higher class can overtake */

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
    p->event.in_bytes = c->in_bytes;
    p->event.out_bytes = c->out_bytes;
    if (with_msg)
        p->event.msg = p->msg;
    return p;
}

void conn_post_send(struct conn *c, struct conn_post *p)
{
    if (queue_push(c->env->events, &p->item, true) != ERR_OK)
        free(p);
}

void conn_post_send_later(struct conn *c, struct conn_post *p)
{
    if (queue_push_later(c->env->events, &p->item, true) != ERR_OK)
        free(p);
    c->env->posted_later = true;
}

static void farewell(struct conn *c, enum net_reason reason, const char *text)
{
    struct conn_post *p = c->farewell;

    if (p == NULL)
        return;
    c->farewell = NULL;
    p->event.reason = reason;
    p->event.in_bytes = c->in_bytes;
    p->event.out_bytes = c->out_bytes;
    snprintf(p->event.text, sizeof(p->event.text), "%s", text);
    conn_post_send(c, p);
}

static void closed_cb(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct conn_env *env = c->env;

    close(c->fd);
    if (c->enrolling) {
        env->enrolments--;
        netsource_leave(env->enrolling, netsource_of(c->address));
    }
    tally_less(env->tally, NET_COUNT_CONNECTIONS);
    env->gone(env, c);
    sendq_deinit(&c->out);
    session_deinit(&c->session);
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

void conn_handshake_over(struct conn *c)
{
    tally_less(c->env->tally, NET_COUNT_HANDSHAKES);
    netsource_leave(c->env->handshaking, netsource_of(c->address));
}

static void leave_state(struct conn *c, enum conn_state next, enum net_reason reason)
{
    if (c->state == CONN_HANDSHAKE || c->state == CONN_SHAKEN)
        conn_handshake_over(c);
    else if (c->state == CONN_WAITING)
        c->env->waiting--;
    else if (c->state == CONN_SESSION || c->state == CONN_ENROL)
        count_closed(c, reason);
    c->state = next;
    c->env->restless = true;
}

void conn_kill(struct conn *c, enum net_reason reason, const char *text)
{
    if (c->state == CONN_DEAD)
        return;
    leave_state(c, CONN_DEAD, reason);
    farewell(c, reason, text);
    tally_add(c->env->tally, NET_COUNT_BUNDLES_DROPPED, sendq_drop_audio(&c->out));
    if (c->job != NULL)
        atomic_store_explicit(&c->job->vain, true, memory_order_relaxed);
    else
        conn_let_go(c);
}

void conn_let_go(struct conn *c)
{
    uv_close((uv_handle_t *)&c->poll, closed_cb);
}

void conn_update_poll(struct conn *c)
{
    bool reads = !c->paused && c->state != CONN_SHAKEN;
    int events = (reads ? UV_READABLE : 0) | (c->blocked ? UV_WRITABLE : 0);

    if (c->job != NULL || c->state == CONN_WAITING)
        events = 0;
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
        c->out_bytes += (uint64_t)n;
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
        if (c->state == CONN_HANDSHAKE || c->state == CONN_SHAKEN)
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
    if (c->state == CONN_HANDSHAKE || c->state == CONN_WAITING || c->state == CONN_SHAKEN)
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

static void send_soon(struct conn *c)
{
    if (c->blocked || c->is_unsent)
        return;
    c->is_unsent = true;
    c->next_unsent = c->env->unsent;
    c->env->unsent = c;
}

void conn_put(struct conn *c, struct netcmd *cmd)
{
    loa_Bye bye = {.code = loa_ByeCode_BYE_CODE_TOO_SLOW};

    if ((c->state != CONN_SESSION && c->state != CONN_ENROL)) {
        free(cmd);
    } else if (sendq_put(&c->out, cmd) != ERR_OK) {
        free(cmd);
        conn_begin_close(c, NET_REASON_TOO_SLOW, "does not take what it was sent", conn_bye(&bye));
    } else {
        send_soon(c);
    }
}

void conn_put_bundle(struct conn *c, struct bundle *b)
{
    if (c->state != CONN_SESSION)
        return;
    tally_add(c->env->tally, NET_COUNT_BUNDLES_DROPPED, sendq_put_bundle(&c->out, b));
    send_soon(c);
}

void conn_send_rest(struct conn_env *env)
{
    while (env->unsent != NULL) {
        struct conn *c = env->unsent;

        env->unsent = c->next_unsent;
        c->is_unsent = false;
        if (!c->blocked)
            conn_pump(c);
    }
}

/* What the link has just encrypted goes out as it is: nothing waits before it, and most often all of it fits. */
static size_t send_record(void *ctx, struct bytes record)
{
    struct conn *c = ctx;
    ssize_t n = send(c->fd, record.data, record.len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0)
        n = 0; /* flush() meets the error again and judges it */
    tally_add(c->env->tally, NET_COUNT_BYTES_OUT, (uint64_t)n);
    c->out_bytes += (uint64_t)n;
    return (size_t)n;
}

/* The usual case: the node keeps up, and nothing else is to be said. */
static bool is_free(const struct conn *c)
{
    return !c->blocked && c->time_count == 0 && sendq_is_empty(&c->out) &&
           link_output(c->link).len == 0;
}

static void send_at_once(struct conn *c, struct bytes frame)
{
    link_set_sink(c->link, send_record, c);
    if (!put_in_link(c, frame))
        return;
    link_set_sink(c->link, NULL, NULL);
    if (link_output(c->link).len > 0)
        conn_pump(c);
}

void conn_send_frame(struct conn *c, struct bytes frame)
{
    struct netcmd *cmd;

    if (c->state != CONN_SESSION)
        return;
    if (is_free(c)) {
        send_at_once(c, frame);
        return;
    }
    cmd = netcmd_new(NETCMD_SEND_CONTROL, c->id, frame);
    if (cmd != NULL)
        conn_put(c, cmd);
    else
        conn_kill(c, NET_REASON_NO_MEMORY, "out of memory"); /* it comes back, and is told then */
}

void conn_send_bundle(struct conn *c, struct bundle *b, usec_t now_us)
{
    if (c->state != CONN_SESSION)
        return;
    if (is_free(c) && bundle_end_us(b) > now_us) {
        tally_add(c->env->tally, NET_COUNT_BUNDLES_SENT, 1);
        send_at_once(c, bundle_frame(b));
        return;
    }
    tally_add(c->env->tally, NET_COUNT_BUNDLES_DROPPED, sendq_put_bundle(&c->out, b));
    if (!c->blocked)
        conn_pump(c);
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
    if ((events & UV_READABLE) || status < 0)
        conn_read(c);
}

static void poll_cb(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;

    step(c, status, events);
}
