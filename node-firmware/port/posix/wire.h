/* wire.h - one connection to the controller: name, TCP, TLS, frames.
 *
 * Resolves the name, tries its addresses in turn, runs the TLS session (link.h) over the socket and
 * hands out whole frames. Knows nothing of reconnecting or of what frames mean: uplink.h and
 * enrolment.h do. Everything is bounded: one read buffer, one frame, WIRE_QUEUE_MAX bytes to send.
 * Thread: the loop's. */
#ifndef LOA_WIRE_H
#define LOA_WIRE_H

#include <uv.h>

#include "bytes.h"
#include "err.h"
#include "frame.h"
#include "link.h"
#include "units.h"

#define WIRE_QUEUE_MAX (64 * 1024)
#define WIRE_READ_BYTES (16 * 1024)
#define WIRE_ADDRESSES_MAX 8
#define WIRE_CONNECT_US (5 * USEC_PER_SEC) /* for each address */
#define WIRE_SILENCE_US (10 * USEC_PER_SEC)

struct wire;

/* What the owner hears. Any of them may call wire_send() and wire_close(). */
struct wire_events {
    /* The TLS session stands. */
    void (*up)(void *ctx);

    /* A frame arrived; its bytes came off the socket at rx_mono_us. An error closes the wire. */
    enum err (*frame)(void *ctx, const struct frame *frame, usec_t rx_mono_us);

    /* Over: the wire's memory may be used again. Comes exactly once for each wire_open() that
     * succeeded, never from within it. `why` is ERR_CANCELLED after a wire_close() without a reason
     * or when the other side closed in good order, ERR_TIMEOUT after silence, ERR_AUTH when the other
     * side is not whom the credentials name. */
    void (*closed)(void *ctx, enum err why, const char *detail);
};

struct wire {
    uv_loop_t *loop;
    uv_tcp_t tcp;
    uv_timer_t watch;
    uv_getaddrinfo_t lookup;
    uv_connect_t connecting;
    uv_write_t writing;
    const struct wire_events *events;
    void *ctx;
    struct link *link;
    struct addrinfo *addresses;
    struct addrinfo *next; /* address to be tried when the present one fails */
    int addresses_left;
    int pending; /* handles and requests whose last callback has still to come */
    bool tcp_open;
    bool looking_up;
    bool write_busy;
    bool connected;
    bool up;
    bool closing;
    bool stranger; /* the other side was of another authority; valid when closed */
    usec_t since_mono_us; /* last sign of life, or of the attempt under way */
    enum err why;
    struct err_detail detail;
    struct frame_reader frames;
    uint8_t in[WIRE_READ_BYTES];
    uint8_t out[WIRE_READ_BYTES];
};

/* Begin to connect.
 *
 *   w       caller's memory; must live until events->closed
 *   host    name or literal address, copied
 *   config  borrowed until events->closed
 *
 * ERR_NOMEM; ERR_IO the loop has no room: nothing was begun */
MUST_USE enum err wire_open(struct wire *w, uv_loop_t *loop, const char *host, uint16_t port,
                            struct link_config *config, const struct wire_events *events,
                            void *ctx);

/* Encrypt and queue one frame.
 *
 * ERR_STATE  not up; ERR_LIMIT  WIRE_QUEUE_MAX bytes wait already: nothing was queued */
MUST_USE enum err wire_send(struct wire *w, enum frame_type type, struct bytes payload);

/* End it; events->closed follows from the loop. Later reasons than the first are ignored.
 *
 *   detail  one sentence, copied; may be NULL */
void wire_close(struct wire *w, enum err why, const char *detail);

#endif
