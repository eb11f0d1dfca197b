#include "member_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "papers.h"

#define RETRY_FIRST_US (USEC_PER_SEC / 2)
#define RETRY_MOST_US (15 * USEC_PER_SEC)
#define READ_BYTES 65536

/* One connection; outlives its member's interest in it until libuv has let go. */
struct wire {
    uv_poll_t poll;
    struct member *member; /* NULL: dropped */
    int fd;
    int events;
};

static void on_event(uv_poll_t *poll, int status, int events);

static void on_closed(uv_handle_t *handle)
{
    struct wire *w = handle->data;

    close(w->fd);
    free(w);
}

static void watch(struct member *m)
{
    struct wire *w = m->wire;
    int events = m->resume_read_us == 0 ? UV_READABLE : 0;

    if (link_output(m->link).len > 0 || m->state == MEMBER_CONNECTING)
        events |= UV_WRITABLE;
    if (events == w->events)
        return;
    w->events = events;
    if (events == 0)
        uv_poll_stop(&w->poll);
    else
        uv_poll_start(&w->poll, events, on_event);
}

void member_let_go(struct member *m)
{
    if (m->wire != NULL) {
        m->wire->member = NULL;
        uv_close((uv_handle_t *)&m->wire->poll, on_closed);
    }
    m->wire = NULL;
    link_free(m->link);
    m->link = NULL;
    frame_reader_deinit(&m->frames);
    if (m->state != MEMBER_REFUSED)
        m->state = MEMBER_OFF;
    tsync_abandon_burst(&m->tsync);
    m->burst_left = 0;
}

usec_t member_random_us(struct member *m, usec_t below_us)
{
    m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below_us > 0 ? (usec_t)((m->random >> 33) % (uint64_t)below_us) : 0;
}

/* Somewhere in the spread that the controller wishes; ten times of it without a session, as nodes do. */
static usec_t spread(struct member *m, usec_t least_us)
{
    usec_t most_us = m->spread_us;

    if (m->config == NULL || link_config_left_s(m->config) == 0)
        most_us *= 10;
    if (most_us < least_us)
        most_us = least_us;
    return member_random_us(m, most_us);
}

/* The link ended unasked: come back after a random wait that grows, as nodes do. */
void member_lost(struct member *m, usec_t now_us, usec_t asked_us, const char *why)
{
    usec_t most = RETRY_FIRST_US << (m->attempts < 5 ? m->attempts : 5);

    if (why[0] != '\0')
        snprintf(m->count->last_problem, sizeof(m->count->last_problem), "%s", why);
    m->count->lost++;
    m->attempts++;
    if (m->dark_us == 0)
        m->dark_us = now_us;
    most = most > RETRY_MOST_US ? RETRY_MOST_US : most;
    if (m->link != NULL)
        link_remember_session(m->link);
    member_let_go(m);
    m->start_us = now_us + asked_us + spread(m, most);
}

void member_give_up(struct member *m, const char *why)
{
    snprintf(m->count->last_problem, sizeof(m->count->last_problem), "%s", why);
    m->count->refused++;
    m->state = MEMBER_REFUSED;
    member_let_go(m);
}

void member_drop(struct member *m, usec_t start_us)
{
    if (m->state == MEMBER_REFUSED)
        return;
    if (m->link != NULL)
        link_remember_session(m->link);
    member_let_go(m);
    if (m->options->forget && m->config != NULL)
        link_config_forget(m->config);
    m->start_us = start_us + spread(m, 0);
    m->dark_us = start_us;
    m->attempts = 0;
}

void member_free(struct member *m)
{
    if (m->link != NULL) {
        struct bytes out;

        link_remember_session(m->link);
        link_close_notify(m->link);
        out = link_output(m->link);
        if (out.len > 0 && m->wire != NULL)
            (void)send(m->wire->fd, out.data, out.len, MSG_NOSIGNAL);
    }
    member_let_go(m);
    if (m->options != NULL && m->options->sessions && m->config != NULL)
        papers_keep_session(m->options->state, m->index, m->config);
    link_config_free(m->config);
    link_config_free(m->join_config);
    cert_key_free(m->key);
    m->config = m->join_config = NULL;
    m->key = NULL;
}

