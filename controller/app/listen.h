/* listen.h - what is on air, once more for people and programs that ask for it over HTTP.
 *
 * The packets that nodes get, as Ogg Opus without an end: no second encoding. A broadcast that its nodes play
 * from their caches is streamed for its listeners alone. Where it pauses, listeners hear silence in
 * real time. Each listener has a bounded queue (web.h); who falls behind is dropped.
 * Thread: main. */
#ifndef LOA_LISTEN_H
#define LOA_LISTEN_H

#include <uv.h>

#include "engine.h"
#include "onair.h"

#define LISTEN_MAX 16 /* listeners at a time */
#define LISTEN_SOON_US USEC_PER_MIN /* how long before its start a broadcast may be listened to */
#define LISTEN_QUEUE_BYTES 65536 /* of one listener: some 16 s of speech */

struct listen;

struct listen_config {
    uv_loop_t *loop;
    struct onair *onair; /* borrowed */
    /* As in struct onair_ports. */
    enum err (*stream_start)(void *ctx, const struct broadcast *b, struct err_detail *detail);
    /* As web_stream_begin(), _write() and _end(). */
    enum err (*begin)(void *ctx, uint64_t request);
    enum err (*write)(void *ctx, uint64_t request, struct bytes piece);
    void (*end)(void *ctx, uint64_t request);
    usec_t (*now_us)(void *ctx);
    void *ctx;
};

MUST_USE enum err listen_new(const struct listen_config *config, struct listen **ret_listen);

/* Forget the listeners; their connections are the web server's. No call but listen_free() afterwards. NULL is
 * harmless. */
void listen_close(struct listen *l);
void listen_free(struct listen *l); /* after the loop has run empty */

/* Answer a request with the sound of a broadcast. The request is still to be answered on any error.
 *
 * ERR_NOT_FOUND  not under way; ERR_STATE: not on air, nor within LISTEN_SOON_US
 * ERR_BUSY       LISTEN_MAX listen already */
MUST_USE enum err listen_begin(struct listen *l, struct broadcast_id id, uint64_t request,
                               struct err_detail *detail);

/* A client has gone; harmless for others. */
void listen_gone(struct listen *l, uint64_t request);

/* Does this request listen? */
bool listen_has(const struct listen *l, uint64_t request);

/* End the answer of one who may not listen any longer; harmless for others. */
void listen_end(struct listen *l, uint64_t request);

/* Each bundle that went out, from the tap. */
void listen_on_bundle(struct listen *l, const struct engine_bundle *bundle);

#endif
