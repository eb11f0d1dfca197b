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

#include "netsource.h"
#include "units.h"
#include "web.h"

#define WEB_SEND_BYTES 16384 /* of a body in one write */
#define WEB_DISCARD_BYTES (1024 * 1024) /* of a refused body that are still read */
#define WEB_TEXT_MAX WEB_HEADER_MAX
#define WEB_BUCKETS 1024
#define WEB_TEXTS_MAX 13 /* headers that are read */
#define WEB_RATE_BYTES_PER_S 1024 /* slower than this over the whole exchange is dropped */

enum exchange_state {
    EXCHANGE_BODY = 0, /* collecting or streaming the request's body */
    EXCHANGE_WAITING, /* complete, given to the handler */
    EXCHANGE_ANSWERED, /* response held, nothing of it sent */
    EXCHANGE_SENDING,
    EXCHANGE_DONE, /* sent; a refused body may still be arriving */
};

struct web_stream;
struct web_socket;

/* Where the texts of one request stand, from its headers to the first byte of its answer. */
struct web_text {
    size_t used;
    char bytes[WEB_PATH_MAX + 4 * WEB_QUERY_MAX + WEB_TEXTS_MAX * (WEB_TEXT_MAX + 1) + 256];
};

struct exchange {
    struct exchange *next; /* of its bucket */
    struct web *web;
    struct lws *wsi;
    struct web_request req; /* its texts point into text */
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
    struct web_stream *stream; /* a body that comes as it arises, NULL none */
    uint64_t send_len;
    uint64_t sent;
    struct web_text *text; /* NULL once the answer is on its way */
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
    struct netsource_table *sources; /* of the connections */
    struct web_socket *sockets;
    uint16_t port;
    struct exchange *exchanges[WEB_BUCKETS]; /* by id */
    uv_timer_t timer; /* sweeps slow clients; while closing, waits for libwebsockets */
    bool closing;
    unsigned close_turns; /* of the loop since the connections are gone */
    void (*closed_cb)(void *arg);
    void *closed_arg;
};

/* What libwebsockets keeps for one connection. */
struct connection {
    struct exchange *x; /* the one under way, or NULL */
    struct web_socket *socket; /* what it has become, or NULL */
    struct netsource source;
};

/* Can we listen there? libwebsockets does not say why it cannot, and then leaks its TLS settings: ask first. */
bool web_port_is_free(const char *address, uint16_t port);

/* A client has connected, TLS not yet begun: count it. False: there are too many of its source, or no memory. */
MUST_USE bool web_peer_new(struct web *w, struct lws *wsi);

/* Its connection is gone, and c with it. */
void web_peer_free(struct web *w, struct connection *c, struct lws *wsi);

/* The client has gone while its request waits for us, where libwebsockets does not look. */
bool web_peer_has_left(const struct exchange *x);

/* Read the request line and headers of a new request.
 *
 * ERR_OK; otherwise *ret_status is the status to answer and detail the sentence. */
MUST_USE enum err web_parse(struct lws *wsi, struct exchange *x, unsigned *ret_status,
                            struct err_detail *detail);

/* The exchange of a request that is under way; NULL: there is none. */
struct exchange *web_find(struct web *w, uint64_t id);

/* Fill the response with a JSON error, in the language of the request. */
void web_error(struct exchange *x, unsigned status, enum err code, const char *sentence);

/* Send what x->res holds; the rest of a body that still comes is thrown away, then the connection ends. */
void web_respond(struct exchange *x);

/* The body that comes as it arises: is more of it to come, is nothing of it there now, take some of it. */
bool web_stream_is_open(const struct exchange *x);
bool web_stream_is_dry(const struct exchange *x);
ssize_t web_stream_take(struct exchange *x, unsigned char *to, size_t size);
void web_stream_free(struct web_stream *s); /* accepts NULL */

/* A client asks to go over to another protocol. 0: it may, c->socket is made; otherwise it was answered no. */
int web_socket_judge(struct web *w, struct connection *c, struct lws *wsi, const char *upgrade);

/* What libwebsockets tells of it; negative: close the connection. */
void web_socket_opened(struct web_socket *s);
int web_socket_receive(struct web_socket *s, const void *data, size_t len);
int web_socket_writeable(struct web_socket *s);
void web_socket_free(struct web_socket *s); /* accepts NULL */

/* Make the response held ready for sending: opens its file, judges its headers. */
void web_prepare(struct exchange *x);

/* Send what can be sent now. Returns body bytes sent; negative: close the connection. */
int web_send(struct exchange *x);

#endif
