#include "wire.h"

#include <stdio.h>
#include <string.h>

#include "mono.h"

#define WATCH_MS 500

static void connect_next(struct wire *w);

/* The last callback of the last handle or request hands the memory back. */
static void release(struct wire *w)
{
    const struct wire_events *events = w->events;

    if (--w->pending > 0)
        return;
    w->stranger = w->link != NULL && link_met_stranger(w->link);
    link_free(w->link);
    w->link = NULL;
    frame_reader_deinit(&w->frames);
    if (w->addresses != NULL)
        uv_freeaddrinfo(w->addresses);
    w->addresses = NULL;
    events->closed(w->ctx, w->why, w->detail.text);
}

static void on_watch_closed(uv_handle_t *handle)
{
    release((struct wire *)handle->data);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct wire *w = (struct wire *)handle->data;

    if (!w->closing) {
        /* This address failed; the handle serves the next one. */
        w->pending--;
        connect_next(w);
        return;
    }
    release(w);
}

static void close_tcp(struct wire *w)
{
    if (!w->tcp_open)
        return;
    w->tcp_open = false;
    uv_close((uv_handle_t *)&w->tcp, on_tcp_closed);
}

static void send_output(struct wire *w);

void wire_close(struct wire *w, enum err why, const char *detail)
{
    if (w->closing)
        return;
    if (w->up) {
        if (why != ERR_AUTH && why != ERR_FORMAT)
            link_remember_session(w->link);
        link_close_notify(w->link);
    }
    if (w->connected)
        send_output(w);
    if (w->closing)
        return;
    w->closing = true;
    w->up = false;
    w->why = why;
    if (detail != w->detail.text)
        snprintf(w->detail.text, sizeof(w->detail.text), "%s", detail != NULL ? detail : "");
    if (w->looking_up)
        uv_cancel((uv_req_t *)&w->lookup);
    close_tcp(w);
    uv_close((uv_handle_t *)&w->watch, on_watch_closed);
}

static void fail_uv(struct wire *w, const char *what, int code)
{
    struct err_detail d = {0};
    enum err e = err_set(&d, ERR_IO, "%s: %s", what, uv_strerror(code));

    wire_close(w, e, d.text);
}

static void on_written(uv_write_t *request, int status)
{
    struct wire *w = (struct wire *)request->data;

    w->write_busy = false;
    if (status == 0 && !w->closing)
        send_output(w);
    else if (!w->closing)
        fail_uv(w, "sending failed", status);
}

/* What does not go out at once is copied and waits in the one write request. */
static void send_output(struct wire *w)
{
    struct bytes out;
    uv_buf_t buf;
    int n = 0;

    while (!w->write_busy && (out = link_output(w->link)).len > 0) {
        buf = uv_buf_init((char *)(uintptr_t)out.data, (unsigned)out.len);
        n = uv_try_write((uv_stream_t *)&w->tcp, &buf, 1);
        if (n > 0) {
            link_output_sent(w->link, (size_t)n);
            continue;
        }
        if (n != UV_EAGAIN)
            break;
        buf.len = out.len < sizeof(w->out) ? out.len : sizeof(w->out);
        memcpy(w->out, out.data, buf.len);
        link_output_sent(w->link, buf.len);
        buf.base = (char *)w->out;
        w->writing.data = w;
        n = uv_write(&w->writing, (uv_stream_t *)&w->tcp, &buf, 1, on_written);
        if (n < 0)
            break;
        w->write_busy = true;
    }
    if (n < 0 && n != UV_EAGAIN && !w->closing) {
        w->connected = false;
        fail_uv(w, "sending failed", n);
    }
}

/* Hand out the frames in a piece of plaintext. */
static enum err take_plain(struct wire *w, struct bytes plain, usec_t rx_mono_us)
{
    while (plain.len > 0 && !w->closing) {
        struct frame frame;
        enum err e = frame_read(&w->frames, &plain, &frame);

        if (e == ERR_OK)
            e = w->events->frame(w->ctx, &frame, rx_mono_us);
        if (e != ERR_OK && e != ERR_MORE)
            return e;
    }
    return ERR_OK;
}

static void take_decrypted(struct wire *w, usec_t rx_mono_us)
{
    uint8_t plain[4096];
    size_t len;
    enum err e = ERR_OK;

    while (!w->closing) {
        e = link_read(w->link, plain, sizeof(plain), &len);
        if (e != ERR_OK)
            break;
        e = take_plain(w, bytes_of(plain, len), rx_mono_us);
        if (e != ERR_OK) {
            wire_close(w, e, "the controller sent what the protocol does not allow");
            return;
        }
    }
    if (e == ERR_CANCELLED)
        wire_close(w, e, "the controller ended the session");
    else if (e != ERR_MORE && !w->closing)
        wire_close(w, e, "decryption failed");
}

