#include "testserver.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mono.h"

static void on_closed(uv_handle_t *handle)
{
    struct testserver_connection *c = (struct testserver_connection *)handle->data;
    struct testserver_connection **at = &c->server->all;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (c->server->last == c)
        c->server->last = NULL;
    link_free(c->link);
    frame_reader_deinit(&c->frames);
    free(c);
}

static void drop(struct testserver_connection *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->tcp))
        uv_close((uv_handle_t *)&c->tcp, on_closed);
}

void testserver_drop(struct testserver *s)
{
    assert_non_null(s->last);
    drop(s->last);
}

static void send_output(struct testserver_connection *c)
{
    struct bytes out = link_output(c->link);
    uv_buf_t buf = uv_buf_init((char *)(uintptr_t)out.data, (unsigned)out.len);

    if (out.len > 0 && uv_try_write((uv_stream_t *)&c->tcp, &buf, 1) == (int)out.len)
        link_output_sent(c->link, out.len);
}

static void take_plain(struct testserver_connection *c, struct bytes plain)
{
    struct testserver *s = c->server;
    struct frame frame;

    while (frame_read(&c->frames, &plain, &frame) == ERR_OK) {
        s->received++;
        if (frame.type == FRAME_CONTROL)
            assert_int_equal(control_decode(frame.payload, &s->msg), ERR_OK);
        if (s->frame != NULL)
            s->frame(s, &frame, &s->msg);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct testserver *s = ((struct testserver_connection *)handle->data)->server;

    (void)suggested;
    *buf = uv_buf_init(s->memory, sizeof(s->memory));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct testserver_connection *c = (struct testserver_connection *)stream->data;
    uint8_t plain[4096];
    size_t got;
    enum err e;

    if (len == 0 || c->server->mute)
        return;
    c->server->last = c;
    e = len > 0 ? link_feed(c->link, bytes_of(buf->base, (size_t)len), NULL) : ERR_IO;
    send_output(c);
    if (e == ERR_OK && link_established(c->link) && !c->established) {
        c->established = true;
        c->server->resumed += link_peer(c->link)->resumed;
    }
    while (e == ERR_OK && c->established &&
           (e = link_read(c->link, plain, sizeof(plain), &got)) == ERR_OK)
        take_plain(c, bytes_of(plain, got));
    if (e != ERR_OK && e != ERR_MORE)
        drop(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct testserver *s = (struct testserver *)listener->data;
    struct testserver_connection *c = calloc(1, sizeof(*c));

    assert_int_equal(status, 0);
    assert_non_null(c);
    c->server = s;
    c->next = s->all;
    s->all = c;
    s->last = c;
    assert_int_equal(link_new(s->config, &c->link), ERR_OK);
    frame_reader_init(&c->frames);
    uv_tcp_init(s->loop, &c->tcp);
    c->tcp.data = c;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&c->tcp), 0);
    s->accepted++;
    if (s->hang_up_next > 0) {
        s->hang_up_next--;
        drop(c);
        return;
    }
    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

void testserver_init(struct testserver *s, uv_loop_t *loop, const struct teststation *station)
{
    struct sockaddr_in address;
    int len = sizeof(address);

    memset(s, 0, sizeof(*s));
    s->loop = loop;
    s->config = teststation_server(station);
    uv_tcp_init(loop, &s->listener);
    s->listener.data = s;
    uv_ip4_addr("127.0.0.1", 0, &address);
    assert_int_equal(uv_tcp_bind(&s->listener, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&s->listener, 8, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&s->listener, (struct sockaddr *)&address, &len), 0);
    s->port = ntohs(address.sin_port);
}

void testserver_close(struct testserver *s)
{
    for (struct testserver_connection *c = s->all; c != NULL; c = c->next)
        drop(c);
    uv_close((uv_handle_t *)&s->listener, NULL);
}

void testserver_deinit(struct testserver *s)
{
    testserver_close(s);
    uv_run(s->loop, UV_RUN_DEFAULT);
    link_config_free(s->config);
}

void testserver_send(struct testserver *s, enum frame_type type, struct bytes payload)
{
    static uint8_t memory[FRAME_BYTES_MAX];
    struct writer w;

    writer_init(&w, memory, sizeof(memory));
    assert_int_equal(frame_write(&w, type, payload), ERR_OK);
    assert_non_null(s->last);
    assert_int_equal(link_write(s->last->link, writer_view(&w)), ERR_OK);
    send_output(s->last);
}

void testserver_send_msg(struct testserver *s, const loa_Msg *msg)
{
    uint8_t memory[CONTROL_BYTES_MAX];
    struct writer w;

    writer_init(&w, memory, sizeof(memory));
    assert_int_equal(control_encode(&w, msg), ERR_OK);
    testserver_send(s, FRAME_CONTROL, writer_view(&w));
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

void testserver_run_until(uv_loop_t *loop, const bool *flag)
{
    usec_t limit_us = mono_now_us() + 20 * USEC_PER_SEC;
    uv_timer_t tick;

    uv_timer_init(loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    while (!*flag && mono_now_us() < limit_us)
        uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
    assert_true(*flag);
}
