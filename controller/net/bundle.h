/* bundle.h - one BUNDLE frame, immutable and reference-counted: encoded once, sent to many.
 *
 * The only reference count of the project: the audio thread makes it, each shard and each connection
 * queue holds it until sent or stale.
 * Thread: any; made by one, released by whoever is last. */
#ifndef LOA_BUNDLE_H
#define LOA_BUNDLE_H

#include "bytes.h"
#include "err.h"
#include "queue.h"
#include "units.h"

#define BUNDLE_SHARDS_MAX 16
#define BUNDLE_US_MAX (50 * PACKET_US) /* of audio in one bundle */

struct bundle;

/* Make a bundle with one reference.
 *
 *   payload  of a BUNDLE frame as bundle_finish() of packet.h gives it; copied
 *
 * ERR_FORMAT  not such a payload
 * ERR_NOMEM */
MUST_USE enum err bundle_new(struct bytes payload, struct bundle **ret_bundle);

struct bundle *bundle_ref(struct bundle *b);
void bundle_unref(struct bundle *b); /* NULL is harmless */

struct stream_id bundle_stream(const struct bundle *b);
usec_t bundle_pts_us(const struct bundle *b); /* of its first packet */
usec_t bundle_length_us(const struct bundle *b); /* of its sound; 0..BUNDLE_US_MAX */

/* Station time after which it is of no use to anybody; INT64_MAX for the last bundle of a stream, which
 * carries the end and is worth sending late. */
usec_t bundle_end_us(const struct bundle *b);

bool bundle_is_last(const struct bundle *b);

/* The whole frame with its header, as it goes into the link. */
struct bytes bundle_frame(const struct bundle *b);

/* The memory that links the bundle into one shard's queue, so that handing it over never allocates. It can
 * be in each queue once.
 *
 *   shard  0..BUNDLE_SHARDS_MAX-1 */
struct queue_item *bundle_item(struct bundle *b, unsigned shard);
struct bundle *bundle_of_item(struct queue_item *item);

#endif
