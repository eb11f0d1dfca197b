/* web.h - the HTTPS server: whole requests in, whole responses out, nothing of HTTP's sockets shown.
 *
 * libwebsockets on the caller's libuv loop. HTTP/1.1 over TLS 1.2 or newer. A request may be answered
 * during the call or at any later time by its id; answering one whose client went away is harmless.
 * Bodies are collected in memory up to a limit, or handed over piece by piece (uploads): the next piece
 * is read from the socket only after the callback returned, which is the backpressure.
 * What never reaches the handler: too long headers, URLs and bodies, other methods, broken paths; they
 * get a JSON error, whose sentence the handler may say in another language. Thread: the loop's. */
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
#define WEB_SOCKET_PROTOCOL "loa-talk" /* the one subprotocol of WebSockets */
#define WEB_SOCKET_BYTES 4096 /* of one message that comes; a longer one is cut to one byte more */
#define WEB_SOCKET_TEXT_BYTES 512 /* of one that goes */
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
    const char *if_none_match;
    const char *range;
    const char *if_range;
    const char *accept_encoding;
    const char *accept_language;
    const char *origin;
    const char *host; /* as the client calls us, with the port it used */
    const char *idempotency_key; /* Idempotency-Key */
    const char *csrf; /* X-Loa-Csrf */
    const char *remote; /* the client's IP address as text, IPv4 always plainly */
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

/* A response; whoever gets it may keep it only when a header says so. Zero-initialised by who builds it. What it points to is malloc'd and freed by whoever
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
    bool has_fd; /* send what is behind fd instead, which is closed afterwards */
    int fd; /* of a regular file */
    bool is_part; /* of the file: part_len bytes from part_at on, both within it */
    uint64_t part_at;
    uint64_t part_len;
    const char *cache; /* Cache-Control; static, NULL = no-store */
    const char
        *policy; /* Content-Security-Policy; outlives the server, NULL = nothing is allowed */
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
    /* A WebSocket is asked for. 0: it is opened and named by the request's id; otherwise the status to refuse with.
     * NULL: there are none. */
    unsigned (*on_socket)(void *ctx, const struct web_request *req);
    /* One whole message of it. */
    void (*on_message)(void *ctx, uint64_t id, struct bytes message, bool is_text);
    /* Say a sentence of the server's own in the language of who asked; without quotes and backslashes.
     *
     *   ret_text  size bytes, holds the sentence as it is
     *
     * NULL: in English. */
    void (*say)(void *ctx, const char *accept_language, const char *sentence, char *ret_text,
                size_t size);
    /* The client went away before the answer was given, or during a streamed one, or its WebSocket is closed; nobody
     * sees what comes now. */
    void (*on_gone)(void *ctx, uint64_t id);
};

struct web_config {
    const char *address; /* to listen on; NULL = every address */
    uint16_t port; /* 0 = a free one */
    const char *cert_path; /* PEM chain */
    const char *key_path; /* PEM */
    size_t max_connections; /* 0 = 256 */
    size_t
        max_of_one; /* connections of one source (netsource.h); 0 = three quarters of max_connections */
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

/* Answer a request with 200 and a body that comes as it arises; it ends with the connection.
 *
 *   content_type  static
 *   max_waiting   bytes that may wait for the client, 1..
 *
 * on_gone() is called when the client leaves before web_stream_end(), or is dropped.
 * ERR_NOT_FOUND  no such request, or it is answered; ERR_NOMEM: it is still to be answered */
MUST_USE enum err web_stream_begin(struct web *w, uint64_t id, const char *content_type,
                                   size_t max_waiting);

/* Bytes that many clients are sent: written once, freed with the last that holds them. */
struct web_piece;
MUST_USE enum err web_piece_new(struct bytes bytes, struct web_piece **ret_piece);
struct bytes web_piece_bytes(const struct web_piece *p); /* borrowed */
void web_piece_unref(struct web_piece *p); /* accepts NULL */

/* Send a piece; the caller's hold on it stays.
 *
 * ERR_LIMIT      the client is too slow: the connection ends, on_gone() follows
 * ERR_NOT_FOUND  it has gone */
MUST_USE enum err web_stream_send(struct web *w, uint64_t id, struct web_piece *piece);

/* Likewise bytes for one client alone, copied. */
MUST_USE enum err web_stream_write(struct web *w, uint64_t id, struct bytes bytes);

/* What waits is still sent, then the connection ends. Unknown requests are ignored. */
void web_stream_end(struct web *w, uint64_t id);

/* Send a text over a WebSocket. One that was not sent yet is replaced: they tell the present state.
 *
 * ERR_LIMIT      longer than WEB_SOCKET_TEXT_BYTES
 * ERR_NOT_FOUND  it is closed, or about to be */
MUST_USE enum err web_socket_send(struct web *w, uint64_t id, const char *text);

/* Say the last words over a WebSocket; it is closed when the client does so, or after a moment. Nothing of it is
 * handed over any more, then on_gone() follows. Errors as web_socket_send(). */
MUST_USE enum err web_socket_close(struct web *w, uint64_t id, const char *text);

/* Let the body of a request that is being streamed wait in its socket, or come on. What was read already is
 * still handed over. Unknown requests are ignored. */
void web_hold(struct web *w, uint64_t id, bool hold);

/* Close every connection and the port; the memory is gone when cb is called, from the loop. NULL is
 * harmless. No handler function is called after this returns. */
void web_close(struct web *w, void (*cb)(void *arg), void *arg);

#endif