/* After any step of TLS: send, report, read. */
static void after_step(struct wire *w, enum err e, struct err_detail *detail, usec_t rx_mono_us)
{
    if (e != ERR_OK) {
        send_output(w); /* the alert says why */
        wire_close(w, e, detail->text[0] != '\0' ? detail->text : err_name(e));
        return;
    }
    send_output(w);
    if (w->closing)
        return;
    if (!w->up && link_established(w->link)) {
        w->up = true;
        w->events->up(w->ctx);
    }
    if (w->up)
        take_decrypted(w, rx_mono_us);
    if (!w->closing)
        send_output(w);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct wire *w = (struct wire *)handle->data;

    (void)suggested;
    *buf = uv_buf_init((char *)w->in, sizeof(w->in));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct wire *w = (struct wire *)stream->data;
    struct err_detail detail = {0};
    usec_t rx_mono_us = mono_now_us(); /* first of all: clock exchanges live on it */
    enum err e;

    if (len == 0 || w->closing)
        return;
    if (len == UV_EOF) {
        wire_close(w, ERR_IO, "the controller hung up");
        return;
    }
    if (len < 0) {
        fail_uv(w, "receiving failed", (int)len);
        return;
    }
    w->since_mono_us = rx_mono_us;
    e = link_feed(w->link, bytes_of(buf->base, (size_t)len), &detail);
    after_step(w, e, &detail, rx_mono_us);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct wire *w = (struct wire *)request->data;
    struct err_detail detail = {0};

    if (w->closing || status == UV_ECANCELED)
        return;
    if (status == 0)
        status = uv_read_start((uv_stream_t *)&w->tcp, on_alloc, on_read);
    if (status < 0) {
        err_set(&w->detail, ERR_IO, "cannot connect: %s", uv_strerror(status));
        close_tcp(w);
        return;
    }
    uv_tcp_nodelay(&w->tcp, 1);
    w->connected = true;
    w->since_mono_us = mono_now_us();
    after_step(w, link_step(w->link, &detail), &detail, w->since_mono_us);
}

static void connect_next(struct wire *w)
{
    struct addrinfo *a = w->next;
    int code;

    if (a == NULL || w->addresses_left-- == 0) {
        wire_close(w, ERR_IO, w->detail.text);
        return;
    }
    w->next = a->ai_next;
    w->since_mono_us = mono_now_us();
    code = uv_tcp_init(w->loop, &w->tcp);
    if (code < 0) {
        fail_uv(w, "no socket", code);
        return;
    }
    w->tcp.data = w;
    w->tcp_open = true;
    w->pending++;
    w->connecting.data = w;
    code = uv_tcp_connect(&w->connecting, &w->tcp, a->ai_addr, on_connected);
    if (code < 0) {
        err_set(&w->detail, ERR_IO, "cannot connect: %s", uv_strerror(code));
        close_tcp(w);
    }
}

static void on_looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct wire *w = (struct wire *)request->data;

    w->looking_up = false;
    w->addresses = found;
    if (w->closing) {
        release(w);
        return;
    }
    w->pending--;
    if (status < 0) {
        fail_uv(w, "cannot resolve the name of the controller", status);
        return;
    }
    w->next = found;
    w->addresses_left = WIRE_ADDRESSES_MAX;
    connect_next(w);
}

static void on_watch(uv_timer_t *timer)
{
    struct wire *w = (struct wire *)timer->data;
    usec_t silence_us = mono_now_us() - w->since_mono_us;

    if (!w->connected && w->tcp_open && silence_us > WIRE_CONNECT_US) {
        err_set(&w->detail, ERR_TIMEOUT, "cannot connect: no answer");
        close_tcp(w);
    } else if (silence_us > WIRE_SILENCE_US) {
        wire_close(w, ERR_TIMEOUT, w->up ? "silence for 10 s" : "no answer for 10 s");
    }
}

enum err wire_open(struct wire *w, uv_loop_t *loop, const char *host, uint16_t port,
                   struct link_config *config, const struct wire_events *events, void *ctx)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    enum err e;

    memset(w, 0, sizeof(*w));
    w->loop = loop;
    w->events = events;
    w->ctx = ctx;
    w->since_mono_us = mono_now_us();
    frame_reader_init(&w->frames);
    e = link_new(config, &w->link);
    if (e != ERR_OK)
        return e;
    snprintf(service, sizeof(service), "%u", port);
    w->lookup.data = w;
    if (uv_getaddrinfo(loop, &w->lookup, on_looked_up, host, service, &hints) < 0) {
        link_free(w->link);
        return ERR_IO;
    }
    w->looking_up = true;
    w->pending = 2; /* look-up and timer */
    uv_timer_init(loop, &w->watch); /* cannot fail */
    w->watch.data = w;
    uv_timer_start(&w->watch, on_watch, WATCH_MS, WATCH_MS);
    return ERR_OK;
}

enum err wire_send(struct wire *w, enum frame_type type, struct bytes payload)
{
    uint8_t buffer[FRAME_BYTES_MAX];
    struct writer out;
    enum err e;

    if (!w->up || w->closing)
        return ERR_STATE;
    if (link_output(w->link).len + payload.len > WIRE_QUEUE_MAX)
        return ERR_LIMIT;
    writer_init(&out, buffer, sizeof(buffer));
    e = frame_write(&out, type, payload);
    if (e == ERR_OK)
        e = link_write(w->link, writer_view(&out));
    if (e == ERR_OK)
        send_output(w);
    return e;
}
