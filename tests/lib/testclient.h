/* testclient.h - a client of the node link that does what a test says, right or wrong.
 *
 * One non-blocking socket to the controller on loopback, with a link over it. Whoever has many drives
 * them with testclient_step() from a loop of their own; the calls with `wait_us` poll, and call `idle`
 * meanwhile, in which a test runs the loop of the station it tests.
 * Thread: the owner's. */
#ifndef LOA_TESTCLIENT_H
#define LOA_TESTCLIENT_H

#include "control.h"
#include "frame.h"
#include "link.h"

struct testclient {
    int fd;
    struct link *link; /* owned */
    struct frame_reader frames;
    uint8_t plain[4096];
    struct bytes rest; /* of plain, not yet in frames */
    enum err
        end; /* ERR_OK while open; else how it ended: CANCELLED in good order, IO, or the link's */
    struct err_detail detail;
    void (*idle)(void *ctx); /* may be NULL */
    void *ctx;
};

/* Connect to a port of 127.0.0.1.
 *
 *   receive_bytes  size of the receive buffer; 0: the system's
 *
 * Returns a non-blocking descriptor, -1 with errno. */
int testclient_dial(uint16_t port, int receive_bytes);

/* Take over a descriptor of testclient_dial() and start a link on it; idle and ctx are kept.
 *
 *   config  borrowed until testclient_close() */
MUST_USE enum err testclient_open(struct testclient *c, struct link_config *config, int fd);

/* Close without farewell. Accepts zeroed and closed ones. */
void testclient_close(struct testclient *c);

/* Move bytes both ways, as far as they go without waiting. Returns c->end. */
enum err testclient_step(struct testclient *c);

/* Finish the handshake. ERR_TIMEOUT, or how it ended. */
MUST_USE enum err testclient_handshake(struct testclient *c, usec_t wait_us);

/* Queue bytes, whole frames or not, and send what goes out at once. Errors as link_write(). */
MUST_USE enum err testclient_send(struct testclient *c, struct bytes bytes);
MUST_USE enum err testclient_send_msg(struct testclient *c, const loa_Msg *msg);
MUST_USE enum err testclient_send_hello(struct testclient *c, struct node_id node);
MUST_USE enum err testclient_send_time(struct testclient *c, usec_t t1_us);

/* Next frame, borrowed until the next call.
 *
 * ERR_TIMEOUT    none came
 * other errors   the connection is over and all frames before that were given out */
MUST_USE enum err testclient_frame(struct testclient *c, usec_t wait_us, struct frame *ret_frame);

/* Next control message; other frames are skipped. Errors as testclient_frame(), ERR_FORMAT. */
MUST_USE enum err testclient_msg(struct testclient *c, usec_t wait_us, loa_Msg *ret_msg);

/* Wait for the end, skipping frames. ERR_TIMEOUT, else how it ended. */
MUST_USE enum err testclient_end(struct testclient *c, usec_t wait_us);

#endif
