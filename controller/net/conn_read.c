#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "conn_impl.h"

#define READS_A_TURN 4 /* then the other connections of the shard have theirs */
#define ARRIVAL_MAX_US (200 * USEC_PER_MSEC) /* an older time stamp of the kernel is not believed */
#define WALL_STEP_US 500

static bool announce(struct conn *c, enum net_event_kind kind, const loa_Msg *msg)
{
    struct conn_post *p = conn_post_new(c, kind, msg != NULL);

    if (p != NULL && c->farewell == NULL)
        c->farewell = conn_post_new(c, NET_CLOSED, false);
    if (p == NULL || c->farewell == NULL) {
        free(p);
        conn_kill(c, NET_REASON_NO_MEMORY, "out of memory");
        return false;
    }
    if (msg != NULL)
        p->msg[0] = *msg;
    else
        p->event.peer = *link_peer(c->link);
    memcpy(p->event.address, c->address, sizeof(c->address));
    conn_post_send(c, p);
    return true;
}

static void take_event(struct conn *c, usec_t rx_us)
{
    const struct session_event *event = &c->env->event;
    struct conn_post *p;

    switch (event->kind) {
    case SESSION_NOTHING:
        return;
    case SESSION_REPLY_TIME:
        if (c->time_count < CONN_TIMES_MAX)
            c->times[c->time_count++] = (struct conn_time){event->t1_us, rx_us};
        return;
    case SESSION_MESSAGE:
        break;
    }
    p = conn_post_new(c, NET_MESSAGE, true);
    if (p == NULL) {
        conn_kill(c, NET_REASON_NO_MEMORY, "out of memory");
        return;
    }
    p->msg[0] = event->msg;
    tally_add(c->env->tally, NET_COUNT_MESSAGES_IN, 1);
    if (event->msg.which_body == loa_Msg_status_tag)
        conn_post_send_later(c, p);
    else
        conn_post_send(c, p);
    if (event->msg.which_body == loa_Msg_bye_tag)
        conn_begin_close(c, NET_REASON_NODE, event->msg.body.bye.detail, NULL);
}

static void take_session(struct conn *c, struct bytes input, usec_t rx_us)
{
    while (c->state == CONN_SESSION) {
        loa_Bye bye;
        enum err e = session_receive(&c->session, &input, stime_mono(), &c->env->event, &bye);

        if (e == ERR_MORE)
            return;
        if (e != ERR_OK) {
            conn_begin_close(c, e == ERR_NOMEM ? NET_REASON_NO_MEMORY : NET_REASON_PROTOCOL,
                             bye.detail, conn_bye(&bye));
            return;
        }
        take_event(c, rx_us);
    }
}

static void take_enrol(struct conn *c, struct bytes input)
{
    loa_Msg *msg = &c->env->event.msg;
    struct frame f;

    while (c->state == CONN_ENROL) {
        enum err e = frame_read(&c->session.frames, &input, &f);

        if (e == ERR_MORE)
            return;
        if (e == ERR_OK && c->farewell == NULL && f.type == FRAME_CONTROL &&
            control_decode(f.payload, msg) == ERR_OK &&
            msg->which_body == loa_Msg_enrol_request_tag) {
            (void)announce(c, NET_ENROL_REQUEST, msg);
            continue;
        }
        conn_begin_close(c, NET_REASON_PROTOCOL, "an enrolment is one EnrolRequest", NULL);
    }
}

/* Station time at which the kernel got what recvmsg() just returned: the turn of a busy loop comes later,
 * and nodes set their clocks by it. Falls back to now when the kernel's stamp is missing or cannot be
 * believed because the wall clock has just been set. */
static usec_t arrival(struct conn_env *env, struct msghdr *msg)
{
    usec_t mono_us = stime_mono(), real_us = stime_real(), stamp_us = real_us;
    usec_t offset_us = real_us - mono_us, step_us = offset_us - env->wall_offset_us;

    for (struct cmsghdr *m = CMSG_FIRSTHDR(msg); m != NULL; m = CMSG_NXTHDR(msg, m)) {
        struct timespec ts;

        if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&ts, CMSG_DATA(m), sizeof(ts));
        stamp_us = (usec_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
    }
    env->wall_offset_us = offset_us;
    if (llabs(step_us) > WALL_STEP_US || stamp_us > real_us || real_us - stamp_us > ARRIVAL_MAX_US)
        stamp_us = real_us;
    return stime_at(env->stime, mono_us - (real_us - stamp_us));
}

