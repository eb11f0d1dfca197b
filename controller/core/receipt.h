/* receipt.h - the words of a receipt for JSON and people.
 *
 * Thread: any. */
#ifndef LOA_RECEIPT_H
#define LOA_RECEIPT_H

#include "control.h"

/* "sounded", "quiet_hours", "cache"; "none" outside the set. */
const char *receipt_outcome_name(loa_Outcome outcome);
const char *receipt_reason_name(loa_Reason reason);
const char *receipt_carrier_name(loa_Carrier carrier);
const char *receipt_heard_name(loa_Heard heard); /* "yes", "no", "not_measured" */

#endif
