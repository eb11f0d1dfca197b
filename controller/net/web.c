#include "web.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "log.h"
#include "web_impl.h"

#define SWEEP_MS 250
/* A TLS record fits: version 4.1 can forget the rest of one that it read in part. */
#define SERVICE_BYTES 20480
#define CLOSE_POLL_MS 5
#define CLOSE_TURNS 2
#define HEADER_POOL_BYTES 32768 /* of one request's headers in all; beyond, the connection ends */

static usec_t mono_us(void)
{
    return (usec_t)(uv_hrtime() / 1000);
}

static struct exchange **bucket(struct web *w, uint64_t id)
{
    return &w->exchanges[id % WEB_BUCKETS];
}

struct exchange *web_find(struct web *w, uint64_t id)
{
    struct exchange *x = *bucket(w, id);

    while (x != NULL && x->req.id != id)
        x = x->next;
    return x;
}

static void exchange_free(struct exchange *x)
{
    struct web *w = x->web;

    for (struct exchange **at = bucket(w, x->req.id); *at != NULL; at = &(*at)->next) {
        if (*at == x) {
            *at = x->next;
            break;
        }
    }
    if (x->known && !w->closing)
        w->handler.on_gone(w->handler.ctx, x->req.id);
    if (x->fd >= 0)
        close(x->fd);
    free(x->text);
    free(x->body);
    web_response_deinit(&x->res);
    web_stream_free(x->stream);
    free(x);
}

static void moved(struct exchange *x, uint64_t bytes)
{
    x->last_us = mono_us();
    x->moved_bytes += bytes;
}

static void phase(struct exchange *x)
{
    x->moved_us = x->last_us = mono_us();
    x->moved_bytes = 0;
}

void web_respond(struct exchange *x)
{
    x->known = false;
    x->close_after = x->close_after || x->body_open;
    web_prepare(x);
    phase(x);
    lws_callback_on_writable(x->wsi);
}

static void refuse(struct exchange *x, unsigned status, enum err code, const char *sentence)
{
    if (x->known)
        x->web->handler.on_gone(x->web->handler.ctx, x->req.id);
    web_error(x, status, code, sentence);
    web_respond(x);
}

void web_answer(struct web *w, uint64_t id, struct web_response *res)
{
    struct exchange *x = web_find(w, id);

    if (x == NULL || x->state >= EXCHANGE_ANSWERED || w->closing) {
        web_response_deinit(res);
        return;
    }
    x->res = *res;
    memset(res, 0, sizeof(*res));
    web_respond(x);
}

void web_hold(struct web *w, uint64_t id, bool hold)
{
    struct exchange *x = web_find(w, id);

    if (x != NULL && x->state == EXCHANGE_BODY)
        lws_rx_flow_control(x->wsi, hold ? 0 : 1);
}

static void give_to_handler(struct exchange *x)
{
    struct web_handler *h = &x->web->handler;

    x->state = EXCHANGE_WAITING;
    x->known = true;
    if (x->how == WEB_BODY_MEMORY)
        x->req.body = bytes_of(x->body, (size_t)x->received);
    h->on_request(h->ctx, &x->req);
}

static void begin_body(struct exchange *x)
{
    struct web *w = x->web;
    uint64_t len = x->req.content_length;
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    unsigned char buffer[LWS_PRE + sizeof(go_on)];

    x->body_open = true;
    x->how = w->handler.on_headers(w->handler.ctx, &x->req);
    if (x->state >= EXCHANGE_ANSWERED)
        return;
    CHECK(x->how != WEB_BODY_ANSWERED);
    x->known = x->how == WEB_BODY_STREAM;
    if (len > (x->how == WEB_BODY_STREAM ? w->max_upload_bytes : w->max_body_bytes)) {
        refuse(x, 413, ERR_LIMIT,
               "The body is larger than this station takes; send a smaller one.");
        return;
    }
    if (x->how == WEB_BODY_MEMORY) {
        x->body = malloc((size_t)len);
        if (x->body == NULL) {
            refuse(x, 503, ERR_NOMEM, "The station is short of memory; try again later.");
            return;
        }
    }
    if (lws_hdr_total_length(x->wsi, WSI_TOKEN_HTTP_EXPECT) > 0) {
        memcpy(buffer + LWS_PRE, go_on, sizeof(go_on) - 1);
        (void)lws_write(x->wsi, buffer + LWS_PRE, sizeof(go_on) - 1,
                        LWS_WRITE_HTTP_HEADERS_CONTINUATION);
    }
}