usec_t member_clock(const struct member *m, usec_t now_us)
{
    return now_us + (usec_t)((double)(now_us - m->origin_us) * m->skew);
}

enum err member_flush(struct member *m)
{
    struct bytes out;

    while (out = link_output(m->link), out.len > 0) {
        ssize_t n = send(m->wire->fd, out.data, out.len, MSG_NOSIGNAL);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0)
            return ERR_IO;
        link_output_sent(m->link, (size_t)n);
    }
    watch(m);
    return ERR_OK;
}

static enum err read_frames(struct member *m, usec_t now_us)
{
    uint8_t plain[16384];
    size_t len;
    enum err e;

    while ((e = link_read(m->link, plain, sizeof(plain), &len)) == ERR_OK) {
        struct bytes rest = bytes_of(plain, len);
        struct frame f;

        while ((e = frame_read(&m->frames, &rest, &f)) == ERR_OK) {
            e = member_on_frame(m, &f, now_us);
            if (e != ERR_OK || m->link == NULL)
                return e;
        }
        if (e != ERR_MORE)
            return e;
    }
    return e == ERR_MORE ? ERR_OK : e;
}

/* Monotonic time at which the kernel had what recvmsg() returned: thousands of members wait for one loop, which
 * is not the network's delay. The loop's time when the stamp is missing or cannot be. */
static usec_t arrival(struct msghdr *msg, usec_t now_us)
{
    struct timespec now, stamp;
    usec_t age_us = -1;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
        clock_gettime(CLOCK_REALTIME, &now);
        age_us = (now.tv_sec - stamp.tv_sec) * USEC_PER_SEC + (now.tv_nsec - stamp.tv_nsec) / 1000;
        now_us = (usec_t)(uv_hrtime() / 1000);
    }
    return age_us >= 0 && age_us < USEC_PER_SEC ? now_us - age_us : now_us;
}

static ssize_t receive_some(struct member *m, uint8_t *ret_data, size_t size, usec_t *now_us)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct timespec))];
    struct iovec iov = {.iov_base = ret_data, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(m->wire->fd, &msg, 0);

    if (n > 0)
        *now_us = arrival(&msg, *now_us);
    return n;
}

static enum err receive(struct member *m, usec_t now_us)
{
    static uint8_t data[READ_BYTES];
    size_t most = m->slow ? m->options->slow.value / 10 + 1 : sizeof(data);
    usec_t read_us = now_us; /* the data may have arrived long before */
    ssize_t n = receive_some(m, data, most < sizeof(data) ? most : sizeof(data), &now_us);
    struct err_detail detail = {0};
    enum err e;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ERR_OK;
    if (n <= 0)
        return ERR_CANCELLED;
    m->count->bytes += (uint64_t)n;
    if (m->slow && m->state == MEMBER_READY)
        m->resume_read_us = read_us + USEC_PER_SEC / 10;
    e = link_feed(m->link, bytes_of(data, (size_t)n), &detail);
    if (e != ERR_OK) {
        snprintf(m->count->last_problem, sizeof(m->count->last_problem), "%s", detail.text);
        return e;
    }
    if (m->state == MEMBER_HANDSHAKE && link_established(m->link))
        e = member_greet(m);
    if (e == ERR_OK)
        e = read_frames(m, now_us);
    return e == ERR_OK && m->link != NULL ? member_flush(m) : e;
}

static enum err on_connected(struct member *m)
{
    int problem = 0;
    socklen_t size = sizeof(problem);
    struct err_detail detail = {0};
    enum err e;

