#include "link.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "link_impl.h"

#define READ_PIECE 4096

/* Make room for `len` more bytes. */
static enum err queue_reserve(struct link_queue *q, size_t len, size_t max)
{
    size_t held = q->len - q->at, cap = q->cap > 0 ? q->cap : 1024;
    uint8_t *data;

    if (held > max || len > max - held)
        return ERR_LIMIT;
    if (q->at > 0 && q->cap - q->len < len) {
        memmove(q->data, q->data + q->at, held);
        q->at = 0;
        q->len = held;
    }
    if (q->cap - q->len >= len)
        return ERR_OK;
    while (cap < held + len)
        cap *= 2;
    data = realloc(q->data, cap);
    if (data == NULL)
        return ERR_NOMEM;
    q->data = data;
    q->cap = cap;
    return ERR_OK;
}

static enum err queue_put(struct link_queue *q, const uint8_t *data, size_t len, size_t max)
{
    enum err e = queue_reserve(q, len, max);

    if (e != ERR_OK)
        return e;
    memcpy(q->data + q->len, data, len);
    q->len += len;
    return ERR_OK;
}

/* Thousands of links have nothing to hold most of the time. */
static void queue_clear(struct link_queue *q)
{
    if (q->data != NULL)
        mbedtls_platform_zeroize(q->data, q->cap);
    free(q->data);
    *q = (struct link_queue){0};
}

static void queue_take(struct link_queue *q, size_t len)
{
    CHECK(len <= q->len - q->at);
    q->at += len;
    if (q->at == q->len)
        queue_clear(q);
}

