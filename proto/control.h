/* control.h - one loa.Msg to and from bytes, with the protocol's limits.
 *
 * A thin shell over nanopb; the field limits stand in loa.options. `loa_Msg` is about 4 kB: callers on
 * deep stacks keep one. Thread: any. */
#ifndef LOA_CONTROL_H
#define LOA_CONTROL_H

#include "bytes.h"
#include "err.h"
#include "loa.pb.h"

#define CONTROL_BYTES_MAX 4096

/* Encode one message as the payload of a CONTROL frame.
 *
 *   w  receives the bytes; CONTROL_BYTES_MAX suffice for any message
 *
 * ERR_LIMIT   does not fit
 * ERR_FORMAT  no body chosen or a string is not UTF-8 */
MUST_USE enum err control_encode(struct writer *w, const loa_Msg *msg);

/* Decode the payload of a CONTROL frame. Unknown fields are skipped (newer peers); an unknown body is
 * ERR_UNSUPPORTED, so that the receiver can ignore it.
 *
 * ERR_FORMAT       malformed, truncated, a limit exceeded or a string that is not UTF-8 */
MUST_USE enum err control_decode(struct bytes payload, loa_Msg *ret_msg);

/* Encode and decode the part of an order that is signed (order.h).
 *
 * ERR_LIMIT / ERR_FORMAT as above; decoding also refuses enum values that this version does not know,
 * a missing order_id, a start_us that is not before expires_us in a PLAY order, and more than 10 repeats. */
MUST_USE enum err control_encode_order(struct writer *w, const loa_OrderBody *body);
MUST_USE enum err control_decode_order(struct bytes body, loa_OrderBody *ret_body);

/* Name a message for logs: "hello", "receipt", ...; "unknown" outside the set. */
const char *control_name(const loa_Msg *msg);

#endif
