/* node.h - the loudspeaker node: everything it decides, without a socket, a clock or a sound card.
 *
 * The port feeds it frames, card positions and the time; it answers through struct node_port (port.h),
 * and renders sound when asked. Never allocates after node_new(). Thread: one. Times: `mono_us` is the
 * board's monotonic clock; station time (GLOSSARY) comes from the link. */
#ifndef LOA_NODE_H
#define LOA_NODE_H

#include "err.h"
#include "frame.h"
#include "port.h"
#include "units.h"

struct node;

struct node_config {
    struct node_id id;
    char station[16]; /* area code from enrolment; orders of others are refused */
    struct bytes
        ca_der; /* station CA, borrowed for the life of the node: judges the order certificate */
    uint8_t boot_id[8];
    uint8_t board_boot_id[16]; /* another one after each start of the board; all 0 unknown */
    uint32_t restarts; /* starts of this program since enrolment, for Hello */
    const char *restart_cause; /* borrowed; "stopped", "crash", "power" ..., for Hello */
    const char *firmware; /* borrowed */
    const char *hardware; /* borrowed */
    uint64_t cache_quota_bytes; /* media kept on flash; 0 = 256 MiB */
    int32_t temperature_max_mc; /* a fault from here on; 0 = 80,000 */
    uint32_t supply_min_mv; /* a fault below; 0 = not judged */
};

/* Make a node from what its flash holds. Damaged objects are reported through port->log, dropped and
 * asked for again; they never keep the node from starting.
 *
 *   port  copied; its ctx must outlive the node
 *
 * ERR_NOMEM; ERR_ARG a function of the port is missing */
MUST_USE enum err node_new(const struct node_port *port, const struct node_config *config,
                           usec_t mono_us, struct node **ret_node);
void node_free(struct node *n);

/* The TLS session stands / is gone. The node says Hello by itself. */
void node_link_up(struct node *n, usec_t mono_us);
void node_link_down(struct node *n, usec_t mono_us);

/* Take one frame in. Call node_step() soon after, with the time read anew: a clock exchange goes out there,
 * stamped with that time.
 *
 *   rx_mono_us  when its bytes came off the socket (before decryption): clock exchanges need it
 *
 * ERR_FORMAT / ERR_STATE / ERR_LIMIT: the controller broke the protocol, hang up; the node itself is unharmed */
MUST_USE enum err node_receive(struct node *n, const struct frame *frame, usec_t rx_mono_us);

/* Do what is due; call at least every 20 ms while playing and at *ret_next_mono_us otherwise. */
void node_step(struct node *n, usec_t mono_us, usec_t *ret_next_mono_us);

/* The card plays frame number `frame` at `mono_us`. Report as often as the card tells (every buffer);
 * the node filters. */
void node_card_position(struct node *n, int64_t frame, usec_t mono_us);

/* The card was silent for so many frames, which were taken out of what it had in hand: what comes keeps its place. */
void node_card_skipped(struct node *n, uint32_t frames);

/* The card was opened again; frame numbers start anew at 0. `rate_hz` is what it accepted. */
void node_card_reset(struct node *n, uint32_t rate_hz, usec_t mono_us);

/* Render `count` mono frames, card frame numbers first_frame onwards, in -1..1. Normally first_frame
 * follows the last call; a gap or a step back (after audio_flush) makes the node align again. */
void node_render(struct node *n, int64_t first_frame, float *ret_frames, size_t count,
                 usec_t mono_us);

/* What the microphone hears, while port.h microphone is on: in a test, and when a broadcast begins.
 *
 *   samples  mono, -1..1, borrowed; as they come, without gaps
 *   rate_hz  of the microphone */
void node_hear(struct node *n, const float *samples, size_t count, uint32_t rate_hz,
               usec_t mono_us);

/* Station time at a local instant, as the node believes it.
 *
 *   ret_uncertainty_us  one standard deviation
 *
 * False before the clock was locked; nothing is written then. */
bool node_clock(const struct node *n, usec_t mono_us, usec_t *ret_station_us,
                uint32_t *ret_uncertainty_us);

/* True while anything sounds or is about to within NODE_WARM_UP_US: the port may otherwise stop the card.
 * The lead gives the card's clock time to settle, so that the first sample is in its place. */
#define NODE_WARM_UP_US (10 * USEC_PER_SEC)
bool node_is_busy(const struct node *n);

#endif
