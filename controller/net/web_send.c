#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web_impl.h"

#define HEAD_BYTES 12288

void web_error(struct web_response *res, unsigned status, enum err code, const char *sentence)
{
    char *body = NULL;
    int n = asprintf(&body, "{\"error\": \"%s\", \"message\": \"%s\"}\n", err_name(code), sentence);

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

static int send_head(struct exchange *x)
{
    unsigned char buffer[LWS_PRE + HEAD_BYTES];
    struct head h = {.wsi = x->wsi, .at = buffer + LWS_PRE, .end = buffer + sizeof(buffer)};
    const struct web_response *res = &x->res;

    /* BEST_PRACTICES_ENFORCE adds the security headers together with the status. */
    if (lws_add_http_header_status(x->wsi, res->status | (unsigned)LWSAHH_FLAG_NO_SERVER_NAME,
                                   &h.at, h.end) != 0)
        return -1;
    if (res->content_type != NULL)
        add(&h, "content-type:", res->content_type);
    add(&h, "cache-control:", "no-store");
    for (size_t i = 0; i < res->header_count; i++)
        add(&h, res->headers[i].name, res->headers[i].value);
    if (x->close_after)
        add(&h, "connection:", "close");
    if (res->status != 204 &&
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
    return pread(x->fd, to, len, (off_t)x->sent);
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
        if (x->head || x->send_len == 0)
            x->state = EXCHANGE_DONE;
        return 0;
    }
    if (x->state != EXCHANGE_SENDING)
        return 0;
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

void web_prepare(struct exchange *x)
{
    struct web_response *res = &x->res;
    struct stat st;

    for (size_t i = 0; i < res->header_count; i++) {
        if (!header_is_safe(res->headers[i].value)) {
            web_error(res, 500, ERR_ARG, "The answer could not be built; tell the administrator.");
            break;
        }
    }
    if (res->file != NULL) {
        x->fd = open(res->file, O_RDONLY | O_CLOEXEC);
        if (x->fd >= 0 && (fstat(x->fd, &st) != 0 || !S_ISREG(st.st_mode))) {
            close(x->fd);
            x->fd = -1;
        }
        if (res->unlink_file)
            (void)unlink(res->file);
        if (x->fd < 0)
            web_error(res, 500, ERR_IO,
                      "The file could not be read; check the disk of the station.");
    }
    x->send_len = x->fd >= 0 ? (uint64_t)st.st_size : res->body_len;
    x->sent = 0;
    x->state = EXCHANGE_ANSWERED;
}
