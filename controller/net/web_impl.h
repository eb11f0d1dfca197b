/* web_impl.h - what the files of the HTTPS server share; nobody else includes it.
 *
 * An exchange is one request with its response. It belongs to the connection until that goes away;
 * ids, not pointers, name it outside. Thread: the loop's. */
#ifndef LOA_WEB_IMPL_H
#define LOA_WEB_IMPL_H

/* OpenSSL has a type of the same name as our error code. */
#define ERR_STATE openssl_error_state
#include <libwebsockets.h>
#undef ERR_STATE
#include <uv.h>

#include "units.h"
#include "web.h"

#define WEB_SEND_BYTES 16384 /* of a body in one write */
#define WEB_DISCARD_BYTES (1024 * 1024) /* of a refused body that are still read */
#define WEB_TEXT_MAX WEB_HEADER_MAX
#define WEB_RATE_BYTES_PER_S 1024 /* slower than this over the whole exchange is dropped */

enum exchange_state {
    EXCHANGE_BODY = 0, /* collecting or streaming the request's body */
    EXCHANGE_WAITING, /* complete, given to the handler */
    EXCHANGE_ANSWERED, /* response held, nothing of it sent */
    EXCHANGE_SENDING,
    EXCHANGE_DONE, /* sent; a refused body may still be arriving */
};

struct exchange {
    struct exchange *next;
    struct web *web;
    struct lws *wsi;
    struct web_request req; /* texts point into text */
    enum exchange_state state;
    enum web_body how;
    bool head; /* HEAD: headers only */
    bool known; /* the handler has seen the id and has not answered it */
    bool body_open; /* the client still owes bytes of the body */
    bool close_after; /* the connection cannot be used again */
    uint8_t *body;
    uint64_t received;
    uint64_t discarded;
    usec_t moved_us; /* monotonic: the first byte of this phase */
    uint64_t moved_bytes; /* in this phase */
    usec_t last_us; /* monotonic: last byte moved */
    struct web_response res;
    int fd; /* of the file being sent, -1 none */
    uint64_t send_len;
    uint64_t sent;
    size_t text_used;
    char text[WEB_PATH_MAX + 4 * WEB_QUERY_MAX + 6 * (WEB_TEXT_MAX + 1) + 256];
};

struct web {
    uv_loop_t *loop;
    struct lws_context *context; /* NULL once libwebsockets has let go of everything */
    struct lws_vhost *vhost;
    struct web_handler handler;
    size_t max_connections;
    size_t max_body_bytes;
    uint64_t max_upload_bytes;
    usec_t slow_us;
    uint64_t next_id;
    size_t connections;
    uint16_t port;
    struct exchange *exchanges;
    uv_timer_t timer; /* sweeps slow clients; while closing, waits for libwebsockets */
    bool closing;
    unsigned close_turns; /* of the loop since the connections are gone */
    void (*closed_cb)(void *arg);
    void *closed_arg;
};

/* What libwebsockets keeps for one connection. */
struct connection {
    struct exchange *x; /* the one under way, or NULL */
    bool counted;
};

/* Read the request line and headers of a new request.
 *
 * ERR_OK; otherwise *ret_status is the status to answer and detail the sentence. */
MUST_USE enum err web_parse(struct lws *wsi, struct exchange *x, unsigned *ret_status,
                            struct err_detail *detail);

/* Fill a response with a JSON error. */
void web_error(struct web_response *res, unsigned status, enum err code, const char *sentence);

/* Make the response held ready for sending: opens its file, judges its headers. */
void web_prepare(struct exchange *x);

/* Send what can be sent now. Returns body bytes sent; negative: close the connection. */
int web_send(struct exchange *x);

#endif
