#include "conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "conn_impl.h"

#define NOTSENT_LOWAT_BYTES 16384
#define USER_TIMEOUT_MS 10000

static void set_option(int fd, int level, int name, int value)
{
    /* None of them is vital: on a kernel without one the connection is only a little slower. */
    (void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* Take a place among the handshakes and make the link. ERR_LIMIT: none is free for this source. */
static enum err begin_handshake(struct conn *c)
{
    struct conn_env *env = c->env;
    enum err e = ERR_LIMIT;

    if (tally_get(env->tally, NET_COUNT_HANDSHAKES) < env->handshakes_max)
        e = netsource_enter(env->handshaking, netsource_of(c->address));
    if (e != ERR_OK)
        return e;
    e = handshakers_link(env->handshakers, c->handshaker, &c->link);
    if (e != ERR_OK) {
        netsource_leave(env->handshaking, netsource_of(c->address));
        return e;
    }
    c->turn_us = stime_mono();
    tally_add(env->tally, NET_COUNT_HANDSHAKES, 1);
    return ERR_OK;
}

/* A link is made for those alone whose turn it is: it is most of what a connection takes. */
static enum err begin_or_wait(struct conn *c)
{
    enum err e = begin_handshake(c);

    if (e != ERR_LIMIT || c->env->waiting >= c->env->waiting_max)
        return e;
    c->state = CONN_WAITING;
    c->env->waiting++;
    return ERR_OK;
}

static void give_up_place(struct conn *c)
{
    if (c->state == CONN_WAITING)
        c->env->waiting--;
    else
        conn_handshake_over(c);
}

enum err conn_new(struct conn_env *env, uint64_t id, int fd, const char *address,
                  struct conn **ret_conn)
{
    struct conn *c = calloc(1, sizeof(*c));
    enum err e;

    if (c == NULL)
        return ERR_NOMEM;
    c->env = env;
    c->id = id;
    c->fd = fd;
    c->opened_us = stime_mono();
    c->handshaker = env->next_handshaker++;
    snprintf(c->address, sizeof(c->address), "%s", address);
    sendq_init(&c->out);
    e = begin_or_wait(c);
    if (e != ERR_OK)
        goto fail;
    if (uv_poll_init(env->loop, &c->poll, fd) != 0) {
        give_up_place(c);
        e = ERR_IO;
        goto fail;
    }
    c->poll.data = c;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS);
    set_option(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
    tally_add(env->tally, NET_COUNT_CONNECTIONS, 1);
    *ret_conn = c;
    env->restless = true;
    conn_update_poll(c);
    return ERR_OK;
fail:
    link_free(c->link);
    free(c);
    return e;
}

/* WAITING or SHAKEN: is there a place now? */
static void wait_on(struct conn *c, usec_t mono_us)
{
    enum err e = ERR_OK;

    if (c->state == CONN_SHAKEN) {
        conn_enrol(c);
    } else {
        e = begin_handshake(c);
        if (e == ERR_OK) {
            c->env->waiting--;
            c->state = CONN_HANDSHAKE;
        }
    }
    if (c->state != CONN_SHAKEN && c->state != CONN_WAITING) {
        conn_update_poll(c);
        return;
    }
    if (e == ERR_OK || e == ERR_LIMIT) {
        if (mono_us - c->opened_us < CONN_WAIT_US)
            return;
        e = ERR_LIMIT;
    }
    conn_count_refused(c, NET_COUNT_REFUSED_FULL);
    conn_kill(c, e == ERR_LIMIT ? NET_REASON_SILENT : NET_REASON_NO_MEMORY, "no place in time");
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
    if (c->state != CONN_SESSION || c->paused)
        c->env->restless = true;
    switch (c->state) {
    case CONN_HANDSHAKE:
        if (c->job != NULL || c->waited_us + mono_us - c->turn_us < handshake_us)
            return;
        conn_count_refused(c, NET_COUNT_REFUSED_TIMEOUT);
        conn_kill(c, NET_REASON_SILENT, "handshake too slow");
        return;
    case CONN_WAITING:
    case CONN_SHAKEN:
        wait_on(c, mono_us);
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
