/* plan.h - the signed orders that this node accepted, kept as the bytes that were signed.
 *
 * One flash object holds them all and is replaced as a whole, so a power cut leaves the old plan or the
 * new one. It is bounded: when it is full, nearer orders take the place of later ones. What is read back
 * is verified again. An order stays until it expired, also after it was
 * played or stopped: the same order_id can sound only once. Never allocates.
 * Thread: the one that calls node_step(). */
#ifndef LOA_PLAN_H
#define LOA_PLAN_H

#include <stdbool.h>

#include "content.h"
#include "control.h"
#include "err.h"
#include "level.h"
#include "port.h"
#include "units.h"

#define PLAN_OBJECT "plan"
#define PLAN_ENTRIES_MAX 256
#define PLAN_STOP_AHEAD_US (10 * USEC_PER_SEC) /* of a stop of everything, PROTOCOL.md section 7 */
#define PLAN_BYTES (256 * 1024)

/* How an order fared so far; counts are summed over interruptions. */
struct tally {
    bool ready; /* its sound is at hand, it may take part in the choice */
    bool streamed; /* by the stream, else from the cache */
    bool looked; /* that its recordings are still there, shortly before the start */
    bool from_cache; /* some of it sounded from there before the recording was lost */
    bool source_lost; /* for longer than the grace */
    bool lost; /* its recording was, and nothing sounded since lost_at */
    int64_t lost_at; /* sample of the programme */
    bool late; /* accepted after its start */
    bool started; /* something of it left the card; the next four are meant */
    usec_t actual_start_us;
    usec_t actual_end_us;
    int32_t start_error_us;
    uint32_t uncertainty_us;
    int64_t first_sample; /* of the programme that sounded */
    bool interrupted;
    loa_Reason interrupted_by;
    loa_Reason blame; /* why it did not sound although it was time */
    uint64_t played_samples, gap_samples;
    uint32_t gaps;
    struct meter meter;
    loa_Heard heard; /* by the microphone */
};

struct plan_entry {
    bool used;
    bool begun; /* sounded before a restart of the program, or now */
    bool begun_before; /* before a restart */
    bool done; /* its receipt was written; only kept so that it is not played again */
    loa_OrderKind kind;
    uint64_t order_id, broadcast_id;
    enum priority priority;
    uint32_t rank;
    bool cuts_equal;
    usec_t issued_us, start_us, expires_us;
    usec_t planned_end_us; /* of the programme and its longest duration; its expiry may cut it */
    usec_t end_us; /* planned, or when it expires, was stopped or cut */
    loa_Reason end_reason; /* why end_us is not the planned end */
    uint32_t stream_id;
    bool live; /* its sound comes while it is on air; the next five are meant */
    bool has_fallback;
    struct content_item fallback; /* when its source is lost ... */
    usec_t grace_us; /* for so long */
    usec_t heard_us; /* presentation time of the end of what was received; 0 nothing */
    usec_t origin_us; /* presentation time of sample 0 of the layout: start_us but in a fallback */
    struct content_layout layout;
    size_t at, len; /* its record in bytes[] */
    struct tally tally;
};

struct plan {
    const struct node_port *port;
    struct plan_entry entries[PLAN_ENTRIES_MAX];
    size_t count;
    uint32_t damaged; /* records that were dropped when loading */
    bool dirty; /* the flash does not have it yet */
    bool write_failed; /* the last attempt */
    uint8_t bytes[PLAN_BYTES]; /* the flash object */
    size_t bytes_len;
};

void plan_init(struct plan *p, const struct node_port *port);

/* Read the orders back.
 *
 *   verify   ERR_OK when the signature of a body is right; called for each
 *   scratch  for decoding
 *
 * ERR_NOT_FOUND there is no plan; ERR_FORMAT some records were damaged or not signed, the others stand;
 * ERR_IO */
MUST_USE enum err
plan_load(struct plan *p, enum err (*verify)(void *arg, struct bytes body, struct bytes signature),
          void *arg, loa_OrderBody *scratch);

/* NULL when unknown. */
struct plan_entry *plan_find(struct plan *p, uint64_t order_id);

/* The signed bytes of an entry, borrowed until the plan changes. */
struct bytes plan_body(const struct plan *p, const struct plan_entry *e);

/* Take an order that was verified and judged; plan.dirty is set.
 *
 * ERR_LIMIT  PLAN_ENTRIES_MAX or PLAN_BYTES reached; ERR_EXISTS its order_id is known */
MUST_USE enum err plan_add(struct plan *p, struct bytes body, struct bytes signature,
                           const loa_OrderBody *decoded, struct plan_entry **ret_entry);

/* Remember across a restart that it began to sound / that its receipt was written. */
void plan_mark(struct plan *p, struct plan_entry *e, bool begun, bool done);

/* The order that may make way for a nearer one: the last to start of those that have not begun, if that
 * is after `start_us`. NULL none. */
struct plan_entry *plan_farthest(struct plan *p, usec_t start_us);

/* Drop an entry for good. */
void plan_remove(struct plan *p, struct plan_entry *e);

/* Put the plan on flash when it is dirty. ERR_IO / ERR_LIMIT: still dirty */
MUST_USE enum err plan_flush(struct plan *p);

/* Orders that are still to be played or stopped. */
uint32_t plan_open_count(const struct plan *p);

/* Start of the next order that is not done and uses this recording; INT64_MAX none. */
usec_t plan_next_use_us(const struct plan *p, const struct media_id *media);

/* When a decoded order would end by itself: programme, longest duration, expiry. */
usec_t plan_end_us(const loa_OrderBody *body);

#endif
