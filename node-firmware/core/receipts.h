/* receipts.h - what was really sounded, kept on flash until the controller has it.
 *
 * There is one receipt per order and its receipt_id is the order's id, which a station never uses
 * twice: a power cut between writing the receipt and closing the order cannot make two of it. Bounded:
 * when full the oldest gives way, and is counted. Never allocates. Thread: the one that calls
 * node_step(). */
#ifndef LOA_RECEIPTS_H
#define LOA_RECEIPTS_H

#include <stdbool.h>

#include "control.h"
#include "err.h"
#include "port.h"
#include "units.h"

#define RECEIPTS_OBJECT "receipts"
#define RECEIPTS_MAX 256
#define RECEIPTS_RECORD_MAX 224
#define RECEIPTS_AGAIN_US (10 * USEC_PER_SEC)

struct receipts {
    const struct node_port *port;
    loa_Receipt held[RECEIPTS_MAX]; /* oldest first */
    usec_t sent_mono_us[RECEIPTS_MAX]; /* INT64_MIN not in this session */
    size_t count;
    uint32_t lost; /* gave way because there were too many */
    uint32_t damaged;
    bool dirty;
    bool write_failed;
    uint8_t bytes[RECEIPTS_MAX * RECEIPTS_RECORD_MAX]; /* the flash object */
};

void receipts_init(struct receipts *r, const struct node_port *port);

/* Read them back.
 *
 * ERR_NOT_FOUND none; ERR_FORMAT some were damaged, the others stand; ERR_IO */
MUST_USE enum err receipts_load(struct receipts *r, loa_Msg *scratch);

/* Keep one; it replaces the one with the same receipt_id. The order may be closed after
 * receipts_flush(). */
void receipts_add(struct receipts *r, const loa_Receipt *receipt);

bool receipts_hold(const struct receipts *r, uint64_t receipt_id);

/* The controller has it. */
void receipts_acknowledged(struct receipts *r, uint64_t receipt_id);

/* Put them on flash when something changed. ERR_IO / ERR_LIMIT: still dirty */
MUST_USE enum err receipts_flush(struct receipts *r, loa_Msg *scratch);

/* The session ended: all are to be sent again in the next. */
void receipts_link_down(struct receipts *r);

/* Next one to send, or NULL; asked for again after RECEIPTS_AGAIN_US without acknowledgement.
 *
 *   ret_next_us  local time of the next one due, only lowered */
const loa_Receipt *receipts_next(struct receipts *r, usec_t mono_us, usec_t *ret_next_us);

#endif
