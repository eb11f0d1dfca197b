#include "testclient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tsync.h"

#define SLICE_MS 2 /* between two calls of idle */

static usec_t mono_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (usec_t)ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

int testclient_dial(uint16_t port, int receive_bytes)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (receive_bytes > 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

enum err testclient_open(struct testclient *c, struct link_config *config, int fd)
{
    struct link *l;
    enum err e = link_new(config, &l);

    if (e != ERR_OK)
        return e;
    *c = (struct testclient){.fd = fd, .link = l, .idle = c->idle, .ctx = c->ctx};
    frame_reader_init(&c->frames);
    return link_step(l, &c->detail);
}

void testclient_close(struct testclient *c)
{
    if (c->link == NULL)
        return;
    link_free(c->link);
    frame_reader_deinit(&c->frames);
    close(c->fd);
    c->link = NULL;
    c->fd = -1;
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void end(struct testclient *c, enum err e)
{
    if (c->end == ERR_OK)
        c->end = e;
}

static void flush(struct testclient *c)
{
    struct bytes out;

    while (out = link_output(c->link), out.len > 0) {
        ssize_t n = send(c->fd, out.data, out.len, MSG_NOSIGNAL);

        if (n < 0) {
            if (!would_block())
                link_output_sent(c->link,
                                 out.len); /* nobody there: what was received still counts */
            return;
        }
        link_output_sent(c->link, (size_t)n);
    }
}

enum err testclient_step(struct testclient *c)
{
    uint8_t data[16384];

    flush(c);
    while (c->end == ERR_OK) {
        ssize_t n = recv(c->fd, data, sizeof(data), 0);
        enum err e;

        if (n < 0 && would_block())
            break;
        if (n <= 0) {
            end(c, ERR_IO);
            break;
        }
        e = link_feed(c->link, bytes_of(data, (size_t)n), &c->detail);
        flush(c);
        if (e != ERR_OK)
            end(c, e);
    }
    return c->end;
}

/* Wait a little for the socket, and let the others live. */
static void wait_a_little(struct testclient *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    if (c->idle != NULL)
        c->idle(c->ctx);
    if (link_output(c->link).len > 0)
        p.events |= POLLOUT;
    (void)poll(&p, 1, SLICE_MS);
}

enum err testclient_handshake(struct testclient *c, usec_t wait_us)
{
    usec_t until_us = mono_us() + wait_us;

    while (testclient_step(c) == ERR_OK && !link_established(c->link)) {
        if (mono_us() >= until_us)
            return ERR_TIMEOUT;
        wait_a_little(c);
    }
    return link_established(c->link) ? ERR_OK : c->end;
}

enum err testclient_send(struct testclient *c, struct bytes bytes)
{
    enum err e = link_write(c->link, bytes);

    if (e == ERR_OK)
        flush(c);
    return e;
}

enum err testclient_send_msg(struct testclient *c, const loa_Msg *msg)
{
    uint8_t payload[CONTROL_BYTES_MAX], frame[FRAME_HEADER_BYTES + CONTROL_BYTES_MAX];
    struct writer body, w;
    enum err e;

    writer_init(&body, payload, sizeof(payload));
    writer_init(&w, frame, sizeof(frame));
    e = control_encode(&body, msg);
    if (e == ERR_OK)
        e = frame_write(&w, FRAME_CONTROL, writer_view(&body));
    return e == ERR_OK ? testclient_send(c, writer_view(&w)) : e;
}

enum err testclient_send_hello(struct testclient *c, struct node_id node)
{
    loa_Msg msg = {.which_body = loa_Msg_hello_tag};

    msg.body.hello.version_min = 1;
    msg.body.hello.version_max = 1;
    msg.body.hello.node_id = node.v;
    return testclient_send_msg(c, &msg);
}

enum err testclient_send_time(struct testclient *c, usec_t t1_us)
{
    uint8_t payload[TSYNC_REQUEST_BYTES], frame[FRAME_HEADER_BYTES + TSYNC_REQUEST_BYTES];
    struct writer w;
    enum err e;

    tsync_write_request(t1_us, payload);
    writer_init(&w, frame, sizeof(frame));
    e = frame_write(&w, FRAME_TIME_REQUEST, bytes_of(payload, sizeof(payload)));
    return e == ERR_OK ? testclient_send(c, writer_view(&w)) : e;
}

/* What is there already, of the frames and of the link's plaintext. */
static enum err frame_at_hand(struct testclient *c, struct frame *ret_frame)
{
    for (;;) {
        size_t len;
        enum err e = ERR_MORE;

        if (c->rest.len > 0)
            e = frame_read(&c->frames, &c->rest, ret_frame);
        if (e != ERR_MORE)
            return e;
        e = link_read(c->link, c->plain, sizeof(c->plain), &len);
        if (e == ERR_CANCELLED)
            c->end = e; /* the farewell says more than the end of the socket after it */
        if (e != ERR_OK)
            return ERR_MORE;
        c->rest = bytes_of(c->plain, len);
    }
}

enum err testclient_frame(struct testclient *c, usec_t wait_us, struct frame *ret_frame)
{
    usec_t until_us = mono_us() + wait_us;

    for (;;) {
        bool over = testclient_step(c) != ERR_OK;
        enum err e = frame_at_hand(c, ret_frame);

        if (e != ERR_MORE)
            return e;
        if (over || c->end != ERR_OK)
            return c->end;
        if (mono_us() >= until_us)
            return ERR_TIMEOUT;
        wait_a_little(c);
    }
}

enum err testclient_msg(struct testclient *c, usec_t wait_us, loa_Msg *ret_msg)
{
    usec_t until_us = mono_us() + wait_us;

    for (;;) {
        struct frame f;
        enum err e = testclient_frame(c, until_us - mono_us(), &f);

        if (e != ERR_OK)
            return e;
        if (f.type == FRAME_CONTROL)
            return control_decode(f.payload, ret_msg);
    }
}

enum err testclient_end(struct testclient *c, usec_t wait_us)
{
    usec_t until_us = mono_us() + wait_us;
    struct frame f;
    enum err e;

    do {
        e = testclient_frame(c, until_us - mono_us(), &f);
    } while (e == ERR_OK);
    return e;
}
