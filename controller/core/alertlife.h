/* alertlife.h - what becomes of accepted alerts: once each, replaced, cancelled, expired, in whatever order.
 *
 * Messages may come twice, by several feeds, and in any order: the state after a set of messages is the same
 * whatever their order. A message that was ended before it came never sounds; what ended it left a tombstone.
 * All state is rows: judge, store the changed rows in one transaction, apply, act. Loading the stored rows
 * again after a crash at any point neither loses nor repeats an alert. Pure. Thread: main. */
#ifndef LOA_ALERTLIFE_H
#define LOA_ALERTLIFE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "units.h"

#define ALERTLIFE_NAME_SIZE 256
#define ALERTLIFE_REFS_MAX 64
#define ALERTLIFE_ROWS_MAX 4096
#define ALERTLIFE_KEEP_US (INT64_C(32) * USEC_PER_DAY) /* after `sent`; no alert is valid longer */

enum alertlife_type {
    ALERTLIFE_ALERT = 0,
    ALERTLIFE_UPDATE,
    ALERTLIFE_CANCEL,
};

/* Ordered: a row only ever moves to a later one. */
enum alertlife_state {
    ALERTLIFE_NONE = 0, /* nothing to sound: a Cancel */
    ALERTLIFE_LIVE,
    ALERTLIFE_EXPIRED,
    ALERTLIFE_REPLACED,
    ALERTLIFE_CANCELLED,
};

/* The whole name of a message (CAP 1.2 section 3.2.1, references). */
struct alertlife_key {
    char sender[ALERTLIFE_NAME_SIZE];
    char identifier[ALERTLIFE_NAME_SIZE];
    usec_t sent_us;
};

struct alertlife_row {
    uint64_t id; /* from 1, ascending */
    struct alertlife_key key;
    enum alertlife_type type;
    enum alertlife_state state;
    bool seen; /* false: a tombstone, known from references only */
    uint8_t sha256[SHA256_BYTES]; /* of the message */
    usec_t expires_us; /* no repetition starts from then on */
    usec_t cancelled_us; /* newest `sent` of a Cancel by the same sender, 0 none */
    usec_t overruled_us; /* the same by a superior one */
    bool superior; /* its sender may end what others sent */
    uint64_t refs[ALERTLIFE_REFS_MAX]; /* rows that it replaces or cancels */
    size_t ref_count;
};

/* An accepted message; borrowed. */
struct alertlife_message {
    struct alertlife_key key;
    enum alertlife_type type;
    uint8_t sha256[SHA256_BYTES];
    usec_t expires_us;
    bool superior;
    const struct alertlife_key *refs;
    size_t ref_count;
};

enum alertlife_result {
    ALERTLIFE_NEW = 0, /* do what the verdict says */
    ALERTLIFE_DUPLICATE, /* nothing; the same message came before */
    ALERTLIFE_CONFLICT, /* another message has its identifier; a person must look */
    ALERTLIFE_OVERTAKEN, /* ended or expired before it came; only record it */
};

/* What one step does. */
struct alertlife_change {
    enum alertlife_result result;
    uint64_t id; /* of the message's row, 0 without one */
    struct alertlife_row *rows; /* to insert or replace by id */
    size_t row_count;
    uint64_t *ended; /* rows that were live and are no longer: stop them, at once if not EXPIRED */
    size_t ended_count;
    size_t refused; /* references to what this sender may not end */
};

struct alertlife;

MUST_USE enum err alertlife_new(struct alertlife **ret_life);
void alertlife_free(struct alertlife *life);

/* Decide about one message; changes nothing.
 *
 *   ret_change  for alertlife_change_deinit()
 *
 * ERR_LIMIT  more references than ALERTLIFE_REFS_MAX, or every row is taken; see alertlife_forget()
 * ERR_NOMEM  out of memory */
MUST_USE enum err alertlife_judge(const struct alertlife *life,
                                  const struct alertlife_message *message, usec_t now_us,
                                  struct alertlife_change *ret_change);

/* Decide which alerts expire now; changes nothing. An expired alert ends after its current repetition. */
MUST_USE enum err alertlife_expire(const struct alertlife *life, usec_t now_us,
                                   struct alertlife_change *ret_change);

/* Take over rows that are stored: those of a change, or all at start, in order of id.
 *
 * ERR_LIMIT, ERR_NOMEM  only at start; those of a change fit */
MUST_USE enum err alertlife_apply(struct alertlife *life, const struct alertlife_row *rows,
                                  size_t count);

void alertlife_change_deinit(struct alertlife_change *change);

/* Forget what can no longer matter: what is older than ALERTLIFE_KEEP_US, and while more than half of the rows are
 * taken, what expired a day ago.
 *
 *   ret_ids  `room` places for the rows to delete in the store
 *
 * Returns how many; call again while it is `room`. */
size_t alertlife_forget(struct alertlife *life, usec_t now_us, uint64_t *ret_ids, size_t room);

/* All rows; valid until the next call that changes them. */
const struct alertlife_row *alertlife_rows(const struct alertlife *life, size_t *ret_count);

/* True when another repetition of it may start. */
bool alertlife_may_start(const struct alertlife_row *row, usec_t now_us);

#endif
