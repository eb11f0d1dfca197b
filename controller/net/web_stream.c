#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "web_impl.h"

#define SOCKET_BYTES 65536 /* what the kernel holds back for a slow client, beside our own */
#define SILENT_MS 60000 /* so long may a client not acknowledge what it was sent */
#define PIECE_COST 64 /* bytes that a piece counts for beside its own */

struct web_piece {
    size_t holders;
    size_t len;
    uint8_t bytes[];
};

struct waiting {
    struct waiting *next;
    struct web_piece *piece;
};

/* Pieces on their way to one client; others may be sent the same ones. */
struct web_stream {
    size_t max_waiting;
    size_t cost; /* of what waits */
    size_t at; /* byte of the first piece that goes out next */
    bool ended;
    struct waiting *first;
    struct waiting **last;
};

enum err web_piece_new(struct bytes bytes, struct web_piece **ret_piece)
{
    struct web_piece *p = malloc(sizeof(*p) + bytes.len);

    if (p == NULL)
        return ERR_NOMEM;
    p->holders = 1;
    p->len = bytes.len;
    if (bytes.len > 0)
        memcpy(p->bytes, bytes.data, bytes.len);
    *ret_piece = p;
    return ERR_OK;
}

struct bytes web_piece_bytes(const struct web_piece *p)
{
    return bytes_of(p->bytes, p->len);
}

void web_piece_unref(struct web_piece *p)
{
    if (p != NULL && --p->holders == 0)
        free(p);
}

static struct exchange *find(struct web *w, uint64_t id)
{
    struct exchange *x = web_find(w, id);

    return x != NULL && x->stream != NULL && !w->closing ? x : NULL;
}

enum err web_stream_begin(struct web *w, uint64_t id, const char *content_type, size_t max_waiting)
{
    struct exchange *x = web_find(w, id);
    int socket_bytes = SOCKET_BYTES;
    unsigned silent_ms = SILENT_MS;
    int fd;

    if (x == NULL || x->state >= EXCHANGE_ANSWERED || w->closing)
        return ERR_NOT_FOUND;
    x->stream = calloc(1, sizeof(*x->stream));
    if (x->stream == NULL)
        return ERR_NOMEM;
    x->stream->max_waiting = max_waiting;
    x->stream->last = &x->stream->first;
    fd = lws_get_socket_fd(x->wsi);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &socket_bytes, sizeof(socket_bytes));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silent_ms, sizeof(silent_ms));
    x->res = (struct web_response){.status = 200, .content_type = content_type};
    x->close_after = true;
    web_respond(x);
    x->known = true;
    return ERR_OK;
}

enum err web_stream_send(struct web *w, uint64_t id, struct web_piece *piece)
{
    struct exchange *x = find(w, id);
    struct web_stream *s = x != NULL ? x->stream : NULL;
    struct waiting *one;

    if (s == NULL)
        return ERR_NOT_FOUND;
    CHECK(!s->ended);
    if (piece->len == 0)
        return ERR_OK;
    one = piece->len + PIECE_COST <= s->max_waiting - s->cost ? malloc(sizeof(*one)) : NULL;
    if (one == NULL) {
        lws_set_timeout(x->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        lws_cancel_service(w->context);
        return ERR_LIMIT;
    }
    *one = (struct waiting){.piece = piece};
    piece->holders++;
    *s->last = one;
    s->last = &one->next;
    s->cost += piece->len + PIECE_COST;
    lws_callback_on_writable(x->wsi);
    return ERR_OK;
}

enum err web_stream_write(struct web *w, uint64_t id, struct bytes bytes)
{
    struct web_piece *piece;
    enum err e = web_piece_new(bytes, &piece);

    if (e != ERR_OK)
        return e;
    e = web_stream_send(w, id, piece);
    web_piece_unref(piece);
    return e;
}

void web_stream_end(struct web *w, uint64_t id)
{
    struct exchange *x = find(w, id);

    if (x == NULL)
        return;
    x->stream->ended = true;
    x->known = false;
    lws_callback_on_writable(x->wsi);
}

bool web_stream_is_open(const struct exchange *x)
{
    return x->stream != NULL && !x->stream->ended;
}

bool web_stream_is_dry(const struct exchange *x)
{
    return web_stream_is_open(x) && x->stream->first == NULL;
}

static void drop_first(struct web_stream *s)
{
    struct waiting *one = s->first;

    s->first = one->next;
    if (s->first == NULL)
        s->last = &s->first;
    s->at = 0;
    s->cost -= one->piece->len + PIECE_COST;
    web_piece_unref(one->piece);
    free(one);
}

ssize_t web_stream_take(struct exchange *x, unsigned char *to, size_t size)
{
    struct web_stream *s = x->stream;
    size_t taken = 0;

    while (s->first != NULL && taken < size) {
        const struct web_piece *p = s->first->piece;
        size_t len = p->len - s->at < size - taken ? p->len - s->at : size - taken;

        memcpy(to + taken, p->bytes + s->at, len);
        taken += len;
        s->at += len;
        if (s->at == p->len)
            drop_first(s);
    }
    return (ssize_t)taken;
}

void web_stream_free(struct web_stream *s)
{
    if (s == NULL)
        return;
    while (s->first != NULL)
        drop_first(s);
    free(s);
}
