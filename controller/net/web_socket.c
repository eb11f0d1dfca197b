/* WebSockets (RFC 6455) of our one subprotocol: whole messages of a bounded size in, short texts out. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "web_impl.h"

#define LAST_WORDS_S 2 /* so long may a client take to hear them and close */
#define SILENT_MS 20000 /* so long may a client not acknowledge what it was sent */

struct web_socket {
    struct web_socket *next;
    struct web *web;
    struct lws *wsi;
    uint64_t id;
    size_t len; /* of the message that is coming */
    uint8_t message[WEB_SOCKET_BYTES + 1];
    size_t out_len; /* of what waits to be sent, 0 nothing */
    unsigned char out[LWS_PRE + WEB_SOCKET_TEXT_BYTES];
    bool is_closing; /* the last words are said, or wait; what comes is not listened to */
};

static struct web_socket *find(struct web *w, uint64_t id)
{
    struct web_socket *s = w->sockets;

    while (s != NULL && s->id != id)
        s = s->next;
    return s;
}

/* A request of its own, which lives until the connection does. */
static struct exchange *parse(struct web *w, struct lws *wsi, unsigned *ret_status)
{
    struct err_detail detail = {0};
    struct exchange *x = calloc(1, sizeof(*x));

    *ret_status = 503;
    if (x == NULL || (x->text = calloc(1, sizeof(*x->text))) == NULL) {
        free(x);
        return NULL;
    }
    x->req.id = ++w->next_id;
    if (web_parse(wsi, x, ret_status, &detail) == ERR_OK)
        return x;
    free(x->text);
    free(x);
    return NULL;
}

static bool is_ours(struct lws *wsi, const char *upgrade)
{
    char name[sizeof(WEB_SOCKET_PROTOCOL)];

    return upgrade != NULL && strcasecmp(upgrade, "websocket") == 0 &&
           lws_hdr_copy(wsi, name, sizeof(name), WSI_TOKEN_PROTOCOL) > 0 &&
           strcmp(name, WEB_SOCKET_PROTOCOL) == 0;
}

int web_socket_judge(struct web *w, struct connection *c, struct lws *wsi, const char *upgrade)
{
    unsigned status = 400;
    struct exchange *x = NULL;
    struct web_socket *s;

    if (c->socket == NULL && w->handler.on_socket != NULL && is_ours(wsi, upgrade))
        x = parse(w, wsi, &status);
    if (x != NULL) {
        s = calloc(1, sizeof(*s));
        status = s != NULL ? w->handler.on_socket(w->handler.ctx, &x->req) : 503;
        if (status == 0) {
            *s = (struct web_socket){.next = w->sockets, .web = w, .wsi = wsi, .id = x->req.id};
            c->socket = w->sockets = s;
        } else {
            free(s);
        }
        free(x->text);
        free(x);
        if (status == 0)
            return 0;
    }
    (void)lws_return_http_status(wsi, status, NULL);
    return 1;
}

void web_socket_opened(struct web_socket *s)
{
    unsigned silent_ms = SILENT_MS;

    (void)setsockopt(lws_get_socket_fd(s->wsi), IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms,
                     sizeof(silent_ms));
    lws_callback_on_writable(s->wsi);
}

int web_socket_receive(struct web_socket *s, const void *data, size_t len)
{
    struct web_handler *h = &s->web->handler;
    bool is_text = lws_frame_is_binary(s->wsi) == 0;
    size_t room = sizeof(s->message) - (lws_is_first_fragment(s->wsi) ? 0 : s->len);

    if (s->is_closing)
        return 0;
    s->len = sizeof(s->message) - room;
    len = len < room ? len : room; /* one byte too many tells the handler */
    if (len > 0)
        memcpy(s->message + s->len, data, len);
    s->len += len;
    if (s->len == sizeof(s->message) ||
        (lws_is_final_fragment(s->wsi) && lws_remaining_packet_payload(s->wsi) == 0))
        h->on_message(h->ctx, s->id, bytes_of(s->message, s->len), is_text);
    return 0;
}

int web_socket_writeable(struct web_socket *s)
{
    size_t len = s->out_len;

    if (len == 0)
        return 0;
    s->out_len = 0;
    if (lws_write(s->wsi, s->out + LWS_PRE, len, LWS_WRITE_TEXT) < (int)len)
        return -1;
    /* Who is still sending would lose the last words to a reset if we closed at once. */
    if (s->is_closing)
        lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_OK, LAST_WORDS_S);
    return 0;
}

static enum err put(struct web_socket *s, const char *text)
{
    size_t len = strlen(text);

    if (s == NULL || s->is_closing || s->web->closing)
        return ERR_NOT_FOUND;
    if (len > WEB_SOCKET_TEXT_BYTES)
        return ERR_LIMIT;
    memcpy(s->out + LWS_PRE, text, len);
    s->out_len = len;
    lws_callback_on_writable(s->wsi);
    return ERR_OK;
}

enum err web_socket_send(struct web *w, uint64_t id, const char *text)
{
    return put(find(w, id), text);
}

enum err web_socket_close(struct web *w, uint64_t id, const char *text)
{
    struct web_socket *s = find(w, id);
    enum err e = put(s, text);

    if (e == ERR_OK)
        s->is_closing = true;
    return e;
}

void web_socket_free(struct web_socket *s)
{
    struct web *w;

    if (s == NULL)
        return;
    w = s->web;
    for (struct web_socket **at = &w->sockets; *at != NULL; at = &(*at)->next) {
        if (*at == s) {
            *at = s->next;
            break;
        }
    }
    if (!w->closing)
        w->handler.on_gone(w->handler.ctx, s->id);
    free(s);
}