static int on_http(struct web *w, struct connection *c, struct lws *wsi)
{
    struct exchange *x;
    struct err_detail detail = {0};
    unsigned status = 400;
    enum err e;

    if (c->x != NULL)
        exchange_free(c->x);
    x = c->x = calloc(1, sizeof(*x));
    if (x == NULL || (x->text = calloc(1, sizeof(*x->text))) == NULL) {
        free(x);
        c->x = NULL;
        return -1;
    }
    x->web = w;
    x->wsi = wsi;
    x->fd = -1;
    x->req.id = ++w->next_id;
    x->next = *bucket(w, x->req.id);
    *bucket(w, x->req.id) = x;
    phase(x);
    e = web_parse(wsi, x, &status, &detail);
    if (e != ERR_OK) {
        x->close_after = true;
        refuse(x, status, e, detail.text);
    } else if (x->req.content_length > 0) {
        begin_body(x);
    } else {
        /* Without a length libwebsockets would take what follows for a body. */
        x->close_after = x->req.method != WEB_GET &&
                         lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0;
        give_to_handler(x);
    }
    return 0;
}

static int on_body(struct exchange *x, const void *data, size_t len)
{
    struct web_handler *h = &x->web->handler;

    moved(x, len);
    if (x->state != EXCHANGE_BODY) {
        x->discarded += len;
        return x->discarded > WEB_DISCARD_BYTES ? -1 : 0;
    }
    if (len > x->req.content_length - x->received)
        return -1;
    x->received += len;
    if (x->how == WEB_BODY_MEMORY)
        memcpy(x->body + (x->received - len), data, len);
    else if (!h->on_piece(h->ctx, x->req.id, bytes_of(data, len)))
        CHECK(x->state >= EXCHANGE_ANSWERED);
    return 0;
}

