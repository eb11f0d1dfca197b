/* cap_parse.h - bytes to a message: structure only (OASIS CAP 1.2 section 3.4, CAP 1.1 section 3.2).
 *
 * Which elements stand where, how often, in which namespace and order. What their text means is
 * cap_validate's. Thread: any. */
#ifndef LOA_CAP_PARSE_H
#define LOA_CAP_PARSE_H

#include "bytes.h"
#include "cap_alert.h"
#include "cap_finding.h"
#include "err.h"

#define CAP_NS_11 "urn:oasis:names:tc:emergency:cap:1.1"
#define CAP_NS_12 "urn:oasis:names:tc:emergency:cap:1.2"
#define CAP_NS_DSIG "http://www.w3.org/2000/09/xmldsig#"

#define CAP_INFOS_MAX 32
#define CAP_SIGNATURES_MAX 4

/* Read one message.
 *
 *   data       borrowed
 *   findings   gains what is wrong
 *   ret_alert  for cap_parse_free(); as much of the message as has its place, also when findings reject it
 *
 * ERR_FORMAT  no CAP message at all, the reason is in findings
 * ERR_NOMEM   out of memory */
MUST_USE enum err cap_parse(struct bytes data, struct cap_findings *findings,
                            struct cap_alert **ret_alert);

/* Free a message with all its texts; NULL is allowed. */
void cap_parse_free(struct cap_alert *alert);

#endif