    if (getsockopt(m->wire->fd, SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0)
        return ERR_IO;
    m->state = MEMBER_HANDSHAKE;
    e = link_step(m->link, &detail);
    return e == ERR_OK ? member_flush(m) : e;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct wire *w = poll->data;
    struct member *m = w->member;
    usec_t now_us = (usec_t)(uv_hrtime() / 1000);
    enum err e = status < 0 ? ERR_IO : ERR_OK;

    if (m == NULL)
        return;
    if (e == ERR_OK && m->state == MEMBER_CONNECTING)
        e = on_connected(m);
    else if (e == ERR_OK && (events & UV_READABLE) != 0)
        e = receive(m, now_us);
    else if (e == ERR_OK)
        e = member_flush(m);
    if (e != ERR_OK && m->link != NULL)
        member_lost(m, now_us, 0, e == ERR_CANCELLED ? "the controller hung up" : err_name(e));
}

/* ---- time ---- */

static enum err open_link(struct member *m)
{
    struct link_credentials cred = {.ca_pin = bytes_of(m->code.ca_pin, JOINCODE_PIN_BYTES)};
    enum err e = ERR_OK;

    if (m->node.v == 0 && m->config == NULL)
        e = member_make_config(m);
    if (e == ERR_NOT_FOUND && m->has_code) {
        e = m->key == NULL ? cert_key_new(&m->key) : ERR_OK;
        if (e == ERR_OK && m->join_config == NULL)
            e = link_config_new(LINK_ENROLLER, &cred, &m->join_config);
    }
    if (e == ERR_OK)
        e = link_new(m->config != NULL ? m->config : m->join_config, &m->link);
    return e;
}

static void dial(struct member *m, usec_t now_us)
{
    socklen_t size = m->address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                       : sizeof(struct sockaddr_in);
    struct wire *w = calloc(1, sizeof(*w));
    int on = 1;

    m->tried_us = now_us;
    if (w == NULL)
        return;
    w->fd = socket(m->address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->fd < 0 || open_link(m) != ERR_OK) {
        if (w->fd >= 0)
            close(w->fd);
        free(w);
        member_give_up(m, m->has_code ? "no descriptor or no papers; see ulimit -n"
                                      : "this member has no papers; give --join");
        return;
    }
    (void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(w->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
    frame_reader_init(&m->frames);
    w->member = m;
    w->poll.data = w;
    m->wire = w;
    m->state = MEMBER_CONNECTING;
    m->resume_read_us = 0;
    uv_poll_init(m->loop, &w->poll, w->fd);
    if (connect(w->fd, m->address, size) != 0 && errno != EINPROGRESS)
        member_lost(m, now_us, 0, strerror(errno));
    else
        watch(m);
}

/* What flags ask of it: stop reading for a while, or vanish. */
static void misbehave(struct member *m, usec_t now_us)
{
    const struct fleet_options *o = m->options;

    if (m->resume_read_us != 0 && now_us >= m->resume_read_us) {
        m->resume_read_us = 0;
        watch(m);
    }
    if (now_us < m->next_trouble_us)
        return;
    if (m->stalls) {
        m->next_trouble_us = now_us + 60 * USEC_PER_SEC;
        m->resume_read_us = now_us + (usec_t)o->stall.value * USEC_PER_SEC;
        watch(m);
    } else if (m->flaps) {
        m->next_trouble_us = now_us + (usec_t)o->flap.value * USEC_PER_SEC;
        member_drop(m, now_us + USEC_PER_SEC / 2);
    }
}

void member_tick(struct member *m, usec_t now_us, bool may_dial)
{
    enum err e;

    if (may_dial && m->state == MEMBER_OFF && now_us >= m->start_us)
        dial(m, now_us);
    if (m->state != MEMBER_READY)
        return;
    misbehave(m, now_us);
    if (m->state == MEMBER_READY && (e = member_talk_tick(m, now_us)) != ERR_OK)
        member_lost(m, now_us, 0, err_name(e));
}