static int finish(struct connection *c, struct lws *wsi)
{
    bool is_last = c->x->close_after;

    if (c->x->body_open)
        return 0; /* reading on for a moment lets the client see the answer before the reset */
    exchange_free(c->x);
    c->x = NULL;
    return is_last || lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static int on_body_end(struct connection *c, struct lws *wsi)
{
    struct exchange *x = c->x;

    x->body_open = false;
    if (x->state == EXCHANGE_BODY) {
        phase(x);
        give_to_handler(x);
        return 0;
    }
    return x->state == EXCHANGE_DONE ? finish(c, wsi) : 0;
}

static int on_writeable(struct connection *c, struct lws *wsi)
{
    struct exchange *x = c->x;
    int n;

    if (x->state != EXCHANGE_ANSWERED && x->state != EXCHANGE_SENDING)
        return 0;
    n = web_send(x);
    if (n < 0)
        return -1;
    moved(x, (uint64_t)n);
    if (x->state == EXCHANGE_DONE) {
        phase(x);
        return finish(c, wsi);
    }
    if (!web_stream_is_dry(x))
        lws_callback_on_writable(wsi);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct web *w = lws_context_user(lws_get_context(wsi));
    struct connection *c = lws_get_opaque_user_data(wsi);

    /* libwebsockets has some hundred reasons; those not named here mean nothing to us. */
    if (reason == LWS_CALLBACK_FILTER_NETWORK_CONNECTION)
        return w->closing || w->connections >= w->max_connections ? -1 : 0;
    if (reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED && c == NULL)
        return web_peer_new(w, wsi) ? 0 : -1;
    if (c == NULL)
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    if (reason == LWS_CALLBACK_HTTP)
        return on_http(w, c, wsi);
    if (reason == LWS_CALLBACK_HTTP_BODY)
        return c->x != NULL ? on_body(c->x, in, len) : -1;
    if (reason == LWS_CALLBACK_HTTP_BODY_COMPLETION)
        return c->x != NULL ? on_body_end(c, wsi) : 0;
    if (reason == LWS_CALLBACK_HTTP_WRITEABLE)
        return c->x != NULL ? on_writeable(c, wsi) : 0;
    if (reason == LWS_CALLBACK_HTTP_CONFIRM_UPGRADE)
        return web_socket_judge(w, c, wsi, in);
    if (c->socket != NULL && reason == LWS_CALLBACK_ESTABLISHED)
        web_socket_opened(c->socket);
    if (c->socket != NULL && reason == LWS_CALLBACK_RECEIVE)
        return web_socket_receive(c->socket, in, len);
    if (c->socket != NULL && reason == LWS_CALLBACK_SERVER_WRITEABLE)
        return web_socket_writeable(c->socket);
    if (reason == LWS_CALLBACK_CLOSED || reason == LWS_CALLBACK_WSI_DESTROY) {
        web_socket_free(c->socket);
        c->socket = NULL;
    }
    if (reason == LWS_CALLBACK_CLOSED_HTTP || reason == LWS_CALLBACK_WSI_DESTROY) {
        if (c->x != NULL)
            exchange_free(c->x);
        c->x = NULL;
    }
    if (reason == LWS_CALLBACK_WSI_DESTROY)
        web_peer_free(w, c, wsi);
    return 0;
}

/* A client that moves nothing, or hardly anything, for too long. */
static bool is_slow(const struct exchange *x, usec_t now_us)
{
    usec_t elapsed_us = now_us - x->moved_us;
    usec_t earned_us = (usec_t)(x->moved_bytes / WEB_RATE_BYTES_PER_S) * USEC_PER_SEC;

    if (x->state == EXCHANGE_WAITING || web_stream_is_open(x))
        return false; /* it is we who are slow */
    return now_us - x->last_us > x->web->slow_us || elapsed_us > x->web->slow_us + earned_us;
}

/* Returns whether the connection is to be ended. */
static bool sweep_one(struct exchange *x, usec_t now_us)
{
    /* libwebsockets' own time-outs close without a word: ours decide while a request is under way. */
    lws_set_timeout(x->wsi, NO_PENDING_TIMEOUT, 0);
    if (!is_slow(x, now_us) && !web_peer_has_left(x))
        return false;
    if (x->state == EXCHANGE_BODY)
        refuse(x, 408, ERR_TIMEOUT, "The body came too slowly; check the connection and retry.");
    else
        lws_set_timeout(x->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    return true;
}

static void sweep(uv_timer_t *timer)
{
    struct web *w = timer->data;
    usec_t now_us = mono_us();
    struct exchange *next;
    bool is_any = false;

    for (size_t i = 0; i < WEB_BUCKETS; i++) {
        for (struct exchange *x = w->exchanges[i]; x != NULL; x = next) {
            next = x->next;
            is_any = sweep_one(x, now_us) || is_any;
        }
    }
    /* libwebsockets looks at its time-outs only when something else wakes it. */
    if (is_any)
        lws_cancel_service(w->context);
}

static void on_lws_log(int level, const char *line)
{
    size_t len = strlen(line);

    (void)level;
    log_event(LOG_DEBUG, "web.library", "said=%s", log_quote(line, len).text);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct web *w = handle->data;

    if (w->closed_cb != NULL)
        w->closed_cb(w->closed_arg);
    netsource_table_free(w->sources);
    free(w);
}

static void on_close_poll(uv_timer_t *timer)
{
    struct web *w = timer->data;

    /* Its handles have closed after a turn of the loop. Version 4.1 waits for a second call then and clears
     * w->context; 4.3 has done so by itself. */
    if (w->context != NULL && w->connections == 0 && ++w->close_turns > CLOSE_TURNS)
        lws_context_destroy(w->context);
    if (w->context == NULL)
        uv_close((uv_handle_t *)timer, on_timer_closed);
}

void web_close(struct web *w, void (*cb)(void *arg), void *arg)
{
    if (w == NULL)
        return;
    CHECK(!w->closing);
    w->closing = true;
    w->closed_cb = cb;
    w->closed_arg = arg;
    if (w->context != NULL)
        lws_context_destroy(w->context);
    uv_timer_start(&w->timer, on_close_poll, CLOSE_POLL_MS, CLOSE_POLL_MS);
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = on_event},
    {.name = WEB_SOCKET_PROTOCOL, .callback = on_event, .rx_buffer_size = WEB_SOCKET_BYTES},
    {0},
};

static enum err port_taken(uint16_t port, struct err_detail *detail)
{
    return err_set(detail, ERR_EXISTS,
                   "Cannot listen on port %u; stop the program that uses it or choose another.",
                   port);
}

static enum err listen_on(struct web *w, const struct web_config *config, struct err_detail *detail)
{
    struct lws_context_creation_info info = {0};
    void *loops[1] = {w->loop};
    uint64_t options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                       LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
                       LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                       LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    unsigned slow_s = config->slow_s != 0 ? config->slow_s : 20;

    info.port = config->port;
    /* libwebsockets 4.3 takes "::" for IPv6 alone, and none for both; 4.1 takes both for both. */
    if (config->address != NULL && strcmp(config->address, "::") != 0)
        info.iface = config->address;
    info.protocols = protocols;
    info.options = options;
    info.foreign_loops = loops;
    info.pcontext = &w->context;
    info.user = w;
    info.pt_serv_buf_size = SERVICE_BYTES;
    info.max_http_header_data = HEADER_POOL_BYTES;
    info.server_string = "loa";
    info.vhost_name = "loa";
    info.ssl_cert_filepath = config->cert_path;
    info.ssl_private_key_filepath = config->key_path;
    info.ssl_options_set = (long)(SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_NO_RENEGOTIATION);
    /* libwebsockets cannot read X-Loa-Csrf and Idempotency-Key in HTTP/2: it drops unknown headers. */
    info.alpn = "http/1.1";
    info.timeout_secs = slow_s;
    info.timeout_secs_ah_idle = slow_s;
    info.keepalive_timeout = (int)(config->idle_s != 0 ? config->idle_s : 60);
    w->context = lws_create_context(&info);
    if (w->context == NULL)
        return err_set(
            detail, ERR_IO,
            "The HTTPS server cannot start; is the package libwebsockets-evlib-uv there?");
    w->vhost = lws_create_vhost(w->context, &info);
    if (w->vhost == NULL)
        return port_taken(config->port, detail);
    w->port = (uint16_t)lws_get_vhost_listen_port(w->vhost);
    return ERR_OK;
}

enum err web_new(struct uv_loop_s *loop, const struct web_config *config,
                 const struct web_handler *handler, struct web **ret_web, struct err_detail *detail)
{
    struct web *w;
    enum err e;

    if (access(config->cert_path, R_OK) != 0 || access(config->key_path, R_OK) != 0)
        return err_set(detail, ERR_ARG, "Cannot read %s or %s; give this account access to both.",
                       config->cert_path, config->key_path);
    if (!web_port_is_free(config->address, config->port))
        return port_taken(config->port, detail);
    w = calloc(1, sizeof(*w));
    if (w == NULL)
        return ERR_NOMEM;
    w->loop = loop;
    w->handler = *handler;
    w->max_connections = config->max_connections != 0 ? config->max_connections : 256;
    w->sources = netsource_table_new(
        (uint32_t)w->max_connections,
        (uint32_t)(config->max_of_one != 0 ? config->max_of_one : w->max_connections * 3 / 4));
    w->max_body_bytes = config->max_body_bytes != 0 ? config->max_body_bytes : 64 * 1024;
    w->max_upload_bytes = config->max_upload_bytes != 0 ? config->max_upload_bytes : 1U << 30;
    w->slow_us = (config->slow_s != 0 ? config->slow_s : 20) * USEC_PER_SEC;
    if (w->sources == NULL || uv_timer_init(loop, &w->timer) != 0) {
        netsource_table_free(w->sources);
        free(w);
        return ERR_NOMEM;
    }
    w->timer.data = w;
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    e = listen_on(w, config, detail);
    if (e != ERR_OK) {
        web_close(w, NULL, NULL);
        return e;
    }
    uv_timer_start(&w->timer, sweep, SWEEP_MS, SWEEP_MS);
    *ret_web = w;
    return ERR_OK;
}

uint16_t web_port(const struct web *w)
{
    return w->port;
}

size_t web_connections(const struct web *w)
{
    return w->connections;
}
