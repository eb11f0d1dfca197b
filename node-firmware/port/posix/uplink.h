/* uplink.h - the node's session with its controller, kept up for ever.
 *
 * Connects, hands frames both ways, and connects again after every loss: exponential back-off with
 * full jitter (reconnect.h) that begins anew after UPLINK_STABLE_US of session, or as Bye.retry_after
 * asks. A session on which nothing arrives for 10 s is dead (wire.h). Thread: the loop's. */
#ifndef LOA_UPLINK_H
#define LOA_UPLINK_H

#include <uv.h>

#include "control.h"
#include "wire.h"

#define UPLINK_STABLE_US (5 * USEC_PER_SEC)
#define UPLINK_HOST_SIZE 256

struct uplink_events {
    void (*up)(void *ctx);
    enum err (*frame)(void *ctx, const struct frame *frame, usec_t rx_mono_us);
    void (*down)(void *ctx);
};

struct uplink {
    uv_loop_t *loop;
    uv_timer_t retry;
    struct wire wire;
    struct link_config *config;
    char host[UPLINK_HOST_SIZE];
    uint16_t port;
    const struct uplink_events *events;
    void *ctx;
    void (*stopped)(void *ctx);
    bool busy; /* the wire is open or closing */
    bool is_up;
    bool stopping;
    uint32_t attempt; /* failures in a row */
    usec_t up_mono_us;
    usec_t asked_us; /* the controller's wish for the next wait; 0 none */
    struct err_detail last; /* reason of the last failure, logged when it changes */
    loa_Msg msg; /* scratch: big for a stack */
};

/* Begin; the first attempt is made at once.
 *
 *   u       caller's memory, until `stopped` of uplink_stop()
 *   cred    own certificate, key and station CA; copied
 *
 * ERR_FORMAT  the credentials cannot be used; ERR_ARG  host too long; ERR_NOMEM */
MUST_USE enum err uplink_start(struct uplink *u, uv_loop_t *loop, const char *host, uint16_t port,
                               const struct link_credentials *cred,
                               const struct uplink_events *events, void *ctx);

/* As wire_send(). */
MUST_USE enum err uplink_send(struct uplink *u, enum frame_type type, struct bytes payload);

/* End the present session, if any; another attempt follows. */
void uplink_hang_up(struct uplink *u);

/* End for good; `stopped` comes from the loop, then the memory is free. */
void uplink_stop(struct uplink *u, void (*stopped)(void *ctx));

#endif
