#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "web_impl.h"

#define HEAD_BYTES 12288
#define WEB_SAY_BYTES 512

void web_error(struct exchange *x, unsigned status, enum err code, const char *sentence)
{
    const struct web_handler *h = &x->web->handler;
    struct web_response *res = &x->res;
    char said[WEB_SAY_BYTES];
    char *body = NULL;
    int n;

    snprintf(said, sizeof(said), "%s", sentence);
    if (h->say != NULL)
        h->say(h->ctx, x->req.accept_language, sentence, said, sizeof(said));
    CHECK(strpbrk(said, "\"\\") == NULL); /* it stands in JSON as it is */
    n = asprintf(&body, "{\"error\": \"%s\", \"message\": \"%s\"}\n", err_name(code), said);
    web_response_deinit(res);
    res->status = status;
    if (n < 0)
        return;
    res->content_type = "application/json";
    res->body = body;
    res->body_len = (size_t)n;
}

struct head {
    struct lws *wsi;
    unsigned char *at;
    unsigned char *end;
    bool failed;
};

static void add(struct head *h, const char *name, const char *value)
{
    if (lws_add_http_header_by_name(h->wsi, (const unsigned char *)name,
                                    (const unsigned char *)value, (int)strlen(value), &h->at,
                                    h->end) != 0)
        h->failed = true;
}

/* What keeps a browser from doing with an answer what we did not mean. */
static void add_guards(struct head *h, const struct web_response *res)
{
    add(h, "content-security-policy:",
        res->policy != NULL
            ? res->policy
            : "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
    add(h, "x-content-type-options:", "nosniff");
    add(h, "x-frame-options:", "deny");
    add(h, "referrer-policy:", "no-referrer");
    add(h, "cross-origin-resource-policy:", "same-origin");
    add(h, "cross-origin-opener-policy:", "same-origin");
    add(h, "permissions-policy:", "microphone=(self), geolocation=(self), camera=(self)");
    add(h, "strict-transport-security:", "max-age=31536000");
}

static int send_head(struct exchange *x)
{
    unsigned char buffer[LWS_PRE + HEAD_BYTES];
    struct head h = {.wsi = x->wsi, .at = buffer + LWS_PRE, .end = buffer + sizeof(buffer)};
    const struct web_response *res = &x->res;

    if (lws_add_http_header_status(x->wsi, res->status | (unsigned)LWSAHH_FLAG_NO_SERVER_NAME,
                                   &h.at, h.end) != 0)
        return -1;
    if (res->content_type != NULL)
        add(&h, "content-type:", res->content_type);
    add(&h, "cache-control:", res->cache != NULL ? res->cache : "no-store");
    add_guards(&h, res);
    for (size_t i = 0; i < res->header_count; i++)
        add(&h, res->headers[i].name, res->headers[i].value);
    if (x->close_after)
        add(&h, "connection:", "close");
    if (res->status != 204 && res->status != 304 && x->stream == NULL &&
        lws_add_http_header_content_length(x->wsi, x->send_len, &h.at, h.end) != 0)
        h.failed = true;
    if (h.failed || lws_finalize_write_http_header(x->wsi, buffer + LWS_PRE, &h.at, h.end) != 0)
        return -1;
    return 0;
}

/* Bytes read into `to`, or -1. */
static ssize_t next_piece(const struct exchange *x, unsigned char *to, size_t size)
{
    uint64_t left = x->send_len - x->sent;
    size_t len = left < size ? (size_t)left : size;

    if (x->fd < 0) {
        memcpy(to, x->res.body + x->sent, len);
        return (ssize_t)len;
    }
    return pread(x->fd, to, len, (off_t)(x->res.part_at + x->sent));
}

/* The connection ends with the stream: closing it is the only sign that HTTP has without a length. */
static int send_stream(struct exchange *x, unsigned char *buffer)
{
    ssize_t n = web_stream_take(x, buffer, WEB_SEND_BYTES);

    if (n == 0) {
        x->state = EXCHANGE_DONE;
        return 0;
    }
    return lws_write(x->wsi, buffer, (size_t)n, LWS_WRITE_HTTP) < 0 ? -1 : (int)n;
}

int web_send(struct exchange *x)
{
    unsigned char buffer[LWS_PRE + WEB_SEND_BYTES];
    ssize_t n;
    bool last;

    if (x->state == EXCHANGE_ANSWERED) {
        if (send_head(x) != 0)
            return -1;
        x->state = EXCHANGE_SENDING;
        free(x->text);
        x->text = NULL;
        if (x->head || (x->send_len == 0 && x->stream == NULL))
            x->state = EXCHANGE_DONE;
        return 0;
    }
    if (x->state != EXCHANGE_SENDING)
        return 0;
    if (web_stream_is_dry(x))
        return 0;
    if (x->stream != NULL)
        return send_stream(x, buffer + LWS_PRE);
    n = next_piece(x, buffer + LWS_PRE, WEB_SEND_BYTES);
    if (n <= 0) /* the file shrank: the promised length cannot be kept */
        return -1;
    last = x->sent + (uint64_t)n == x->send_len;
    if (lws_write(x->wsi, buffer + LWS_PRE, (size_t)n,
                  last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    x->sent += (uint64_t)n;
    if (last)
        x->state = EXCHANGE_DONE;
    return (int)n;
}

static bool header_is_safe(const char *value)
{
    for (const char *at = value; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return false;
    return true;
}

static void unreadable(struct exchange *x)
{
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
    web_error(x, 500, ERR_IO, "The file could not be read; check the disk of the station.");
}

void web_prepare(struct exchange *x)
{
    struct web_response *res = &x->res;
    struct stat st;

    for (size_t i = 0; i < res->header_count; i++) {
        if (!header_is_safe(res->headers[i].value)) {
            web_error(x, 500, ERR_ARG, "The answer could not be built; tell the administrator.");
            break;
        }
    }
    if (res->has_fd) {
        x->fd = res->fd;
        res->has_fd = false;
    } else if (res->file != NULL) {
        x->fd = open(res->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (res->unlink_file)
            (void)unlink(res->file);
        if (x->fd < 0)
            unreadable(x);
    }
    if (x->fd >= 0 && (fstat(x->fd, &st) != 0 || !S_ISREG(st.st_mode)))
        unreadable(x);
    if (x->fd < 0)
        x->send_len = res->body_len;
    else
        x->send_len = res->is_part ? res->part_len : (uint64_t)st.st_size;
    x->sent = 0;
    x->state = EXCHANGE_ANSWERED;
}
