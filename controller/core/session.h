/* session.h - the controller's end of one node's conversation (PROTOCOL.md section 6, state table).
 *
 * Decodes frames, checks that each message is allowed in the present state and within its budget, and
 * hands out what the station must act on. Pure: no socket, no clock; any clock that does not go back
 * serves as `now_us`.
 * Thread: the one that owns the connection. */
#ifndef LOA_SESSION_H
#define LOA_SESSION_H

#include "control.h"
#include "err.h"
#include "frame.h"
#include "units.h"

#define SESSION_HELLO_TIMEOUT_US (10 * USEC_PER_SEC)
#define SESSION_SILENCE_US (8 * USEC_PER_SEC) /* nothing heard for so long: the link is lost */
#define SESSION_MESSAGES_PER_S 200 /* budget of frames in a second, all types together */
#define SESSION_WANT_BYTES_MAX 65536 /* of one MediaWant */
#define PROTOCOL_VERSION 1

enum session_state {
    SESSION_WAIT_HELLO = 0,
    SESSION_READY,
    SESSION_OVER,
};

struct session {
    enum session_state state;
    struct node_id node; /* from the certificate */
    struct frame_reader frames;
    usec_t opened_us;
    usec_t heard_us;
    uint32_t budget; /* messages left in the present second */
    usec_t budget_us;
};

enum session_event_kind {
    SESSION_NOTHING = 0, /* a message of a newer protocol: ignored */
    SESSION_MESSAGE, /* `msg` is for the station: hello (first), status, acks, receipts, bye, ... */
    SESSION_REPLY_TIME, /* send a TIME_REPLY for t1_us, stamped as late as possible */
};

/* `msg` is valid with SESSION_MESSAGE, t1_us with SESSION_REPLY_TIME. */
struct session_event {
    enum session_event_kind kind;
    usec_t t1_us;
    loa_Msg msg;
};

void session_init(struct session *s, struct node_id node, usec_t now_us);
void session_deinit(struct session *s); /* accepts zeroed */

/* Take plaintext from the link; call again while ERR_OK, until ERR_MORE.
 *
 *   input      advanced past what was used
 *   ret_event  scratch too: its contents count only on ERR_OK. A bye message ends the session
 *
 * ERR_MORE    all input used
 * ERR_FORMAT  frame or message malformed, or not allowed in this state; session is over, ret_bye says what
 *             to send before closing
 * ERR_LIMIT   over budget; likewise
 * ERR_NOMEM   for a frame that came in pieces; likewise
 * ERR_AUTH    the node_id in Hello is not the certificate's; likewise
 * ERR_UNSUPPORTED  no common version; likewise
 * ERR_STATE   the session is over already; ret_bye untouched */
MUST_USE enum err session_receive(struct session *s, struct bytes *input, usec_t now_us,
                                  struct session_event *ret_event, loa_Bye *ret_bye);

/* Look for timeouts; ret_next_us tells when to look again at the latest.
 *
 * ERR_TIMEOUT  no Hello in time, or silent too long; close
 * ERR_STATE    the session is over */
MUST_USE enum err session_check(const struct session *s, usec_t now_us, usec_t *ret_next_us);

/* Encode one message as a whole frame. ERR_LIMIT: w too small. ERR_FORMAT as control_encode(). */
MUST_USE enum err session_write(struct writer *w, const loa_Msg *msg);

#endif
