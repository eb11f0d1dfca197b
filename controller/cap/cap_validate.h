/* cap_validate.h - what the texts of a message mean, and whether they may stand together.
 *
 * The rules of OASIS CAP 1.2 section 3 that a schema does not express: an XSD-valid message may break them.
 * Thread: any. */
#ifndef LOA_CAP_VALIDATE_H
#define LOA_CAP_VALIDATE_H

#include "cap_alert.h"
#include "cap_finding.h"
#include "cap_policy.h"

#define CAP_REFERENCES_MAX 64

/* Judge a parsed message and fill its enumerations, times and references.
 *
 *   now_us    station time, for what lies ahead or has passed
 *   findings  gains what is wrong
 *
 * ERR_NOMEM  out of memory */
MUST_USE enum err cap_validate(struct cap_alert *alert, const struct cap_policy *policy,
                               usec_t now_us, struct cap_findings *findings);

#endif
