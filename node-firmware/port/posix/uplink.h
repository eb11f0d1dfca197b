/* uplink.h - the node's session with its controller, kept up for ever.
 *
 * Connects, hands frames both ways, and connects again after every loss: exponential back-off with
 * full jitter (reconnect.h) that begins anew after UPLINK_STABLE_US of session, or as Bye.retry_after
 * asks; after a power cut it resumes its session from flash. Of several controllers of one station it has a session with one at a time, in the order of
 * reconnect.h; on a standby it looks now and then whether the first can prove who it is, by a handshake
 * without a word, and moves back when its owner allows. A session on which nothing arrives for 10 s is dead (wire.h). Thread: the loop's. */
#ifndef LOA_UPLINK_H
#define LOA_UPLINK_H

#include <uv.h>

#include "address.h"
#include "control.h"
#include "reconnect.h"
#include "resume.h"
#include "wire.h"

#define UPLINK_STABLE_US (5 * USEC_PER_SEC)

struct uplink_events {
    void (*up)(void *ctx);
    enum err (*frame)(void *ctx, const struct frame *frame, usec_t rx_mono_us);
    void (*down)(void *ctx);
    bool (*may_move)(void *ctx); /* to the first controller, now */
};

struct uplink {
    uv_loop_t *loop;
    uv_timer_t retry;
    struct wire wire;
    struct link_config *config;
    struct address controllers[ADDRESS_CONTROLLERS_MAX];
    struct reconnect_list list;
    struct resume resume;
    uv_timer_t look; /* at the first controller while another is in use, and at the session */
    struct wire look_wire;
    bool looking, look_found; /* the handshake is under way; it stood */
    const struct uplink_events *events;
    void *ctx;
    void (*stopped)(void *ctx);
    bool busy; /* the wire is open or closing */
    bool is_up;
    bool stopping;
    bool renewing; /* the next handshake is to be a full one */
    uint32_t strangers; /* refused since start: controllers of another authority */
    uint32_t attempt; /* failures in a row */
    usec_t up_mono_us;
    usec_t asked_us; /* the controller's wish for the next wait; 0 none */
    uint32_t asked_spread_ms; /* and for how much longer at random; 0 none */
    struct err_detail last; /* reason of the last failure, logged when it changes */
    loa_Msg msg; /* scratch: big for a stack */
};

/* Begin; the first attempt is made at once, or within the spread that an earlier life was told.
 *
 *   u       caller's memory, until `stopped` of uplink_stop()
 *   controllers  1..ADDRESS_CONTROLLERS_MAX, in order of preference, copied
 *   cred    own certificate, key and station CA; copied
 *   files   the state directory, where the session is kept (resume.h); borrowed, NULL: nowhere
 *
 * ERR_FORMAT  the credentials cannot be used; ERR_ARG  none, or too many controllers; ERR_NOMEM */
MUST_USE enum err uplink_start(struct uplink *u, uv_loop_t *loop, const struct address *controllers,
                               size_t count, const struct link_credentials *cred,
                               struct flash *files, const struct uplink_events *events, void *ctx);

/* As wire_send(). */
MUST_USE enum err uplink_send(struct uplink *u, enum frame_type type, struct bytes payload);

/* End the present session, if any; another attempt follows. */
void uplink_hang_up(struct uplink *u);

/* End for good; `stopped` comes from the loop, then the memory is free. */
void uplink_stop(struct uplink *u, void (*stopped)(void *ctx));

#endif
