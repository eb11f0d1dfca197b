/* What the station publishes of its alerts, for anybody to read: a feed, signed messages, the signer. */
#include <stdlib.h>
#include <string.h>

#include "api_impl.h"
#include "bytes.h"
#include "digest.h"
#include "store_published.h"

#define RATE_EACH_US (200 * USEC_PER_MSEC) /* one request, in the long run */
#define RATE_BURST_US (6 * USEC_PER_SEC) /* 30 at once */
#define CACHE_FEED "public, max-age=10"
#define CACHE_SIGNER "public, max-age=3600"
#define CACHE_MESSAGE "public, max-age=86400" /* it never changes */
#define TAG_BYTES 8

/* Nobody signs in here, so each address has its own allowance; those that share a slot share it. */
static enum err admit(struct call *c)
{
    usec_t *free_us = &c->api->followers[backoff_remote_key(c->remote) % API_FOLLOWERS];
    usec_t next_us = *free_us > c->now_us ? *free_us : c->now_us;

    if (next_us - c->now_us >= RATE_BURST_US) {
        c->retry_after_s = 2;
        return err_set(&c->detail, ERR_BUSY, "Too many requests; ask every few seconds.");
    }
    *free_us = next_us + RATE_EACH_US;
    return ERR_OK;
}

/* Answer with a text, or that the follower has it already. Takes the text. */
static enum err answer(struct call *c, const char *content_type, char *text, const char *cache)
{
    uint8_t sha256[SHA256_BYTES];
    char hex[HEX_SIZE(TAG_BYTES)];
    char tag[HEX_SIZE(TAG_BYTES) + 2];

    digest_sha256(bytes_of(text, strlen(text)), sha256);
    bytes_to_hex(bytes_of(sha256, TAG_BYTES), hex);
    snprintf(tag, sizeof(tag), "\"%s\"", hex);
    call_header(c, "etag:", "%s", tag);
    c->res.cache = cache;
    if (strstr(c->req->if_none_match, tag) != NULL) {
        free(text);
        c->res.status = 304;
        return ERR_OK;
    }
    c->res.status = 200;
    c->res.content_type = content_type;
    c->res.body = text;
    c->res.body_len = strlen(text);
    return ERR_OK;
}

/* How the follower reaches us; nothing but a host and a port gets into what we write. */
static void base_of(const struct call *c, char *ret_base, size_t size)
{
    const char *host = c->req->host;
    size_t len =
        strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]");

    if (len == 0 || len > 255 || host[len] != '\0')
        host = "localhost";
    snprintf(ret_base, size, "https://%s", host);
}

enum err api_published_feed(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    char base[300];
    char *text = NULL;
    enum err e = admit(c);

    if (e != ERR_OK)
        return e;
    base_of(c, base, sizeof(base));
    e = ports->cap_feed(ports->ctx, base, &text);
    return e == ERR_OK ? answer(c, "application/atom+xml; charset=utf-8", text, CACHE_FEED) : e;
}

enum err api_published_signer(struct call *c)
{
    const struct api_ports *ports = &c->api->ports;
    char *text;
    enum err e = admit(c);

    if (e != ERR_OK)
        return e;
    text = strdup(ports->cap_signer(ports->ctx));
    return text != NULL ? answer(c, "application/x-pem-file", text, CACHE_SIGNER) : ERR_NOMEM;
}

/* /cap/19753.7.cap */
enum err api_published_message(struct call *c)
{
    char *dot = strrchr(c->param[0], '.');
    char *text = NULL;
    enum err e = admit(c);

    if (e == ERR_OK && (dot == NULL || strcmp(dot, ".cap") != 0))
        e = ERR_NOT_FOUND;
    if (e == ERR_OK) {
        *dot = '\0';
        e = store_published_message(c->api->ports.db, c->param[0], &text);
    }
    if (e != ERR_OK)
        return call_missing(c, e, "published message");
    return answer(c, "application/cap+xml; charset=utf-8", text, CACHE_MESSAGE);
}
