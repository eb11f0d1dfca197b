/* web.h - the HTTPS server: whole requests in, whole responses out, nothing of HTTP's sockets shown.
 *
 * libwebsockets on the caller's libuv loop. HTTP/1.1 over TLS 1.2 or newer. A request may be answered
 * during the call or at any later time by its id; answering one whose client went away is harmless.
 * Bodies are collected in memory up to a limit, or handed over piece by piece (uploads): the next piece
 * is read from the socket only after the callback returned, which is the backpressure.
 * What never reaches the handler: too long headers, URLs and bodies, other methods, broken paths; they
 * get a JSON error. Thread: the loop's. */
#ifndef LOA_WEB_H
#define LOA_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "err.h"

struct uv_loop_s;
struct web;

#define WEB_PATH_MAX 1024 /* bytes of the decoded path; longer is answered 414 */
#define WEB_QUERY_MAX 2048 /* bytes of the raw query; longer is answered 414 */
#define WEB_HEADER_MAX 4096 /* bytes of one header value; longer is answered 431 */
#define WEB_HEADERS_MAX 8 /* extra headers of a response */

enum web_method {
    WEB_NONE = 0,
    WEB_GET,
    WEB_POST,
    WEB_PUT,
    WEB_PATCH,
    WEB_DELETE,
};

const char *web_method_name(enum web_method m); /* "GET"; "" for WEB_NONE */

/* One request; everything is borrowed and valid during the callback only. Texts are never NULL: a
 * header that was not sent is "". */
struct web_request {
    uint64_t id; /* for web_answer(); never reused */
    enum web_method method;
    const char *path; /* percent-decoded once, begins with '/', has no "//", "." or ".." segment */
    const char *query; /* as sent, after '?'; read with web_query() */
    const char *authorization;
    const char *cookie;
    const char *content_type;
    const char *if_match;
    const char *idempotency_key; /* Idempotency-Key */
    const char *csrf; /* X-Loa-Csrf */
    const char *remote; /* the client's IP address as text */
    uint64_t content_length;
    struct bytes body; /* empty when the body was streamed */
};

/* Copy one percent-decoded query value.
 *
 *   ret_value  size bytes, terminated
 *
 * ERR_NOT_FOUND  no such name; ret_value untouched
 * ERR_LIMIT      longer than size - 1 bytes
 * ERR_FORMAT     broken percent escape, or a NUL */
MUST_USE enum err web_query(const struct web_request *req, const char *name, char *ret_value,
                            size_t size);

struct web_header {
    const char *name; /* static, lower case with its colon: "location:" */
    char *value; /* malloc'd; bytes below 0x20 and 0x7F make the response a 500 */
};

/* A response; zero-initialised by who builds it. What it points to is malloc'd and freed by whoever
 * holds it last (web_answer() takes it). */
struct web_response {
    unsigned status; /* 200..599 */
    const char *content_type; /* static; NULL = no body */
    size_t header_count;
    struct web_header headers[WEB_HEADERS_MAX];
    char *body; /* NULL = empty */
    size_t body_len;
    char *file; /* path of a file to send instead of body; opened at once, so it may be unlinked */
    bool unlink_file; /* remove it once opened */
};

/* Release what a response holds and zero it. */
void web_response_deinit(struct web_response *res);

enum web_body {
    WEB_BODY_MEMORY = 0, /* collect it, then on_request */
    WEB_BODY_STREAM, /* on_piece for each piece, then on_request with an empty body */
    WEB_BODY_ANSWERED, /* refused by web_answer() already: the body is not read */
};

/* What the server calls. Every function may call web_answer() for the request. */
struct web_handler {
    void *ctx;
    /* Headers of a request with a body have come; decide how the body is to be taken. */
    enum web_body (*on_headers)(void *ctx, const struct web_request *req);
    /* One piece of a streamed body. False: the handler has answered already, read no more. */
    bool (*on_piece)(void *ctx, uint64_t id, struct bytes piece);
    /* The request is complete. */
    void (*on_request)(void *ctx, const struct web_request *req);
    /* The client went away before the answer was given; answer it or not, nobody sees it. */
    void (*on_gone)(void *ctx, uint64_t id);
};

struct web_config {
    const char *address; /* to listen on; NULL = every address */
    uint16_t port; /* 0 = a free one */
    const char *cert_path; /* PEM chain */
    const char *key_path; /* PEM */
    size_t max_connections; /* 0 = 256 */
    size_t max_body_bytes; /* collected in memory; 0 = 64 KiB */
    uint64_t max_upload_bytes; /* streamed; 0 = 1 GiB */
    unsigned
        slow_s; /* no byte moved for so long while a request or response is under way; 0 = 20 */
    unsigned idle_s; /* between requests of one connection; 0 = 60 */
};

/* Listen.
 *
 *   loop     the caller's; must run until web_close()'s callback
 *   config   texts are borrowed during the call
 *   handler  copied
 *
 * ERR_ARG  certificate or key unreadable; ERR_EXISTS  the port is taken; detail says what to do */
MUST_USE enum err web_new(struct uv_loop_s *loop, const struct web_config *config,
                          const struct web_handler *handler, struct web **ret_web,
                          struct err_detail *detail);

uint16_t web_port(const struct web *w);

/* Number of open connections. */
size_t web_connections(const struct web *w);

/* Answer a request.
 *
 *   id   of a request; unknown or answered ones are ignored
 *   res  taken: released and zeroed in every case */
void web_answer(struct web *w, uint64_t id, struct web_response *res);

/* Close every connection and the port; the memory is gone when cb is called, from the loop. NULL is
 * harmless. No handler function is called after this returns. */
void web_close(struct web *w, void (*cb)(void *arg), void *arg);

#endif