static int send_bytes(void *data, const unsigned char *buf, size_t len)
{
    struct link *l = data;
    size_t taken = 0;
    enum err e = ERR_OK;

    if (l->sink != NULL && l->out.len == l->out.at)
        taken = l->sink(l->sink_ctx, bytes_of(buf, len));
    CHECK(taken <= len);
    if (taken < len)
        e = queue_put(&l->out, buf + taken, len - taken, LINK_OUT_MAX);
    if (e != ERR_OK) {
        l->queue_error = e;
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    return (int)len;
}

static int receive_bytes(void *data, unsigned char *buf, size_t size)
{
    struct link *l = data;
    size_t len = l->in.len < size ? l->in.len : size;

    if (len == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(buf, l->in.data, len);
    l->in = bytes_of(l->in.data + len, l->in.len - len);
    return (int)len;
}

enum err link_new(struct link_config *c, struct link **ret_link)
{
    struct link *l = calloc(1, sizeof(*l));
    int ret;

    if (l == NULL)
        return ERR_NOMEM;
    l->config = c;
    mbedtls_ssl_init(&l->tls);
    ret = mbedtls_ssl_setup(&l->tls, &c->tls);
    if (ret == 0 && c->role != LINK_SERVER)
        ret = mbedtls_ssl_set_hostname(&l->tls, LINK_SERVER_NAME);
    if (ret == 0)
        link_recall(l);
    if (ret != 0) {
        link_free(l);
        return ERR_NOMEM;
    }
    mbedtls_ssl_set_verify(&l->tls, link_judge_cert, l);
    mbedtls_ssl_set_bio(&l->tls, l, send_bytes, receive_bytes, NULL);
    *ret_link = l;
    return ERR_OK;
}

void link_free(struct link *l)
{
    if (l == NULL)
        return;
    mbedtls_ssl_free(&l->tls);
    queue_clear(&l->plain);
    queue_clear(&l->out);
    free(l->ca_der);
    free(l);
}

/* A session needs the client's certificate, an enrolment has none: known once the client has asked. */
static void judge_alpn(struct link *l)
{
    if (mbedtls_ssl_get_alpn_protocol(&l->tls) == NULL)
        return;
    if (link_alpn_is(l, LINK_ALPN_ENROL)) {
        mbedtls_ssl_set_hs_authmode(&l->tls, MBEDTLS_SSL_VERIFY_NONE);
        l->needs_no_cert = true;
    }
    l->alpn_judged = true;
}

static int shake_hands(struct link *l)
{
    int ret = 0;

    if (l->config->role != LINK_SERVER)
        return mbedtls_ssl_handshake(&l->tls);
    while (ret == 0 && !tls_handshake_over(&l->tls)) {
        ret = tls_server_step(&l->tls);
        if (!l->alpn_judged)
            judge_alpn(l);
    }
    return ret;
}

static enum err die(struct link *l, enum err e)
{
    l->dead = e;
    l->in = bytes_of(NULL, 0);
    if (l->config->role == LINK_CLIENT && !l->heard)
        l->config->remembers = false;
    return e;
}

/* ERR_MORE when the handshake waits for bytes. */
static enum err advance_handshake(struct link *l, struct err_detail *detail)
{
    int ret = shake_hands(l);
    enum err e;

    if (ret == MBEDTLS_ERR_SSL_WANT_READ && l->queue_error == ERR_OK)
        return ERR_MORE;
    if (ret == 0)
        e = link_judge_peer(l, detail);
    else
        e = link_failure(l, ret, detail);
    /* In TLS 1.2 mbedTLS says nothing to a client that has no certificate; our own refusals it never knows. */
    if (ret == 0 ? e != ERR_OK
                 : ret == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE && !tls_is_13(&l->tls))
        (void)mbedtls_ssl_send_alert_message(&l->tls, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
    if (e != ERR_OK)
        return die(l, e);
    l->established = true;
    return ERR_OK;
}

/* ERR_MORE when decryption waits for bytes or the other side has closed. */
static enum err decrypt_some(struct link *l, struct err_detail *detail)
{
    unsigned char piece[READ_PIECE];
    size_t before = l->in.len;
    bool was_over = tls_handshake_over(&l->tls);
    int ret = mbedtls_ssl_read(&l->tls, piece, sizeof(piece));

    if (ret > 0) {
        enum err e = queue_put(&l->plain, piece, (size_t)ret, LINK_IN_MAX);

        l->heard = true;
        if (e != ERR_OK)
            return die(l, err_set(detail, e, "more arrived at once than can be held"));
        return ERR_OK;
    }
    if (l->queue_error != ERR_OK)
        return die(l, link_failure(l, ret, detail));
    if (ret == 0 || ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        l->closed_by_peer = true;
        l->in = bytes_of(NULL, 0);
        return ERR_MORE;
    }
    /* Under TLS 1.3 a ticket is announced by this result, and taken by the next call. */
    if (ret == MBEDTLS_ERR_SSL_WANT_READ)
        return l->in.len < before || tls_handshake_over(&l->tls) != was_over ? ERR_OK : ERR_MORE;
    if (tls_is_new_ticket(ret))
        return ERR_OK;
    return die(l, link_failure(l, ret, detail));
}

/* Whose tickets mbedTLS asks for. Not touched any more once they are written, so that the link may go
 * its own way then, to another thread than that of its config. */
static void set_active(struct link *l, bool active)
{
    if (l->settled)
        return;
    l->config->active = active ? l : NULL;
    l->settled = !active && tls_is_settled(&l->tls);
}

enum err link_feed(struct link *l, struct bytes encrypted, struct err_detail *detail)
{
    enum err e = ERR_OK;

    if (l->dead != ERR_OK)
        return err_set(detail, l->dead, "the session has ended already");
    if (l->closed_by_peer)
        return ERR_OK;
    l->in = encrypted;
    set_active(l, true);
    while (e == ERR_OK)
        e = l->established ? decrypt_some(l, detail) : advance_handshake(l, detail);
    set_active(l, false);
    l->in = bytes_of(NULL, 0);
    return e == ERR_MORE ? ERR_OK : e;
}

enum err link_step(struct link *l, struct err_detail *detail)
{
    return link_feed(l, bytes_of(NULL, 0), detail);
}

bool link_established(const struct link *l)
{
    return l->established;
}

bool link_met_stranger(const struct link *l)
{
    return (l->cert_flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0;
}

const struct link_peer *link_peer(const struct link *l)
{
    return &l->peer;
}

struct bytes link_ca_der(const struct link *l)
{
    return bytes_of(l->ca_der, l->ca_der_len);
}

enum err link_read(struct link *l, void *ret_data, size_t size, size_t *ret_len)
{
    size_t len = l->plain.len - l->plain.at;

    if (len == 0)
        return l->closed_by_peer ? ERR_CANCELLED : ERR_MORE;
    if (len > size)
        len = size;
    memcpy(ret_data, l->plain.data + l->plain.at, len);
    queue_take(&l->plain, len);
    *ret_len = len;
    return ERR_OK;
}

enum err link_write(struct link *l, struct bytes plain)
{
    int overhead, piece;
    enum err e = ERR_OK;

    if (!l->established || l->dead != ERR_OK || l->closed_by_us)
        return ERR_STATE;
    /* Reserved before anything is encrypted, so that a record is queued as a whole or not at all. */
    overhead = mbedtls_ssl_get_record_expansion(&l->tls);
    piece = mbedtls_ssl_get_max_out_record_payload(&l->tls);
    CHECK(overhead > 0 && piece > 0);
    if (l->sink == NULL)
        e = queue_reserve(&l->out, plain.len + (plain.len / (size_t)piece + 1) * (size_t)overhead,
                          LINK_OUT_MAX);
    if (e != ERR_OK)
        return e;
    set_active(l, true);
    while (plain.len > 0) {
        int ret = mbedtls_ssl_write(&l->tls, plain.data, plain.len);

        if (ret <= 0) {
            e = die(l, link_failure(l, ret, NULL));
            break;
        }
        plain = bytes_of(plain.data + ret, plain.len - (size_t)ret);
    }
    set_active(l, false);
    return e == ERR_OK || e == ERR_NOMEM ? e : ERR_STATE;
}

void link_set_sink(struct link *l, size_t (*sink)(void *ctx, struct bytes record), void *ctx)
{
    l->sink = sink;
    l->sink_ctx = ctx;
}

void link_close_notify(struct link *l)
{
    if (!l->established || l->dead != ERR_OK || l->closed_by_us)
        return;
    l->closed_by_us = true;
    if (mbedtls_ssl_close_notify(&l->tls) != 0)
        (void)die(l, ERR_LIMIT);
}

struct bytes link_output(const struct link *l)
{
    return bytes_of(l->out.len > l->out.at ? l->out.data + l->out.at : NULL,
                    l->out.len - l->out.at);
}

void link_output_sent(struct link *l, size_t len)
{
    queue_take(&l->out, len);
}