static ssize_t receive(struct conn *c, usec_t *ret_rx_us)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec iov = {.iov_base = c->env->encrypted, .iov_len = CONN_READ_BYTES};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control};
    ssize_t n;

    do {
        msg.msg_controllen = sizeof(control);
        n = recvmsg(c->fd, &msg, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        *ret_rx_us = arrival(c->env, &msg);
    return n;
}

/* The link died: give its alert one chance to get out. */
static void link_failed(struct conn *c, enum err e, const struct err_detail *detail)
{
    enum net_reason reason = NET_REASON_LOST;
    struct bytes out = link_output(c->link);

    if (out.len > 0 && !c->blocked)
        (void)!send(c->fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (e == ERR_NOMEM)
        reason = NET_REASON_NO_MEMORY;
    else if (e == ERR_LIMIT)
        reason = NET_REASON_TOO_SLOW;
    else if (e == ERR_AUTH || e == ERR_FORMAT)
        reason = NET_REASON_PROTOCOL;
    if (c->state == CONN_HANDSHAKE)
        conn_count_refused(c, e == ERR_AUTH ? NET_COUNT_REFUSED_AUTH : NET_COUNT_REFUSED_FORMAT);
    conn_kill(c, reason, detail->text);
}

static void take_plain(struct conn *c, usec_t rx_us)
{
    while (c->state != CONN_DEAD) {
        uint8_t *plain = c->env->plain;
        size_t len;
        enum err e = link_read(c->link, plain, CONN_READ_BYTES, &len);

        if (e == ERR_CANCELLED && c->state != CONN_CLOSING)
            conn_begin_close(c, NET_REASON_NODE, "closed by the node", NULL);
        if (e == ERR_CANCELLED || e == ERR_MORE)
            return;
        if (e != ERR_OK)
            conn_kill(c, NET_REASON_LOST, "the link broke");
        else if (c->state == CONN_SESSION)
            take_session(c, bytes_of(plain, len), rx_us);
        else if (c->state == CONN_ENROL)
            take_enrol(c, bytes_of(plain, len));
    }
}

void conn_enrol(struct conn *c)
{
    struct conn_env *env = c->env;

    if (env->enrolments >= env->enrolments_max ||
        netsource_enter(env->enrolling, netsource_of(c->address)) != ERR_OK)
        return;
    conn_handshake_over(c);
    c->state = CONN_ENROL;
    c->opened_us = stime_mono();
    c->enrolling = true;
    env->enrolments++;
    take_plain(c, 0); /* a request may have come with the last flight */
}

static void established(struct conn *c, usec_t rx_us)
{
    const struct link_peer *peer = link_peer(c->link);
    struct conn_env *env = c->env;

    c->opened_us = stime_mono();
    session_init(&c->session, peer->node, c->opened_us);
    if (peer->enrolling) {
        tally_add(env->tally, NET_COUNT_ENROLMENTS, 1);
        c->state = CONN_SHAKEN;
        conn_enrol(c);
        return;
    }
    conn_handshake_over(c);
    c->state = CONN_SESSION;
    tally_add(env->tally, NET_COUNT_SESSIONS, 1);
    tally_add(env->tally, NET_COUNT_RESUMED, peer->resumed);
    if (announce(c, NET_CONNECTED, NULL))
        take_plain(c, rx_us);
}

static void take_encrypted(struct conn *c, size_t len, usec_t rx_us)
{
    struct err_detail detail = {0};
    enum err e = link_feed(c->link, bytes_of(c->env->encrypted, len), &detail);

    if (e != ERR_OK)
        link_failed(c, e, &detail);
    else
        take_plain(c, rx_us);
}

/* A handshake costs milliseconds: none for who has hung up meanwhile. */
static bool hung_up(const struct conn *c)
{
    char byte;

    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void hand_over(struct conn *c, size_t len, usec_t rx_us)
{
    struct handshake_job *job = calloc(1, sizeof(*job) + len);

    if (job == NULL) {
        conn_kill(c, NET_REASON_NO_MEMORY, "out of memory");
        return;
    }
    job->item.kind = NETCMD_SHAKEN;
    job->item.cost_bytes = sizeof(*job) + len;
    job->reply = c->env->orders;
    job->conn = c->id;
    job->link = c->link;
    job->begun = c->shaking;
    job->rx_us = rx_us;
    job->len = len;
    memcpy(job->data, c->env->encrypted, len);
    c->waited_us += stime_mono() - c->turn_us;
    c->shaking = true;
    c->job = job;
    conn_update_poll(c);
    handshakers_do(c->env->handshakers, c->handshaker, job);
}

void conn_shaken(struct conn *c, struct handshake_job *job)
{
    c->job = NULL;
    c->turn_us = stime_mono();
    if (c->state == CONN_DEAD) {
        conn_let_go(c);
    } else if (job->result != ERR_OK) {
        link_failed(c, job->result, &job->detail);
    } else if (link_established(c->link)) {
        established(c, job->rx_us);
    }
    free(job);
    if (c->state != CONN_DEAD && !c->blocked)
        conn_pump(c);
    conn_update_poll(c);
}

bool conn_pause(struct conn *c)
{
    c->paused = c->state == CONN_SESSION && queue_is_full(c->env->events);
    c->env->restless |= c->paused;
    return c->paused;
}

void conn_read(struct conn *c)
{
    for (int i = 0; i < READS_A_TURN && c->state != CONN_DEAD && !conn_pause(c); i++) {
        usec_t rx_us = 0;
        ssize_t n = receive(c, &rx_us);

        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n <= 0 || (c->state == CONN_HANDSHAKE && hung_up(c))) {
            if (c->state == CONN_HANDSHAKE)
                conn_count_refused(c, NET_COUNT_REFUSED_FORMAT);
            conn_kill(c, NET_REASON_LOST, n >= 0 ? "ended without farewell" : strerror(errno));
            return;
        }
        tally_add(c->env->tally, NET_COUNT_BYTES_IN, (uint64_t)n);
        c->in_bytes += (uint64_t)n;
        if (c->state == CONN_HANDSHAKE) {
            hand_over(c, (size_t)n, rx_us);
            return;
        }
        take_encrypted(c, (size_t)n, rx_us);
        if (n < CONN_READ_BYTES)
            break;
    }
    if (c->state != CONN_DEAD && !c->blocked)
        conn_pump(c);
    conn_update_poll(c);
}
